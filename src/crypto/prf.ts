// prf and prf+ of RFC 7296 §2.13. All PRFs of the registry are HMACs: their key may have any length.
import { createHmac } from 'node:crypto';
import type { PrfRow } from '../algorithms/prf.js';

export function prf(row: PrfRow, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac(row.openssl, key);
  for (const part of data) hmac.update(part);
  const digest = hmac.digest();
  const own = secretBytes(digest.length);
  own.set(digest);
  digest.fill(0);
  return own;
}

/**
 * Zeros for a secret to be written to, and over at its end. The buffer is made first: V8 keeps a small
 * array without one among its objects, which it moves about, and leaves copies that nobody erases.
 */
export const secretBytes = (length: number): Uint8Array => new Uint8Array(new ArrayBuffer(length));

/** T1 | T2 | …, Tn = prf(K, Tn-1 | S | n); n is one byte, which bounds the length. */
export function prfPlus(
  row: PrfRow,
  key: Uint8Array,
  seed: readonly Uint8Array[],
  length: number,
): Uint8Array {
  if (length > 255 * row.keyBytes) throw new RangeError(`prf+ cannot yield ${length} bytes`);
  const out = secretBytes(length);
  let previous: Uint8Array = new Uint8Array(0);
  for (let at = 0, n = 1; at < length; n++) {
    const block = prf(row, key, previous, ...seed, Uint8Array.of(n));
    out.set(block.subarray(0, length - at), at);
    at += block.length;
    previous.fill(0);
    previous = block;
  }
  previous.fill(0);
  return out;
}
