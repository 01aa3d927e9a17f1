// Camellia (RFC 3713). Its S-boxes are tables read at addresses that depend on key and data.
//
// Context: the subkeys in the order of encryption, 64 bits each as two words, upper first: kw1, kw2, six
// of k, two of ke, six of k …, kw3, kw4.
import { SP } from './camellia-tables';

/** RFC 3713 §2.2: the constants of the key schedule, upper words first. */
const SIGMA: usize = memory.data<u32>([
  0xa09e667f, 0x3bcc908b, 0xb67ae858, 0x4caa73b2, 0xc6ef372f, 0xe94f82be, 0x54ff53a5, 0xf1d36f1c,
  0x10e527fa, 0xde682d1d, 0xb05688c2, 0xb3e6c1fd,
]);

// What each subkey is (§2.2), two bytes: which of KL, KR, KA, KB, and how far it is turned left. Even
// subkeys are the upper half of that, odd ones the lower.
const SHORT: usize = memory.data<u8>([
  0, 0, 0, 0, 2, 0, 2, 0, 0, 15, 0, 15, 2, 15, 2, 15, 2, 30, 2, 30, 0, 45, 0, 45, 2, 45, 0, 60, 2,
  60, 2, 60, 0, 77, 0, 77, 0, 94, 0, 94, 2, 94, 2, 94, 0, 111, 0, 111, 2, 111, 2, 111,
]);
const LONG: usize = memory.data<u8>([
  0, 0, 0, 0, 3, 0, 3, 0, 1, 15, 1, 15, 2, 15, 2, 15, 1, 30, 1, 30, 3, 30, 3, 30, 0, 45, 0, 45, 2,
  45, 2, 45, 0, 60, 0, 60, 1, 60, 1, 60, 3, 60, 3, 60, 0, 77, 0, 77, 2, 77, 2, 77, 1, 94, 1, 94, 2,
  94, 2, 94, 0, 111, 0, 111, 3, 111, 3, 111,
]);

// KL, KR, KA, KB in the context's room while the subkeys are made; those end before it.
const PARTS: usize = 272;

/** Groups of six rounds: three, or four for more than sixteen bytes of key. */
function groupsOf(keyBytes: u32): u32 {
  return keyBytes == 16 ? 3 : 4;
}

/** Writes 208 or 272 bytes of subkeys; 64 more are used meanwhile. */
export function camelliaSetKey(context: usize, key: usize, keyBytes: u32): void {
  const parts = context + PARTS;
  memory.fill(parts, 0, 64);
  for (let at: usize = 0; at < keyBytes; at += 4) {
    store<u32>(parts + at, bswap<u32>(load<u32>(key + at)));
  }
  if (keyBytes == 24) store<u64>(parts, ~load<u64>(parts, 16), 24);
  const ka = parts + 32;
  v128.store(ka, v128.xor(v128.load(parts), v128.load(parts, 16)));
  mix(ka, SIGMA);
  v128.store(ka, v128.xor(v128.load(ka), v128.load(parts)));
  mix(ka, SIGMA + 16);
  const kb = parts + 48;
  v128.store(kb, v128.xor(v128.load(ka), v128.load(parts, 16)));
  mix(kb, SIGMA + 32);
  const count = groupsOf(keyBytes) * 8 + 2;
  const plan = keyBytes == 16 ? SHORT : LONG;
  for (let i: u32 = 0; i < count; i++) {
    const source = parts + load<u8>(plan + 2 * i) * 16;
    const word = ((i & 1) * 64 + load<u8>(plan + 2 * i, 1)) & 127;
    const value = bitsFrom(source, word);
    store<u32>(context + 8 * i, <u32>(value >> 32));
    store<u32>(context + 8 * i, <u32>value, 4);
  }
  memory.fill(parts, 0, 64);
}

/** Two rounds on the 128 bits at `at`. */
function mix(at: usize, keys: usize): void {
  feistel(at, at + 8, keys);
  feistel(at + 8, at, keys + 8);
}

function feistel(from: usize, to: usize, key: usize): void {
  const upper = spreadUpper(load<u32>(from) ^ load<u32>(key));
  const sum = upper ^ spreadLower(load<u32>(from, 4) ^ load<u32>(key, 4));
  store<u32>(to, load<u32>(to) ^ sum);
  store<u32>(to, load<u32>(to, 4) ^ sum ^ rotr<u32>(upper, 8), 4);
}

/** 64 of the 128 bits at `source`, from bit `first` on, turning over at the end. */
function bitsFrom(source: usize, first: u32): u64 {
  const high = ((<u64>load<u32>(source)) << 32) | load<u32>(source, 4);
  const low = ((<u64>load<u32>(source, 8)) << 32) | load<u32>(source, 12);
  const by = first & 63;
  const one = first < 64 ? high : low;
  const other = first < 64 ? low : high;
  return by == 0 ? one : (one << by) | (other >> (64 - by));
}

/** En- or decrypts `count` blocks in place. */
export function camelliaBlocks(
  context: usize,
  keyBytes: u32,
  backwards: bool,
  state: usize,
  count: u32,
): void {
  const groups = groupsOf(keyBytes);
  const end = context + groups * 64;
  const before = backwards ? end : context;
  const after = backwards ? context : end;
  const first = backwards ? end - 8 : context + 16;
  let step: usize = 8;
  if (backwards) step = 0 - step;
  for (let i: u32 = 0; i < count; i++, state += 16) {
    rounds(state, before, first, step, groups, after);
  }
}

/** §2.3: whitening, groups of six rounds with the FL functions between them, whitening. */
function rounds(
  state: usize,
  before: usize,
  key: usize,
  step: usize,
  groups: u32,
  after: usize,
): void {
  let l0 = bswap<u32>(load<u32>(state)) ^ load<u32>(before);
  let l1 = bswap<u32>(load<u32>(state, 4)) ^ load<u32>(before, 4);
  let r0 = bswap<u32>(load<u32>(state, 8)) ^ load<u32>(before, 8);
  let r1 = bswap<u32>(load<u32>(state, 12)) ^ load<u32>(before, 12);
  while (true) {
    for (let i = 0; i < 3; i++) {
      let upper = spreadUpper(l0 ^ load<u32>(key));
      let sum = upper ^ spreadLower(l1 ^ load<u32>(key, 4));
      r0 ^= sum;
      r1 ^= sum ^ rotr<u32>(upper, 8);
      key += step;
      upper = spreadUpper(r0 ^ load<u32>(key));
      sum = upper ^ spreadLower(r1 ^ load<u32>(key, 4));
      l0 ^= sum;
      l1 ^= sum ^ rotr<u32>(upper, 8);
      key += step;
    }
    if (--groups == 0) break;
    // FL on the left, its inverse on the right (§2.4.2, §2.4.3)
    l1 ^= rotl<u32>(l0 & load<u32>(key), 1);
    l0 ^= l1 | load<u32>(key, 4);
    key += step;
    r0 ^= r1 | load<u32>(key, 4);
    r1 ^= rotl<u32>(r0 & load<u32>(key), 1);
    key += step;
  }
  store<u32>(state, bswap<u32>(r0 ^ load<u32>(after)));
  store<u32>(state, bswap<u32>(r1 ^ load<u32>(after, 4)), 4);
  store<u32>(state, bswap<u32>(l0 ^ load<u32>(after, 8)), 8);
  store<u32>(state, bswap<u32>(l1 ^ load<u32>(after, 12)), 12);
}

/**
 * The S-boxes and what the P-function makes of the upper four bytes: in the upper half of the result
 * as it is, in the lower half with itself turned by a byte.
 */
function spreadUpper(x: u32): u32 {
  return (
    load<u32>(SP + ((x >> 24) << 2)) ^
    load<u32>(SP + (((x >> 16) & 255) << 2), 1024) ^
    load<u32>(SP + (((x >> 8) & 255) << 2), 2048) ^
    load<u32>(SP + ((x & 255) << 2), 3072)
  );
}

/** The same for the lower four bytes, which enter both halves alike. */
function spreadLower(x: u32): u32 {
  return (
    load<u32>(SP + ((x >> 24) << 2), 1024) ^
    load<u32>(SP + (((x >> 16) & 255) << 2), 2048) ^
    load<u32>(SP + (((x >> 8) & 255) << 2), 3072) ^
    load<u32>(SP + ((x & 255) << 2))
  );
}
