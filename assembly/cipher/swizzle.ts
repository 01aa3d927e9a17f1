// Bytes picked by index, in the two builds of this module (src/dataplane/module.ts): SIMD128 must give
// zero for an index above 15, which costs V8 a second instruction where the index is not a constant;
// relaxed SIMD need not.

/** Byte i of the result is byte index[i] of `table`; every index is below 16. */
export function swizzle(table: v128, index: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, index);
  return i8x16.swizzle(table, index);
}
