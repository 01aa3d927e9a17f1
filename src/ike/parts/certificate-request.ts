// What each side says before IKE_AUTH that concerns certificates: the hashes it verifies signatures
// with (RFC 7427 §4), and the authorities it trusts (CERTREQ, RFC 7296 §3.7).
import { readHashes, SIGNATURE_HASHES } from '../../crypto/signature.js';
import type { Identity } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { CERT_X509_SIGNATURE } from '../../wire/numbers.js';
import { identitiesOf } from '../directory.js';
import { type Exchange, notification, notify, optional, type Work } from '../exchange.js';

const HASH_BYTES = 20;

/** Whether somebody signs: we, the peer, or a responder before EAP. */
const signs = ({ authMethod }: Identity): boolean => authMethod !== 'pre-shared-key';
/** Whether the peer is to show a certificate. With EAP it is the responder who does. */
const shows = ({ authMethod }: Identity, { sa }: Work): boolean =>
  authMethod === 'digital-signature' || (authMethod === 'eap' && sa.side === 'initiator');

/** N(SIGNATURE_HASH_ALGORITHMS), where a signature may follow; a responder answers one with one. */
export function buildHashes(work: Work, answering?: Exchange): PlainPayload[] {
  const asked = !answering || notification(answering, N.SIGNATURE_HASH_ALGORITHMS) !== undefined;
  const may = identitiesOf(work.world.databases, work.sa.peer).some(signs);
  return asked && may ? [notify(N.SIGNATURE_HASH_ALGORITHMS, SIGNATURE_HASHES)] : [];
}

export function processHashes(exchange: Exchange): void {
  const hashes = notification(exchange, N.SIGNATURE_HASH_ALGORITHMS);
  exchange.sa.handshake!.signatureHashes = hashes && readHashes(hashes.data);
}

/** CERTREQ with the CAs that we trust; with none it asks for any certificate (§3.7). And may it be a URL? */
export function buildRequest(work: Work): PlainPayload[] {
  const { databases, context } = work.world;
  if (!identitiesOf(databases, work.sa.peer).some((one) => shows(one, work))) return [];
  const authorities = Buffer.concat(context.certificates.authorities());
  const request: PlainPayload = { type: 'CERTREQ', encoding: CERT_X509_SIGNATURE, authorities };
  return context.certificates.looksUp ? [request, notify(N.HTTP_CERT_LOOKUP_SUPPORTED)] : [request];
}

/**
 * Keeps whether the peer fetches certificates, and the CAs that it asks for; it gets our certificate
 * whether it trusts them or not.
 */
export function processRequest(exchange: Exchange): void {
  // §3.10.1: wherever a CERTREQ may stand.
  if (notification(exchange, N.HTTP_CERT_LOOKUP_SUPPORTED)) {
    exchange.sa.handshake!.peerLooksUp = true;
  }
  const { encoding, authorities } = optional(exchange, 'CERTREQ') ?? {};
  if (encoding !== CERT_X509_SIGNATURE || !authorities) return;
  exchange.sa.handshake!.authorities = Array.from(
    { length: authorities.length / HASH_BYTES },
    (_, at) => authorities.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}
