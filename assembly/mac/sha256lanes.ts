// SHA-256 of four messages side by side: lane i of every vector belongs to message i.
//   1. schedule: 16 words of each message, transposed, and the 48 made from them
//   2. rounds: as in sha256.ts, on vectors
import { scratchAt } from '../memory';
import { loadWords } from './lanes';
import { SHA256_K } from './sha256';

const SCHEDULE: usize = 16384; // 64 vectors

/**
 * Takes `blocks` blocks of each message into the eight vectors at `state`. The messages' addresses are
 * the four words at `pointers`; they are moved on.
 */
export function sha256Lanes(state: usize, pointers: usize, blocks: u32): void {
  const w = scratchAt + SCHEDULE;
  for (; blocks > 0; blocks--) {
    loadWords(pointers, w);
    schedule(w);
    rounds(state, w);
  }
}

function schedule(w: usize): void {
  const end = w + 1024;
  for (let t = w + 256; t < end; t += 16) {
    const sum = i32x4.add(v128.load(t - 256), v128.load(t - 112));
    const s0 = small0(v128.load(t - 240));
    const s1 = small1(v128.load(t - 32));
    v128.store(t, i32x4.add(i32x4.add(sum, s0), s1));
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
  const end = SHA256_K + 256;
  for (let k = SHA256_K; k < end; k += 32, w += 128) {
    h = first(h, e, f, g, k + 0, w + 0);
    d = i32x4.add(d, h);
    h = second(h, a, b, c);
    g = first(g, d, e, f, k + 4, w + 16);
    c = i32x4.add(c, g);
    g = second(g, h, a, b);
    f = first(f, c, d, e, k + 8, w + 32);
    b = i32x4.add(b, f);
    f = second(f, g, h, a);
    e = first(e, b, c, d, k + 12, w + 48);
    a = i32x4.add(a, e);
    e = second(e, f, g, h);
    d = first(d, a, b, c, k + 16, w + 64);
    h = i32x4.add(h, d);
    d = second(d, e, f, g);
    c = first(c, h, a, b, k + 20, w + 80);
    g = i32x4.add(g, c);
    c = second(c, d, e, f);
    b = first(b, g, h, a, k + 24, w + 96);
    f = i32x4.add(f, b);
    b = second(b, c, d, e);
    a = first(a, f, g, h, k + 28, w + 112);
    e = i32x4.add(e, a);
    a = second(a, b, c, d);
  }
  v128.store(state, i32x4.add(v128.load(state, 0), a), 0);
  v128.store(state, i32x4.add(v128.load(state, 16), b), 16);
  v128.store(state, i32x4.add(v128.load(state, 32), c), 32);
  v128.store(state, i32x4.add(v128.load(state, 48), d), 48);
  v128.store(state, i32x4.add(v128.load(state, 64), e), 64);
  v128.store(state, i32x4.add(v128.load(state, 80), f), 80);
  v128.store(state, i32x4.add(v128.load(state, 96), g), 96);
  v128.store(state, i32x4.add(v128.load(state, 112), h), 112);
}

/** h + S1(e) + Ch(e, f, g) + K + W */
function first(h: v128, e: v128, f: v128, g: v128, k: usize, w: usize): v128 {
  const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
  const input = i32x4.add(v128.load(w), v128.load_splat<u32>(k));
  return i32x4.add(i32x4.add(h, input), i32x4.add(choice, big1(e)));
}

/** h + S0(a) + Maj(a, b, c) */
function second(h: v128, a: v128, b: v128, c: v128): v128 {
  const majority = v128.or(v128.and(a, b), v128.and(c, v128.or(a, b)));
  return i32x4.add(h, i32x4.add(majority, big0(a)));
}

function right(x: v128, by: i32): v128 {
  return v128.or(i32x4.shr_u(x, by), i32x4.shl(x, 32 - by));
}

function big0(x: v128): v128 {
  return v128.xor(v128.xor(right(x, 2), right(x, 13)), right(x, 22));
}

function big1(x: v128): v128 {
  return v128.xor(v128.xor(right(x, 6), right(x, 11)), right(x, 25));
}

function small0(x: v128): v128 {
  return v128.xor(v128.xor(right(x, 7), right(x, 18)), i32x4.shr_u(x, 3));
}

function small1(x: v128): v128 {
  return v128.xor(v128.xor(right(x, 17), right(x, 19)), i32x4.shr_u(x, 10));
}
