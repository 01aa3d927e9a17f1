// HMAC of a batch of messages under one key, in the lanes of the SIMD hashes: four at a time for MD5,
// SHA-1 and SHA-256, two for SHA-384 and SHA-512. A lane that finishes its message takes the next one at
// once, so lengths may differ. What a lane goes through, each a run of whole blocks:
//   DATA   the message's whole blocks, read where they stand
//   TAIL   its end, the extra word and the padding, in the lane's buffer
//   OUTER  the inner digest, padded, from the outer state on
import { MAC_HMAC_MD5, MAC_HMAC_SHA1, MAC_HMAC_SHA256 } from '../../src/contract/ids';
import { copyShort } from '../cipher/copy';
import { scratchAt } from '../memory';
import { blockBytes, digestBytes, OUTER_STATE, pad } from './hmac';
import { md5Lanes } from './md5lanes';
import { sha1Lanes } from './sha1lanes';
import { sha256Lanes } from './sha256lanes';
import { sha512Lanes } from './sha512lanes';

// A job.
const JOB_DATA: usize = 0;
const JOB_LENGTH: usize = 4;
const JOB_OUT: usize = 8;
const JOB_EXTRA_LENGTH: usize = 12; // 0 or 4
const JOB_EXTRA: usize = 16; // u32, a number: appended as four bytes, big-endian
const JOB_STRIDE: u32 = 32;

// Scratch of this file, from scratchAt; the schedule of the hash stands at 16384 … 17663.
const STATE: usize = 22528; // eight vectors
const POINTERS: usize = STATE + 128; // u32 per lane: the next block
const LANES: usize = POINTERS + 16; // LANE_SIZE per lane
const LANE_PHASE: usize = 0;
const LANE_LEFT: usize = 4; // blocks left in this phase
const LANE_JOB: usize = 8;
const LANE_TAIL_BLOCKS: usize = 12;
const LANE_TAIL: usize = 16; // two blocks of 128 bytes at most
const LANE_SIZE: u32 = 16 + 256;

const IDLE: u32 = 0;
const DATA: u32 = 1;
const TAIL: u32 = 2;
const OUTER: u32 = 3;

/** Any number of jobs; the whole digest goes to each job's `out`. */
export function hmacLanes(context: usize, mac: u32, jobs: usize, count: u32): void {
  const width: u32 = blockBytes(mac) == 64 ? 4 : 2;
  const end = jobs + count * JOB_STRIDE;
  for (let lane: u32 = 0; lane < width; lane++) {
    start(context, mac, lane, jobs, end);
    jobs += JOB_STRIDE;
  }
  for (let run = shortestRun(width); run > 0; run = shortestRun(width)) {
    compress(mac, run);
    for (let lane: u32 = 0; lane < width; lane++) {
      const at = laneAt(lane);
      const left = load<u32>(at, LANE_LEFT) - run;
      store<u32>(at, left, LANE_LEFT);
      if (load<u32>(at, LANE_PHASE) == IDLE || left > 0) continue;
      if (!advance(context, mac, lane)) continue;
      start(context, mac, lane, jobs, end);
      jobs += JOB_STRIDE;
    }
  }
}

/** Gives the lane the job at `job`, or leaves it idle where there is none. */
function start(context: usize, mac: u32, lane: u32, job: usize, end: usize): void {
  const at = laneAt(lane);
  if (job >= end) {
    store<u32>(at, IDLE, LANE_PHASE);
    return;
  }
  const block = blockBytes(mac);
  const data = load<u32>(job, JOB_DATA);
  const length = load<u32>(job, JOB_LENGTH);
  const extraLength = load<u32>(job, JOB_EXTRA_LENGTH);
  const whole = length & ~(block - 1);
  const short = length - whole;
  const tail = at + LANE_TAIL;
  copyShort(tail, data + whole, short);
  if (extraLength > 0) store<u32>(tail + short, bswap<u32>(load<u32>(job, JOB_EXTRA)));
  store<u32>(at, job, LANE_JOB);
  store<u32>(
    at,
    pad(mac, tail, short + extraLength, block + length + extraLength),
    LANE_TAIL_BLOCKS,
  );
  setState(mac, lane, context);
  store<u32>(at, DATA, LANE_PHASE);
  setRun(lane, data, whole / block);
  if (whole == 0) advance(context, mac, lane);
}

/** The lane's phase is done: begins the next one, or writes the digest and returns true. */
function advance(context: usize, mac: u32, lane: u32): bool {
  const at = laneAt(lane);
  const tail = at + LANE_TAIL;
  const phase = load<u32>(at, LANE_PHASE);
  if (phase == OUTER) {
    getDigest(mac, lane, load<u32>(load<u32>(at, LANE_JOB), JOB_OUT));
    return true;
  }
  if (phase == DATA) {
    store<u32>(at, TAIL, LANE_PHASE);
    setRun(lane, tail, load<u32>(at, LANE_TAIL_BLOCKS));
    return false;
  }
  const block = blockBytes(mac);
  const digest = digestBytes(mac);
  getDigest(mac, lane, tail);
  pad(mac, tail, digest, block + digest);
  setState(mac, lane, context + OUTER_STATE);
  store<u32>(at, OUTER, LANE_PHASE);
  setRun(lane, tail, 1);
  return false;
}

function laneAt(lane: u32): usize {
  return scratchAt + LANES + lane * LANE_SIZE;
}

function setRun(lane: u32, data: usize, blocks: u32): void {
  store<u32>(scratchAt + POINTERS + 4 * lane, data);
  store<u32>(laneAt(lane), blocks, LANE_LEFT);
}

/** Blocks all busy lanes can take at once, 0 where none is busy. Idle lanes follow a busy one. */
function shortestRun(width: u32): u32 {
  let run: u32 = u32.MAX_VALUE;
  let busy: u32 = width;
  for (let lane: u32 = 0; lane < width; lane++) {
    const at = laneAt(lane);
    if (load<u32>(at, LANE_PHASE) == IDLE) continue;
    run = min(run, load<u32>(at, LANE_LEFT));
    busy = lane;
  }
  if (busy == width) return 0;
  const pointers = scratchAt + POINTERS;
  const follow = load<u32>(pointers + 4 * busy);
  for (let lane: u32 = 0; lane < width; lane++) {
    if (load<u32>(laneAt(lane), LANE_PHASE) == IDLE) store<u32>(pointers + 4 * lane, follow);
  }
  return run;
}

function compress(mac: u32, blocks: u32): void {
  const state = scratchAt + STATE;
  const pointers = scratchAt + POINTERS;
  if (mac == MAC_HMAC_SHA1) sha1Lanes(state, pointers, blocks);
  else if (mac == MAC_HMAC_SHA256) sha256Lanes(state, pointers, blocks);
  else if (mac == MAC_HMAC_MD5) md5Lanes(state, pointers, blocks);
  else sha512Lanes(state, pointers, blocks);
}

function setState(mac: u32, lane: u32, from: usize): void {
  const state = scratchAt + STATE;
  if (blockBytes(mac) == 64) {
    for (let i: usize = 0; i < 8; i++) {
      store<u32>(state + 16 * i + 4 * lane, load<u32>(from + 4 * i));
    }
  } else {
    for (let i: usize = 0; i < 8; i++) {
      store<u64>(state + 16 * i + 8 * lane, load<u64>(from + 8 * i));
    }
  }
}

function getDigest(mac: u32, lane: u32, out: usize): void {
  const state = scratchAt + STATE;
  const digest = digestBytes(mac);
  if (blockBytes(mac) == 64) {
    for (let i: usize = 0; i < digest; i += 4) {
      const word = load<u32>(state + 4 * i + 4 * lane);
      store<u32>(out + i, mac == MAC_HMAC_MD5 ? word : bswap<u32>(word));
    }
  } else {
    for (let i: usize = 0; i < digest; i += 8) {
      store<u64>(out + i, bswap<u64>(load<u64>(state + 2 * i + 8 * lane)));
    }
  }
}
