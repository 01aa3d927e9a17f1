// SHA-256 (FIPS 180-4 §6.2): the compression function.
import { scratchAt } from '../memory';

/** Initial hash value, FIPS 180-4 §5.3.3. */
export const SHA256_INITIAL: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** Round constants, FIPS 180-4 §4.2.2. */
export const SHA256_K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

const SCHEDULE: usize = 16384;

/** Takes `blocks` blocks of 64 bytes at `data` into the eight words at `state`. */
export function sha256Compress(state: usize, data: usize, blocks: u32): void {
  const w = scratchAt + SCHEDULE;
  for (; blocks > 0; blocks--, data += 64) {
    for (let t: usize = 0; t < 64; t += 4) store<u32>(w + t, bswap<u32>(load<u32>(data + t)));
    for (let t = w + 64; t < w + 256; t += 4) {
      const early = load<u32>(t - 60);
      const late = load<u32>(t - 8);
      const s0 = rotr<u32>(early, 7) ^ rotr<u32>(early, 18) ^ (early >> 3);
      const s1 = rotr<u32>(late, 17) ^ rotr<u32>(late, 19) ^ (late >> 10);
      store<u32>(t, s0 + s1 + load<u32>(t - 28) + load<u32>(t - 64));
    }
    rounds(state, w);
  }
}

/** Eight rounds a turn: instead of moving eight words each round, the names move. */
function rounds(state: usize, w: usize): void {
  let a = load<u32>(state, 0);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);
  const end = SHA256_K + 256;
  for (let k = SHA256_K; k < end; k += 32, w += 32) {
    h += big1(e) + choice(e, f, g) + load<u32>(k, 0) + load<u32>(w, 0);
    d += h;
    h += big0(a) + majority(a, b, c);
    g += big1(d) + choice(d, e, f) + load<u32>(k, 4) + load<u32>(w, 4);
    c += g;
    g += big0(h) + majority(h, a, b);
    f += big1(c) + choice(c, d, e) + load<u32>(k, 8) + load<u32>(w, 8);
    b += f;
    f += big0(g) + majority(g, h, a);
    e += big1(b) + choice(b, c, d) + load<u32>(k, 12) + load<u32>(w, 12);
    a += e;
    e += big0(f) + majority(f, g, h);
    d += big1(a) + choice(a, b, c) + load<u32>(k, 16) + load<u32>(w, 16);
    h += d;
    d += big0(e) + majority(e, f, g);
    c += big1(h) + choice(h, a, b) + load<u32>(k, 20) + load<u32>(w, 20);
    g += c;
    c += big0(d) + majority(d, e, f);
    b += big1(g) + choice(g, h, a) + load<u32>(k, 24) + load<u32>(w, 24);
    f += b;
    b += big0(c) + majority(c, d, e);
    a += big1(f) + choice(f, g, h) + load<u32>(k, 28) + load<u32>(w, 28);
    e += a;
    a += big0(b) + majority(b, c, d);
  }
  store<u32>(state, load<u32>(state, 0) + a, 0);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
  store<u32>(state, load<u32>(state, 20) + f, 20);
  store<u32>(state, load<u32>(state, 24) + g, 24);
  store<u32>(state, load<u32>(state, 28) + h, 28);
}

function big0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22);
}

function big1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25);
}

function choice(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}

function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | (z & (x | y));
}
