// AES-CCM (RFC 3610) with a nonce of 11 bytes, as RFC 4309 uses it. Its CBC-MAC is serial within a
// packet, so up to eight packets of one key go side by side; its counter mode is parallel within one.
//   seal: 1. MAC of the plaintext, in lanes   2. the blocks that mask the tags   3. counter mode
//   open: 1. counter mode   2. MAC of the plaintext, in lanes   3. the masks, and the comparison
// Opening must decrypt before it knows; a lane whose tag is wrong is overwritten with zeros.
import { scratchAt } from '../memory';
import { encryptBlocks, rounds } from './aes';
import { copyShort } from './copy';
import { ctrApply } from './ctr';

const LANES: u32 = 8;
// A job.
export const CCM_SRC: usize = 0; // u32
export const CCM_DST: usize = 4; // u32
export const CCM_LENGTH: usize = 8; // u32
export const CCM_TAG: usize = 12; // u32, address of the tag
/** What a counter block begins with: the byte COUNTER_FLAGS, then the nonce's eleven bytes. */
export const CCM_PREFIX: usize = 16;
export const CCM_AAD_LENGTH: usize = 28; // u32, 1 … 14
export const CCM_AAD: usize = 32;
export const CCM_JOB: u32 = 48;

/** RFC 3610 §2.3: L' = 3, a length field of four bytes. */
export const COUNTER_FLAGS: u8 = 3;
/** RFC 3610 §2.2: the first block says that there is additional data. */
const HAS_AAD: u8 = 0x40;
/** Blocks before the text: B_0 and one of additional data. */
const HEAD: u32 = 2;

// Scratch, in the quarter of aes, behind that of aes-ctr.ts.
const STATE: usize = 9472; // eight blocks in work
const CHAIN: usize = 9600; // per lane, the MAC so far
const BLOCK: usize = 9728; // one block in preparation

/** Encrypts up to eight packets and writes `tagBytes` of tag each; src may be dst. */
export function ccmSealLanes(
  context: usize,
  keyBytes: u32,
  tagBytes: u32,
  jobs: usize,
  count: u32,
): void {
  const lanes = min<u32>(count, LANES);
  macLanes(context, keyBytes, tagBytes, jobs, lanes, CCM_SRC);
  maskTags(context, keyBytes, jobs, lanes);
  for (let lane: u32 = 0; lane < lanes; lane++) {
    const job = jobs + lane * CCM_JOB;
    applyStream(context, keyBytes, job);
    copyShort(load<u32>(job, CCM_TAG), scratchAt + CHAIN + 16 * lane, tagBytes);
  }
}

/** Decrypts up to eight packets; bit i of the result says that the tag of job i is right. */
export function ccmOpenLanes(
  context: usize,
  keyBytes: u32,
  tagBytes: u32,
  jobs: usize,
  count: u32,
): u32 {
  const lanes = min<u32>(count, LANES);
  for (let lane: u32 = 0; lane < lanes; lane++)
    applyStream(context, keyBytes, jobs + lane * CCM_JOB);
  macLanes(context, keyBytes, tagBytes, jobs, lanes, CCM_DST);
  maskTags(context, keyBytes, jobs, lanes);
  let right: u32 = 0;
  for (let lane: u32 = 0; lane < lanes; lane++) {
    const job = jobs + lane * CCM_JOB;
    const tag: usize = load<u32>(job, CCM_TAG);
    const expected = scratchAt + CHAIN + 16 * lane;
    let difference: u32 = 0;
    for (let i: u32 = 0; i < tagBytes; i++)
      difference |= load<u8>(tag + i) ^ load<u8>(expected + i);
    if (difference == 0) right |= 1 << lane;
    else memory.fill(load<u32>(job, CCM_DST), 0, load<u32>(job, CCM_LENGTH));
  }
  return right;
}

function applyStream(context: usize, keyBytes: u32, job: usize): void {
  const length = load<u32>(job, CCM_LENGTH);
  const src: usize = load<u32>(job, CCM_SRC);
  const dst: usize = load<u32>(job, CCM_DST);
  ctrApply(context, keyBytes, job + CCM_PREFIX, src, dst, length);
}

/** The CBC-MAC (§2.2) of each lane to CHAIN; `text`: the field of the job where its plaintext is. */
function macLanes(
  context: usize,
  keyBytes: u32,
  tagBytes: u32,
  jobs: usize,
  lanes: u32,
  text: usize,
): void {
  const state = scratchAt + STATE;
  const chain = scratchAt + CHAIN;
  memory.fill(chain, 0, 16 * LANES);
  let longest: u32 = 0;
  for (let lane: u32 = 0; lane < lanes; lane++) {
    longest = max<u32>(longest, blocksOf(jobs + lane * CCM_JOB));
  }
  for (let index: u32 = 0; index < longest; index++) {
    for (let lane: u32 = 0; lane < lanes; lane++) {
      const job = jobs + lane * CCM_JOB;
      if (index >= blocksOf(job)) continue;
      const block = macBlock(job, load<u32>(job + text), tagBytes, index);
      v128.store(state + 16 * lane, v128.xor(block, v128.load(chain + 16 * lane)));
    }
    encryptBlocks(context, rounds(keyBytes), state);
    for (let lane: u32 = 0; lane < lanes; lane++) {
      if (index >= blocksOf(jobs + lane * CCM_JOB)) continue;
      v128.store(chain + 16 * lane, v128.load(state + 16 * lane));
    }
  }
}

function blocksOf(job: usize): u32 {
  return HEAD + (load<u32>(job, CCM_LENGTH) + 15) / 16;
}

/** B_0, the additional data behind its length, then the text; the last block ends in zeros. */
function macBlock(job: usize, text: usize, tagBytes: u32, index: u32): v128 {
  const block = scratchAt + BLOCK;
  const length = load<u32>(job, CCM_LENGTH);
  if (index >= HEAD) {
    const at = (index - HEAD) * 16;
    if (at + 16 <= length) return v128.load(text + at);
    v128.store(block, i8x16.splat(0));
    copyShort(block, text + at, length - at);
  } else if (index == 0) {
    copyShort(block, job + CCM_PREFIX, 12);
    store<u8>(block, HAS_AAD | ((<u8>((tagBytes - 2) / 2)) << 3) | COUNTER_FLAGS);
    store<u32>(block, bswap<u32>(length), 12);
  } else {
    const aadLength = load<u32>(job, CCM_AAD_LENGTH);
    v128.store(block, i8x16.splat(0));
    store<u16>(block, bswap<u16>(<u16>aadLength));
    copyShort(block + 2, job + CCM_AAD, aadLength);
  }
  return v128.load(block);
}

/** Adds the key stream of counter 0 to the MACs (§2.3). */
function maskTags(context: usize, keyBytes: u32, jobs: usize, lanes: u32): void {
  const state = scratchAt + STATE;
  const chain = scratchAt + CHAIN;
  for (let lane: u32 = 0; lane < lanes; lane++) {
    copyShort(state + 16 * lane, jobs + lane * CCM_JOB + CCM_PREFIX, 12);
    store<u32>(state + 16 * lane, 0, 12);
  }
  encryptBlocks(context, rounds(keyBytes), state);
  for (let at: usize = 0; at < 16 * LANES; at += 16) {
    v128.store(chain + at, v128.xor(v128.load(chain + at), v128.load(state + at)));
  }
}
