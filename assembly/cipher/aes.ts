// AES (FIPS 197) on eight blocks at a time, bitsliced (Käsper, Schwabe 2009): constant time, no table.
// A state is 128 bytes, eight planes (aes-planes.ts); a key is (rounds + 1) states of planes, those of
// rounds 1 … with the S-box's constant 0x63 folded in (aes-sbox.ts), which every later step carries
// through unchanged, since MixColumns' and its inverse's rows each sum to 1.
import { transpose } from './aes-planes';
import { byTwo, shiftedBack, up } from './aes-moves';
import { ALONE, LAST, MIX, STATE, substitute } from './aes-sbox';

/** FIPS 197 §5: 10, 12 or 14 rounds for 16, 24 or 32 bytes of key. */
export function rounds(keyBytes: u32): u32 {
  return keyBytes / 4 + 6;
}

/** Encrypts the eight blocks at `state` in place. */
export function encryptBlocks(planes: usize, count: u32, state: usize): void {
  encryptStates(planes, count, state, 1);
}

/** Encrypts `states` times eight blocks; states take turns, so that one fills the gaps of another. */
export function encryptStates(planes: usize, count: u32, state: usize, states: u32): void {
  const end = state + states * STATE;
  for (let at = state; at < end; at += STATE) {
    transpose(at);
    addRoundKey(at, planes);
  }
  for (let round: u32 = 1; round < count; round++) {
    const key = planes + round * STATE;
    for (let at = state; at < end; at += STATE) substitute(at, key, MIX);
  }
  const key = planes + count * STATE;
  for (let at = state; at < end; at += STATE) substitute(at, key, LAST);
  for (let at = state; at < end; at += STATE) transpose(at);
}

/** Decrypts the eight blocks at `state` in place (FIPS 197 §5.3). */
export function decryptBlocks(planes: usize, count: u32, state: usize): void {
  decryptStates(planes, count, state, 1);
}

/** The same for `states` times eight blocks. */
export function decryptStates(planes: usize, count: u32, state: usize, states: u32): void {
  const end = state + states * STATE;
  for (let at = state; at < end; at += STATE) {
    transpose(at);
    addRoundKey(at, planes + count * STATE);
  }
  for (let round = count - 1; round > 0; round--) {
    const key = planes + round * STATE;
    for (let at = state; at < end; at += STATE) inverseSubstituteRows(at, key);
    for (let at = state; at < end; at += STATE) inverseMixColumns(at);
  }
  for (let at = state; at < end; at += STATE) {
    inverseSubstituteRows(at, planes);
    transpose(at);
  }
}

function addRoundKey(state: usize, key: usize): void {
  for (let at: usize = 0; at < STATE; at += 16) {
    v128.store(state + at, v128.xor(v128.load(state + at), v128.load(key + at)));
  }
}

/**
 * InvShiftRows, InvSubBytes and the round key: with B the inverse of the affine map's linear part, the
 * inverse S-box of x ^ 0x63 is B(S(B(x)) ^ 0x63): the same circuit between two linear maps.
 */
function inverseSubstituteRows(state: usize, key: usize): void {
  inverseAffine(state);
  substitute(state, state, ALONE);
  inverseAffine(state);
  for (let at: usize = 0; at < STATE; at += 16) {
    const back = shiftedBack(v128.load(state + at));
    v128.store(state + at, v128.xor(back, v128.load(key + at)));
  }
}

/** Bit i becomes the sum of bits i + 2, i + 5 and i + 7. */
function inverseAffine(state: usize): void {
  const q0 = v128.load(state);
  const q1 = v128.load(state, 16);
  const q2 = v128.load(state, 32);
  const q3 = v128.load(state, 48);
  const q4 = v128.load(state, 64);
  const q5 = v128.load(state, 80);
  const q6 = v128.load(state, 96);
  const q7 = v128.load(state, 112);
  v128.store(state, v128.xor(v128.xor(q2, q5), q7));
  v128.store(state, v128.xor(v128.xor(q3, q6), q0), 16);
  v128.store(state, v128.xor(v128.xor(q4, q7), q1), 32);
  v128.store(state, v128.xor(v128.xor(q5, q0), q2), 48);
  v128.store(state, v128.xor(v128.xor(q6, q1), q3), 64);
  v128.store(state, v128.xor(v128.xor(q7, q2), q4), 80);
  v128.store(state, v128.xor(v128.xor(q0, q3), q5), 96);
  v128.store(state, v128.xor(v128.xor(q1, q4), q6), 112);
}

/**
 * InvMixColumns is MixColumns of a ^ 4 (a ^ (a moved by two)): the rows 14, 11, 13, 9 are the product of
 * 2, 3, 1, 1 and 5, 0, 4, 0.
 */
function inverseMixColumns(state: usize): void {
  const a6 = v128.load(state, 96);
  const a7 = v128.load(state, 112);
  const e6 = v128.xor(a6, byTwo(a6));
  const e7 = v128.xor(a7, byTwo(a7));
  const a0 = v128.load(state);
  const a1 = v128.load(state, 16);
  const a2 = v128.load(state, 32);
  const a3 = v128.load(state, 48);
  const a4 = v128.load(state, 64);
  const a5 = v128.load(state, 80);
  const e0 = v128.xor(a0, byTwo(a0));
  const e1 = v128.xor(a1, byTwo(a1));
  const e2 = v128.xor(a2, byTwo(a2));
  const e3 = v128.xor(a3, byTwo(a3));
  const e4 = v128.xor(a4, byTwo(a4));
  const e5 = v128.xor(a5, byTwo(a5));
  // Doubled twice, planes 6 and 7 come back at 0 … 5 (x^8 = x^4 + x^3 + x + 1).
  const both = v128.xor(e6, e7);
  const c0 = v128.xor(a0, e6);
  const c1 = v128.xor(a1, both);
  const c2 = v128.xor(a2, v128.xor(e0, e7));
  const c3 = v128.xor(a3, v128.xor(e1, e6));
  const c4 = v128.xor(a4, v128.xor(e2, both));
  const c5 = v128.xor(a5, v128.xor(e3, e7));
  const c6 = v128.xor(a6, e4);
  const c7 = v128.xor(a7, e5);
  const d7 = v128.xor(c7, up(c7));
  const d0 = v128.xor(c0, up(c0));
  v128.store(state, unkeyed(d7, c0, d0));
  const d1 = v128.xor(c1, up(c1));
  v128.store(state, unkeyed(v128.xor(d0, d7), c1, d1), 16);
  const d2 = v128.xor(c2, up(c2));
  v128.store(state, unkeyed(d1, c2, d2), 32);
  const d3 = v128.xor(c3, up(c3));
  v128.store(state, unkeyed(v128.xor(d2, d7), c3, d3), 48);
  const d4 = v128.xor(c4, up(c4));
  v128.store(state, unkeyed(v128.xor(d3, d7), c4, d4), 64);
  const d5 = v128.xor(c5, up(c5));
  v128.store(state, unkeyed(d4, c5, d5), 80);
  const d6 = v128.xor(c6, up(c6));
  v128.store(state, unkeyed(d5, c6, d6), 96);
  v128.store(state, unkeyed(d6, c7, d7), 112);
}

function unkeyed(doubled: v128, plane: v128, difference: v128): v128 {
  return v128.xor(v128.xor(doubled, up(plane)), byTwo(difference));
}
