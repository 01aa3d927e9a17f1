// AEAD_CHACHA20_POLY1305 (RFC 8439 §2.8), as ESP uses it (RFC 7634).
//   1. key block: block 0 of the key stream is the one-time Poly1305 key
//   2. seal: encrypt from block 1 on, then authenticate aad and ciphertext
//      open: authenticate, compare in constant time, and only then decrypt
import {
  POLY1305_STATE,
  poly1305Blocks,
  poly1305Finish,
  poly1305Padded,
  poly1305Start,
} from '../mac/poly1305';
import { scratchAt } from '../memory';
import { chacha20, chacha20Block } from './chacha20';

// Scratch of this room, from scratchAt: STREAM belongs to chacha20.ts.
const POLY: usize = 32768 + 2048;
const LENGTHS: usize = POLY + POLY1305_STATE;
const KEY_BLOCK: usize = LENGTHS + 16;
const EXPECTED: usize = KEY_BLOCK + 128;

/**
 * Encrypts `length` bytes from src to dst (src may equal dst) and writes the 16-byte tag.
 * key: 32 bytes. nonce: 12 bytes, never used twice under one key.
 */
export function chachaPolySeal(
  key: usize,
  nonce: usize,
  aad: usize,
  aadLength: u32,
  src: usize,
  dst: usize,
  length: u32,
  tag: usize,
): void {
  chacha20(key, nonce, 1, src, dst, length);
  authenticate(key, nonce, aad, aadLength, dst, length, tag);
}

/** Returns 1 and decrypts src to dst (src may equal dst), or returns 0 and leaves dst as it was. */
export function chachaPolyOpen(
  key: usize,
  nonce: usize,
  aad: usize,
  aadLength: u32,
  src: usize,
  dst: usize,
  length: u32,
  tag: usize,
): u32 {
  const expected = scratchAt + EXPECTED;
  authenticate(key, nonce, aad, aadLength, src, length, expected);
  const difference =
    (load<u64>(expected) ^ load<u64>(tag)) | (load<u64>(expected, 8) ^ load<u64>(tag, 8));
  if (difference != 0) return 0;
  chacha20(key, nonce, 1, src, dst, length);
  return 1;
}

function authenticate(
  key: usize,
  nonce: usize,
  aad: usize,
  aadLength: u32,
  text: usize,
  length: u32,
  tag: usize,
): void {
  const poly = scratchAt + POLY;
  const block = scratchAt + KEY_BLOCK;
  chacha20Block(key, nonce, 0, block);
  poly1305Start(poly, block);
  memory.fill(block, 0, 64);
  poly1305Padded(poly, aad, aadLength);
  poly1305Padded(poly, text, length);
  const lengths = scratchAt + LENGTHS;
  store<u64>(lengths, aadLength, 0);
  store<u64>(lengths, length, 8);
  poly1305Blocks(poly, lengths, 16, 1 << 24);
  poly1305Finish(poly, tag);
}
