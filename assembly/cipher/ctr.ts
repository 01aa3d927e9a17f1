// AES in counter mode (NIST SP 800-38A §6.5) on the key stream of aes-ctr.ts. A counter block is twelve
// bytes that stay for a packet, then a 32-bit counter from one on: what RFC 3686 §4 and, with a length
// field of four bytes, CCM (RFC 4309 §4) have in common.
import { scratchAt } from '../memory';
import { rounds } from './aes';
import { counterErase, counterStream, GROUP, GROUP_BYTES, STREAM } from './aes-ctr';

/** Key stream in front of the data's: counter 0. */
const BEFORE: u32 = 16;
const BATCH: u32 = 8 * 16;

/** Adds the key stream to `length` bytes; src may be dst. `prefix`: twelve bytes. */
export function ctrApply(
  context: usize,
  keyBytes: u32,
  prefix: usize,
  src: usize,
  dst: usize,
  length: u32,
): void {
  const all = (length + BEFORE + BATCH - 1) / BATCH;
  let skip = BEFORE;
  let done: u32 = 0;
  for (let group: u32 = 0; done < length; group++) {
    const batches = min<u32>(all - group * GROUP, GROUP);
    counterStream(context, rounds(keyBytes), prefix, group, batches, all);
    const count = min<u32>(length - done, GROUP_BYTES - skip);
    addStream(scratchAt + STREAM + skip, src + done, dst + done, count);
    done += count;
    skip = 0;
  }
  counterErase();
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
