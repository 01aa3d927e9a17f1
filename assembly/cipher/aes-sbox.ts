// The AES round (FIPS 197 §5.1). SubBytes is a circuit over bit planes: 32 AND and 83 XOR (Boyar,
// Peralta, "A depth-16 circuit for the AES S-box", 2012), so that no memory access depends on the data.
// The four NOTs of the affine constant are left out: what comes out is S(x) ^ 0x63, and the round keys
// carry the constant (aes-key.ts). What follows it in a round is here too, so that the planes go from
// one to the other in registers.

import { byTwo, shifted, shiftedUp, up } from './aes-moves';

/** Bytes of eight bit planes: eight blocks. */
export const STATE: u32 = 128;

// What follows SubBytes:
/** ShiftRows, MixColumns and the round key. */
export const MIX: u32 = 0;
/** ShiftRows and the round key. */
export const LAST: u32 = 1;
/** Nothing. */
export const ALONE: u32 = 2;

/**
 * Replaces the eight planes at `state` (plane i holds bit i of every byte) by S(x) ^ 0x63, and then
 * takes step `then` with the planes of the round key at `key`.
 */
export function substitute(state: usize, key: usize, then: u32): void {
  const x7 = v128.load(state);
  const x6 = v128.load(state, 16);
  const x5 = v128.load(state, 32);
  const x4 = v128.load(state, 48);
  const x3 = v128.load(state, 64);
  const x2 = v128.load(state, 80);
  const x1 = v128.load(state, 96);
  const x0 = v128.load(state, 112);
  const y14 = v128.xor(x3, x5);
  const y13 = v128.xor(x0, x6);
  const y9 = v128.xor(x0, x3);
  const y8 = v128.xor(x0, x5);
  const t0 = v128.xor(x1, x2);
  const y1 = v128.xor(t0, x7);
  const y4 = v128.xor(y1, x3);
  const y12 = v128.xor(y13, y14);
  const y2 = v128.xor(y1, x0);
  const y5 = v128.xor(y1, x6);
  const y3 = v128.xor(y5, y8);
  const t1 = v128.xor(x4, y12);
  const y15 = v128.xor(t1, x5);
  const y20 = v128.xor(t1, x1);
  const y6 = v128.xor(y15, x7);
  const y10 = v128.xor(y15, t0);
  const y11 = v128.xor(y20, y9);
  const y7 = v128.xor(x7, y11);
  const y17 = v128.xor(y10, y11);
  const y19 = v128.xor(y10, y8);
  const y16 = v128.xor(t0, y11);
  const y21 = v128.xor(y13, y16);
  const y18 = v128.xor(x0, y16);
  const t2 = v128.and(y12, y15);
  const t3 = v128.and(y3, y6);
  const t4 = v128.xor(t3, t2);
  const t5 = v128.and(y4, x7);
  const t6 = v128.xor(t5, t2);
  const t7 = v128.and(y13, y16);
  const t8 = v128.and(y5, y1);
  const t9 = v128.xor(t8, t7);
  const t10 = v128.and(y2, y7);
  const t11 = v128.xor(t10, t7);
  const t12 = v128.and(y9, y11);
  const t13 = v128.and(y14, y17);
  const t14 = v128.xor(t13, t12);
  const t15 = v128.and(y8, y10);
  const t16 = v128.xor(t15, t12);
  const t17 = v128.xor(t4, t14);
  const t18 = v128.xor(t6, t16);
  const t19 = v128.xor(t9, t14);
  const t20 = v128.xor(t11, t16);
  const t21 = v128.xor(t17, y20);
  const t22 = v128.xor(t18, y19);
  const t23 = v128.xor(t19, y21);
  const t24 = v128.xor(t20, y18);
  const t25 = v128.xor(t21, t22);
  const t26 = v128.and(t21, t23);
  const t27 = v128.xor(t24, t26);
  const t28 = v128.and(t25, t27);
  const t29 = v128.xor(t28, t22);
  const t30 = v128.xor(t23, t24);
  const t31 = v128.xor(t22, t26);
  const t32 = v128.and(t31, t30);
  const t33 = v128.xor(t32, t24);
  const t34 = v128.xor(t23, t33);
  const t35 = v128.xor(t27, t33);
  const t36 = v128.and(t24, t35);
  const t37 = v128.xor(t36, t34);
  const t38 = v128.xor(t27, t36);
  const t39 = v128.and(t29, t38);
  const t40 = v128.xor(t25, t39);
  const t41 = v128.xor(t40, t37);
  const t42 = v128.xor(t29, t33);
  const t43 = v128.xor(t29, t40);
  const t44 = v128.xor(t33, t37);
  const t45 = v128.xor(t42, t41);
  const z0 = v128.and(t44, y15);
  const z1 = v128.and(t37, y6);
  const z2 = v128.and(t33, x7);
  const z3 = v128.and(t43, y16);
  const z4 = v128.and(t40, y1);
  const z5 = v128.and(t29, y7);
  const z6 = v128.and(t42, y11);
  const z7 = v128.and(t45, y17);
  const z8 = v128.and(t41, y10);
  const z9 = v128.and(t44, y12);
  const z10 = v128.and(t37, y3);
  const z11 = v128.and(t33, y4);
  const z12 = v128.and(t43, y13);
  const z13 = v128.and(t40, y5);
  const z14 = v128.and(t29, y2);
  const z15 = v128.and(t42, y9);
  const z16 = v128.and(t45, y14);
  const z17 = v128.and(t41, y8);
  const t46 = v128.xor(z15, z16);
  const t47 = v128.xor(z10, z11);
  const t48 = v128.xor(z5, z13);
  const t49 = v128.xor(z9, z10);
  const t50 = v128.xor(z2, z12);
  const t51 = v128.xor(z2, z5);
  const t52 = v128.xor(z7, z8);
  const t53 = v128.xor(z0, z3);
  const t54 = v128.xor(z6, z7);
  const t55 = v128.xor(z16, z17);
  const t56 = v128.xor(z12, t48);
  const t57 = v128.xor(t50, t53);
  const t58 = v128.xor(z4, t46);
  const t59 = v128.xor(z3, t54);
  const t60 = v128.xor(t46, t57);
  const t61 = v128.xor(z14, t57);
  const t62 = v128.xor(t52, t58);
  const t63 = v128.xor(t49, t58);
  const t64 = v128.xor(z4, t59);
  const t65 = v128.xor(t61, t62);
  const t66 = v128.xor(z1, t63);
  const s0 = v128.xor(t59, t63);
  const s6 = v128.xor(t56, t62);
  const s7 = v128.xor(t48, t60);
  const t67 = v128.xor(t64, t65);
  const s3 = v128.xor(t53, t66);
  const s4 = v128.xor(t51, t66);
  const s5 = v128.xor(t47, t65);
  const s1 = v128.xor(t64, s3);
  const s2 = v128.xor(t55, t67);
  if (then == MIX) {
    // With b the columns moved up by one row and d = a ^ b, a column becomes 2 d ^ b ^ (d moved by two);
    // 2 d moves the planes up by one and adds the last to 0, 1, 3, 4.
    const b7 = shiftedUp(s0);
    const d7 = v128.xor(shifted(s0), b7);
    const b0 = shiftedUp(s7);
    const d0 = v128.xor(shifted(s7), b0);
    v128.store(state, mixed(d7, b0, d0, key));
    const b1 = shiftedUp(s6);
    const d1 = v128.xor(shifted(s6), b1);
    v128.store(state, mixed(v128.xor(d0, d7), b1, d1, key + 16), 16);
    const b2 = shiftedUp(s5);
    const d2 = v128.xor(shifted(s5), b2);
    v128.store(state, mixed(d1, b2, d2, key + 32), 32);
    const b3 = shiftedUp(s4);
    const d3 = v128.xor(shifted(s4), b3);
    v128.store(state, mixed(v128.xor(d2, d7), b3, d3, key + 48), 48);
    const b4 = shiftedUp(s3);
    const d4 = v128.xor(shifted(s3), b4);
    v128.store(state, mixed(v128.xor(d3, d7), b4, d4, key + 64), 64);
    const b5 = shiftedUp(s2);
    const d5 = v128.xor(shifted(s2), b5);
    v128.store(state, mixed(d4, b5, d5, key + 80), 80);
    const b6 = shiftedUp(s1);
    const d6 = v128.xor(shifted(s1), b6);
    v128.store(state, mixed(d5, b6, d6, key + 96), 96);
    v128.store(state, mixed(d6, b7, d7, key + 112), 112);
    return;
  }
  if (then == LAST) {
    v128.store(state, v128.xor(shifted(s7), v128.load(key)));
    v128.store(state, v128.xor(shifted(s6), v128.load(key, 16)), 16);
    v128.store(state, v128.xor(shifted(s5), v128.load(key, 32)), 32);
    v128.store(state, v128.xor(shifted(s4), v128.load(key, 48)), 48);
    v128.store(state, v128.xor(shifted(s3), v128.load(key, 64)), 64);
    v128.store(state, v128.xor(shifted(s2), v128.load(key, 80)), 80);
    v128.store(state, v128.xor(shifted(s1), v128.load(key, 96)), 96);
    v128.store(state, v128.xor(shifted(s0), v128.load(key, 112)), 112);
    return;
  }
  v128.store(state, s7);
  v128.store(state, s6, 16);
  v128.store(state, s5, 32);
  v128.store(state, s4, 48);
  v128.store(state, s3, 64);
  v128.store(state, s2, 80);
  v128.store(state, s1, 96);
  v128.store(state, s0, 112);
}

function mixed(doubled: v128, up: v128, difference: v128, key: usize): v128 {
  const sum = v128.xor(v128.xor(doubled, up), byTwo(difference));
  return v128.xor(sum, v128.load(key));
}

/**
 * ShiftRows by bytes picked with `index` from the planes at `from` (zero where it is above 15), then
 * MixColumns and the round key as `substitute` has them.
 */
export function mixColumns(from: usize, index: v128, state: usize, key: usize): void {
  const a7 = i8x16.swizzle(v128.load(from, 112), index);
  const b7 = up(a7);
  const d7 = v128.xor(a7, b7);
  const a0 = i8x16.swizzle(v128.load(from), index);
  const b0 = up(a0);
  const d0 = v128.xor(a0, b0);
  v128.store(state, mixed(d7, b0, d0, key));
  const a1 = i8x16.swizzle(v128.load(from, 16), index);
  const b1 = up(a1);
  const d1 = v128.xor(a1, b1);
  v128.store(state, mixed(v128.xor(d0, d7), b1, d1, key + 16), 16);
  const a2 = i8x16.swizzle(v128.load(from, 32), index);
  const b2 = up(a2);
  const d2 = v128.xor(a2, b2);
  v128.store(state, mixed(d1, b2, d2, key + 32), 32);
  const a3 = i8x16.swizzle(v128.load(from, 48), index);
  const b3 = up(a3);
  const d3 = v128.xor(a3, b3);
  v128.store(state, mixed(v128.xor(d2, d7), b3, d3, key + 48), 48);
  const a4 = i8x16.swizzle(v128.load(from, 64), index);
  const b4 = up(a4);
  const d4 = v128.xor(a4, b4);
  v128.store(state, mixed(v128.xor(d3, d7), b4, d4, key + 64), 64);
  const a5 = i8x16.swizzle(v128.load(from, 80), index);
  const b5 = up(a5);
  const d5 = v128.xor(a5, b5);
  v128.store(state, mixed(d4, b5, d5, key + 80), 80);
  const a6 = i8x16.swizzle(v128.load(from, 96), index);
  const b6 = up(a6);
  const d6 = v128.xor(a6, b6);
  v128.store(state, mixed(d5, b6, d6, key + 96), 96);
  v128.store(state, mixed(d6, b7, d7, key + 112), 112);
}
