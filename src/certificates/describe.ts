// A certificate as `certificate print` shows it, in RouterOS's words (/certificate print detail).
import { createPublicKey, type KeyObject } from 'node:crypto';
import { formatName } from '../crypto/distinguished-name.js';
import type { FullCertificate } from './certificate.js';
import type { CertificateEntry } from '../policy/database.js';
import { readCrl, sameSerial } from './crl.js';
import type { LoadedEntry, LoadedMenu } from './files.js';

/** Times as `2026-11-23T16:20:01Z`; what is not there is empty. */
export interface CertificateRow {
  readonly name: string;
  readonly 'common-name': string;
  readonly subject: string;
  readonly issuer: string;
  /** `DNS:east.example,email:…,IP:…`. */
  readonly 'subject-alt-name': string;
  /** `rsa-2048`, `prime256v1`, `ed25519`. */
  readonly 'key-type': string;
  readonly 'serial-number': string;
  /** SHA-256, in hexadecimal. */
  readonly fingerprint: string;
  readonly 'invalid-before': string;
  readonly 'invalid-after': string;
  readonly 'private-key': boolean;
  readonly authority: boolean;
  readonly trusted: boolean;
  readonly expired: boolean;
  /** A CRL that is loaded here lists it. */
  readonly revoked: boolean;
  /** Further certificates of its file. */
  readonly chain: string;
  /** Why its files cannot be read. */
  readonly failure: string;
  readonly file: string;
  readonly 'key-file': string;
  readonly 'crl-file': string;
  readonly url: string;
  readonly comment: string;
}

/** What the files say, beside what the menu does. */
type Contents = Omit<
  CertificateRow,
  'name' | 'trusted' | 'failure' | 'file' | 'key-file' | 'crl-file' | 'url' | 'comment'
>;

const EMPTY: Contents = {
  'common-name': '',
  subject: '',
  issuer: '',
  'subject-alt-name': '',
  'key-type': '',
  'serial-number': '',
  fingerprint: '',
  'invalid-before': '',
  'invalid-after': '',
  'private-key': false,
  authority: false,
  expired: false,
  revoked: false,
  chain: '',
};

/** One row for each entry of the menu, also of those whose files cannot be read. */
export function certificateRows(
  menu: readonly CertificateEntry[],
  { entries, failures }: LoadedMenu,
  now: number,
): CertificateRow[] {
  const crls = entries.flatMap((entry) => entry.crls).map(readCrl);
  const isRevoked = ({ issuer, x509 }: FullCertificate): boolean => {
    const serial = Buffer.from(x509.serialNumber, 'hex');
    const own = crls.filter((crl) => Buffer.from(crl.issuer).equals(issuer));
    return own.some(({ revoked }) => revoked.some((one) => sameSerial(one.serial, serial)));
  };
  return menu.map(({ name, trusted, file, keyFile = '', crlFile = '', url = '', comment }) => {
    const entry = entries.find((one) => one.name === name);
    const failure = failures.get(name) ?? '';
    const files = { file, 'key-file': keyFile, 'crl-file': crlFile };
    const written = { name, trusted, ...files, url, comment };
    return { ...(entry ? contentsOf(entry, now, isRevoked) : EMPTY), ...written, failure };
  });
}

function contentsOf(
  { certificate, chain, privateKey }: LoadedEntry,
  now: number,
  isRevoked: (one: FullCertificate) => boolean,
): Contents {
  const { x509, subjectText } = certificate;
  return {
    'common-name': commonName(subjectText),
    subject: subjectText,
    issuer: formatName(certificate.issuer) ?? '',
    'subject-alt-name': alternativeNames(certificate),
    'key-type': keyType(certificate.publicKey),
    'serial-number': x509.serialNumber.toLowerCase(),
    fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
    'invalid-before': time(x509.validFrom),
    'invalid-after': time(x509.validTo),
    'private-key': privateKey !== undefined,
    authority: certificate.isAuthority,
    expired: Date.parse(x509.validTo) < now,
    revoked: isRevoked(certificate),
    chain: chain.map((one) => one.subjectText).join('; '),
  };
}

const time = (text: string): string => `${new Date(text).toISOString().slice(0, 19)}Z`;
const commonName = (subject: string): string => /(?:^|, )CN=([^,]*)/.exec(subject)?.[1] ?? '';

/** As node:crypto prints them, in RouterOS's notation. */
const alternativeNames = ({ x509 }: FullCertificate): string =>
  (x509.subjectAltName ?? '').replaceAll('IP Address:', 'IP:').replaceAll(', ', ',');

export function keyType(key: KeyObject): string {
  const open = key.type === 'private' ? createPublicKey(key) : key;
  const { modulusLength, namedCurve } = open.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) return `rsa-${modulusLength}`;
  return namedCurve ?? open.asymmetricKeyType ?? 'unknown';
}
