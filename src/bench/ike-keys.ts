// A small PKI for bench ike: a CA, the gateway's certificate, one for each client; ECDSA with P-256.
// Files in a directory that is private to the run.
import type { KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certify } from '../certificates/authority.js';
import { readCertificate } from '../certificates/certificate.js';
import { type LoadedEntry, loadEntry, toPem } from '../certificates/files.js';
import { generateKey } from '../certificates/keys.js';
import { CertificateStore } from '../certificates/store.js';
import type { Certificates } from '../crypto/certificates.js';

export const GATEWAY = 'gateway.example';
export const nameOf = (client: number): string => `client-${client}.example`;
/** A client's own, in its store. */
export const OWN = 'own';
const DAYS = 2;

export interface KeyFiles {
  readonly ca: string;
  readonly caKey: string;
  readonly certificate: string;
  readonly key: string;
}

const plan = (commonName: string, keyUsage: string, subjectAltName = '') => ({
  commonName,
  attributes: [['O', 'Bench'] as const],
  subjectAltName,
  keyUsage: keyUsage.split(','),
  daysValid: keyUsage === 'digital-signature' ? 1 : DAYS,
  pathLength: undefined,
  crlUrl: '',
  ocspUrl: '',
});

const filesIn = (directory: string): KeyFiles => ({
  ca: join(directory, 'ca.pem'),
  caKey: join(directory, 'ca.key'),
  certificate: join(directory, 'gateway.pem'),
  key: join(directory, 'gateway.key'),
});

const write = (file: string, content: string): void =>
  writeFileSync(file, content, { mode: 0o600 });
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

/** The CA's and the gateway's. */
export function makeKeys(directory: string): KeyFiles {
  const files = filesIn(directory);
  const now = Date.now();
  const caKey = generateKey('prime256v1');
  const ca = certify(plan('Bench CA', 'key-cert-sign,crl-sign'), caKey, undefined, now);
  write(files.ca, toPem('CERTIFICATE', ca));
  write(files.caKey, pemOf(caKey));
  const key = generateKey('prime256v1');
  const planned = plan(GATEWAY, 'digital-signature', `DNS:${GATEWAY}`);
  write(files.certificate, toPem('CERTIFICATE', certify(planned, key, authorityOf(files), now)));
  write(files.key, pemOf(key));
  return files;
}

const authorityOf = ({ ca, caKey }: KeyFiles): LoadedEntry =>
  loadEntry({
    name: 'ca',
    file: ca,
    keyFile: caKey,
    crlFile: undefined,
    url: undefined,
    trusted: true,
    comment: '',
  });

/** What each of these clients shows and whom it believes; made before anybody calls. */
export function clientCertificates(files: KeyFiles, clients: readonly number[]): Certificates[] {
  const ca = authorityOf(files);
  const key = generateKey('prime256v1');
  const now = Date.now();
  return clients.map((client) => {
    const name = nameOf(client);
    const planned = plan(name, 'digital-signature', `DNS:${name}`);
    const der = certify(planned, key, ca, now);
    const certificate = readCertificate(der);
    const own = { ...ca, name: OWN, trusted: false, certificate, privateKey: key };
    return new CertificateStore({ entries: [ca, own], now: Date.now, check });
  });
}

const check = async (): Promise<readonly string[]> => [];
