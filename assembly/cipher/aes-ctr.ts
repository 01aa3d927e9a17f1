// Key stream of AES in counter mode (NIST SP 800-38A §6.5) for a nonce of 12 bytes and a counter of 32
// bits. Batches of eight blocks start at multiples of eight, sixteen batches are a segment: within it
// only byte 15 of the input changes, so the first two rounds are nearly the same for all its blocks.
//   1. input       the planes of the segment's first block, and of byte 15 for all its batches
//   2. constants   rounds 1 and 2 without what depends on byte 15, added to the round keys
//   3. group       four batches: column 0 after round 1, of all four in one state; their S-box in one
//   4. rounds 3 …  batch by batch in turn, so that one fills the gaps of another
// A stream of one or two batches goes through the plain rounds: there 2 costs more than it saves.
import { scratchAt } from '../memory';
import { transpose } from './aes-planes';
import { ALONE, LAST, MIX, mixColumns, STATE, substitute } from './aes-sbox';

/** Batches of a group and bytes of its key stream. */
export const GROUP: u32 = 4;
export const GROUP_BYTES: u32 = GROUP * 128;
const SEGMENT_GROUPS: u32 = 4;

// Scratch of this file, from scratchAt; one state each.
const FIRST: usize = 8192; // the segment's first block, later its round-1 constants
const SECOND: usize = FIRST + 128; // the round-2 constants
const LAST_BYTE: usize = SECOND + 128; // byte t: byte 15 of batch t
const COLUMNS: usize = LAST_BYTE + 128; // byte 4 j + r: row r of column 0 of batch j
/** Key stream, GROUP_BYTES. */
export const STREAM: usize = COLUMNS + 128;

/** Byte t of plane i: bit i of byte 15 of batch t, in bit b that of block b (8 t + b). */
const COUNT_UP: usize = memory.data<u64>([
  0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xcccccccccccccccc,
  0xf0f0f0f0f0f0f0f0, 0xf0f0f0f0f0f0f0f0, 0xff00ff00ff00ff00, 0xff00ff00ff00ff00,
  0xffff0000ffff0000, 0xffff0000ffff0000, 0xffffffff00000000, 0xffffffff00000000,
  0x0000000000000000, 0xffffffffffffffff, 0x0000000000000000, 0x0000000000000000,
]);

/**
 * Writes the key stream of group `group` (counters 32 * group …) to STREAM: `batches` (1 … GROUP) times
 * 128 bytes. Groups of a nonce are asked for in order from 0; `all` is how many batches there will be.
 */
export function counterStream(
  planes: usize,
  count: u32,
  nonce: usize,
  group: u32,
  batches: u32,
  all: u32,
): void {
  if (group % SEGMENT_GROUPS == 0) input(planes, nonce, group / SEGMENT_GROUPS);
  if (all <= 2) {
    for (let batch: u32 = 0; batch < batches; batch++) plain(batch);
    rounds(planes, count, 1, batches);
    return;
  }
  if (group % SEGMENT_GROUPS == 0) constants(planes);
  columns(group % SEGMENT_GROUPS);
  for (let batch: u32 = 0; batch < batches; batch++) secondRound(batch);
  rounds(planes, count, 3, batches);
}

/** What is left of the key in scratch, once a packet is done. */
export function counterErase(): void {
  const end = scratchAt + STREAM;
  for (let at = scratchAt + FIRST; at < end; at += 16) v128.store(at, i8x16.splat(0));
}

// ---- 1. input ------------------------------------------------------------------------------------

/** FIRST and LAST_BYTE with round key 0 added. */
function input(planes: usize, nonce: usize, segment: u32): void {
  const first = scratchAt + FIRST;
  const lastByte = scratchAt + LAST_BYTE;
  const counter = bswap<u32>(segment * 128);
  const block = i32x4(load<i32>(nonce), load<i32>(nonce, 4), load<i32>(nonce, 8), counter);
  let bit = i8x16.splat(1);
  for (let at: usize = 0; at < STATE; at += 16) {
    const same = i8x16.eq(v128.and(block, bit), bit);
    const keyed = v128.xor(same, v128.load(planes + at));
    v128.store(first + at, keyed);
    const byte15 = i8x16(15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15);
    const spread = i8x16.swizzle(keyed, byte15);
    v128.store(lastByte + at, v128.xor(spread, v128.load(COUNT_UP + at)));
    bit = i8x16.add(bit, bit);
  }
}

/** The input of batch `batch` of the first group: FIRST, and byte 15 from LAST_BYTE. */
function plain(batch: u32): void {
  const first = scratchAt + FIRST;
  const lastByte = scratchAt + LAST_BYTE;
  const state = scratchAt + STREAM + batch * STATE;
  for (let at: usize = 0; at < STATE; at += 16) {
    v128.store(state + at, v128.load(first + at));
    store<u8>(state + at, load<u8>(lastByte + at + batch), 15);
  }
}

// ---- 2. constants --------------------------------------------------------------------------------

/** ShiftRows leaves out what is not the same for all blocks (its index is out of range: zero). */
function constants(planes: usize): void {
  const first = scratchAt + FIRST;
  const second = scratchAt + SECOND;
  const lastByte = scratchAt + LAST_BYTE;
  const without15 = i8x16(0, 5, 10, -1, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
  const withoutColumn = i8x16(-1, 5, 10, 15, 4, 9, 14, -1, 8, 13, -1, 7, 12, -1, 6, 11);
  const column = i8x16(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
  substitute(lastByte, lastByte, ALONE);
  substitute(first, first, ALONE);
  mixColumns(first, without15, second, planes + STATE);
  for (let at: usize = 0; at < STATE; at += 16) {
    v128.store(first + at, i8x16.swizzle(v128.load(second + at), column));
  }
  substitute(second, second, ALONE);
  mixColumns(second, withoutColumn, second, planes + 2 * STATE);
}

// ---- 3. group ------------------------------------------------------------------------------------

/**
 * Column 0 after round 1 and SubBytes of round 2: byte 15 stands in row 3, which MixColumns takes once
 * into rows 0 and 1, three times into row 2 and twice into row 3.
 */
function columns(group: u32): void {
  const first = scratchAt + FIRST;
  const lastByte = scratchAt + LAST_BYTE;
  const state = scratchAt + COLUMNS;
  const base = i8x16.splat(<i8>(4 * group));
  const once = v128.or(base, i8x16(0, 0, 0, -1, 1, 1, 1, -1, 2, 2, 2, -1, 3, 3, 3, -1));
  const twice = v128.or(base, i8x16(-1, -1, 0, 0, -1, -1, 1, 1, -1, -1, 2, 2, -1, -1, 3, 3));
  const top = i8x16.swizzle(v128.load(lastByte, 112), twice);
  let below = i8x16.splat(0);
  for (let bit: u32 = 0; bit < 8; bit++) {
    const at = 16 * bit;
    const s = v128.load(lastByte + at);
    let doubled = below;
    if (bit == 0 || bit == 1 || bit == 3 || bit == 4) doubled = v128.xor(doubled, top);
    const sum = v128.xor(v128.load(first + at), i8x16.swizzle(s, once));
    v128.store(state + at, v128.xor(sum, doubled));
    below = i8x16.swizzle(s, twice);
  }
  substitute(state, state, ALONE);
}

/** ShiftRows puts row r of column 0 into column 4 - r; everything else of round 2 is in SECOND. */
function secondRound(batch: u32): void {
  const base = i8x16.splat(<i8>(4 * batch));
  const place = v128.or(base, i8x16(0, -1, -1, -1, -1, -1, -1, 3, -1, -1, 2, -1, -1, 1, -1, -1));
  const state = scratchAt + STREAM + batch * STATE;
  mixColumns(scratchAt + COLUMNS, place, state, scratchAt + SECOND);
}

// ---- 4. rounds 3 … -------------------------------------------------------------------------------

/** Round `from` and the others of the batches at STREAM, and back from planes to bytes. */
function rounds(planes: usize, count: u32, from: u32, batches: u32): void {
  const stream = scratchAt + STREAM;
  const end = stream + batches * STATE;
  for (let round = from; round < count; round++) {
    const key = planes + round * STATE;
    for (let state = stream; state < end; state += STATE) substitute(state, key, MIX);
  }
  const key = planes + count * STATE;
  for (let state = stream; state < end; state += STATE) substitute(state, key, LAST);
  for (let state = stream; state < end; state += STATE) transpose(state);
}
