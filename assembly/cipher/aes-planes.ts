// Eight blocks as bytes and as bit planes: byte p of plane i holds bit i of byte p of every block, block
// b in bit b. One exchange of 8 x 8 bits for each byte position; it is its own inverse.

/** Turns the eight blocks at `state` into planes, or back. */
export function transpose(state: usize): void {
  const odd = i8x16.splat(0x55);
  const pairs = i8x16.splat(0x33);
  const nibbles = i8x16.splat(0x0f);
  let t: v128;
  let r0 = v128.load(state);
  let r1 = v128.load(state, 16);
  let r2 = v128.load(state, 32);
  let r3 = v128.load(state, 48);
  let r4 = v128.load(state, 64);
  let r5 = v128.load(state, 80);
  let r6 = v128.load(state, 96);
  let r7 = v128.load(state, 112);
  t = v128.and(v128.xor(i64x2.shr_u(r0, 1), r1), odd);
  r1 = v128.xor(r1, t);
  r0 = v128.xor(r0, i64x2.shl(t, 1));
  t = v128.and(v128.xor(i64x2.shr_u(r2, 1), r3), odd);
  r3 = v128.xor(r3, t);
  r2 = v128.xor(r2, i64x2.shl(t, 1));
  t = v128.and(v128.xor(i64x2.shr_u(r4, 1), r5), odd);
  r5 = v128.xor(r5, t);
  r4 = v128.xor(r4, i64x2.shl(t, 1));
  t = v128.and(v128.xor(i64x2.shr_u(r6, 1), r7), odd);
  r7 = v128.xor(r7, t);
  r6 = v128.xor(r6, i64x2.shl(t, 1));
  t = v128.and(v128.xor(i64x2.shr_u(r0, 2), r2), pairs);
  r2 = v128.xor(r2, t);
  r0 = v128.xor(r0, i64x2.shl(t, 2));
  t = v128.and(v128.xor(i64x2.shr_u(r1, 2), r3), pairs);
  r3 = v128.xor(r3, t);
  r1 = v128.xor(r1, i64x2.shl(t, 2));
  t = v128.and(v128.xor(i64x2.shr_u(r4, 2), r6), pairs);
  r6 = v128.xor(r6, t);
  r4 = v128.xor(r4, i64x2.shl(t, 2));
  t = v128.and(v128.xor(i64x2.shr_u(r5, 2), r7), pairs);
  r7 = v128.xor(r7, t);
  r5 = v128.xor(r5, i64x2.shl(t, 2));
  t = v128.and(v128.xor(i64x2.shr_u(r0, 4), r4), nibbles);
  r4 = v128.xor(r4, t);
  r0 = v128.xor(r0, i64x2.shl(t, 4));
  t = v128.and(v128.xor(i64x2.shr_u(r1, 4), r5), nibbles);
  r5 = v128.xor(r5, t);
  r1 = v128.xor(r1, i64x2.shl(t, 4));
  t = v128.and(v128.xor(i64x2.shr_u(r2, 4), r6), nibbles);
  r6 = v128.xor(r6, t);
  r2 = v128.xor(r2, i64x2.shl(t, 4));
  t = v128.and(v128.xor(i64x2.shr_u(r3, 4), r7), nibbles);
  r7 = v128.xor(r7, t);
  r3 = v128.xor(r3, i64x2.shl(t, 4));
  v128.store(state, r0);
  v128.store(state, r1, 16);
  v128.store(state, r2, 32);
  v128.store(state, r3, 48);
  v128.store(state, r4, 64);
  v128.store(state, r5, 80);
  v128.store(state, r6, 96);
  v128.store(state, r7, 112);
}
