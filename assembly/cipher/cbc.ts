// AES in CBC mode (NIST SP 800-38A §6.2; RFC 3602). Encryption is serial within a packet, so up to sixteen
// packets of one key go side by side, a lane each; decryption is parallel within the packet.
import { scratchAt } from '../memory';
import { decryptStates, encryptStates, rounds } from './aes';
import { STATE as EIGHT } from './aes-sbox';

const LANES: u32 = 16;
/** A job: u32 src, u32 dst, u32 length (a multiple of 16), u32 address of the IV. */
const JOB: u32 = 16;
// Scratch.
const STATE: usize = 1024; // sixteen blocks in work
const CHAIN: usize = STATE + 256; // per lane, what the next block is added to
const INPUT: usize = CHAIN + 256; // sixteen blocks of ciphertext, since src may be dst

/** Encrypts up to sixteen packets under one key; src may be dst. */
export function cbcEncryptLanes(context: usize, keyBytes: u32, jobs: usize, count: u32): void {
  const state = scratchAt + STATE;
  const chain = scratchAt + CHAIN;
  const lanes = min<u32>(count, LANES);
  const roundCount = rounds(keyBytes);
  let longest: u32 = 0;
  memory.fill(state, 0, 16 * LANES);
  for (let lane: u32 = 0; lane < lanes; lane++) {
    const job = jobs + lane * JOB;
    longest = max<u32>(longest, load<u32>(job, 8));
    v128.store(chain + 16 * lane, v128.load(load<u32>(job, 12)));
  }
  for (let at: u32 = 0; at < longest; at += 16) {
    for (let lane: u32 = 0; lane < lanes; lane++) {
      const job = jobs + lane * JOB;
      if (at >= load<u32>(job, 8)) continue;
      const plain = v128.load(load<u32>(job) + at);
      v128.store(state + 16 * lane, v128.xor(plain, v128.load(chain + 16 * lane)));
    }
    encryptStates(context, roundCount, state, states(16 * lanes));
    for (let lane: u32 = 0; lane < lanes; lane++) {
      const job = jobs + lane * JOB;
      if (at >= load<u32>(job, 8)) continue;
      const cipher = v128.load(state + 16 * lane);
      v128.store(load<u32>(job, 4) + at, cipher);
      v128.store(chain + 16 * lane, cipher);
    }
  }
}

/** Decrypts `length` bytes (a multiple of 16); src may be dst. */
export function cbcDecrypt(
  context: usize,
  keyBytes: u32,
  iv: usize,
  src: usize,
  dst: usize,
  length: u32,
): void {
  const state = scratchAt + STATE;
  const input = scratchAt + INPUT;
  let before = v128.load(iv);
  for (let at: u32 = 0; at < length; at += 16 * LANES) {
    const bytes = min<u32>(length - at, 16 * LANES);
    for (let i: u32 = 0; i < bytes; i += 16) {
      const block = v128.load(src + at + i);
      v128.store(state + i, block);
      v128.store(input + i, block);
    }
    decryptStates(context, rounds(keyBytes), state, states(bytes));
    for (let i: u32 = 0; i < bytes; i += 16) {
      v128.store(dst + at + i, v128.xor(v128.load(state + i), before));
      before = v128.load(input + i);
    }
  }
}

/** States of eight blocks that hold so many bytes. */
function states(bytes: u32): u32 {
  return (bytes + EIGHT - 1) / EIGHT;
}
