// SHA-1 of four messages side by side: lane i of every vector belongs to message i.
//   1. schedule: 16 words of each message, transposed, and the 64 made from them
//   2. rounds: four times twenty, five a turn, the names moving instead of the words
import { scratchAt } from '../memory';
import { loadWords } from './lanes';

const SCHEDULE: usize = 16384; // 80 vectors

/**
 * Takes `blocks` blocks of each message into the five vectors at `state`. The messages' addresses are
 * the four words at `pointers`; they are moved on.
 */
export function sha1Lanes(state: usize, pointers: usize, blocks: u32): void {
  const w = scratchAt + SCHEDULE;
  for (; blocks > 0; blocks--) {
    loadWords(pointers, w);
    schedule(w);
    rounds(state, w);
  }
}

function schedule(w: usize): void {
  const end = w + 1280;
  for (let t = w + 256; t < end; t += 16) {
    const late = v128.xor(v128.load(t - 48), v128.load(t - 128));
    const early = v128.xor(v128.load(t - 224), v128.load(t - 256));
    v128.store(t, left(v128.xor(late, early), 1));
  }
}

function rounds(state: usize, w: usize): void {
  let a = v128.load(state, 0);
  let b = v128.load(state, 16);
  let c = v128.load(state, 32);
  let d = v128.load(state, 48);
  let e = v128.load(state, 64);
  for (const end = w + 320; w < end; w += 80) {
    e = turn(e, a, choice(b, c, d), w + 0, 0x5a827999);
    b = left(b, 30);
    d = turn(d, e, choice(a, b, c), w + 16, 0x5a827999);
    a = left(a, 30);
    c = turn(c, d, choice(e, a, b), w + 32, 0x5a827999);
    e = left(e, 30);
    b = turn(b, c, choice(d, e, a), w + 48, 0x5a827999);
    d = left(d, 30);
    a = turn(a, b, choice(c, d, e), w + 64, 0x5a827999);
    c = left(c, 30);
  }
  for (const end = w + 320; w < end; w += 80) {
    e = turn(e, a, parity(b, c, d), w + 0, 0x6ed9eba1);
    b = left(b, 30);
    d = turn(d, e, parity(a, b, c), w + 16, 0x6ed9eba1);
    a = left(a, 30);
    c = turn(c, d, parity(e, a, b), w + 32, 0x6ed9eba1);
    e = left(e, 30);
    b = turn(b, c, parity(d, e, a), w + 48, 0x6ed9eba1);
    d = left(d, 30);
    a = turn(a, b, parity(c, d, e), w + 64, 0x6ed9eba1);
    c = left(c, 30);
  }
  for (const end = w + 320; w < end; w += 80) {
    e = turn(e, a, majority(b, c, d), w + 0, 0x8f1bbcdc);
    b = left(b, 30);
    d = turn(d, e, majority(a, b, c), w + 16, 0x8f1bbcdc);
    a = left(a, 30);
    c = turn(c, d, majority(e, a, b), w + 32, 0x8f1bbcdc);
    e = left(e, 30);
    b = turn(b, c, majority(d, e, a), w + 48, 0x8f1bbcdc);
    d = left(d, 30);
    a = turn(a, b, majority(c, d, e), w + 64, 0x8f1bbcdc);
    c = left(c, 30);
  }
  for (const end = w + 320; w < end; w += 80) {
    e = turn(e, a, parity(b, c, d), w + 0, 0xca62c1d6);
    b = left(b, 30);
    d = turn(d, e, parity(a, b, c), w + 16, 0xca62c1d6);
    a = left(a, 30);
    c = turn(c, d, parity(e, a, b), w + 32, 0xca62c1d6);
    e = left(e, 30);
    b = turn(b, c, parity(d, e, a), w + 48, 0xca62c1d6);
    d = left(d, 30);
    a = turn(a, b, parity(c, d, e), w + 64, 0xca62c1d6);
    c = left(c, 30);
  }
  v128.store(state, i32x4.add(v128.load(state, 0), a), 0);
  v128.store(state, i32x4.add(v128.load(state, 16), b), 16);
  v128.store(state, i32x4.add(v128.load(state, 32), c), 32);
  v128.store(state, i32x4.add(v128.load(state, 48), d), 48);
  v128.store(state, i32x4.add(v128.load(state, 64), e), 64);
}

/** e + rotl(a, 5) + f + K + W */
function turn(e: v128, a: v128, f: v128, w: usize, k: u32): v128 {
  const input = i32x4.add(v128.load(w), i32x4.splat(k));
  return i32x4.add(i32x4.add(e, input), i32x4.add(f, left(a, 5)));
}

function left(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by));
}

function choice(b: v128, c: v128, d: v128): v128 {
  return v128.xor(d, v128.and(b, v128.xor(c, d)));
}

function parity(b: v128, c: v128, d: v128): v128 {
  return v128.xor(v128.xor(b, c), d);
}

function majority(b: v128, c: v128, d: v128): v128 {
  return v128.or(v128.and(b, c), v128.and(d, v128.or(b, c)));
}
