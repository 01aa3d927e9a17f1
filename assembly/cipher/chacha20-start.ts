// ChaCha20 (RFC 8439 §2.3), three blocks side by side for the start of a packet: a block is four
// vectors, the rows of its matrix. Twelve vectors leave room in the sixteen registers of x86-64 for
// what a step needs, so three blocks take less time than four of chacha20.ts, though not each of them.
//   1. load the rows   2. ten double rounds   3. add the input and XOR
// The small functions at the end are inlined by the compiler (asc -O3).
import { by16, by8, ROTATE, rotate } from './chacha20';

/** Blocks and bytes of a call. */
export const START_BLOCKS: u32 = 3;
export const START: u32 = 192;

/** Row 0 (§2.3). */
const SIGMA: usize = memory.data<u32>([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);

/** XORs the key stream of blocks 0, 1 and 2 onto START bytes. src may equal dst. */
export function chacha20Start(key: usize, nonce: usize, src: usize, dst: usize): void {
  const mask16 = v128.load(ROTATE);
  const mask8 = v128.load(ROTATE, 16);
  const a = v128.load(SIGMA);
  const b = v128.load(key);
  const c = v128.load(key, 16);
  const d = i32x4(0, load<i32>(nonce), load<i32>(nonce, 4), load<i32>(nonce, 8));
  let a0 = a;
  let a1 = a;
  let a2 = a;
  let b0 = b;
  let b1 = b;
  let b2 = b;
  let c0 = c;
  let c1 = c;
  let c2 = c;
  let d0 = d;
  let d1 = i32x4.add(d, i32x4(1, 0, 0, 0));
  let d2 = i32x4.add(d, i32x4(2, 0, 0, 0));
  let left = 10;
  do {
    // the columns
    a0 = i32x4.add(a0, b0);
    a1 = i32x4.add(a1, b1);
    a2 = i32x4.add(a2, b2);
    d0 = by16(v128.xor(d0, a0), mask16);
    d1 = by16(v128.xor(d1, a1), mask16);
    d2 = by16(v128.xor(d2, a2), mask16);
    c0 = i32x4.add(c0, d0);
    c1 = i32x4.add(c1, d1);
    c2 = i32x4.add(c2, d2);
    b0 = rotate(v128.xor(b0, c0), 12);
    b1 = rotate(v128.xor(b1, c1), 12);
    b2 = rotate(v128.xor(b2, c2), 12);
    a0 = i32x4.add(a0, b0);
    a1 = i32x4.add(a1, b1);
    a2 = i32x4.add(a2, b2);
    d0 = by8(v128.xor(d0, a0), mask8);
    d1 = by8(v128.xor(d1, a1), mask8);
    d2 = by8(v128.xor(d2, a2), mask8);
    c0 = i32x4.add(c0, d0);
    c1 = i32x4.add(c1, d1);
    c2 = i32x4.add(c2, d2);
    b0 = rotate(v128.xor(b0, c0), 7);
    b1 = rotate(v128.xor(b1, c1), 7);
    b2 = rotate(v128.xor(b2, c2), 7);
    // the diagonals: what b meets there
    a0 = back(a0);
    a1 = back(a1);
    a2 = back(a2);
    d0 = half(d0);
    d1 = half(d1);
    d2 = half(d2);
    c0 = ahead(c0);
    c1 = ahead(c1);
    c2 = ahead(c2);
    a0 = i32x4.add(a0, b0);
    a1 = i32x4.add(a1, b1);
    a2 = i32x4.add(a2, b2);
    d0 = by16(v128.xor(d0, a0), mask16);
    d1 = by16(v128.xor(d1, a1), mask16);
    d2 = by16(v128.xor(d2, a2), mask16);
    c0 = i32x4.add(c0, d0);
    c1 = i32x4.add(c1, d1);
    c2 = i32x4.add(c2, d2);
    b0 = rotate(v128.xor(b0, c0), 12);
    b1 = rotate(v128.xor(b1, c1), 12);
    b2 = rotate(v128.xor(b2, c2), 12);
    a0 = i32x4.add(a0, b0);
    a1 = i32x4.add(a1, b1);
    a2 = i32x4.add(a2, b2);
    d0 = by8(v128.xor(d0, a0), mask8);
    d1 = by8(v128.xor(d1, a1), mask8);
    d2 = by8(v128.xor(d2, a2), mask8);
    c0 = i32x4.add(c0, d0);
    c1 = i32x4.add(c1, d1);
    c2 = i32x4.add(c2, d2);
    b0 = rotate(v128.xor(b0, c0), 7);
    b1 = rotate(v128.xor(b1, c1), 7);
    b2 = rotate(v128.xor(b2, c2), 7);
    a0 = ahead(a0);
    a1 = ahead(a1);
    a2 = ahead(a2);
    d0 = half(d0);
    d1 = half(d1);
    d2 = half(d2);
    c0 = back(c0);
    c1 = back(c1);
    c2 = back(c2);
  } while (--left > 0);
  const third = i32x4.add(d, i32x4(2, 0, 0, 0));
  xorBlock(src, dst, i32x4.add(a0, a), i32x4.add(b0, b), i32x4.add(c0, c), i32x4.add(d0, d));
  const second = i32x4.add(d, i32x4(1, 0, 0, 0));
  xorBlock(
    src + 64,
    dst + 64,
    i32x4.add(a1, a),
    i32x4.add(b1, b),
    i32x4.add(c1, c),
    i32x4.add(d1, second),
  );
  xorBlock(
    src + 128,
    dst + 128,
    i32x4.add(a2, a),
    i32x4.add(b2, b),
    i32x4.add(c2, c),
    i32x4.add(d2, third),
  );
}

// Rows turned so that row b, the last to be ready, stays: one step ahead, two, one back.

function ahead(x: v128): v128 {
  return v128.shuffle<u32>(x, x, 1, 2, 3, 0);
}

function half(x: v128): v128 {
  return v128.shuffle<u32>(x, x, 2, 3, 0, 1);
}

function back(x: v128): v128 {
  return v128.shuffle<u32>(x, x, 3, 0, 1, 2);
}

function xorBlock(src: usize, dst: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(dst, v128.xor(v128.load(src), a));
  v128.store(dst, v128.xor(v128.load(src, 16), b), 16);
  v128.store(dst, v128.xor(v128.load(src, 32), c), 32);
  v128.store(dst, v128.xor(v128.load(src, 48), d), 48);
}
