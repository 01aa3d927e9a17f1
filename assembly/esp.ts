// What sealing and opening share: the job of one ESP packet, nonce and additional data, lanes.
//   0                   4                   8            8+iv                        end-icv
//   +---- SPI ----------+-- sequence low ---+---- IV ----+-- packet, padding, trailer --+- ICV -+
// (RFC 4303 §2). A job lives in WORKER_JOBS from the moment its SA is known until the batch ends.
import { SA_FLAG_ESN } from '../src/contract/ids';
import { JOB_SIZE, SA_FLAGS, SA_SALT, SA_SPI, TX_SLOTS, WORKER_JOBS } from '../src/contract/layout';
import {
  CCM_AAD,
  CCM_AAD_LENGTH,
  CCM_DST,
  CCM_LENGTH,
  CCM_PREFIX,
  CCM_SRC,
  CCM_TAG,
  COUNTER_FLAGS,
} from './cipher/ccm';
import { BATCH_JOBS, LANES, NONCE, scratchAt, workerAt } from './memory';

export const ESP_HEADER: i32 = 8;
/** RFC 4303 §2.6: an inner packet that carries nothing. */
export const NO_NEXT_HEADER: u8 = 59;

// A job.
export const JOB_SA: usize = 0; // u32, address of the record
const JOB_STATE: usize = 4; // u32
export const JOB_SEQUENCE: usize = 8; // u64, with the high half
export const JOB_SOURCE: usize = 16; // u32, sealing: what is protected; opening: the ESP header
export const JOB_LENGTH: usize = 20; // i32, bytes there
export const JOB_TARGET: usize = 24; // u32, sealing: the ESP header; opening: what was protected
export const JOB_TEXT: usize = 28; // i32, bytes that are encrypted: packet, padding, trailer
export const JOB_SLOT: usize = 32; // i32, transmit slot
export const JOB_TOS: usize = 36; // i32, DSCP and ECN of the outer header
export const JOB_INDEX: usize = 40; // i32, opening: receive slot
export const JOB_HEADER: usize = 44; // i32, bytes of IP header that stand in front of JOB_TARGET
export const JOB_NEXT: usize = 48; // i32, sealing: next header, the protocol of what is protected
export const JOB_FIELD: usize = 52; // i32, where in the headers the number of what follows stands

export const JOB_SPARES: usize = 56; // i32, slots behind JOB_SLOT that are its fragments' to be

// JOB_STATE.
export const NEW: u32 = 0;
/** Numbered and framed, or checked: ready for the cipher. */
export const FRAMED: u32 = 1;
/** Encrypted, or authentic: the next kernel's turn. */
export const HALFWAY: u32 = 2;
export const DONE: u32 = 3;
export const DROPPED: u32 = 4;
export const SENT: u32 = 5;

export function jobCount(): i32 {
  return load<i32>(scratchAt + BATCH_JOBS);
}

export function jobAt(index: i32): usize {
  return workerAt + WORKER_JOBS + index * JOB_SIZE;
}

/** A fresh job; there are as many as transmit slots, and each job has one. */
export function addJob(sa: usize): usize {
  const index = min(jobCount(), TX_SLOTS - 1);
  const job = jobAt(index);
  memory.fill(job, 0, JOB_SIZE);
  store<u32>(job, <u32>sa, JOB_SA);
  store<i32>(scratchAt + BATCH_JOBS, index + 1);
  return job;
}

export function saOf(job: usize): usize {
  return load<u32>(job, JOB_SA);
}

export function stateOf(job: usize): u32 {
  return load<u32>(job, JOB_STATE);
}

export function setState(job: usize, state: u32): void {
  store<u32>(job, state, JOB_STATE);
}

/** The next job from `index` on that is in `state` and, if `sa` is not 0, of that SA; or the count. */
export function nextJob(index: i32, state: u32, sa: usize): i32 {
  const count = jobCount();
  while (index < count) {
    const job = jobAt(index);
    if (stateOf(job) == state && (sa == 0 || saOf(job) == sa)) break;
    index++;
  }
  return index;
}

/** Nonce of an AEAD or of counter mode: salt and IV (RFC 4106 §4, RFC 7634 §2, RFC 3686 §4). */
export function writeNonce(sa: usize, iv: usize): usize {
  const nonce = scratchAt + NONCE;
  store<u32>(nonce, load<u32>(sa, SA_SALT));
  store<u64>(nonce, load<u64>(iv), 4);
  return nonce;
}

/** Additional data: SPI and the whole sequence number (RFC 4106 §5) at `aad`; returns its length. */
export function writeAad(sa: usize, sequence: u64, aad: usize): u32 {
  store<u32>(aad, bswap<u32>(load<u32>(sa, SA_SPI)));
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_ESN) {
    store<u64>(aad, bswap<u64>(sequence), 4);
    return 12;
  }
  store<u32>(aad, bswap<u32>(<u32>sequence), 4);
  return 8;
}

/** Writes a job of cipher/ccm.ts to `at`; its nonce is three bytes of salt and the IV (RFC 4309 §4). */
export function addCcmJob(
  at: usize,
  job: usize,
  iv: usize,
  from: usize,
  to: usize,
  tag: usize,
): void {
  const sa = saOf(job);
  store<u32>(at, <u32>from, CCM_SRC);
  store<u32>(at, <u32>to, CCM_DST);
  store<u32>(at, load<u32>(job, JOB_TEXT), CCM_LENGTH);
  store<u32>(at, <u32>tag, CCM_TAG);
  store<u32>(at, (load<u32>(sa, SA_SALT) << 8) | COUNTER_FLAGS, CCM_PREFIX);
  store<u64>(at + 4, load<u64>(iv), CCM_PREFIX);
  store<u32>(at, writeAad(sa, load<u64>(job, JOB_SEQUENCE), at + CCM_AAD), CCM_AAD_LENGTH);
}

// A job of hmacLanes (mac/hmaclanes.ts).
const MAC_JOB = 32;

/** Adds message `data` to the call in preparation; with ESN its high half counts too (RFC 4303 §2.2.1). */
export function addMacJob(lane: i32, job: usize, data: usize, length: i32, out: usize): void {
  const at = scratchAt + LANES + lane * MAC_JOB;
  const esn = load<u32>(saOf(job), SA_FLAGS) & SA_FLAG_ESN;
  store<u32>(at, <u32>data);
  store<i32>(at, length, 4);
  store<u32>(at, <u32>out, 8);
  store<u32>(at, esn ? 4 : 0, 12);
  store<u32>(at, <u32>(load<u64>(job, JOB_SEQUENCE) >> 32), 16);
}
