// A small CA: certificates for gateways and users, and the CRL of those that were revoked. Names and
// choices are those of RouterOS's /certificate (common-name, key-usage, days-valid, …).
import { createPublicKey, type KeyObject } from 'node:crypto';
import { CertificateError } from '../crypto/certificates.js';
import { formatName } from '../crypto/distinguished-name.js';
import { KEY_PURPOSES } from '../crypto/object-identifiers.js';
import { issueCertificate, issueCrl } from './author.js';
import { readCrl, sameSerial } from './crl.js';
import type { LoadedEntry } from './files.js';

const DAY_MS = 86_400_000;
/** Clocks of peers may be behind ours. */
const BACKDATED_MS = 300_000;

/** RouterOS's words, and OpenSSL's for the two extensions they go into. */
const KEY_USAGES: Readonly<Record<string, string>> = {
  'digital-signature': 'digitalSignature',
  'content-commitment': 'nonRepudiation',
  'key-encipherment': 'keyEncipherment',
  'data-encipherment': 'dataEncipherment',
  'key-agreement': 'keyAgreement',
  'key-cert-sign': 'keyCertSign',
  'crl-sign': 'cRLSign',
};
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  'tls-server': 'serverAuth',
  'tls-client': 'clientAuth',
  'code-sign': 'codeSigning',
  'email-protect': 'emailProtection',
  timestamp: 'timeStamping',
  'ocsp-sign': 'OCSPSigning',
  'ipsec-end-system': KEY_PURPOSES.ipsecEndSystem,
  'ipsec-tunnel': KEY_PURPOSES.ipsecTunnel,
  'ipsec-user': KEY_PURPOSES.ipsecUser,
  'ipsec-ike': KEY_PURPOSES.ipsecIKE,
};
export const USAGES: readonly string[] = [
  ...Object.keys(KEY_USAGES),
  ...Object.keys(EXTENDED_USAGES),
];

export interface Template {
  readonly commonName: string;
  /** Further attributes of the subject: C, ST, L, O, OU. */
  readonly attributes: readonly (readonly [string, string])[];
  /** `DNS:…`, `email:…`, `IP:…`, comma-separated; empty: none. */
  readonly subjectAltName: string;
  /** RouterOS's words. */
  readonly keyUsage: readonly string[];
  readonly daysValid: number;
  /** Of a CA: how many CAs may stand below it; undefined: any number. */
  readonly pathLength: number | undefined;
  /** URLs that verifiers ask: crlDistributionPoints, OCSP; empty: none. */
  readonly crlUrl: string;
  readonly ocspUrl: string;
}

export const isAuthorityTemplate = ({ keyUsage }: Template): boolean =>
  keyUsage.includes('key-cert-sign');

/** Signed by `ca`, or by its own key. `privateKey` is the new certificate's, or its public key. */
export function certify(
  template: Template,
  key: KeyObject,
  ca: LoadedEntry | undefined,
  now: number,
): Uint8Array {
  if (!ca && key.type !== 'private') throw new CertificateError('a CA must sign: say ca=NAME');
  const notAfter = now + template.daysValid * DAY_MS;
  if (ca) checkAuthority(ca, notAfter);
  const plan = {
    subject: [...template.attributes, ['CN', template.commonName] as const],
    publicKey: key.type === 'private' ? createPublicKey(key) : key,
    notBefore: now - BACKDATED_MS,
    notAfter,
    extensions: extensionsOf(template, ca !== undefined),
  };
  if (!ca) return issueCertificate(plan, { privateKey: key });
  return issueCertificate(plan, {
    certificate: ca.certificate.der,
    privateKey: ca.privateKey!,
  });
}

function checkAuthority({ name, certificate, privateKey }: LoadedEntry, until: number): void {
  if (!certificate.isAuthority) throw new CertificateError(`certificate '${name}' is no CA`);
  if (!privateKey) throw new CertificateError(`certificate '${name}' has no private key here`);
  if (Date.parse(certificate.x509.validTo) < until) {
    const end = `certificate '${name}' ends on ${certificate.x509.validTo}`;
    throw new CertificateError(`${end}, before what it would sign: choose fewer days-valid`);
  }
}

function extensionsOf(template: Template, issued: boolean): [string, string][] {
  const { keyUsage, subjectAltName, pathLength, crlUrl, ocspUrl } = template;
  const of = (words: Readonly<Record<string, string>>): string[] =>
    keyUsage.flatMap((word) => words[word] ?? []);
  const [usage, extended] = [of(KEY_USAGES), of(EXTENDED_USAGES)];
  const depth = pathLength === undefined ? '' : `,pathlen:${pathLength}`;
  const ca = isAuthorityTemplate(template);
  const all: [string, string, boolean][] = [
    ['basicConstraints', `critical,CA:${ca ? `TRUE${depth}` : 'FALSE'}`, true],
    ['keyUsage', `critical,${usage.join(',')}`, usage.length > 0],
    ['extendedKeyUsage', extended.join(','), extended.length > 0],
    ['subjectKeyIdentifier', 'hash', true],
    ['authorityKeyIdentifier', 'keyid', issued],
    ['subjectAltName', subjectAltName, subjectAltName !== ''],
    ['crlDistributionPoints', `URI:${crlUrl}`, crlUrl !== ''],
    ['authorityInfoAccess', `OCSP;URI:${ocspUrl}`, ocspUrl !== ''],
  ];
  return all.flatMap(([name, value, wanted]): [string, string][] =>
    wanted ? [[name, value]] : [],
  );
}

/** The CA's next CRL: what `previous` lists, and `revoked`. It ends with the CA: there is no other. */
export function revoke(
  ca: LoadedEntry,
  revoked: LoadedEntry | undefined,
  previous: Uint8Array | undefined,
  now: number,
): Uint8Array {
  const { certificate, privateKey, name } = ca;
  checkAuthority(ca, now);
  const known = previous ? readCrl(previous).revoked : [];
  const list = [...known];
  if (revoked) {
    if (!Buffer.from(revoked.certificate.issuer).equals(certificate.subject)) {
      const by = formatName(revoked.certificate.issuer);
      throw new CertificateError(`'${revoked.name}' is of ${by}, not of the CA '${name}'`);
    }
    const serial = Buffer.from(revoked.certificate.x509.serialNumber, 'hex');
    if (!known.some((one) => sameSerial(one.serial, serial))) list.push({ serial, at: now });
  }
  const plan = {
    number: Math.floor(now / 1000), // grows with every CRL (RFC 5280 §5.2.3)
    thisUpdate: now - BACKDATED_MS,
    nextUpdate: Date.parse(certificate.x509.validTo),
    revoked: list,
  };
  return issueCrl(plan, { certificate: certificate.der, privateKey: privateKey! });
}

/** The entry that issued `one`, among those that are here. */
export const issuerOf = (one: LoadedEntry, all: readonly LoadedEntry[]): LoadedEntry | undefined =>
  all.find(({ certificate }) => one.certificate.x509.checkIssued(certificate.x509));
