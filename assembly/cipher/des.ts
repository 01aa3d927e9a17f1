// DES and Triple DES (FIPS 46-3), two blocks at a time. Its S-boxes are tables read at addresses that
// depend on key and data: for old peers only.
//
// Both halves are kept turned right by one bit: then the six bits that enter S-boxes 1, 3, 5, 7 are the
// upper six of each byte, and so are those of 2, 4, 6, 8 once the half is turned left by four.
import { PC1, PC2, SP } from './des-tables';

const ROUND: usize = 8; // bytes of key per round: a word for the odd S-boxes, one for the even
const STAGE: usize = 16 * ROUND;

/**
 * Writes the round keys in the order of encryption: 128 bytes for a key of 8, 384 for one of 24 (RFC
 * 2451 §2.4: encrypt, decrypt, encrypt). Parity bits are not looked at.
 */
export function desSetKey(context: usize, key: usize, keyBytes: u32): void {
  expand(context, key, false);
  if (keyBytes == 8) return;
  expand(context + STAGE, key + 8, true);
  expand(context + 2 * STAGE, key + 16, false);
}

/** The sixteen round keys of one DES, or in the order of decryption. */
function expand(keys: usize, key: usize, backwards: bool): void {
  const block = bswap<u64>(load<u64>(key));
  let c: u32 = 0;
  let d: u32 = 0;
  for (let i: usize = 0; i < 28; i++) {
    c = (c << 1) | (<u32>(block >> (64 - load<u8>(PC1 + i))) & 1);
    d = (d << 1) | (<u32>(block >> (64 - load<u8>(PC1 + 28 + i))) & 1);
  }
  for (let round: u32 = 0; round < 16; round++) {
    const by = round < 2 || round == 8 || round == 15 ? 1 : 2;
    c = ((c << by) | (c >> (28 - by))) & 0xfffffff;
    d = ((d << by) | (d >> (28 - by))) & 0xfffffff;
    writeRound(keys + (backwards ? 15 - round : round) * ROUND, ((<u64>c) << 28) | d);
  }
}

function writeRound(at: usize, halves: u64): void {
  let first: u32 = 0;
  let second: u32 = 0;
  for (let i: usize = 0; i < 48; i++) {
    const bit = <u32>(halves >> (56 - load<u8>(PC2 + i))) & 1;
    const box = <u32>i / 6;
    const place = 31 - (box >> 1) * 8 - (<u32>i % 6);
    if (box & 1) second |= bit << place;
    else first |= bit << place;
  }
  store<u32>(at, first);
  store<u32>(at, second, 4);
}

/** En- or decrypts `count` blocks in place; an odd count takes one more along. */
export function desBlocks(
  context: usize,
  keyBytes: u32,
  backwards: bool,
  state: usize,
  count: u32,
): void {
  const stages: usize = keyBytes >> 3;
  const keys = backwards ? context + stages * STAGE - ROUND : context;
  let step = ROUND;
  if (backwards) step = 0 - step;
  for (let pair: u32 = 0; pair < count; pair += 2, state += 16) {
    permute(state);
    permute(state + 8);
    rounds(state, keys, step, stages);
    permuteBack(state);
    permuteBack(state + 8);
  }
}

/** The initial permutation, as exchanges of ever smaller groups of bits between the halves. */
function permute(at: usize): void {
  let l = bswap<u32>(load<u32>(at));
  let r = bswap<u32>(load<u32>(at, 4));
  let t = ((l >> 4) ^ r) & 0x0f0f0f0f;
  r ^= t;
  l ^= t << 4;
  t = ((l >> 16) ^ r) & 0x0000ffff;
  r ^= t;
  l ^= t << 16;
  t = ((r >> 2) ^ l) & 0x33333333;
  l ^= t;
  r ^= t << 2;
  t = ((r >> 8) ^ l) & 0x00ff00ff;
  l ^= t;
  r ^= t << 8;
  t = ((l >> 1) ^ r) & 0x55555555;
  store<u32>(at, rotr<u32>(l ^ (t << 1), 1));
  store<u32>(at, rotr<u32>(r ^ t, 1), 4);
}

/** Its inverse. */
function permuteBack(at: usize): void {
  let l = rotl<u32>(load<u32>(at), 1);
  let r = rotl<u32>(load<u32>(at, 4), 1);
  let t = ((l >> 1) ^ r) & 0x55555555;
  r ^= t;
  l ^= t << 1;
  t = ((r >> 8) ^ l) & 0x00ff00ff;
  l ^= t;
  r ^= t << 8;
  t = ((r >> 2) ^ l) & 0x33333333;
  l ^= t;
  r ^= t << 2;
  t = ((l >> 16) ^ r) & 0x0000ffff;
  r ^= t;
  l ^= t << 16;
  t = ((l >> 4) ^ r) & 0x0f0f0f0f;
  store<u32>(at, bswap<u32>(l ^ (t << 4)));
  store<u32>(at, bswap<u32>(r ^ t), 4);
}

/** Sixteen rounds a stage; the permutations between stages cancel out, the exchange of halves stays. */
function rounds(state: usize, keys: usize, step: usize, stages: usize): void {
  let la = load<u32>(state);
  let ra = load<u32>(state, 4);
  let lb = load<u32>(state, 8);
  let rb = load<u32>(state, 12);
  for (; stages > 0; stages--) {
    for (let i = 0; i < 8; i++, keys += 2 * step) {
      la ^= odd(ra ^ load<u32>(keys)) ^ even(rotl<u32>(ra, 4) ^ load<u32>(keys, 4));
      lb ^= odd(rb ^ load<u32>(keys)) ^ even(rotl<u32>(rb, 4) ^ load<u32>(keys, 4));
      const next = keys + step;
      ra ^= odd(la ^ load<u32>(next)) ^ even(rotl<u32>(la, 4) ^ load<u32>(next, 4));
      rb ^= odd(lb ^ load<u32>(next)) ^ even(rotl<u32>(lb, 4) ^ load<u32>(next, 4));
    }
    let t = la;
    la = ra;
    ra = t;
    t = lb;
    lb = rb;
    rb = t;
  }
  store<u32>(state, la);
  store<u32>(state, ra, 4);
  store<u32>(state, lb, 8);
  store<u32>(state, rb, 12);
}

/** S-boxes 1, 3, 5 and 7. Half of the round function, so that it is small enough to be inlined. */
function odd(x: u32): u32 {
  return (
    load<u32>(SP + ((x >> 24) & 0xfc)) ^
    load<u32>(SP + ((x >> 16) & 0xfc), 512) ^
    load<u32>(SP + ((x >> 8) & 0xfc), 1024) ^
    load<u32>(SP + (x & 0xfc), 1536)
  );
}

/** S-boxes 2, 4, 6 and 8. */
function even(x: u32): u32 {
  return (
    load<u32>(SP + ((x >> 24) & 0xfc), 256) ^
    load<u32>(SP + ((x >> 16) & 0xfc), 768) ^
    load<u32>(SP + ((x >> 8) & 0xfc), 1280) ^
    load<u32>(SP + (x & 0xfc), 1792)
  );
}
