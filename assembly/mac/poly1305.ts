// Poly1305 (RFC 8439 §2.5) in constant time. The accumulator h and the key r are five limbs of 26 bits
// held as u64, so that a limb product and the sum of five never overflow.
//
// State at `state`, POLY1305_STATE bytes: r (5 limbs), h (5 limbs), s (16 bytes).

export const POLY1305_STATE: u32 = 128;
const LIMB: u64 = 0x3ffffff;

export function poly1305Start(state: usize, key: usize): void {
  const low = load<u64>(key) & 0x0ffffffc0fffffff;
  const high = load<u64>(key, 8) & 0x0ffffffc0ffffffc;
  store<u64>(state, low & LIMB, 0);
  store<u64>(state, (low >> 26) & LIMB, 8);
  store<u64>(state, ((low >> 52) | (high << 12)) & LIMB, 16);
  store<u64>(state, (high >> 14) & LIMB, 24);
  store<u64>(state, high >> 40, 32);
  memory.fill(state + 40, 0, 40);
  memory.copy(state + 80, key + 16, 16);
}

/** Takes in `length` bytes; the last block is padded with zeros to 16 bytes (RFC 8439 §2.8). */
export function poly1305Padded(state: usize, data: usize, length: u32): void {
  const whole = length & ~15;
  poly1305Blocks(state, data, whole, 1 << 24);
  const rest = length & 15;
  if (rest > 0) {
    const last = state + 96;
    memory.fill(last, 0, 16);
    memory.copy(last, data + whole, rest);
    poly1305Blocks(state, last, 16, 1 << 24);
  }
}

/** Takes in whole blocks: `length` is a multiple of 16; `top` is the bit appended to each, as in limb 4. */
export function poly1305Blocks(state: usize, data: usize, length: u32, top: u64): void {
  const r0 = load<u64>(state, 0);
  const r1 = load<u64>(state, 8);
  const r2 = load<u64>(state, 16);
  const r3 = load<u64>(state, 24);
  const r4 = load<u64>(state, 32);
  const s1 = r1 * 5;
  const s2 = r2 * 5;
  const s3 = r3 * 5;
  const s4 = r4 * 5;
  let h0 = load<u64>(state, 40);
  let h1 = load<u64>(state, 48);
  let h2 = load<u64>(state, 56);
  let h3 = load<u64>(state, 64);
  let h4 = load<u64>(state, 72);
  for (const end = data + length; data < end; data += 16) {
    const low = load<u64>(data);
    const high = load<u64>(data, 8);
    h0 += low & LIMB;
    h1 += (low >> 26) & LIMB;
    h2 += ((low >> 52) | (high << 12)) & LIMB;
    h3 += (high >> 14) & LIMB;
    h4 += (high >> 40) | top;
    const d0 = h0 * r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1;
    let d1 = h0 * r1 + h1 * r0 + h2 * s4 + h3 * s3 + h4 * s2;
    let d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s4 + h4 * s3;
    let d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s4;
    let d4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0;
    d1 += d0 >> 26;
    d2 += d1 >> 26;
    d3 += d2 >> 26;
    d4 += d3 >> 26;
    h0 = (d0 & LIMB) + (d4 >> 26) * 5;
    h1 = (d1 & LIMB) + (h0 >> 26);
    h0 &= LIMB;
    h2 = d2 & LIMB;
    h3 = d3 & LIMB;
    h4 = d4 & LIMB;
  }
  store<u64>(state, h0, 40);
  store<u64>(state, h1, 48);
  store<u64>(state, h2, 56);
  store<u64>(state, h3, 64);
  store<u64>(state, h4, 72);
}

/** Writes the 16-byte tag and erases the state. */
export function poly1305Finish(state: usize, tag: usize): void {
  let h0 = load<u64>(state, 40);
  let h1 = load<u64>(state, 48);
  let h2 = load<u64>(state, 56);
  let h3 = load<u64>(state, 64);
  let h4 = load<u64>(state, 72);
  h2 += h1 >> 26;
  h1 &= LIMB;
  h3 += h2 >> 26;
  h2 &= LIMB;
  h4 += h3 >> 26;
  h3 &= LIMB;
  h0 += (h4 >> 26) * 5;
  h4 &= LIMB;
  h1 += h0 >> 26;
  h0 &= LIMB;
  h2 += h1 >> 26;
  h1 &= LIMB;
  // h mod 2^130 - 5: take h + 5 - 2^130 where that is not negative, without a branch
  const g0 = h0 + 5;
  const g1 = h1 + (g0 >> 26);
  const g2 = h2 + (g1 >> 26);
  const g3 = h3 + (g2 >> 26);
  const g4 = h4 + (g3 >> 26);
  const take: u64 = 0 - (g4 >> 26);
  h0 = (h0 & ~take) | (g0 & LIMB & take);
  h1 = (h1 & ~take) | (g1 & LIMB & take);
  h2 = (h2 & ~take) | (g2 & LIMB & take);
  h3 = (h3 & ~take) | (g3 & LIMB & take);
  h4 = (h4 & ~take) | (g4 & LIMB & take);
  const low = h0 | (h1 << 26) | (h2 << 52);
  const high = (h2 >> 12) | (h3 << 14) | (h4 << 40);
  const sum = low + load<u64>(state, 80);
  store<u64>(tag, high + load<u64>(state, 88) + u64(sum < low), 8);
  store<u64>(tag, sum, 0);
  memory.fill(state, 0, POLY1305_STATE);
}
