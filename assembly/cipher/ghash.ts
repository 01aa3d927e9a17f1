// GHASH (NIST SP 800-38D §6.4) without a table lookup at a secret address: for every byte j of the
// product, row j holds byte j of all sixteen multiples of H, and one swizzle picks it for sixteen nibbles
// of the data at once. Four blocks share the shifts and one reduction, under H^4, H^3, H^2 and H.
//
// A block is sixteen bytes as on the wire: byte k, bit 7 - i is the coefficient of x^(8 k + i), so x^8 is
// a shift towards the higher byte.
import { scratchAt } from '../memory';
import { swizzle } from './swizzle';

/** Powers of H. A row has a pair for each, highest first: for the high and for the low nibbles. */
const POWERS: u32 = 4;
const PAIR: u32 = 32;
const ROW: u32 = POWERS * PAIR;
/** Scratch that is written and never read. */
const FENCE: usize = 4096;
/** Writes the tables of `hash` (H, 16 bytes) to `tables` (2,048 bytes); `work` is 528 bytes of scratch. */
export function ghashSetKey(tables: usize, hash: usize, work: usize): void {
  const power = work + 512;
  const zero = i8x16.splat(0);
  v128.store(power, v128.load(hash));
  // The last table belongs to H itself; it makes each power from the one below.
  for (let i = POWERS; i > 0; i--) {
    writeRows(tables + (i - 1) * PAIR, power, work);
    v128.store(power, ghashBlocks(tables, zero, power, 1));
  }
  memory.fill(work, 0, 528);
}

/** The multiples n H (high nibbles: n's top bit is x^0) and n x^4 H (low nibbles), turned over. */
function writeRows(rows: usize, element: usize, work: usize): void {
  let high = load<u64>(element);
  let low = load<u64>(element, 8);
  high = bswap<u64>(high);
  low = bswap<u64>(low);
  // work: 2 x 16 multiples of 16 bytes
  for (let half: u32 = 0; half < 2; half++) {
    const multiples = work + half * 256;
    memory.fill(multiples, 0, 256);
    for (let bit: u32 = 8; bit > 0; bit >>= 1) {
      for (let n: u32 = 0; n < 16; n++) {
        if ((n & bit) == 0) continue;
        const at = multiples + 16 * n;
        store<u64>(at, load<u64>(at) ^ bswap<u64>(high));
        store<u64>(at, load<u64>(at, 8) ^ bswap<u64>(low), 8);
      }
      // times x: one bit down in big-endian order, x^128 = x^7 + x^2 + x + 1
      const carry = low & 1;
      low = (low >> 1) | (high << 63);
      high = (high >> 1) ^ ((0 - carry) & 0xe100000000000000);
    }
  }
  for (let j: u32 = 0; j < 16; j++) {
    for (let n: u32 = 0; n < 16; n++) {
      store<u8>(rows + ROW * j + n, load<u8>(work + 16 * n + j));
      store<u8>(rows + ROW * j + 16 + n, load<u8>(work + 256 + 16 * n + j));
    }
  }
}

/** (…((sum + block 1) H + block 2) H …) H for `count` whole blocks at `data`. */
export function ghashBlocks(tables: usize, sum: v128, data: usize, count: u32): v128 {
  let left = count;
  let at = data;
  for (; left >= POWERS; left -= POWERS, at += 64) sum = fold4(tables, sum, at);
  for (; left > 0; left--, at += 16) sum = fold1(tables + (POWERS - 1) * PAIR, sum, at);
  return sum;
}

function highNibbles(block: v128): v128 {
  return i8x16.shr_u(block, 4);
}

function lowNibbles(block: v128): v128 {
  return v128.and(block, i8x16.splat(0x0f));
}

/** What one pair of rows gives for one block. */
function pick(highRow: v128, high: v128, lowRow: v128, low: v128): v128 {
  return v128.xor(swizzle(highRow, high), swizzle(lowRow, low));
}

/**
 * Four blocks at once: row by row, all eight picks and then the step towards the higher powers.
 *
 * Shaped for V8: what the loop does not change leaves it only where the condition stands at its end,
 * and the stores to the fence keep the sixteen registers from being filled with loads in advance.
 */
function fold4(tables: usize, sum: v128, data: usize): v128 {
  const fence = scratchAt + FENCE;
  const a = v128.xor(sum, v128.load(data));
  const b = v128.load(data, 16);
  const c = v128.load(data, 32);
  const d = v128.load(data, 48);
  const aHigh = highNibbles(a);
  const bHigh = highNibbles(b);
  const cHigh = highNibbles(c);
  const dHigh = highNibbles(d);
  const aLow = lowNibbles(a);
  const bLow = lowNibbles(b);
  const cLow = lowNibbles(c);
  const dLow = lowNibbles(d);
  let near = i8x16.splat(0);
  let far = i8x16.splat(0);
  let row = tables + 16 * ROW;
  do {
    row -= ROW;
    let picked = pick(v128.load(row), aHigh, v128.load(row, 16), aLow);
    v128.store(fence, picked);
    picked = v128.xor(picked, pick(v128.load(row, 32), bHigh, v128.load(row, 48), bLow));
    v128.store(fence, picked);
    picked = v128.xor(picked, pick(v128.load(row, 64), cHigh, v128.load(row, 80), cLow));
    v128.store(fence, picked);
    picked = v128.xor(picked, pick(v128.load(row, 96), dHigh, v128.load(row, 112), dLow));
    far = carried(near, far);
    near = v128.xor(moved(near), picked);
  } while (row > tables);
  v128.store(fence, i8x16.splat(0));
  return reduced(near, far);
}

function fold1(rows: usize, sum: v128, data: usize): v128 {
  const block = v128.xor(sum, v128.load(data));
  const high = highNibbles(block);
  const low = lowNibbles(block);
  let near = i8x16.splat(0);
  let far = i8x16.splat(0);
  let row = rows + 16 * ROW;
  do {
    row -= ROW;
    far = carried(near, far);
    near = v128.xor(moved(near), pick(v128.load(row), high, v128.load(row, 16), low));
  } while (row > rows);
  return reduced(near, far);
}

/** One byte towards the higher powers: what `far` gets from `near`, and what `near` keeps. */
function carried(near: v128, far: v128): v128 {
  return i8x16.shuffle(near, far, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

function moved(near: v128): v128 {
  const zero = i8x16.splat(0);
  return i8x16.shuffle(zero, near, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

/** near + far x^128; `far` has no more than 120 coefficients, so one step is enough. */
function reduced(near: v128, far: v128): v128 {
  const reverse = i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const r = i8x16.swizzle(far, reverse);
  let folded = v128.xor(r, timesX(r, 1));
  folded = v128.xor(folded, timesX(r, 2));
  folded = v128.xor(folded, timesX(r, 7));
  return v128.xor(near, i8x16.swizzle(folded, reverse));
}

/** Times x^n of an element as a 128-bit number whose top bit is x^0. */
function timesX(element: v128, n: i32): v128 {
  const fromUpper = i8x16.shuffle(
    element,
    i8x16.splat(0),
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
  );
  return v128.or(i64x2.shr_u(element, n), i64x2.shl(fromUpper, 64 - n));
}
