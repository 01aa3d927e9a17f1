// AEAD_CHACHA20_POLY1305 (RFC 8439 §2.8), as ESP uses it (RFC 7634).
//   1. first group: block 0 of the key stream (the one-time Poly1305 key) and the first 192 bytes of
//      text come out of one call of the four-block kernel, in scratch
//   2. seal: the rest of the text, then Poly1305 over aad and ciphertext
//      open: Poly1305, the comparison in constant time, and only then the plaintext
import { poly1305, POLY1305_STATE } from '../mac/poly1305';
import { scratchAt } from '../memory';
import { chacha20Groups, GROUP } from './chacha20';
import { copyShort } from './copy';

// Scratch of this file, from scratchAt.
const FIRST: usize = 32768; // block 0, then the head of the text
const TAIL: usize = FIRST + 256;
const POLY: usize = TAIL + 256;
const EXPECTED: usize = POLY + POLY1305_STATE;

const BLOCK: u32 = 64;
/** Text that shares the first group with block 0. */
const HEAD: u32 = GROUP - BLOCK;

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
  const first = scratchAt + FIRST;
  const head = min(length, HEAD);
  firstGroup(key, nonce, src, head);
  copyShort(dst, first + BLOCK, head);
  rest(key, nonce, src, dst, length);
  poly1305(scratchAt + POLY, first, aad, aadLength, dst, length, tag);
  eraseFirst(first);
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
  const first = scratchAt + FIRST;
  const expected = scratchAt + EXPECTED;
  const head = min(length, HEAD);
  firstGroup(key, nonce, src, head);
  poly1305(scratchAt + POLY, first, aad, aadLength, src, length, expected);
  const difference =
    (load<u64>(expected) ^ load<u64>(tag)) | (load<u64>(expected, 8) ^ load<u64>(tag, 8));
  if (difference == 0) {
    copyShort(dst, first + BLOCK, head);
    rest(key, nonce, src, dst, length);
  }
  eraseFirst(first);
  return u32(difference == 0);
}

/** Leaves the Poly1305 key at FIRST and the first `head` bytes of text, en- or decrypted, behind it. */
function firstGroup(key: usize, nonce: usize, src: usize, head: u32): void {
  const first = scratchAt + FIRST;
  for (let at: u32 = 0; at < BLOCK; at += 16) v128.store(first + at, i64x2.splat(0));
  copyShort(first + BLOCK, src, head);
  chacha20Groups(key, nonce, 0, first, first, 1);
}

/** The text behind the first group; what does not fill a group goes through TAIL. */
function rest(key: usize, nonce: usize, src: usize, dst: usize, length: u32): void {
  if (length <= HEAD) return;
  const left = length - HEAD;
  const groups = left / GROUP;
  chacha20Groups(key, nonce, 4, src + HEAD, dst + HEAD, groups);
  const short = left % GROUP;
  if (short == 0) return;
  const at = length - short;
  const tail = scratchAt + TAIL;
  copyShort(tail, src + at, short);
  chacha20Groups(key, nonce, 4 + 4 * groups, tail, tail, 1);
  copyShort(dst + at, tail, short);
}

/** The one-time key must not outlive its packet. */
function eraseFirst(first: usize): void {
  v128.store(first, i64x2.splat(0), 0);
  v128.store(first, i64x2.splat(0), 16);
}
