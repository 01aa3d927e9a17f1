// Certificates, keys and CRLs in files: PEM or DER, told apart by their contents. A PEM file may hold
// several certificates, the first being the one that is meant and the others its chain.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { CertificateError } from '../crypto/certificates.js';
import type { CertificateEntry } from '../policy/database.js';
import { type FullCertificate, readCertificate } from './certificate.js';
import { readCrl } from './crl.js';

/** What an entry's files hold. */
export interface LoadedEntry {
  readonly name: string;
  readonly trusted: boolean;
  readonly certificate: FullCertificate;
  /** Further certificates of the same file. */
  readonly chain: readonly FullCertificate[];
  readonly privateKey: KeyObject | undefined;
  /** Where others find the certificate. */
  readonly url: string | undefined;
  /** DER. */
  readonly crls: readonly Uint8Array[];
}

/** What could be loaded of a menu, in its order, and why the rest could not. */
export interface LoadedMenu {
  readonly entries: readonly LoadedEntry[];
  readonly failures: ReadonlyMap<string, string>;
}

/** Keys that other users of this host can read. */
export const openKeys = (menu: readonly CertificateEntry[]): string[] =>
  menu.flatMap(({ keyFile }) => {
    const mode =
      keyFile === undefined ? undefined : statSync(keyFile, { throwIfNoEntry: false })?.mode;
    return mode !== undefined && (mode & 0o044) !== 0 ? [keyFile!] : [];
  });

/** An entry that cannot be read costs nobody but those who use it. */
export function loadMenu(menu: readonly CertificateEntry[]): LoadedMenu {
  const failures = new Map<string, string>();
  const entries = menu.flatMap((entry) => {
    try {
      return [loadEntry(entry)];
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      failures.set(entry.name, error.message);
      return [];
    }
  });
  return { entries, failures };
}

// Our own choice; a CRL of a large public CA has some megabytes.
const LARGEST_FILE = 32 * 1024 * 1024;

/** Reads an entry's files; throws a CertificateError that names the path. */
export function loadEntry({
  name,
  file,
  keyFile,
  crlFile,
  url,
  trusted,
}: CertificateEntry): LoadedEntry {
  const [certificate, ...chain] = at(file, () => blocks(readBytes(file), 'CERTIFICATE')).map(
    (der) => at(file, () => readCertificate(der)),
  );
  if (!certificate) throw new CertificateError(`${file}: no certificate in it`);
  const privateKey = keyFile === undefined ? undefined : readKey(keyFile);
  if (privateKey && !certificate.x509.checkPrivateKey(privateKey)) {
    throw new CertificateError(`${keyFile}: is not the private key of ${file}`);
  }
  const crls = crlFile === undefined ? [] : readCrls(crlFile);
  return { name, trusted, certificate, chain, privateKey, url, crls };
}

function readCrls(path: string): Uint8Array[] {
  const crls = blocks(readBytes(path), 'X509 CRL');
  for (const der of crls) at(path, () => readCrl(der));
  return crls;
}

export function readBytes(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > LARGEST_FILE) throw new Error(`${size} bytes are too many`);
    return readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CertificateError(`${path}: ${code === 'ENOENT' ? 'not found' : message}`);
  }
}

function at<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CertificateError) throw new CertificateError(`${path}: ${error.message}`);
    throw error;
  }
}

const isPem = (bytes: Buffer): boolean => bytes.includes('-----BEGIN ');

/** The blocks of that label in a PEM file; all of a DER file. */
export function blocks(bytes: Buffer, label: string): Uint8Array[] {
  if (!isPem(bytes)) return bytes.length > 0 ? [new Uint8Array(bytes)] : [];
  const pattern = new RegExp(
    `-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`,
    'g',
  );
  return [...bytes.toString('latin1').matchAll(pattern)].map(
    ([, base64]) => new Uint8Array(Buffer.from(base64!, 'base64')),
  );
}

export const toPem = (label: string, der: Uint8Array): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};

/** PKCS#8, PKCS#1 or SEC 1, PEM or DER; `passphrase` for an encrypted one. */
export function parseKey(bytes: Buffer, passphrase?: string): KeyObject {
  const secret = passphrase === undefined ? {} : { passphrase };
  if (isPem(bytes)) return createPrivateKey({ key: bytes, ...secret });
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      return createPrivateKey({ key: bytes, format: 'der', type, ...secret });
    } catch {
      // Another encoding, or none: the last line says so.
    }
  }
  throw new CertificateError('no private key in it');
}

function readKey(path: string): KeyObject {
  const bytes = readBytes(path);
  try {
    return parseKey(bytes);
  } catch (error) {
    // OpenSSL's text may quote nothing of the key; only its class is passed on all the same.
    const { code } = error as NodeJS.ErrnoException;
    throw new CertificateError(
      `${path}: no private key that can be read (${code ?? 'unknown form'})`,
    );
  }
}
