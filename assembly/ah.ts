// The Authentication Header (RFC 4302):
//   0             1            2           4       8            12                    end of AH
//   +- next header +- length ---+- reserved +- SPI -+- sequence --+- ICV, padding ------+
//   out  1. sealAh    header, AH and what follows into the slot; the ICV over all of it
//   in   2. frameAh   the packet as it came, put together in a slot
//        3. verifyAh  the ICV, an SA's packets side by side
//        4. stripAh   transport mode: the packet without the AH
// The ICV covers the IP header too, so its true form is put aside, behind the message's control data,
// while what may change is masked. AH leaves as a whole packet: the kernel must not write the header.
import { OUT_STATE_MODE_ERRORS } from '../src/contract/drops';
import { SA_FLAG_AH, SA_FLAG_OUTER_V6, SA_FLAG_TRANSPORT } from '../src/contract/ids';
import {
  CMSG,
  SA_FLAGS,
  SA_ICV_BYTES,
  SA_LOCAL,
  SA_MAC,
  SA_MAC_KEY,
  SA_REMOTE,
  SA_SPI,
  WORKER_TX_CMSG,
} from '../src/contract/layout';
import { count } from './counters';
import { refuse } from './decrypt';
import {
  addMacJob,
  DONE,
  DROPPED,
  FRAMED,
  JOB_FIELD,
  JOB_HEADER,
  JOB_LENGTH,
  JOB_NEXT,
  JOB_SEQUENCE,
  JOB_SLOT,
  JOB_SOURCE,
  JOB_TARGET,
  JOB_TEXT,
  JOB_TOS,
  jobAt,
  jobCount,
  nextJob,
  saOf,
  setState,
} from './esp';
import { setHeaderChecksum } from './ip/checksum';
import { VIEW_SPLIT, VIEW_SPLIT_NEXT } from './ip/extensions';
import { HEADER_4, HEADER_6, setPacketLength, writeHeader4, writeHeader6 } from './ip/header';
import { maskHeader } from './ip/mutable';
import { IP_AH, viewed } from './ip/packet';
import { hmacLanes } from './mac/hmaclanes';
import { DIGESTS, LANES, scratchAt, workerAt } from './memory';
import { equal } from './open';

/** Next header, length, reserved, SPI, sequence number. */
export const AH_FIXED: i32 = 12;
/** Headers in front of an AH that have room beside the packet. */
export const AH_HEADERS: i32 = CMSG;
const MAC_LANES: i32 = 16;
const DIGEST = 64;

export function isAh(sa: usize): bool {
  return (load<u32>(sa, SA_FLAGS) & SA_FLAG_AH) != 0;
}

/** Bytes of an AH of ours: a multiple of 4 in IPv4, of 8 in IPv6 (RFC 4302 §2.6). */
export function ahBytes(sa: usize): i32 {
  const icv = AH_FIXED + load<i32>(sa, SA_ICV_BYTES);
  return load<u32>(sa, SA_FLAGS) & SA_FLAG_OUTER_V6 ? (icv + 7) & ~7 : (icv + 3) & ~3;
}

/** Bytes in front of a packet in its slot that need not move when its headers do. */
export function ahFront(sa: usize): usize {
  return ahBytes(sa) + (load<u32>(sa, SA_FLAGS) & SA_FLAG_TRANSPORT ? 0 : outerBytes(sa));
}

export function outerBytes(sa: usize): i32 {
  return load<u32>(sa, SA_FLAGS) & SA_FLAG_OUTER_V6 ? HEADER_6 : HEADER_4;
}

/** Where the true headers of a job are put aside. */
function asideOf(job: usize): usize {
  return workerAt + WORKER_TX_CMSG + load<i32>(job, JOB_SLOT) * CMSG;
}

// ---- out: 1. seal ----------------------------------------------------------------------------------

/** The packet in view, at `at`, is this job's. */
export function splitAhJob(job: usize, at: usize): void {
  const split = viewed(VIEW_SPLIT);
  if (split == 0) return;
  store<i32>(job, split, JOB_HEADER);
  store<i32>(job, viewed(VIEW_SPLIT_NEXT), JOB_FIELD);
  store<i32>(job, load<u8>(at + viewed(VIEW_SPLIT_NEXT)), JOB_NEXT);
}

/** Job `index` and up to fifteen more of its SA: from FRAMED (numbered) to DONE. */
export function sealAh(index: i32): void {
  const sa = saOf(jobAt(index));
  const jobs = jobCount();
  let lanes = 0;
  for (let i = index; i < jobs && lanes < MAC_LANES; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    frame(sa, job);
    if (!mask(job)) {
      setState(job, DROPPED);
      count(OUT_STATE_MODE_ERRORS);
      continue;
    }
    addMacJob(lanes, job, load<u32>(job, JOB_TARGET), load<i32>(job, JOB_TEXT), digestOf(lanes));
    lanes++;
  }
  hmacLanes(sa + SA_MAC_KEY, load<u32>(sa, SA_MAC), scratchAt + LANES, lanes);
  let lane = 0;
  for (let i = index; lane < lanes; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    const target: usize = load<u32>(job, JOB_TARGET);
    const header = load<i32>(job, JOB_HEADER);
    memory.copy(target, asideOf(job), header);
    memory.copy(target + header + AH_FIXED, digestOf(lane++), load<u32>(sa, SA_ICV_BYTES));
    setState(job, DONE);
  }
}

/** Lays out headers, AH and payload in the slot; JOB_HEADER and JOB_TEXT say how long they are. */
function frame(sa: usize, job: usize): void {
  const source: usize = load<u32>(job, JOB_SOURCE);
  const target: usize = load<u32>(job, JOB_TARGET);
  const kept = load<i32>(job, JOB_HEADER);
  const header = kept > 0 ? kept : outerBytes(sa);
  const payload = load<i32>(job, JOB_LENGTH) - kept;
  const bytes = ahBytes(sa);
  const total = header + bytes + payload;
  // the headers first: they move towards the slot's beginning, away from the payload
  memory.copy(target, source, kept);
  memory.copy(target + header + bytes, source + kept, payload);
  if (kept > 0) {
    store<u8>(target + load<i32>(job, JOB_FIELD), <u8>IP_AH);
    setPacketLength(target, header, total);
  } else {
    writeOuter(sa, target, total, load<i32>(job, JOB_TOS));
  }
  if (load<u8>(target) >> 4 == 4) giveId(target, header, load<u32>(job, JOB_SEQUENCE));
  const at = target + header;
  memory.fill(at, 0, bytes);
  store<u8>(at, <u8>load<i32>(job, JOB_NEXT));
  store<u8>(at, <u8>((bytes >> 2) - 2), 1);
  store<u32>(at, bswap<u32>(load<u32>(sa, SA_SPI)), 4);
  store<u32>(at, bswap<u32>(load<u32>(job, JOB_SEQUENCE)), 8);
  store<i32>(job, header, JOB_HEADER);
  store<i32>(job, total, JOB_TEXT);
}

function writeOuter(sa: usize, at: usize, total: i32, tos: i32): void {
  const src = sa + SA_LOCAL;
  const dst = sa + SA_REMOTE;
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_OUTER_V6) writeHeader6(at, total, IP_AH, tos, src, dst);
  else writeHeader4(at, total, IP_AH, tos, load<u32>(src, 12), load<u32>(dst, 12));
}

/** The kernel fills in an identification of 0 (raw(7)), which the ICV covers: never 0 then. */
function giveId(at: usize, header: i32, sequence: u32): void {
  if (load<u16>(at, 4) != 0) return;
  store<u16>(at, bswap<u16>(<u16>sequence == 0 ? 0xffff : <u16>sequence), 4);
  setHeaderChecksum(at, header);
}

/** Puts the headers aside and masks them. */
function mask(job: usize): bool {
  const header = load<i32>(job, JOB_HEADER);
  const target: usize = load<u32>(job, JOB_TARGET);
  memory.copy(asideOf(job), target, header);
  return maskHeader(target, header);
}

function digestOf(lane: i32): usize {
  return scratchAt + DIGESTS + lane * DIGEST;
}

// ---- in: 2. the packet as it came ------------------------------------------------------------------

/**
 * The job's target holds JOB_HEADER bytes of headers; its source is the AH as received, JOB_LENGTH bytes
 * with what follows. Puts both together and masks what the ICV does not cover.
 */
export function frameAh(sa: usize, job: usize): bool {
  const target: usize = load<u32>(job, JOB_TARGET);
  const header = load<i32>(job, JOB_HEADER);
  const length = load<i32>(job, JOB_LENGTH);
  const icv = load<i32>(sa, SA_ICV_BYTES);
  memory.copy(target + header, load<u32>(job, JOB_SOURCE), length);
  memory.fill(target + header + AH_FIXED, 0, icv);
  store<i32>(job, header + length, JOB_TEXT);
  return mask(job);
}

// ---- in: 3. verify ---------------------------------------------------------------------------------

/** Job `index` and up to fifteen more of its SA: from FRAMED to DONE, or DROPPED. */
export function verifyAh(index: i32): void {
  const sa = saOf(jobAt(index));
  const jobs = jobCount();
  let lanes = 0;
  for (let i = index; i < jobs && lanes < MAC_LANES; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    addMacJob(lanes, job, load<u32>(job, JOB_TARGET), load<i32>(job, JOB_TEXT), digestOf(lanes));
    lanes++;
  }
  hmacLanes(sa + SA_MAC_KEY, load<u32>(sa, SA_MAC), scratchAt + LANES, lanes);
  let lane = 0;
  for (let i = index; lane < lanes; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    const received: usize = load<u32>(job, JOB_SOURCE) + AH_FIXED;
    if (equal(received, digestOf(lane++), load<i32>(sa, SA_ICV_BYTES))) setState(job, DONE);
    else refuse(job);
  }
}

// ---- in: 4. strip ----------------------------------------------------------------------------------

/** Bytes of the AH at `at` as it says itself: padding beyond ours is the sender's business. */
export function statedBytes(at: usize): i32 {
  return (load<u8>(at, 1) + 2) << 2;
}

/** Puts the true headers right in front of the payload; returns where the packet begins. */
export function stripAh(job: usize, payload: usize, length: i32, next: i32): usize {
  const header = load<i32>(job, JOB_HEADER);
  const at = payload - header;
  memory.copy(at, asideOf(job), header);
  store<u8>(at + load<i32>(job, JOB_FIELD), <u8>next);
  setPacketLength(at, header, header + length);
  return at;
}
