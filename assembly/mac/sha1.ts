// SHA-1 (FIPS 180-4 §6.1): the compression function. ESP uses it in HMAC-SHA1-96 only (RFC 2404).
import { scratchAt } from '../memory';

/** Initial hash value, FIPS 180-4 §5.3.1. */
export const SHA1_INITIAL: usize = memory.data<u32>([
  0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0,
]);

const SCHEDULE: usize = 16384;

/** Takes `blocks` blocks of 64 bytes at `data` into the five words at `state`. */
export function sha1Compress(state: usize, data: usize, blocks: u32): void {
  const w = scratchAt + SCHEDULE;
  for (; blocks > 0; blocks--, data += 64) {
    for (let t: usize = 0; t < 64; t += 4) store<u32>(w + t, bswap<u32>(load<u32>(data + t)));
    for (let t = w + 64; t < w + 320; t += 4) {
      const x = load<u32>(t - 12) ^ load<u32>(t - 32) ^ load<u32>(t - 56) ^ load<u32>(t - 64);
      store<u32>(t, rotl<u32>(x, 1));
    }
    rounds(state, w);
  }
}

/** Four times twenty rounds, five a turn: instead of moving five words each round, the names move. */
function rounds(state: usize, w: usize): void {
  let a = load<u32>(state, 0);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  for (const end = w + 80; w < end; w += 20) {
    e += rotl<u32>(a, 5) + choice(b, c, d) + load<u32>(w, 0) + 0x5a827999;
    b = rotl<u32>(b, 30);
    d += rotl<u32>(e, 5) + choice(a, b, c) + load<u32>(w, 4) + 0x5a827999;
    a = rotl<u32>(a, 30);
    c += rotl<u32>(d, 5) + choice(e, a, b) + load<u32>(w, 8) + 0x5a827999;
    e = rotl<u32>(e, 30);
    b += rotl<u32>(c, 5) + choice(d, e, a) + load<u32>(w, 12) + 0x5a827999;
    d = rotl<u32>(d, 30);
    a += rotl<u32>(b, 5) + choice(c, d, e) + load<u32>(w, 16) + 0x5a827999;
    c = rotl<u32>(c, 30);
  }
  for (const end = w + 80; w < end; w += 20) {
    e += rotl<u32>(a, 5) + parity(b, c, d) + load<u32>(w, 0) + 0x6ed9eba1;
    b = rotl<u32>(b, 30);
    d += rotl<u32>(e, 5) + parity(a, b, c) + load<u32>(w, 4) + 0x6ed9eba1;
    a = rotl<u32>(a, 30);
    c += rotl<u32>(d, 5) + parity(e, a, b) + load<u32>(w, 8) + 0x6ed9eba1;
    e = rotl<u32>(e, 30);
    b += rotl<u32>(c, 5) + parity(d, e, a) + load<u32>(w, 12) + 0x6ed9eba1;
    d = rotl<u32>(d, 30);
    a += rotl<u32>(b, 5) + parity(c, d, e) + load<u32>(w, 16) + 0x6ed9eba1;
    c = rotl<u32>(c, 30);
  }
  for (const end = w + 80; w < end; w += 20) {
    e += rotl<u32>(a, 5) + majority(b, c, d) + load<u32>(w, 0) + 0x8f1bbcdc;
    b = rotl<u32>(b, 30);
    d += rotl<u32>(e, 5) + majority(a, b, c) + load<u32>(w, 4) + 0x8f1bbcdc;
    a = rotl<u32>(a, 30);
    c += rotl<u32>(d, 5) + majority(e, a, b) + load<u32>(w, 8) + 0x8f1bbcdc;
    e = rotl<u32>(e, 30);
    b += rotl<u32>(c, 5) + majority(d, e, a) + load<u32>(w, 12) + 0x8f1bbcdc;
    d = rotl<u32>(d, 30);
    a += rotl<u32>(b, 5) + majority(c, d, e) + load<u32>(w, 16) + 0x8f1bbcdc;
    c = rotl<u32>(c, 30);
  }
  for (const end = w + 80; w < end; w += 20) {
    e += rotl<u32>(a, 5) + parity(b, c, d) + load<u32>(w, 0) + 0xca62c1d6;
    b = rotl<u32>(b, 30);
    d += rotl<u32>(e, 5) + parity(a, b, c) + load<u32>(w, 4) + 0xca62c1d6;
    a = rotl<u32>(a, 30);
    c += rotl<u32>(d, 5) + parity(e, a, b) + load<u32>(w, 8) + 0xca62c1d6;
    e = rotl<u32>(e, 30);
    b += rotl<u32>(c, 5) + parity(d, e, a) + load<u32>(w, 12) + 0xca62c1d6;
    d = rotl<u32>(d, 30);
    a += rotl<u32>(b, 5) + parity(c, d, e) + load<u32>(w, 16) + 0xca62c1d6;
    c = rotl<u32>(c, 30);
  }
  store<u32>(state, load<u32>(state, 0) + a, 0);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
}

function choice(b: u32, c: u32, d: u32): u32 {
  return d ^ (b & (c ^ d));
}

function parity(b: u32, c: u32, d: u32): u32 {
  return b ^ c ^ d;
}

function majority(b: u32, c: u32, d: u32): u32 {
  return (b & c) | (d & (b | c));
}
