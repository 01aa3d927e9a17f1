// Authorities and certificates for tests, made by our own author; what they must be is judged by
// OpenSSL's command line and strongSwan elsewhere (author.test.ts, interop).
import { createHash, type KeyObject } from 'node:crypto';
import { issueCertificate, type Issuer } from '../../src/certificates/author.js';
import { readCertificate } from '../../src/certificates/certificate.js';
import type { LoadedEntry } from '../../src/certificates/files.js';
import { generateKey } from '../../src/certificates/keys.js';
import type { Lookup } from '../../src/certificates/lookup.js';
import { type RevocationCheck, CertificateStore } from '../../src/certificates/store.js';

export type KeyKind = 'rsa' | 'rsa4096' | 'ec256' | 'ec384' | 'ec521' | 'ed25519';

const DAY_MS = 86_400_000;

const SIZES = {
  rsa: '2048',
  rsa4096: '4096',
  ec256: 'prime256v1',
  ec384: 'secp384r1',
  ec521: 'secp521r1',
  ed25519: 'ed25519',
} as const;

export const newKey = (kind: KeyKind): KeyObject => generateKey(SIZES[kind]);

export interface Plan {
  readonly cn: string;
  readonly key?: KeyKind;
  /** `DNS:east.example,email:…`. */
  readonly san?: string;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Key usage of a leaf, instead of signing. */
  readonly usage?: string;
  /** Days from now. */
  readonly from?: number;
  readonly until?: number;
  readonly extensions?: readonly (readonly [string, string])[];
}

/** A key pair and its certificate. */
export interface Holder extends Issuer {
  readonly cn: string;
}

export function issue(plan: Plan, issuer?: Issuer): Holder {
  const privateKey = newKey(plan.key ?? 'ec256');
  const { ca = false, pathLength, from = -1, until = 1 } = plan;
  const now = Date.now();
  const constraints = pathLength === undefined ? 'CA:TRUE' : `CA:TRUE,pathlen:${pathLength}`;
  const certificate = issueCertificate(
    {
      subject: [
        ['O', 'Lab'],
        ['CN', plan.cn],
      ],
      publicKey: privateKey,
      notBefore: now + from * DAY_MS,
      notAfter: now + until * DAY_MS,
      extensions: [
        ['subjectKeyIdentifier', 'hash'],
        ...(ca ? ([['basicConstraints', `critical,${constraints}`]] as const) : []),
        ['keyUsage', `critical,${ca ? 'keyCertSign,cRLSign' : (plan.usage ?? 'digitalSignature')}`],
        ...(plan.san === undefined ? [] : ([['subjectAltName', plan.san]] as const)),
        ...(issuer ? ([['authorityKeyIdentifier', 'keyid']] as const) : []),
        ...(plan.extensions ?? []),
      ],
    },
    issuer ?? { privateKey },
  );
  return { cn: plan.cn, certificate, privateKey };
}

export const serialOf = ({ certificate }: Issuer): Uint8Array =>
  Buffer.from(readCertificate(certificate).x509.serialNumber, 'hex');

export const sha1Of = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex');

/** As the menu has it: with `own` our own, with its private key. */
export const entryOf = (
  name: string,
  holder: Issuer,
  more: { own?: true; trusted?: true; url?: string; crls?: readonly Uint8Array[] } = {},
): LoadedEntry => ({
  name,
  trusted: more.trusted === true,
  certificate: readCertificate(holder.certificate),
  chain: [],
  privateKey: more.own ? holder.privateKey : undefined,
  url: more.url,
  crls: more.crls ?? [],
});

export const storeOf = (
  entries: readonly LoadedEntry[],
  check: RevocationCheck = async () => [],
  lookup?: Lookup,
): CertificateStore => new CertificateStore({ entries, now: Date.now, check, lookup });
