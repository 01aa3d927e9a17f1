// The AUTH payload's content, RFC 7296 §2.15.
import { timingSafeEqual } from 'node:crypto';
import type { PrfRow } from '../algorithms/prf.js';
import { prf } from './prf.js';

/** What one side vouches for: its first message, the peer's nonce, its own identity. */
export interface SignedOctets {
  /** RealMessage: the side's own IKE_SA_INIT message, as sent the last time. */
  readonly message: Uint8Array;
  readonly peerNonce: Uint8Array;
  /** RestOfIDPayload: the ID payload's body. */
  readonly idBody: Uint8Array;
  /** SK_pi or SK_pr, the side's own. */
  readonly idKey: Uint8Array;
}

const KEY_PAD = new TextEncoder().encode('Key Pad for IKEv2');

/** What is signed, or MACed with the shared key: message | nonce | prf(SK_p, RestOfIDPayload). */
export const signedOctets = (row: PrfRow, signed: SignedOctets): Uint8Array =>
  Buffer.concat([signed.message, signed.peerNonce, prf(row, signed.idKey, signed.idBody)]);

/** AUTH = prf(prf(Shared Secret, "Key Pad for IKEv2"), SignedOctets). */
export const sharedKeyMic = (row: PrfRow, secret: Uint8Array, signed: SignedOctets): Uint8Array =>
  prf(row, prf(row, secret, KEY_PAD), signedOctets(row, signed));

/** Comparison whose time tells nothing about where two MACs differ. */
export function sameMac(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
