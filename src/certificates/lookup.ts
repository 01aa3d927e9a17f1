// Hash and URL (RFC 7296 §3.6): a peer names where its certificate is, and the SHA-1 of what is there.
// The peer is a stranger yet, so it chooses among documents only, never whom we ask:
//   1 the URL must lie below one that settings hash-and-url names; no other host, port, path is asked
//   2 few at once, few bytes, three seconds, no redirects (http.ts)
//   3 what comes must have the hash; it is kept by it, and so is a failure, for a while
import { createHash } from 'node:crypto';
import { CertificateError, type Located } from '../crypto/certificates.js';
import { children, element, expect } from '../crypto/der.js';
import type { Fetch } from './revocation.js';

/** Our own choices. */
const LARGEST = 64 * 1024;
const KEEP_MS = 3_600_000;
const RETRY_MS = 30_000;
const MOST_KEPT = 1024;
const MOST_AT_ONCE = 16;

export interface LookupOptions {
  /** URLs below which peers may have their certificates; each ends with a slash. */
  readonly below: () => readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch: Fetch;
}

/** The DER certificates at a place; rejects with a CertificateError. */
export type Lookup = (located: Located) => Promise<readonly Uint8Array[]>;

export function certificateLookup({ below, now, fetch }: LookupOptions): Lookup {
  const kept = new Map<string, { readonly until: number; readonly value: Promise<Uint8Array> }>();
  let under = 0;

  const ask = async (url: string, hash: string): Promise<Uint8Array> => {
    if (under >= MOST_AT_ONCE) throw new CertificateError('too many are being fetched');
    under++;
    try {
      const bytes = await fetch(url, undefined, LARGEST);
      const found = createHash('sha1').update(bytes).digest('hex');
      if (found !== hash) throw new CertificateError('what is there has another hash');
      return bytes;
    } finally {
      under--;
    }
  };

  return async ({ url, hash, bundle }) => {
    const place = placeOf(url);
    if (!place || !below().some((one) => isBelow(place, new URL(one)))) {
      const text = `the peer's certificate is said to be at ${printable(url)}`;
      throw new CertificateError(`${text}, which settings hash-and-url does not allow`);
    }
    const wanted = Buffer.from(hash).toString('hex');
    const key = `${wanted} ${place.href}`;
    const known = kept.get(key);
    const value = known && known.until > now() ? known.value : ask(place.href, wanted);
    if (value !== known?.value) {
      kept.delete(key);
      kept.set(key, { until: now() + KEEP_MS, value });
      value.catch(() => kept.set(key, { until: now() + RETRY_MS, value }));
      const [oldest] = kept.keys();
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    }
    try {
      const bytes = await value;
      return bundle ? certificatesOf(bytes) : [bytes];
    } catch (error) {
      throw new CertificateError(`${printable(place.href)}: ${(error as Error).message}`);
    }
  };
}

const printable = (text: string): string => text.replace(/[^\x21-\x7e]/g, '?').slice(0, 200);

/** Nothing but a plain http URL; dots in its path are resolved. */
function placeOf(url: string): URL | undefined {
  if (!/^[\x21-\x7e]{1,1024}$/.test(url) || !URL.canParse(url)) return undefined;
  const place = new URL(url);
  place.hash = '';
  const plain = place.protocol === 'http:' && place.username === '' && place.password === '';
  return plain ? place : undefined;
}

const isBelow = (place: URL, base: URL): boolean =>
  place.host === base.host && place.pathname.startsWith(base.pathname);

const SEQUENCE = 0x30;
const CERTIFICATE = 0xa0;

/** CertificateBundle ::= SEQUENCE OF CHOICE { cert [0] Certificate, crl [1] CertificateList }, explicit. */
function certificatesOf(der: Uint8Array): Uint8Array[] {
  return children(expect(element(der), SEQUENCE))
    .filter(({ tag }) => tag === CERTIFICATE)
    .map((one) => expect(children(one)[0], SEQUENCE).whole);
}
