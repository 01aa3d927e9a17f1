// HMAC (RFC 2104) over MD5, SHA-1, SHA-256, SHA-384 and SHA-512.
//   1. hmacSetKey: the hash states after the inner and the outer padded key, once per SA
//   2. hmac: one message (hmaclanes.ts takes a batch)
//
// Context: the inner state at 0, the outer state at OUTER_STATE, 64 bytes each.
import {
  MAC_HMAC_MD5,
  MAC_HMAC_SHA1,
  MAC_HMAC_SHA256,
  MAC_HMAC_SHA384,
  MAC_HMAC_SHA512,
} from '../../src/contract/ids';
import { copyShort } from '../cipher/copy';
import { scratchAt } from '../memory';
import { MD5_INITIAL, md5Compress } from './md5';
import { SHA1_INITIAL, sha1Compress } from './sha1';
import { SHA256_INITIAL, sha256Compress } from './sha256';
import { SHA384_INITIAL, SHA512_INITIAL, sha512Compress } from './sha512';

export const OUTER_STATE: usize = 128;

// Scratch of this file, from scratchAt; the schedule of the hash stands at 16384 … 17663.
const SCHEDULE: usize = 16384;
const STATE: usize = 20480;
const TAIL: usize = STATE + 64; // up to two blocks: the end of the message and its padding
const SCRATCH_END: usize = TAIL + 256;

const INNER_PAD: u64 = 0x3636363636363636;
const OUTER_PAD: u64 = 0x5c5c5c5c5c5c5c5c;

/** Writes both states; a key longer than a block is hashed first (RFC 2104 §2). */
export function hmacSetKey(context: usize, mac: u32, key: usize, keyLength: u32): void {
  const block = blockBytes(mac);
  const padded = scratchAt + TAIL;
  if (keyLength > block) {
    const state = scratchAt + STATE;
    copyShort(state, initial(mac), 64);
    finish(mac, state, key, keyLength, 0, 0, 0);
    writeDigest(mac, state, padded);
    keyLength = digestBytes(mac);
  } else {
    copyShort(padded, key, keyLength);
  }
  memory.fill(padded + keyLength, 0, block - keyLength);
  exclusiveOr(padded, block, INNER_PAD);
  copyShort(context, initial(mac), 64);
  compress(mac, context, padded, 1);
  exclusiveOr(padded, block, INNER_PAD ^ OUTER_PAD);
  copyShort(context + OUTER_STATE, initial(mac), 64);
  compress(mac, context + OUTER_STATE, padded, 1);
  // the key stood in the padded block and stands in the message schedule
  memory.fill(scratchAt + SCHEDULE, 0, u32(SCRATCH_END - SCHEDULE));
}

/** The whole digest of data || extra at `out` (16, 20, 32, 48 or 64 bytes). extraLength: 8 at most. */
export function hmac(
  context: usize,
  mac: u32,
  data: usize,
  length: u32,
  extra: usize,
  extraLength: u32,
  out: usize,
): void {
  const block = blockBytes(mac);
  const digest = digestBytes(mac);
  const state = scratchAt + STATE;
  copyShort(state, context, 64);
  finish(mac, state, data, length, extra, extraLength, block);
  const inner = scratchAt + TAIL;
  writeDigest(mac, state, inner);
  copyShort(state, context + OUTER_STATE, 64);
  compress(mac, state, inner, pad(mac, inner, digest, block + digest));
  writeDigest(mac, state, out);
}

/** Hashes data || extra and the padding into `state`, which has taken in `before` bytes already. */
function finish(
  mac: u32,
  state: usize,
  data: usize,
  length: u32,
  extra: usize,
  extraLength: u32,
  before: u32,
): void {
  const block = blockBytes(mac);
  const whole = length & ~(block - 1);
  const short = length - whole;
  const tail = scratchAt + TAIL;
  compress(mac, state, data, whole / block);
  copyShort(tail, data + whole, short);
  copyShort(tail + short, extra, extraLength);
  const total = before + length + extraLength;
  compress(mac, state, tail, pad(mac, tail, short + extraLength, total));
}

/**
 * Pads the `used` bytes at `tail` that end a message of `total` bytes (FIPS 180-4 §5.1, RFC 1321
 * §3.1). Returns how many blocks they are then: 1 or 2.
 */
export function pad(mac: u32, tail: usize, used: u32, total: u32): u32 {
  const block = blockBytes(mac);
  const lengthField = block >> 3;
  const blocks: u32 = used + 1 + lengthField > block ? 2 : 1;
  const end = tail + blocks * block;
  let at = tail + used;
  store<u8>(at++, 0x80);
  for (; (at - tail) & 7; at++) store<u8>(at, 0);
  for (; at < end; at += 8) store<u64>(at, 0);
  const bits = u64(total) << 3;
  store<u64>(end - 8, mac == MAC_HMAC_MD5 ? bits : bswap<u64>(bits));
  return blocks;
}

export function blockBytes(mac: u32): u32 {
  return mac == MAC_HMAC_SHA384 || mac == MAC_HMAC_SHA512 ? 128 : 64;
}

export function digestBytes(mac: u32): u32 {
  if (mac == MAC_HMAC_MD5) return 16;
  if (mac == MAC_HMAC_SHA1) return 20;
  if (mac == MAC_HMAC_SHA256) return 32;
  return mac == MAC_HMAC_SHA384 ? 48 : 64;
}

function initial(mac: u32): usize {
  if (mac == MAC_HMAC_MD5) return MD5_INITIAL;
  if (mac == MAC_HMAC_SHA1) return SHA1_INITIAL;
  if (mac == MAC_HMAC_SHA256) return SHA256_INITIAL;
  return mac == MAC_HMAC_SHA384 ? SHA384_INITIAL : SHA512_INITIAL;
}

function compress(mac: u32, state: usize, data: usize, blocks: u32): void {
  if (mac == MAC_HMAC_SHA1) sha1Compress(state, data, blocks);
  else if (mac == MAC_HMAC_SHA256) sha256Compress(state, data, blocks);
  else if (mac == MAC_HMAC_MD5) md5Compress(state, data, blocks);
  else sha512Compress(state, data, blocks);
}

function exclusiveOr(block: usize, length: u32, mask: u64): void {
  for (let i: usize = 0; i < length; i += 8) store<u64>(block + i, load<u64>(block + i) ^ mask);
}

/** The state as big-endian words (MD5: little-endian), cut to the digest's length. */
function writeDigest(mac: u32, state: usize, out: usize): void {
  const digest = digestBytes(mac);
  if (mac == MAC_HMAC_MD5) {
    v128.store(out, v128.load(state));
  } else if (blockBytes(mac) == 64) {
    for (let i: usize = 0; i < digest; i += 4) {
      store<u32>(out + i, bswap<u32>(load<u32>(state + i)));
    }
  } else {
    for (let i: usize = 0; i < digest; i += 8) {
      store<u64>(out + i, bswap<u64>(load<u64>(state + i)));
    }
  }
}
