// AES-GCM (NIST SP 800-38D) with a nonce of 12 bytes and a tag of 16, as RFC 4106 uses it. The block
// that masks the tag and the packet's tail go through the same batches of eight as everything else.
//   1. key stream: the first batch has counter 0, the tag's block and six of data   2. GHASH   3. tag
// `open` checks the tag before it writes any plaintext.
import { scratchAt } from '../memory';
import { encryptBlocks, rounds } from './aes';
import { counterErase, counterStream, GROUP, GROUP_BYTES, STREAM } from './aes-ctr';
import { aesExpandKey } from './aes-key';
import { STATE } from './aes-sbox';
import { copyShort } from './copy';
import { ghashBlocks, ghashSetKey } from './ghash';

/** The context: key planes, then GHASH tables: where these are. */
export function gcmTables(context: usize, keyBytes: u32): usize {
  return context + (rounds(keyBytes) + 1) * STATE;
}

// Scratch.
const TAIL: usize = 1152; // up to four blocks of data and the lengths
const MASK: usize = 1280; // the tag's block
const HASH_WORK: usize = 2048;

const BATCH: u32 = 8 * 16;
/** Key stream before the data's: counter 0, which nothing uses, and the tag's. */
const BEFORE: u32 = 2 * 16;

/** Prepares `context` (at most 3968 bytes, 3456 for a key of 16) for the AES key at `key`. */
export function gcmSetKey(context: usize, key: usize, keyBytes: u32): void {
  aesExpandKey(context, key, keyBytes);
  const stream = scratchAt + STREAM;
  memory.fill(stream, 0, BATCH);
  encryptBlocks(context, rounds(keyBytes), stream);
  ghashSetKey(gcmTables(context, keyBytes), stream, scratchAt + HASH_WORK);
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
  firstStream(context, keyBytes, nonce, length);
  applyStream(context, keyBytes, nonce, src, dst, length);
  counterErase();
  v128.store(tag, authenticate(gcmTables(context, keyBytes), aad, aadLength, dst, length));
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
  firstStream(context, keyBytes, nonce, length);
  const expected = authenticate(gcmTables(context, keyBytes), aad, aadLength, src, length);
  const right = !v128.any_true(v128.xor(expected, v128.load(tag)));
  if (right) applyStream(context, keyBytes, nonce, src, dst, length);
  counterErase();
  return u32(right);
}

/** The first group of the key stream; counter 1 masks the tag (§7.1). */
function firstStream(context: usize, keyBytes: u32, nonce: usize, length: u32): void {
  nextStream(context, keyBytes, nonce, 0, length);
  v128.store(scratchAt + MASK, v128.load(scratchAt + STREAM + 16));
}

/** The stream for what a packet of `length` bytes has in group `group`. */
function nextStream(context: usize, keyBytes: u32, nonce: usize, group: u32, length: u32): void {
  const all = (length + BEFORE + BATCH - 1) / BATCH;
  const batches = min<u32>(all - group * GROUP, GROUP);
  counterStream(context, rounds(keyBytes), nonce, group, batches, all);
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
  let done = min<u32>(length, GROUP_BYTES - BEFORE);
  applyBlocks(stream + BEFORE, src, dst, done);
  for (let group: u32 = 1; done < length; group++) {
    nextStream(context, keyBytes, nonce, group, length);
    const count = min<u32>(length - done, GROUP_BYTES);
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
function authenticate(tables: usize, aad: usize, aadLength: u32, data: usize, length: u32): v128 {
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
  for (let at: u32 = 0; at < padded; at += 16) v128.store(tail + at, i8x16.splat(0));
  copyShort(tail, data + whole, last);
  store<u64>(tail + padded, bswap<u64>(<u64>aadLength * 8));
  store<u64>(tail + padded, bswap<u64>(<u64>length * 8), 8);
  sum = ghashBlocks(tables, sum, tail, padded / 16 + 1);
  return v128.xor(sum, v128.load(scratchAt + MASK));
}
