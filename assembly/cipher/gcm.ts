// AES-GCM (NIST SP 800-38D) with a nonce of 12 bytes and a tag of 16, as RFC 4106 uses it. The block
// that masks the tag and the packet's tail go through the same batches of eight as everything else.
//   1. key stream: the first batch has the tag's block and seven of data   2. GHASH   3. tag
// `open` checks the tag before it writes any plaintext.
import { scratchAt } from '../memory';
import { encryptBlocks, rounds } from './aes';
import { aesExpandKey } from './aes-key';
import { copyShort } from './copy';
import { ghashBlocks, ghashSetKey } from './ghash';

/** The context: key planes, then GHASH tables. */
const TABLES: usize = 1920;
// Scratch.
const STREAM: usize = 1024; // eight blocks of key stream
const TAIL: usize = 1152; // up to four blocks of data and the lengths
const MASK: usize = 1280; // the tag's block
const HASH_WORK: usize = 2048;

const FIRST: u32 = 7 * 16; // bytes of data in the first batch
const BATCH: u32 = 8 * 16;

/** Prepares `context` (3968 bytes) for the AES key at `key`. */
export function gcmSetKey(context: usize, key: usize, keyBytes: u32): void {
  aesExpandKey(context, key, keyBytes);
  const stream = scratchAt + STREAM;
  memory.fill(stream, 0, BATCH);
  encryptBlocks(context, rounds(keyBytes), stream);
  ghashSetKey(context + TABLES, stream, scratchAt + HASH_WORK);
  memory.fill(stream, 0, BATCH);
}

/** Encrypts `length` bytes from `src` to `dst` (which may be the same) and writes the tag. */
export function gcmSeal(
  context: usize,
  keyBytes: u32,
  nonce: usize,
  aad: usize,
  aadLength: u32,
  src: usize,
  dst: usize,
  length: u32,
  tag: usize,
): void {
  firstStream(context, keyBytes, nonce);
  applyStream(context, keyBytes, nonce, src, dst, length);
  v128.store(tag, authenticate(context, aad, aadLength, dst, length));
}

/** Returns 1 and decrypts where the 16 bytes at `tag` are right; else returns 0 and writes nothing. */
export function gcmOpen(
  context: usize,
  keyBytes: u32,
  nonce: usize,
  aad: usize,
  aadLength: u32,
  src: usize,
  dst: usize,
  length: u32,
  tag: usize,
): u32 {
  firstStream(context, keyBytes, nonce);
  const expected = authenticate(context, aad, aadLength, src, length);
  if (v128.any_true(v128.xor(expected, v128.load(tag)))) return 0;
  applyStream(context, keyBytes, nonce, src, dst, length);
  return 1;
}

/** Key stream of counters 1 … 8; counter 1 masks the tag (§7.1). */
function firstStream(context: usize, keyBytes: u32, nonce: usize): void {
  nextStream(context, keyBytes, nonce, 1);
  const stream = scratchAt + STREAM;
  v128.store(scratchAt + MASK, v128.load(stream));
}

function nextStream(context: usize, keyBytes: u32, nonce: usize, counter: u32): void {
  const stream = scratchAt + STREAM;
  const base = i32x4(load<i32>(nonce), load<i32>(nonce, 4), load<i32>(nonce, 8), 0);
  for (let i: u32 = 0; i < 8; i++) {
    v128.store(stream + 16 * i, i32x4.replace_lane(base, 3, bswap<u32>(counter + i)));
  }
  encryptBlocks(context, rounds(keyBytes), stream);
}

function applyStream(
  context: usize,
  keyBytes: u32,
  nonce: usize,
  src: usize,
  dst: usize,
  length: u32,
): void {
  const stream = scratchAt + STREAM;
  let done = min<u32>(length, FIRST);
  applyBlocks(stream + 16, src, dst, done);
  for (let counter: u32 = 9; done < length; counter += 8) {
    nextStream(context, keyBytes, nonce, counter);
    const count = min<u32>(length - done, BATCH);
    applyBlocks(stream, src + done, dst + done, count);
    done += count;
  }
}

function applyBlocks(stream: usize, src: usize, dst: usize, length: u32): void {
  let at: u32 = 0;
  for (; at + 16 <= length; at += 16) {
    v128.store(dst + at, v128.xor(v128.load(src + at), v128.load(stream + at)));
  }
  for (; at < length; at++) {
    store<u8>(dst + at, load<u8>(src + at) ^ load<u8>(stream + at));
  }
}

/** The tag over associated data and ciphertext (§7.1): GHASH, masked by the first counter's block. */
function authenticate(context: usize, aad: usize, aadLength: u32, data: usize, length: u32): v128 {
  const tables = context + TABLES;
  const tail = scratchAt + TAIL;
  let sum = i8x16.splat(0);
  let rest = aadLength;
  for (let at = aad; rest > 0; ) {
    const part = min<u32>(rest, 16);
    v128.store(tail, i8x16.splat(0));
    copyShort(tail, at, part);
    sum = ghashBlocks(tables, sum, tail, 1);
    at += part;
    rest -= part;
  }
  const whole = length & ~63;
  sum = ghashBlocks(tables, sum, data, whole / 16);
  const last = length - whole;
  const padded = (last + 15) & ~15;
  memory.fill(tail, 0, padded);
  copyShort(tail, data + whole, last);
  store<u64>(tail + padded, bswap<u64>(<u64>aadLength * 8));
  store<u64>(tail + padded, bswap<u64>(<u64>length * 8), 8);
  sum = ghashBlocks(tables, sum, tail, padded / 16 + 1);
  return v128.xor(sum, v128.load(scratchAt + MASK));
}
