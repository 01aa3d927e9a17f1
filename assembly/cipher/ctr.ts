// AES in counter mode (NIST SP 800-38A §6.5), eight blocks of key stream at a time. A counter block is
// twelve bytes that stay for a packet, then a 32-bit counter, big-endian: what RFC 3686 §4 and, with a
// length field of four bytes, CCM (RFC 4309 §4) have in common.
import { scratchAt } from '../memory';
import { encryptBlocks, rounds } from './aes';

// Scratch, in the quarter of aes.
const STREAM: usize = 8192; // eight blocks
const BATCH: u32 = 8 * 16;

/** Adds the key stream from `counter` on to `length` bytes; src may be dst. `prefix`: twelve bytes. */
export function ctrApply(
  context: usize,
  keyBytes: u32,
  prefix: usize,
  counter: u32,
  src: usize,
  dst: usize,
  length: u32,
): void {
  const stream = scratchAt + STREAM;
  const base = i32x4(load<i32>(prefix), load<i32>(prefix, 4), load<i32>(prefix, 8), 0);
  for (let done: u32 = 0; done < length; done += BATCH, counter += 8) {
    for (let i: u32 = 0; i < 8; i++) {
      v128.store(stream + 16 * i, i32x4.replace_lane(base, 3, bswap<u32>(counter + i)));
    }
    encryptBlocks(context, rounds(keyBytes), stream);
    addStream(stream, src + done, dst + done, min<u32>(length - done, BATCH));
  }
}

function addStream(stream: usize, src: usize, dst: usize, length: u32): void {
  let at: u32 = 0;
  for (; at + 16 <= length; at += 16) {
    v128.store(dst + at, v128.xor(v128.load(src + at), v128.load(stream + at)));
  }
  for (; at < length; at++) {
    store<u8>(dst + at, load<u8>(src + at) ^ load<u8>(stream + at));
  }
}
