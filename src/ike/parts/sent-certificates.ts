// CERT payloads (RFC 7296 §3.6): certificates themselves, or with hash and URL where they are. URLs are
// sent to one who has said that it fetches them, and taken by us where we have said so.
//
//   HDR, …, CERTREQ, N(HTTP_CERT_LOOKUP_SUPPORTED)   -->
//                                                    <--   …, CERT(12: SHA-1 of it, its URL), AUTH
import { createHash } from 'node:crypto';
import {
  type Certificate,
  CertificateError,
  type OwnCertificate,
} from '../../crypto/certificates.js';
import type { PlainPayload } from '../../wire/chain.js';
import {
  CERT_HASH_AND_URL_BUNDLE,
  CERT_HASH_AND_URL_X509,
  CERT_X509_SIGNATURE,
} from '../../wire/numbers.js';
import { IkeError } from '../errors.js';
import type { Exchange, Work } from '../exchange.js';

const HASH_BYTES = 20;
/** Our own choice: what one message may have us fetch. */
const MOST_LOCATED = 4;

export const refuse = (text: string): IkeError => new IkeError('certificate-refused', text);

const refusal = (error: unknown): unknown =>
  error instanceof CertificateError ? refuse(error.message) : error;

/** What the store says is wrong, as an error of this exchange. */
export function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw refusal(error);
  }
}

/** The same of what it has to wait for. */
export const refusingLater = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw refusal(error);
  });

/** Ours, leaf first; `urls` are of the chain. */
export function buildCertificates({ sa }: Work, { chain, urls }: OwnCertificate): PlainPayload[] {
  const { peerLooksUp } = sa.handshake!;
  return chain.map(({ der }, at): PlainPayload => {
    const url = peerLooksUp ? urls[at] : undefined;
    if (url === undefined) return { type: 'CERT', encoding: CERT_X509_SIGNATURE, data: der };
    const hash = createHash('sha1').update(der).digest();
    const data = new Uint8Array(Buffer.concat([hash, Buffer.from(url, 'latin1')]));
    return { type: 'CERT', encoding: CERT_HASH_AND_URL_X509, data };
  });
}

/** The certificates of the message, leaf first; may wait for a server. */
export async function sentCertificates({ payloads, world }: Exchange): Promise<Certificate[]> {
  const { certificates } = world.context;
  const found: Certificate[] = [];
  let located = 0;
  for (const payload of payloads) {
    if (payload.type !== 'CERT') continue;
    const { encoding, data } = payload;
    const bundle = encoding === CERT_HASH_AND_URL_BUNDLE;
    if (encoding === CERT_X509_SIGNATURE) {
      found.push(refusing(() => certificates.read(data.slice())));
    } else if (bundle || encoding === CERT_HASH_AND_URL_X509) {
      // Nothing is fetched for a stranger whom we have not told that we do.
      if (!certificates.looksUp) {
        throw refuse('the peer sends the URL of its certificate, which we did not offer to fetch');
      }
      if (++located > MOST_LOCATED) throw refuse(`the peer sends more than ${MOST_LOCATED} URLs`);
      const url = Buffer.from(data.subarray(HASH_BYTES)).toString('latin1');
      const place = { url, hash: data.slice(0, HASH_BYTES), bundle };
      found.push(...(await refusingLater(certificates.lookUp(place))));
    }
  }
  return found;
}
