// Opens the ESP packets of a batch (RFC 4303 §3.4), in states: FRAMED (replay check passed) →
// HALFWAY (authentic) → DONE (decrypted), or DROPPED.
//   1. verify   HMAC an SA's packets side by side, compared in constant time
//   2. decrypt  AEAD verifies and decrypts in one; CBC only what is authentic
import { IN_STATE_PROTOCOL_ERRORS } from '../src/contract/drops';
import {
  CIPHER_AES_CBC,
  CIPHER_AES_GCM,
  CIPHER_CHACHA20_POLY1305,
  CIPHER_NULL,
  MAC_NONE,
} from '../src/contract/ids';
import {
  SA_CIPHER,
  SA_ICV_BYTES,
  SA_INVALID,
  SA_IV_BYTES,
  SA_KEY,
  SA_KEY_BYTES,
  SA_MAC,
  SA_MAC_KEY,
} from '../src/contract/layout';
import { count } from './counters';
import {
  addMacJob,
  DONE,
  DROPPED,
  ESP_HEADER,
  FRAMED,
  HALFWAY,
  JOB_LENGTH,
  JOB_SEQUENCE,
  JOB_SOURCE,
  JOB_TARGET,
  JOB_TEXT,
  jobAt,
  jobCount,
  nextJob,
  saOf,
  setState,
  stateOf,
  writeAad,
  writeNonce,
} from './esp';
import { aeadOpen, cbcDecrypt } from './kernels';
import { hmacLanes } from './mac/hmaclanes';
import { AAD, DIGESTS, LANES, scratchAt } from './memory';

const MAC_LANES: i32 = 16; // jobs per call: lanes take the next message as they finish
const DIGEST = 64;

export function openJobs(): void {
  const jobs = jobCount();
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) == FRAMED && load<u32>(saOf(jobAt(i)), SA_MAC) != MAC_NONE) verify(i);
  }
  for (let i = 0; i < jobs; i++) {
    const job = jobAt(i);
    if (stateOf(job) == FRAMED || stateOf(job) == HALFWAY) decrypt(job);
  }
}

/** Wrong ICV, or a suite this module does not have: nothing changes but counters. */
function refuse(job: usize): void {
  atomic.add<u64>(saOf(job), 1, SA_INVALID);
  count(IN_STATE_PROTOCOL_ERRORS);
  setState(job, DROPPED);
}

// ---- 1. verify -----------------------------------------------------------------------------------

/** Job `index` and up to fifteen more of its SA. */
function verify(index: i32): void {
  const sa = saOf(jobAt(index));
  const jobs = jobCount();
  const icv = load<i32>(sa, SA_ICV_BYTES);
  let lanes = 0;
  for (let i = index; i < jobs && lanes < MAC_LANES; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    const length = load<i32>(job, JOB_LENGTH) - icv;
    addMacJob(lanes, job, load<u32>(job, JOB_SOURCE), length, digestOf(lanes));
    lanes++;
  }
  hmacLanes(sa + SA_MAC_KEY, load<u32>(sa, SA_MAC), scratchAt + LANES, lanes);
  let lane = 0;
  for (let i = index; lane < lanes; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    const received: usize = load<u32>(job, JOB_SOURCE) + load<i32>(job, JOB_LENGTH) - icv;
    if (equal(received, digestOf(lane++), icv)) setState(job, HALFWAY);
    else refuse(job);
  }
}

function digestOf(lane: i32): usize {
  return scratchAt + DIGESTS + lane * DIGEST;
}

/** Without early exit: the time tells nothing about where they differ. */
function equal(a: usize, b: usize, length: i32): bool {
  let difference: u32 = 0;
  for (let i = 0; i < length; i++) difference |= load<u8>(a + i) ^ load<u8>(b + i);
  return difference == 0;
}

// ---- 2. decrypt ----------------------------------------------------------------------------------

function decrypt(job: usize): void {
  const sa = saOf(job);
  const cipher = load<u32>(sa, SA_CIPHER);
  const authentic = stateOf(job) == HALFWAY;
  const source: usize = load<u32>(job, JOB_SOURCE);
  const target: usize = load<u32>(job, JOB_TARGET);
  const text = load<i32>(job, JOB_TEXT);
  const iv = source + ESP_HEADER;
  const from = iv + load<u32>(sa, SA_IV_BYTES);
  if (cipher == CIPHER_AES_GCM || cipher == CIPHER_CHACHA20_POLY1305) {
    if (!openAead(job, sa, iv, from)) return refuse(job);
  } else if (!authentic) {
    return refuse(job); // encryption without integrity is not opened
  } else if (cipher == CIPHER_AES_CBC) {
    cbcDecrypt(sa + SA_KEY, load<u32>(sa, SA_KEY_BYTES), iv, from, target, text);
  } else if (cipher == CIPHER_NULL) {
    memory.copy(target, from, text);
  } else {
    return refuse(job);
  }
  setState(job, DONE);
}

function openAead(job: usize, sa: usize, iv: usize, from: usize): bool {
  const text = load<i32>(job, JOB_TEXT);
  const target: usize = load<u32>(job, JOB_TARGET);
  const nonce = writeNonce(sa, iv);
  const aad = scratchAt + AAD;
  const aadLength = writeAad(sa, load<u64>(job, JOB_SEQUENCE));
  return aeadOpen(sa, nonce, aad, aadLength, from, target, text);
}
