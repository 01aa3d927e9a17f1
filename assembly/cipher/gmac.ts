// AES-GMAC (NIST SP 800-38D, RFC 4543 §3): GCM that encrypts nothing. All of the packet is additional
// data: SPI, sequence number, IV, and the text in the clear.
import { scratchAt } from '../memory';
import { encryptBlocks, rounds } from './aes';
import { copyShort } from './copy';
import { gcmTables } from './gcm';
import { ghashBlocks } from './ghash';

// Scratch, in the quarter of aes, behind that of ccm.ts.
const TAIL: usize = 9760; // a block with the end of the text, and the lengths
const MASK: usize = 9824; // eight blocks; the first is the tag's

/** Copies `length` bytes from `src` to `dst` and writes the tag over aad || data. */
export function gmacSeal(
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
  memory.copy(dst, src, length);
  v128.store(tag, gmacTag(context, keyBytes, nonce, aad, aadLength, dst, length));
}

/** Returns 1 and copies where the 16 bytes at `tag` are right; else returns 0 and writes nothing. */
export function gmacOpen(
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
  const expected = gmacTag(context, keyBytes, nonce, aad, aadLength, src, length);
  if (v128.any_true(v128.xor(expected, v128.load(tag)))) return 0;
  memory.copy(dst, src, length);
  return 1;
}

/**
 * The tag over aad || text. `context` as gcmSetKey writes it; `aadLength`: 16 bytes, or 20 with
 * extended sequence numbers; `nonce`: 12 bytes, never used twice under one key.
 */
function gmacTag(
  context: usize,
  keyBytes: u32,
  nonce: usize,
  aad: usize,
  aadLength: u32,
  text: usize,
  length: u32,
): v128 {
  const tables = gcmTables(context, keyBytes);
  const tail = scratchAt + TAIL;
  let sum = ghashBlocks(tables, i8x16.splat(0), aad, 1);
  const over = aadLength - 16;
  let used: u32 = 0;
  if (over > 0) {
    used = min<u32>(16 - over, length);
    v128.store(tail, i8x16.splat(0));
    copyShort(tail, aad + 16, over);
    copyShort(tail + over, text, used);
    sum = ghashBlocks(tables, sum, tail, 1);
  }
  const whole = (length - used) & ~15;
  sum = ghashBlocks(tables, sum, text + used, whole / 16);
  const last = length - used - whole;
  if (last > 0) {
    v128.store(tail, i8x16.splat(0));
    copyShort(tail, text + used + whole, last);
    sum = ghashBlocks(tables, sum, tail, 1);
  }
  store<u64>(tail, bswap<u64>(<u64>(aadLength + length) * 8));
  store<u64>(tail, 0, 8);
  return v128.xor(ghashBlocks(tables, sum, tail, 1), mask(context, keyBytes, nonce));
}

/** The key stream of counter 1 (SP 800-38D §7.1). */
function mask(context: usize, keyBytes: u32, nonce: usize): v128 {
  const block = scratchAt + MASK;
  copyShort(block, nonce, 12);
  store<u32>(block, bswap<u32>(1), 12);
  encryptBlocks(context, rounds(keyBytes), block);
  return v128.load(block);
}
