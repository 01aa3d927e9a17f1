// What the lane hashes share: how words of several messages come into vectors.

/** Byte shuffles that turn the bytes of each 32-bit word and of each 64-bit word around. */
const BIG_ENDIAN: usize = memory.data<u8>([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
const LITTLE_ENDIAN: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
]);

/**
 * Reads a 64-byte block of each of four messages, whose addresses are the words at `pointers`, and
 * stores 16 vectors at w: lane i of vector t is the big-endian word t of message i. Moves the
 * addresses on by a block.
 */
export function loadWords(pointers: usize, w: usize): void {
  loadOrdered(pointers, w, v128.load(BIG_ENDIAN));
}

/** The same with little-endian words, as MD5 reads them. */
export function loadLittleWords(pointers: usize, w: usize): void {
  loadOrdered(pointers, w, v128.load(LITTLE_ENDIAN));
}

function loadOrdered(pointers: usize, w: usize, order: v128): void {
  const first: usize = load<u32>(pointers, 0);
  const second: usize = load<u32>(pointers, 4);
  const third: usize = load<u32>(pointers, 8);
  const fourth: usize = load<u32>(pointers, 12);
  for (let at: usize = 0; at < 64; at += 16, w += 64) {
    const a = i8x16.swizzle(v128.load(first + at), order);
    const b = i8x16.swizzle(v128.load(second + at), order);
    const c = i8x16.swizzle(v128.load(third + at), order);
    const d = i8x16.swizzle(v128.load(fourth + at), order);
    const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
    const abHigh = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
    v128.store(w, v128.shuffle<u64>(ab, cd, 0, 2), 0);
    v128.store(w, v128.shuffle<u64>(ab, cd, 1, 3), 16);
    v128.store(w, v128.shuffle<u64>(abHigh, cdHigh, 0, 2), 32);
    v128.store(w, v128.shuffle<u64>(abHigh, cdHigh, 1, 3), 48);
  }
  v128.store(pointers, i32x4.add(v128.load(pointers), i32x4.splat(64)));
}

const BIG_ENDIAN_LONG: usize = memory.data<u8>([
  7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8,
]);

/** The same for two messages with blocks of 128 bytes and words of 64 bits. */
export function loadLongWords(pointers: usize, w: usize): void {
  const order = v128.load(BIG_ENDIAN_LONG);
  const first: usize = load<u32>(pointers, 0);
  const second: usize = load<u32>(pointers, 4);
  for (let at: usize = 0; at < 128; at += 16, w += 32) {
    const a = i8x16.swizzle(v128.load(first + at), order);
    const b = i8x16.swizzle(v128.load(second + at), order);
    v128.store(w, v128.shuffle<u64>(a, b, 0, 2), 0);
    v128.store(w, v128.shuffle<u64>(a, b, 1, 3), 16);
  }
  store<u32>(pointers, first + 128, 0);
  store<u32>(pointers, second + 128, 4);
}
