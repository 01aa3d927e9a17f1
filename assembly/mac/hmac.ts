// HMAC (RFC 2104) over SHA-1, SHA-256, SHA-384 and SHA-512.
//   1. hmacSetKey: the hash states after the inner and the outer padded key, once per SA
//   2. hmac: one message; hmacLanes: a batch of messages under one key
//
// Context at `context`, 512 bytes at most: inner state at 0, outer state at 128.
import { MAC_HMAC_SHA1, MAC_HMAC_SHA256, MAC_HMAC_SHA384 } from '../../src/contract/ids';
import { scratchAt } from '../memory';
import { SHA1_INITIAL, sha1Compress } from './sha1';
import { SHA256_INITIAL, sha256Compress } from './sha256';
import { SHA384_INITIAL, SHA512_INITIAL, sha512Compress } from './sha512';

const OUTER: usize = 128;

// Scratch of this file, from scratchAt; 16384 … 20479 belongs to the hashes.
const STATE: usize = 20480;
const TAIL: usize = STATE + 128; // up to two blocks: the end of the message and its padding

// A job of hmacLanes.
const JOB_DATA: usize = 0;
const JOB_LENGTH: usize = 4;
const JOB_OUT: usize = 8;
const JOB_EXTRA_LENGTH: usize = 12; // 0 or 4
const JOB_EXTRA: usize = 16; // u32, a number: appended as four bytes, big-endian
const JOB_STRIDE: usize = 32;

/** Writes both states; a key longer than a block is hashed first (RFC 2104 §2). */
export function hmacSetKey(context: usize, mac: u32, key: usize, keyLength: u32): void {
  const block = blockBytes(mac);
  const padded = scratchAt + TAIL;
  memory.fill(padded, 0, 2 * block);
  if (keyLength > block) {
    const state = scratchAt + STATE;
    memory.copy(state, initial(mac), 64);
    const whole = keyLength - (keyLength % block);
    compress(mac, state, key, whole / block);
    finish(mac, state, key + whole, keyLength - whole, 0, 0, keyLength);
    memory.fill(padded, 0, 2 * block);
    writeDigest(mac, state, padded);
    memory.fill(state, 0, 128);
  } else {
    memory.copy(padded, key, keyLength);
  }
  for (let i: usize = 0; i < block; i += 8) {
    store<u64>(padded + i, load<u64>(padded + i) ^ 0x3636363636363636);
  }
  memory.copy(context, initial(mac), 64);
  compress(mac, context, padded, 1);
  for (let i: usize = 0; i < block; i += 8) {
    store<u64>(padded + i, load<u64>(padded + i) ^ (0x3636363636363636 ^ 0x5c5c5c5c5c5c5c5c));
  }
  memory.copy(context + OUTER, initial(mac), 64);
  compress(mac, context + OUTER, padded, 1);
  // the key stood in the padded block and stands in the message schedule
  memory.fill(scratchAt + 16384, 0, 8192);
}

/** The whole digest of data || extra at `out` (20, 32, 48 or 64 bytes). */
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
  const state = scratchAt + STATE;
  const whole = length - (length % block);
  memory.copy(state, context, 64);
  compress(mac, state, data, whole / block);
  finish(
    mac,
    state,
    data + whole,
    length - whole,
    extra,
    extraLength,
    block + length + extraLength,
  );
  const inner = scratchAt + TAIL;
  writeDigest(mac, state, inner);
  memory.copy(state, context + OUTER, 64);
  const digest = digestBytes(mac);
  finish(mac, state, inner, digest, 0, 0, block + digest);
  writeDigest(mac, state, out);
}

/** Any number of messages under one key; see JOB_* for a job. */
export function hmacLanes(context: usize, mac: u32, jobs: usize, count: u32): void {
  for (; count > 0; count--, jobs += JOB_STRIDE) {
    const extra = scratchAt + TAIL + 256;
    store<u32>(extra, bswap<u32>(load<u32>(jobs, JOB_EXTRA)));
    const data = load<u32>(jobs, JOB_DATA);
    const extraLength = load<u32>(jobs, JOB_EXTRA_LENGTH);
    hmac(
      context,
      mac,
      data,
      load<u32>(jobs, JOB_LENGTH),
      extra,
      extraLength,
      load<u32>(jobs, JOB_OUT),
    );
  }
}

/** Hashes the end of a message: its last `length` bytes (less than a block), extra, padding and `total`. */
function finish(
  mac: u32,
  state: usize,
  data: usize,
  length: u32,
  extra: usize,
  extraLength: u32,
  total: u32,
): void {
  const block = blockBytes(mac);
  const tail = scratchAt + TAIL;
  memory.copy(tail, data, length);
  memory.copy(tail + length, extra, extraLength);
  const used = length + extraLength;
  const lengthField: u32 = block == 128 ? 16 : 8;
  const blocks: u32 = used + 1 + lengthField > block ? 2 : 1;
  const end = tail + blocks * block;
  memory.fill(tail + used, 0, blocks * block - used);
  store<u8>(tail + used, 0x80);
  store<u64>(end - 8, bswap<u64>(u64(total) << 3));
  compress(mac, state, tail, blocks);
}

function blockBytes(mac: u32): u32 {
  return mac == MAC_HMAC_SHA1 || mac == MAC_HMAC_SHA256 ? 64 : 128;
}

function digestBytes(mac: u32): u32 {
  if (mac == MAC_HMAC_SHA1) return 20;
  if (mac == MAC_HMAC_SHA256) return 32;
  return mac == MAC_HMAC_SHA384 ? 48 : 64;
}

function initial(mac: u32): usize {
  if (mac == MAC_HMAC_SHA1) return SHA1_INITIAL;
  if (mac == MAC_HMAC_SHA256) return SHA256_INITIAL;
  return mac == MAC_HMAC_SHA384 ? SHA384_INITIAL : SHA512_INITIAL;
}

function compress(mac: u32, state: usize, data: usize, blocks: u32): void {
  if (mac == MAC_HMAC_SHA1) sha1Compress(state, data, blocks);
  else if (mac == MAC_HMAC_SHA256) sha256Compress(state, data, blocks);
  else sha512Compress(state, data, blocks);
}

/** The state as big-endian words, cut to the digest's length. */
function writeDigest(mac: u32, state: usize, out: usize): void {
  const digest = digestBytes(mac);
  if (blockBytes(mac) == 64) {
    for (let i: usize = 0; i < digest; i += 4)
      store<u32>(out + i, bswap<u32>(load<u32>(state + i)));
  } else {
    for (let i: usize = 0; i < digest; i += 8)
      store<u64>(out + i, bswap<u64>(load<u64>(state + i)));
  }
}
