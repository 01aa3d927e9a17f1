// SHA-512 (and SHA-384) of two messages side by side: lane i of every vector belongs to message i.
//   1. load: 16 words of each message, transposed
//   2. rounds: as in sha512.ts, on vectors; the schedule's word t + 16 is made in round t, where it fills
//      the gaps that the chain of rounds leaves
import { scratchAt } from '../memory';
import { loadLongWords } from './lanes';
import { SHA512_K } from './sha512';

const SCHEDULE: usize = 16384; // 80 vectors

/**
 * Takes `blocks` blocks of each message into the eight vectors at `state`. The messages' addresses are
 * the two words at `pointers`; they are moved on.
 */
export function sha512Lanes(state: usize, pointers: usize, blocks: u32): void {
  const w = scratchAt + SCHEDULE;
  for (; blocks > 0; blocks--) {
    loadLongWords(pointers, w);
    rounds(state, w);
  }
}

function rounds(state: usize, w: usize): void {
  let a = v128.load(state, 0);
  let b = v128.load(state, 16);
  let c = v128.load(state, 32);
  let d = v128.load(state, 48);
  let e = v128.load(state, 64);
  let f = v128.load(state, 80);
  let g = v128.load(state, 96);
  let h = v128.load(state, 112);
  let k = SHA512_K;
  do {
    extend(w + 0);
    h = first(h, e, f, g, k + 0, w + 0);
    d = i64x2.add(d, h);
    h = second(h, a, b, c);
    extend(w + 16);
    g = first(g, d, e, f, k + 8, w + 16);
    c = i64x2.add(c, g);
    g = second(g, h, a, b);
    extend(w + 32);
    f = first(f, c, d, e, k + 16, w + 32);
    b = i64x2.add(b, f);
    f = second(f, g, h, a);
    extend(w + 48);
    e = first(e, b, c, d, k + 24, w + 48);
    a = i64x2.add(a, e);
    e = second(e, f, g, h);
    extend(w + 64);
    d = first(d, a, b, c, k + 32, w + 64);
    h = i64x2.add(h, d);
    d = second(d, e, f, g);
    extend(w + 80);
    c = first(c, h, a, b, k + 40, w + 80);
    g = i64x2.add(g, c);
    c = second(c, d, e, f);
    extend(w + 96);
    b = first(b, g, h, a, k + 48, w + 96);
    f = i64x2.add(f, b);
    b = second(b, c, d, e);
    extend(w + 112);
    a = first(a, f, g, h, k + 56, w + 112);
    e = i64x2.add(e, a);
    a = second(a, b, c, d);
    k += 64;
    w += 128;
  } while (k < SHA512_K + 512);
  do {
    h = first(h, e, f, g, k + 0, w + 0);
    d = i64x2.add(d, h);
    h = second(h, a, b, c);
    g = first(g, d, e, f, k + 8, w + 16);
    c = i64x2.add(c, g);
    g = second(g, h, a, b);
    f = first(f, c, d, e, k + 16, w + 32);
    b = i64x2.add(b, f);
    f = second(f, g, h, a);
    e = first(e, b, c, d, k + 24, w + 48);
    a = i64x2.add(a, e);
    e = second(e, f, g, h);
    d = first(d, a, b, c, k + 32, w + 64);
    h = i64x2.add(h, d);
    d = second(d, e, f, g);
    c = first(c, h, a, b, k + 40, w + 80);
    g = i64x2.add(g, c);
    c = second(c, d, e, f);
    b = first(b, g, h, a, k + 48, w + 96);
    f = i64x2.add(f, b);
    b = second(b, c, d, e);
    a = first(a, f, g, h, k + 56, w + 112);
    e = i64x2.add(e, a);
    a = second(a, b, c, d);
    k += 64;
    w += 128;
  } while (k < SHA512_K + 640);
  v128.store(state, i64x2.add(v128.load(state, 0), a), 0);
  v128.store(state, i64x2.add(v128.load(state, 16), b), 16);
  v128.store(state, i64x2.add(v128.load(state, 32), c), 32);
  v128.store(state, i64x2.add(v128.load(state, 48), d), 48);
  v128.store(state, i64x2.add(v128.load(state, 64), e), 64);
  v128.store(state, i64x2.add(v128.load(state, 80), f), 80);
  v128.store(state, i64x2.add(v128.load(state, 96), g), 96);
  v128.store(state, i64x2.add(v128.load(state, 112), h), 112);
}

/** Word t + 16 of the schedule from the words at w = t, t + 1, t + 9 and t + 14. */
function extend(w: usize): void {
  const sum = i64x2.add(v128.load(w), v128.load(w, 144));
  const s0 = small0(v128.load(w, 16));
  const s1 = small1(v128.load(w, 224));
  v128.store(w, i64x2.add(i64x2.add(sum, s0), s1), 256);
}

/** h + S1(e) + Ch(e, f, g) + K + W */
function first(h: v128, e: v128, f: v128, g: v128, k: usize, w: usize): v128 {
  const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
  const input = i64x2.add(v128.load(w), v128.load_splat<u64>(k));
  return i64x2.add(i64x2.add(h, input), i64x2.add(choice, big1(e)));
}

/** h + S0(a) + Maj(a, b, c) */
function second(h: v128, a: v128, b: v128, c: v128): v128 {
  const majority = v128.xor(b, v128.and(v128.xor(a, b), v128.xor(b, c)));
  return i64x2.add(h, i64x2.add(majority, big0(a)));
}

function right(x: v128, by: i32): v128 {
  return v128.or(i64x2.shr_u(x, by), i64x2.shl(x, 64 - by));
}

function big0(x: v128): v128 {
  return v128.xor(v128.xor(right(x, 28), right(x, 34)), right(x, 39));
}

function big1(x: v128): v128 {
  return v128.xor(v128.xor(right(x, 14), right(x, 18)), right(x, 41));
}

function small0(x: v128): v128 {
  return v128.xor(v128.xor(right(x, 1), right(x, 8)), i64x2.shr_u(x, 7));
}

function small1(x: v128): v128 {
  return v128.xor(v128.xor(right(x, 19), right(x, 61)), i64x2.shr_u(x, 6));
}
