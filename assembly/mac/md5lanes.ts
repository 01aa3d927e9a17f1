// MD5 of four messages side by side: lane i of every vector belongs to message i.
import { scratchAt } from '../memory';
import { loadLittleWords } from './lanes';
import { MD5_T } from './md5';

const WORDS: usize = 16384; // 16 vectors

/**
 * Takes `blocks` blocks of each message into the four vectors at `state`. The messages' addresses are
 * the four words at `pointers`; they are moved on.
 */
export function md5Lanes(state: usize, pointers: usize, blocks: u32): void {
  const w = scratchAt + WORDS;
  for (; blocks > 0; blocks--) {
    loadLittleWords(pointers, w);
    rounds(state, w);
  }
}

/** As in md5.ts, on vectors. */
function rounds(state: usize, w: usize): void {
  let a = v128.load(state, 0);
  let b = v128.load(state, 16);
  let c = v128.load(state, 32);
  let d = v128.load(state, 48);
  for (let i: u32 = 0; i < 16; i += 4) {
    a = step(a, b, choice(b, c, d), w, i, i, 7);
    d = step(d, a, choice(a, b, c), w, i + 1, i + 1, 12);
    c = step(c, d, choice(d, a, b), w, i + 2, i + 2, 17);
    b = step(b, c, choice(c, d, a), w, i + 3, i + 3, 22);
  }
  for (let i: u32 = 16; i < 32; i += 4) {
    a = step(a, b, choice(d, b, c), w, 5 * i + 1, i, 5);
    d = step(d, a, choice(c, a, b), w, 5 * i + 6, i + 1, 9);
    c = step(c, d, choice(b, d, a), w, 5 * i + 11, i + 2, 14);
    b = step(b, c, choice(a, c, d), w, 5 * i, i + 3, 20);
  }
  for (let i: u32 = 32; i < 48; i += 4) {
    a = step(a, b, parity(b, c, d), w, 3 * i + 5, i, 4);
    d = step(d, a, parity(a, b, c), w, 3 * i + 8, i + 1, 11);
    c = step(c, d, parity(d, a, b), w, 3 * i + 11, i + 2, 16);
    b = step(b, c, parity(c, d, a), w, 3 * i + 14, i + 3, 23);
  }
  for (let i: u32 = 48; i < 64; i += 4) {
    a = step(a, b, last(b, c, d), w, 7 * i, i, 6);
    d = step(d, a, last(a, b, c), w, 7 * i + 7, i + 1, 10);
    c = step(c, d, last(d, a, b), w, 7 * i + 14, i + 2, 15);
    b = step(b, c, last(c, d, a), w, 7 * i + 5, i + 3, 21);
  }
  v128.store(state, i32x4.add(v128.load(state, 0), a), 0);
  v128.store(state, i32x4.add(v128.load(state, 16), b), 16);
  v128.store(state, i32x4.add(v128.load(state, 32), c), 32);
  v128.store(state, i32x4.add(v128.load(state, 48), d), 48);
}

function step(a: v128, b: v128, f: v128, w: usize, word: u32, i: u32, by: i32): v128 {
  const constant = v128.load_splat<u32>(MD5_T + (i << 2));
  const input = i32x4.add(v128.load(w + ((word & 15) << 4)), constant);
  const sum = i32x4.add(i32x4.add(a, f), input);
  return i32x4.add(b, v128.or(i32x4.shl(sum, by), i32x4.shr_u(sum, 32 - by)));
}

function choice(x: v128, y: v128, z: v128): v128 {
  return v128.xor(z, v128.and(x, v128.xor(y, z)));
}

function parity(x: v128, y: v128, z: v128): v128 {
  return v128.xor(v128.xor(x, y), z);
}

/** y ^ (x | ~z) */
function last(x: v128, y: v128, z: v128): v128 {
  return v128.xor(y, v128.or(x, v128.not(z)));
}
