// AEAD_CHACHA20_POLY1305 (RFC 8439 §2.8), as ESP uses it (RFC 7634).
//   1. start: block 0 of the key stream (the one-time Poly1305 key) and the first 128 bytes of text
//      come out of one call of the three-block kernel, in scratch
//   2. the rest of the text, with Poly1305 over the ciphertext before it in the same pass
//   3. Poly1305 over the end and the lengths
// `open` decrypts into scratch; the text gets to dst only after the comparison in constant time. What is
// longer than a slot is read twice instead: Poly1305 first, then the text.
import { SLOT } from '../../src/contract/layout';
import { polyFinish, polyPadded, polyStart, POLY1305_STATE } from '../mac/poly1305';
import { scratchAt } from '../memory';
import { chacha20Start, START, START_BLOCKS } from './chacha20-start';
import { chacha20Groups, GROUP } from './chacha20';
import { copyShort } from './copy';

// Scratch of this file, from scratchAt.
const FIRST: usize = 32768; // block 0, then the head of the text
const TAIL: usize = FIRST + 256;
const POLY: usize = TAIL + 256;
const EXPECTED: usize = POLY + POLY1305_STATE;
const PLAIN: usize = FIRST + 1024; // text of a packet that is not known to be authentic

const BLOCK: u32 = 64;
/** Text that shares the start with block 0. */
const HEAD: u32 = START - BLOCK;

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
  const state = scratchAt + POLY;
  const head = min(length, HEAD);
  startText(key, nonce, src, head);
  copyShort(dst, first + BLOCK, head);
  polyStart(state, first);
  polyPadded(state, aad, aadLength);
  const hashed = rest(key, nonce, src, dst, length, dst);
  polyPadded(state, dst + hashed, length - hashed);
  polyFinish(state, first, aadLength, length, tag);
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
  const state = scratchAt + POLY;
  const expected = scratchAt + EXPECTED;
  const plain = scratchAt + PLAIN;
  const long = length > <u32>SLOT;
  const head = min(length, HEAD);
  startText(key, nonce, src, head);
  polyStart(state, first);
  polyPadded(state, aad, aadLength);
  const hashed = long ? 0 : rest(key, nonce, src, plain, length, src);
  polyPadded(state, src + hashed, length - hashed);
  polyFinish(state, first, aadLength, length, expected);
  const difference =
    (load<u64>(expected) ^ load<u64>(tag)) | (load<u64>(expected, 8) ^ load<u64>(tag, 8));
  if (difference == 0) {
    // what Poly1305 makes of it the second time is of no interest
    if (long) rest(key, nonce, src, dst, length, src);
    else copyShort(dst + head, plain + head, length - head);
    copyShort(dst, first + BLOCK, head);
  }
  eraseFirst(first);
  return u32(difference == 0);
}

/** Leaves the Poly1305 key at FIRST and the first `head` bytes of text, en- or decrypted, behind it. */
function startText(key: usize, nonce: usize, src: usize, head: u32): void {
  const first = scratchAt + FIRST;
  for (let at: u32 = 0; at < BLOCK; at += 16) v128.store(first + at, i64x2.splat(0));
  copyShort(first + BLOCK, src, head);
  chacha20Start(key, nonce, first, first);
}

/** The text behind the start, and Poly1305 over what of it is done at `text`: returns how much. */
function rest(key: usize, nonce: usize, src: usize, dst: usize, length: u32, text: usize): u32 {
  if (length <= HEAD) return 0;
  const state = scratchAt + POLY;
  const left = length - HEAD;
  const groups = left / GROUP;
  chacha20Groups(
    key,
    nonce,
    START_BLOCKS,
    src + HEAD,
    dst + HEAD,
    groups,
    state,
    text,
    text + HEAD,
  );
  const short = left % GROUP;
  const hashed = groups > 0 ? HEAD + (groups - 1) * GROUP : 0;
  if (short == 0) return hashed;
  const at = length - short;
  const tail = scratchAt + TAIL;
  copyShort(tail, src + at, short);
  chacha20Groups(
    key,
    nonce,
    START_BLOCKS + 4 * groups,
    tail,
    tail,
    1,
    state,
    text + hashed,
    text + at,
  );
  copyShort(dst + at, tail, short);
  return at;
}

/** The one-time key must not outlive its packet. */
function eraseFirst(first: usize): void {
  v128.store(first, i64x2.splat(0), 0);
  v128.store(first, i64x2.splat(0), 16);
}
