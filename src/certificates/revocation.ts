// Was a certificate revoked? For each on the path but the anchor: CRLs that are loaded, then its OCSP
// responder, then its CRL distribution points; the first verdict counts. What is believed without a
// verdict is the policy: strict nothing; if-present all, with a warning where the certificate names a
// source that does not answer; off asks nobody.
import { CertificateError, StandingUnknown } from '../crypto/certificates.js';
import type { FullCertificate } from './certificate.js';
import { readCrl } from './crl.js';
import { blocks } from './files.js';
import { ocspQuestion } from './ocsp.js';
import type { RevocationCheck } from './store.js';
import { describe, judge, type Trust, X509_V_ERR } from './verify.js';

export type RevocationPolicy = 'strict' | 'if-present' | 'off';

/**
 * Fetches over HTTP; rejects with the reason. `body` makes it a POST of that media type, and of an answer
 * no more than `largest` bytes are taken.
 */
export type Fetch = (
  url: string,
  body?: { readonly type: string; readonly bytes: Uint8Array },
  largest?: number,
) => Promise<Uint8Array>;

export interface RevocationOptions {
  readonly policy: () => RevocationPolicy;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch: Fetch;
}

/** Our own choice: how long what was fetched is used again; and how long a failure is remembered. */
const KEEP_MS = 300_000;
const RETRY_MS = 30_000;
const MOST_KEPT = 256;

type Verdict = 'good' | 'revoked' | { readonly unknown: string };

export function revocationCheck({ policy, now, fetch }: RevocationOptions): RevocationCheck {
  const kept = new Map<string, { readonly until: number; readonly value: Promise<Uint8Array> }>();

  /** A CRL by its URL, from memory where it is fresh. */
  const crlOf = (url: string): Promise<Uint8Array> => {
    const known = kept.get(url);
    if (known && known.until > now()) return known.value;
    const value = fetch(url).then((bytes) => blocks(Buffer.from(bytes), 'X509 CRL')[0] ?? bytes);
    kept.delete(url);
    kept.set(url, { until: now() + KEEP_MS, value });
    value.catch(() => kept.set(url, { until: now() + RETRY_MS, value }));
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    return value;
  };

  const ask = async (
    path: readonly FullCertificate[],
    crls: readonly Uint8Array[],
    trust: Trust,
  ): Promise<Verdict> => {
    const [subject] = path;
    const local = byCrls(path, crls, trust);
    if (typeof local === 'string') return local;
    const reasons = crls.length > 0 ? [`CRL: ${local.unknown}`] : [];
    const attempts = [
      ...subject!.ocspUrls.map((url) => ({ url, ask: () => byOcsp(path, url, trust, fetch) })),
      ...subject!.crlUrls.map((url) => ({
        url,
        ask: async () => byCrls(path, [await crlOf(url)], trust),
      })),
    ];
    for (const { url, ask: attempt } of attempts) {
      const verdict = await attempt().catch((error: Error) => ({ unknown: error.message }));
      if (typeof verdict === 'string') return verdict;
      reasons.push(`${url}: ${verdict.unknown}`);
    }
    return { unknown: reasons.join('; ') };
  };

  return async (path, crls) => {
    if (policy() === 'off') return [];
    const trust = { anchors: path.slice(-1), now: Math.floor(now() / 1000) };
    const warnings: string[] = [];
    for (let at = 0; at < path.length - 1; at++) {
      const one = path[at]!;
      const verdict = await ask(path.slice(at), crls, trust);
      if (verdict === 'good') continue;
      if (verdict === 'revoked')
        throw new CertificateError(`certificate ${describe(one)}: revoked`);
      const why = verdict.unknown || 'it names no CRL and no OCSP responder';
      const text = `certificate ${describe(one)}: whether it was revoked is not known: ${why}`;
      if (policy() === 'strict') throw new StandingUnknown(text);
      if (one.crlUrls.length + one.ocspUrls.length > 0) warnings.push(text);
    }
    return warnings;
  };
}

/** OpenSSL checks the CRL's signature, dates and scope, and looks the certificate up in it. */
function byCrls(
  path: readonly FullCertificate[],
  crls: readonly Uint8Array[],
  trust: Trust,
): Verdict {
  if (crls.length === 0) return { unknown: '' };
  const { code, text } = judge(path[0]!, path.slice(1), trust, crls);
  if (code === 0) return 'good';
  if (code === X509_V_ERR.CERT_REVOKED || crls.some((crl) => wasRevoked(path, crl, trust))) {
    return 'revoked';
  }
  return { unknown: text };
}

/** Nothing that was revoked comes to life again because its CRL is out of date. */
function wasRevoked(path: readonly FullCertificate[], crl: Uint8Array, trust: Trust): boolean {
  try {
    const now = Math.floor(readCrl(crl).thisUpdate / 1000);
    const { code } = judge(path[0]!, path.slice(1), { ...trust, now }, [crl]);
    return code === X509_V_ERR.CERT_REVOKED;
  } catch (error) {
    if (error instanceof CertificateError) return false;
    throw error;
  }
}

async function byOcsp(
  path: readonly FullCertificate[],
  url: string,
  trust: Trust,
  fetch: Fetch,
): Promise<Verdict> {
  const question = ocspQuestion(path, trust);
  const type = 'application/ocsp-request';
  const verdict = question.answer(await fetch(url, { type, bytes: question.request }));
  return verdict === 'unknown' ? { unknown: 'the responder does not know it' } : verdict;
}
