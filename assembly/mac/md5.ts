// MD5 (RFC 1321): the compression function. ESP and AH use it in HMAC-MD5-96 only (RFC 2403), where its
// collisions do no harm that is known; for old peers all the same.

/** Initial value, RFC 1321 §3.3. */
export const MD5_INITIAL: usize = memory.data<u32>([
  0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
]);

/** floor(2^32 |sin(i + 1)|), RFC 1321 §3.4. */
export const MD5_T: usize = memory.data<u32>([
  0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
  0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
  0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
  0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
  0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
  0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
  0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
  0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
]);

/** Takes `blocks` blocks of 64 bytes at `data` into the four words at `state`. */
export function md5Compress(state: usize, data: usize, blocks: u32): void {
  for (; blocks > 0; blocks--, data += 64) rounds(state, data);
}

/** Four times sixteen steps, four a turn: instead of moving four words each step, the names move. */
function rounds(state: usize, data: usize): void {
  let a = load<u32>(state, 0);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  for (let i: u32 = 0; i < 16; i += 4) {
    a = step(a, b, choice(b, c, d), data, i, i, 7);
    d = step(d, a, choice(a, b, c), data, i + 1, i + 1, 12);
    c = step(c, d, choice(d, a, b), data, i + 2, i + 2, 17);
    b = step(b, c, choice(c, d, a), data, i + 3, i + 3, 22);
  }
  for (let i: u32 = 16; i < 32; i += 4) {
    a = step(a, b, choice(d, b, c), data, 5 * i + 1, i, 5);
    d = step(d, a, choice(c, a, b), data, 5 * i + 6, i + 1, 9);
    c = step(c, d, choice(b, d, a), data, 5 * i + 11, i + 2, 14);
    b = step(b, c, choice(a, c, d), data, 5 * i, i + 3, 20);
  }
  for (let i: u32 = 32; i < 48; i += 4) {
    a = step(a, b, b ^ c ^ d, data, 3 * i + 5, i, 4);
    d = step(d, a, a ^ b ^ c, data, 3 * i + 8, i + 1, 11);
    c = step(c, d, d ^ a ^ b, data, 3 * i + 11, i + 2, 16);
    b = step(b, c, c ^ d ^ a, data, 3 * i + 14, i + 3, 23);
  }
  for (let i: u32 = 48; i < 64; i += 4) {
    a = step(a, b, c ^ (b | ~d), data, 7 * i, i, 6);
    d = step(d, a, b ^ (a | ~c), data, 7 * i + 7, i + 1, 10);
    c = step(c, d, a ^ (d | ~b), data, 7 * i + 14, i + 2, 15);
    b = step(b, c, d ^ (c | ~a), data, 7 * i + 5, i + 3, 21);
  }
  store<u32>(state, load<u32>(state, 0) + a, 0);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
}

/** b + ((a + f + X[word mod 16] + T[i]) <<< by) */
function step(a: u32, b: u32, f: u32, data: usize, word: u32, i: u32, by: i32): u32 {
  const input = load<u32>(data + ((word & 15) << 2)) + load<u32>(MD5_T + (i << 2));
  return b + rotl<u32>(a + f + input, by);
}

/** y where x is 1, z where it is 0. Round 2's G(x, y, z) is this with its names moved. */
function choice(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}
