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

function rounds(state: usize, w: usize): void {
  let a = load<u32>(state, 0);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  for (let t: usize = 0; t < 320; t += 4) {
    const quarter = t / 80;
    let f: u32;
    if (quarter == 0) f = (d ^ (b & (c ^ d))) + 0x5a827999;
    else if (quarter == 1) f = (b ^ c ^ d) + 0x6ed9eba1;
    else if (quarter == 2) f = ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
    else f = (b ^ c ^ d) + 0xca62c1d6;
    const next = rotl<u32>(a, 5) + f + e + load<u32>(w + t);
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  store<u32>(state, load<u32>(state, 0) + a, 0);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
}
