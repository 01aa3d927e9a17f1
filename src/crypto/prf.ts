// prf and prf+ of RFC 7296 §2.13. All PRFs of the registry are HMACs: their key may have any length.
import { createHmac } from 'node:crypto';
import type { PrfRow } from '../algorithms/prf.js';

export function prf(row: PrfRow, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac(row.openssl, key);
  for (const part of data) hmac.update(part);
  return new Uint8Array(hmac.digest());
}

/** T1 | T2 | …, Tn = prf(K, Tn-1 | S | n); n is one byte, which bounds the length. */
export function prfPlus(
  row: PrfRow,
  key: Uint8Array,
  seed: readonly Uint8Array[],
  length: number,
): Uint8Array {
  if (length > 255 * row.keyBytes) throw new RangeError(`prf+ cannot yield ${length} bytes`);
  const out = new Uint8Array(length);
  let previous = new Uint8Array(0);
  for (let at = 0, n = 1; at < length; n++) {
    previous = new Uint8Array(prf(row, key, previous, ...seed, Uint8Array.of(n)));
    out.set(previous.subarray(0, length - at), at);
    at += previous.length;
  }
  return out;
}
