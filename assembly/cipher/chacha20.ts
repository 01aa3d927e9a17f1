// ChaCha20 (RFC 8439 §2.3, §2.4), four blocks side by side: word i of blocks n … n+3 stands in vector
// x_i, and four by four transposes turn the vectors back into blocks.
//   1. load the sixteen words   2. ten double rounds   3. add the input   4. transpose and XOR
// Between the double rounds goes Poly1305 over text that is already there: it takes the multiplier and
// integer registers, which the vectors leave idle (1.11 of the speed of one after the other).
// The small functions at the end are inlined by the compiler (asc -O3).
// One code path for every length: a short rest goes through the caller's buffer of GROUP bytes.
import { POLY1305_H, POLY1305_WORD } from '../mac/poly1305';

/** Bytes a call takes at a time: four blocks. */
export const GROUP: u32 = 256;

/** Byte shuffles that rotate each 32-bit word left by 16 and by 8: one instruction, a rotation is three. */
export const ROTATE: usize = memory.data<u8>([
  2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15,
  12, 13, 14,
]);

/**
 * XORs key stream onto `groups` times GROUP bytes, from block `counter` on. src may equal dst.
 * Takes the 16-byte blocks at `hashed` into the Poly1305 state at `poly`, in each group those before
 * `ready`, 320 bytes at most, and moves `ready` on by GROUP.
 */
export function chacha20Groups(
  key: usize,
  nonce: usize,
  counter: u32,
  src: usize,
  dst: usize,
  groups: u32,
  poly: usize,
  hashed: usize,
  ready: usize,
): void {
  const mask16 = v128.load(ROTATE);
  const mask8 = v128.load(ROTATE, 16);
  const r0 = load<u64>(poly, 0);
  const r1 = load<u64>(poly, 8);
  const r2 = load<u64>(poly, 16);
  const r3 = load<u64>(poly, 24);
  const q0 = (r0 >> 2) * 5;
  const q1 = (r1 >> 2) * 5;
  const q2 = (r2 >> 2) * 5;
  const q3 = (r3 >> 2) * 5;
  const cut = r0 & 3;
  let h0 = load<u64>(poly, POLY1305_H);
  let h1 = load<u64>(poly, POLY1305_H + 8);
  let h2 = load<u64>(poly, POLY1305_H + 16);
  let h3 = load<u64>(poly, POLY1305_H + 24);
  let h4 = load<u64>(poly, POLY1305_H + 32);
  for (; groups > 0; groups--, src += GROUP, dst += GROUP, counter += 4, ready += GROUP) {
    const counters = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3));
    let x0 = i32x4.splat(0x61707865);
    let x1 = i32x4.splat(0x3320646e);
    let x2 = i32x4.splat(0x79622d32);
    let x3 = i32x4.splat(0x6b206574);
    let x4 = v128.load_splat<u32>(key, 0);
    let x5 = v128.load_splat<u32>(key, 4);
    let x6 = v128.load_splat<u32>(key, 8);
    let x7 = v128.load_splat<u32>(key, 12);
    let x8 = v128.load_splat<u32>(key, 16);
    let x9 = v128.load_splat<u32>(key, 20);
    let x10 = v128.load_splat<u32>(key, 24);
    let x11 = v128.load_splat<u32>(key, 28);
    let x12 = counters;
    let x13 = v128.load_splat<u32>(nonce, 0);
    let x14 = v128.load_splat<u32>(nonce, 4);
    let x15 = v128.load_splat<u32>(nonce, 8);
    // Quarter rounds (§2.1) of a round stand next to each other step by step, so that four chains of
    // dependent instructions run at once. One line is one step of one quarter round.
    let left = 10;
    do {
      x12 = by16(v128.xor(x12, (x0 = i32x4.add(x0, x4))), mask16);
      x13 = by16(v128.xor(x13, (x1 = i32x4.add(x1, x5))), mask16);
      x14 = by16(v128.xor(x14, (x2 = i32x4.add(x2, x6))), mask16);
      x15 = by16(v128.xor(x15, (x3 = i32x4.add(x3, x7))), mask16);
      x4 = rotate(v128.xor(x4, (x8 = i32x4.add(x8, x12))), 12);
      x5 = rotate(v128.xor(x5, (x9 = i32x4.add(x9, x13))), 12);
      x6 = rotate(v128.xor(x6, (x10 = i32x4.add(x10, x14))), 12);
      x7 = rotate(v128.xor(x7, (x11 = i32x4.add(x11, x15))), 12);
      x12 = by8(v128.xor(x12, (x0 = i32x4.add(x0, x4))), mask8);
      x13 = by8(v128.xor(x13, (x1 = i32x4.add(x1, x5))), mask8);
      x14 = by8(v128.xor(x14, (x2 = i32x4.add(x2, x6))), mask8);
      x15 = by8(v128.xor(x15, (x3 = i32x4.add(x3, x7))), mask8);
      x4 = rotate(v128.xor(x4, (x8 = i32x4.add(x8, x12))), 7);
      x5 = rotate(v128.xor(x5, (x9 = i32x4.add(x9, x13))), 7);
      x6 = rotate(v128.xor(x6, (x10 = i32x4.add(x10, x14))), 7);
      x7 = rotate(v128.xor(x7, (x11 = i32x4.add(x11, x15))), 7);
      // the diagonals
      x15 = by16(v128.xor(x15, (x0 = i32x4.add(x0, x5))), mask16);
      x12 = by16(v128.xor(x12, (x1 = i32x4.add(x1, x6))), mask16);
      x13 = by16(v128.xor(x13, (x2 = i32x4.add(x2, x7))), mask16);
      x14 = by16(v128.xor(x14, (x3 = i32x4.add(x3, x4))), mask16);
      x5 = rotate(v128.xor(x5, (x10 = i32x4.add(x10, x15))), 12);
      x6 = rotate(v128.xor(x6, (x11 = i32x4.add(x11, x12))), 12);
      x7 = rotate(v128.xor(x7, (x8 = i32x4.add(x8, x13))), 12);
      x4 = rotate(v128.xor(x4, (x9 = i32x4.add(x9, x14))), 12);
      x15 = by8(v128.xor(x15, (x0 = i32x4.add(x0, x5))), mask8);
      x12 = by8(v128.xor(x12, (x1 = i32x4.add(x1, x6))), mask8);
      x13 = by8(v128.xor(x13, (x2 = i32x4.add(x2, x7))), mask8);
      x14 = by8(v128.xor(x14, (x3 = i32x4.add(x3, x4))), mask8);
      x5 = rotate(v128.xor(x5, (x10 = i32x4.add(x10, x15))), 7);
      x6 = rotate(v128.xor(x6, (x11 = i32x4.add(x11, x12))), 7);
      x7 = rotate(v128.xor(x7, (x8 = i32x4.add(x8, x13))), 7);
      x4 = rotate(v128.xor(x4, (x9 = i32x4.add(x9, x14))), 7);
      // two blocks of Poly1305, step by step as in mac/poly1305.ts
      for (const stop = min(hashed + 32, ready); hashed < stop; hashed += 16) {
        h0 += u64(load<u32>(hashed, 0));
        h1 += u64(load<u32>(hashed, 4));
        h2 += u64(load<u32>(hashed, 8));
        h3 += u64(load<u32>(hashed, 12));
        h4 += 1;
        const m0 = h0 * r0 + h1 * q3 + (h2 * q2 + h3 * q1) + h4 * q0;
        const m1 = h0 * r1 + h1 * r0 + (h2 * q3 + h3 * q2) + h4 * q1;
        const m2 = h0 * r2 + h1 * r1 + (h2 * r0 + h3 * q3) + h4 * q2;
        const m3 = h0 * r3 + h1 * r2 + (h2 * r1 + h3 * r0) + h4 * q3;
        const top = (m3 >> 32) + h4 * cut;
        h0 = (m0 & POLY1305_WORD) + (top >> 2) * 5;
        h1 = (m1 & POLY1305_WORD) + (m0 >> 32);
        h2 = (m2 & POLY1305_WORD) + (m1 >> 32);
        h3 = (m3 & POLY1305_WORD) + (m2 >> 32);
        h4 = top & 3;
      }
    } while (--left > 0);
    x0 = i32x4.add(x0, i32x4.splat(0x61707865));
    x1 = i32x4.add(x1, i32x4.splat(0x3320646e));
    x2 = i32x4.add(x2, i32x4.splat(0x79622d32));
    x3 = i32x4.add(x3, i32x4.splat(0x6b206574));
    xorRows(src, dst, x0, x1, x2, x3);
    xorRows(
      src + 16,
      dst + 16,
      again(x4, key),
      again(x5, key + 4),
      again(x6, key + 8),
      again(x7, key + 12),
    );
    xorRows(
      src + 32,
      dst + 32,
      again(x8, key + 16),
      again(x9, key + 20),
      again(x10, key + 24),
      again(x11, key + 28),
    );
    x12 = i32x4.add(x12, counters);
    xorRows(
      src + 48,
      dst + 48,
      x12,
      again(x13, nonce),
      again(x14, nonce + 4),
      again(x15, nonce + 8),
    );
  }
  store<u64>(poly, h0, POLY1305_H);
  store<u64>(poly, h1, POLY1305_H + 8);
  store<u64>(poly, h2, POLY1305_H + 16);
  store<u64>(poly, h3, POLY1305_H + 24);
  store<u64>(poly, h4, POLY1305_H + 32);
}

// In the build without relaxed SIMD the mask is a literal, or V8 clamps it (swizzle.ts).

export function by16(x: v128, mask: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(x, mask);
  return i8x16.swizzle(x, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
}

export function by8(x: v128, mask: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(x, mask);
  return i8x16.swizzle(x, i8x16(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));
}

export function rotate(x: v128, left: i32): v128 {
  return v128.or(i32x4.shl(x, left), i32x4.shr_u(x, 32 - left));
}

/** Adds the input word to each lane (§2.3). */
function again(x: v128, word: usize): v128 {
  return i32x4.add(x, v128.load_splat<u32>(word));
}

/** Four vectors of words i … i+3: their columns are the same four words of four blocks. */
function xorRows(src: usize, dst: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  xorRow(src, dst, 0, v128.shuffle<u64>(ab, cd, 0, 2));
  xorRow(src, dst, 64, v128.shuffle<u64>(ab, cd, 1, 3));
  xorRow(src, dst, 128, v128.shuffle<u64>(abHigh, cdHigh, 0, 2));
  xorRow(src, dst, 192, v128.shuffle<u64>(abHigh, cdHigh, 1, 3));
}

function xorRow(src: usize, dst: usize, at: usize, stream: v128): void {
  v128.store(dst + at, v128.xor(v128.load(src + at), stream));
}
