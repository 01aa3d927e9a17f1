// Is a certificate what it says? OpenSSL's X509_verify_cert decides: signatures, validity, basic
// constraints, path length, key usage of CAs, name constraints, unknown critical extensions. Here is
// only what RFC 4945 asks of the leaf beyond that, and words for the verdict.
import { CertificateError } from '../crypto/certificates.js';
import { KEY_PURPOSES } from '../crypto/object-identifiers.js';
import { type FullCertificate, readCertificate } from './certificate.js';
import { certificatesIn, decode, encode, scoped, type Scope, ssl, verdictText } from './openssl.js';

export interface Trust {
  /** Any of them ends a path, whether it signed itself or not. */
  readonly anchors: readonly FullCertificate[];
  /** Seconds since 1970. */
  readonly now: number;
}

const PARTIAL_CHAIN = 0x80000;
const CRL_CHECK = 0x4;
/** Security bits 80: RSA of 1024 bits and more; no MD5, no SHA-1 in signatures. */
const AUTH_LEVEL = 1;
/** Our own choice: CAs between leaf and anchor. */
const DEPTH = 8;

export const X509_V_ERR = {
  UNABLE_TO_GET_CRL: 3,
  CERT_NOT_YET_VALID: 9,
  CERT_HAS_EXPIRED: 10,
  CERT_REVOKED: 23,
} as const;

export interface Verdict {
  /** X509_V_OK is 0. */
  readonly code: number;
  readonly text: string;
  /** The one that failed; the path where all is well. */
  readonly at: FullCertificate | undefined;
  readonly path: readonly FullCertificate[];
}

/** With `crls` the leaf's revocation is looked up in them; without them nothing is asked about it. */
export function judge(
  leaf: FullCertificate,
  others: readonly FullCertificate[],
  { anchors, now }: Trust,
  crls?: readonly Uint8Array[],
): Verdict {
  return scoped((scope) => {
    const store = scope.own(ssl('X509_STORE_new'), 'X509_STORE_free', 'a store');
    for (const one of anchors) ssl('X509_STORE_add_cert', store, decoded(scope, one));
    const untrusted = scope.stack(others.map((one) => decoded(scope, one)));
    const subject = decoded(scope, leaf);
    const crlList = crls && crlStack(scope, crls);
    const context = scope.own(ssl('X509_STORE_CTX_new'), 'X509_STORE_CTX_free', 'a context');
    if (ssl('X509_STORE_CTX_init', context, store, subject, untrusted) !== 1) {
      throw new CertificateError('OpenSSL: X509_STORE_CTX_init failed');
    }
    const parameters = ssl('X509_STORE_CTX_get0_param', context);
    ssl('X509_VERIFY_PARAM_set_time', parameters, now);
    ssl('X509_VERIFY_PARAM_set_auth_level', parameters, AUTH_LEVEL);
    ssl('X509_VERIFY_PARAM_set_depth', parameters, DEPTH);
    const flags = PARTIAL_CHAIN + (crls ? CRL_CHECK : 0);
    ssl('X509_VERIFY_PARAM_set_flags', parameters, flags);
    if (crlList !== undefined) ssl('X509_STORE_CTX_set0_crls', context, crlList);
    const known = [leaf, ...others, ...anchors];
    return verdict(context, ssl('X509_verify_cert', context) === 1, known);
  });
}

/** What OpenSSL made of certificates that stay: of our own and of the CAs, which every path asks for. */
const kept = new WeakMap<FullCertificate, number>();
const forgotten = new FinalizationRegistry((pointer: number) => ssl('X509_free', pointer));

/** For certificates that are loaded: decoding one takes as long as checking a signature. */
export function keepDecoded(one: FullCertificate): void {
  if (kept.has(one)) return;
  const pointer = decode('d2i_X509', one.der);
  if (pointer === 0) return;
  kept.set(one, pointer);
  forgotten.register(one, pointer);
}

const decoded = (scope: Scope, one: FullCertificate): number =>
  kept.get(one) ?? scope.certificate(one.der);

function crlStack(scope: Scope, crls: readonly Uint8Array[]): number {
  const read = (der: Uint8Array) => decode('d2i_X509_CRL', der);
  const pointers = crls.map(read).filter((pointer) => pointer !== 0);
  for (const pointer of pointers) scope.own(pointer, 'X509_CRL_free', 'a CRL');
  return scope.stack(pointers);
}

/** Reading a certificate anew costs more than comparing it with those that went in. */
const find = (der: Uint8Array, known: readonly FullCertificate[]): FullCertificate =>
  known.find((one) => Buffer.from(one.der).equals(der)) ?? readCertificate(der);

function verdict(context: number, good: boolean, known: readonly FullCertificate[]): Verdict {
  if (good) {
    const chain = certificatesIn(ssl('X509_STORE_CTX_get0_chain', context));
    const path = chain.map((der) => find(der, known));
    return { code: 0, text: 'ok', at: undefined, path };
  }
  const code = ssl('X509_STORE_CTX_get_error', context);
  const current = ssl('X509_STORE_CTX_get_current_cert', context);
  const at = current === 0 ? undefined : find(encode('i2d_X509', current), known);
  // A failure without a verdict is one all the same.
  return { code: code === 0 ? 1 : code, text: verdictText(code === 0 ? 1 : code), at, path: [] };
}

/** The path from `leaf` to an anchor; throws a CertificateError with the cause. */
export function verifyPath(
  leaf: FullCertificate,
  others: readonly FullCertificate[],
  trust: Trust,
): readonly FullCertificate[] {
  const { code, text, at, path } = judge(leaf, others, trust);
  if (code !== 0)
    throw new CertificateError(`certificate ${describe(at ?? leaf)}: ${text}${more(code, at)}`);
  checkUsage(path[0]!);
  return path;
}

/** Whose it is, and whose word that is. */
export const describe = ({ subjectText, x509 }: FullCertificate): string =>
  `"${subjectText}" (serial ${x509.serialNumber.toLowerCase()})`;

/** X509_V_ERR: no way to any anchor. */
export const NO_ISSUER: ReadonlySet<number> = new Set([2, 18, 19, 20, 21]);

function more(code: number, at: FullCertificate | undefined): string {
  if (NO_ISSUER.has(code)) return ' (no CA that is trusted here vouches for it)';
  if (code === X509_V_ERR.CERT_HAS_EXPIRED) return ` (on ${at?.x509.validTo})`;
  return code === X509_V_ERR.CERT_NOT_YET_VALID ? ` (before ${at?.x509.validFrom})` : '';
}

/** RFC 4945 §5.1.3.12 and what CAs issue in fact: TLS and IPsec usages serve IKE. */
const IKE_USAGES: ReadonlySet<string> = new Set(Object.values(KEY_PURPOSES));

function checkUsage(leaf: FullCertificate): void {
  const { extendedKeyUsage: usages, signs } = leaf;
  if (!signs) {
    const text = 'its key usage has neither digitalSignature nor nonRepudiation';
    throw new CertificateError(`certificate ${describe(leaf)}: ${text}`);
  }
  if (usages && !usages.some((usage) => IKE_USAGES.has(usage))) {
    const text = `its extended key usage (${usages.join(', ')}) is not for IKE or TLS`;
    throw new CertificateError(`certificate ${describe(leaf)}: ${text}`);
  }
}
