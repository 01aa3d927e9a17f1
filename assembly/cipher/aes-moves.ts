// How AES moves the bytes of a plane: byte p is row p % 4, column p / 4. Without relaxed SIMD it is a
// swizzle by a literal, which V8 keeps in a register and need not clamp (a shuffle's mask it builds anew
// at every use). Newer V8 builds the literal anew too, but has relaxed SIMD: there the mask is loaded.

const SHIFTED: usize = memory.data<u8>([0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11]);
const SHIFTED_BACK: usize = memory.data<u8>([0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3]);
const SHIFTED_UP: usize = memory.data<u8>([5, 10, 15, 0, 9, 14, 3, 4, 13, 2, 7, 8, 1, 6, 11, 12]);
const UP: usize = memory.data<u8>([1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12]);
const BY_TWO: usize = memory.data<u8>([2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13]);

/** Row r moves r columns to the left (FIPS 197 §5.1.2). */
export function shifted(plane: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(plane, v128.load(SHIFTED));
  return i8x16.swizzle(plane, i8x16(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));
}

/** Row r moves r columns to the right (§5.3.1). */
export function shiftedBack(plane: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(plane, v128.load(SHIFTED_BACK));
  return i8x16.swizzle(plane, i8x16(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));
}

/** The same, then every column up by one row. */
export function shiftedUp(plane: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(plane, v128.load(SHIFTED_UP));
  return i8x16.swizzle(plane, i8x16(5, 10, 15, 0, 9, 14, 3, 4, 13, 2, 7, 8, 1, 6, 11, 12));
}

/** Every column up by one row. */
export function up(plane: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(plane, v128.load(UP));
  return i8x16.swizzle(plane, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
}

/** Every column by two rows. */
export function byTwo(plane: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(plane, v128.load(BY_TWO));
  return i8x16.swizzle(plane, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
}
