// Opens the packets of a batch (RFC 4303 §3.4; AH in ah.ts), in states: FRAMED (replay check passed) →
// HALFWAY (authentic) → DONE (decrypted), or DROPPED.
//   1. verify   HMAC an SA's packets side by side, compared in constant time
//   2. decrypt  (decrypt.ts) an AEAD verifies and decrypts in one; the others only what is authentic
import { MAC_NONE } from '../src/contract/ids';
import { SA_ICV_BYTES, SA_MAC, SA_MAC_KEY } from '../src/contract/layout';
import { isAh, verifyAh } from './ah';
import { decrypt, refuse } from './decrypt';
import {
  addMacJob,
  FRAMED,
  HALFWAY,
  JOB_LENGTH,
  JOB_SOURCE,
  jobAt,
  jobCount,
  nextJob,
  saOf,
  setState,
  stateOf,
} from './esp';
import { hmacLanes } from './mac/hmaclanes';
import { DIGESTS, LANES, scratchAt } from './memory';

const MAC_LANES: i32 = 16; // jobs per call: lanes take the next message as they finish
const DIGEST = 64;

export function openJobs(): void {
  const jobs = jobCount();
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) != FRAMED) continue;
    const sa = saOf(jobAt(i));
    if (isAh(sa)) verifyAh(i);
    else if (load<u32>(sa, SA_MAC) != MAC_NONE) verify(i);
  }
  for (let i = 0; i < jobs; i++) {
    const job = jobAt(i);
    if (stateOf(job) == FRAMED || stateOf(job) == HALFWAY) decrypt(i);
  }
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
export function equal(a: usize, b: usize, length: i32): bool {
  let difference: u32 = 0;
  for (let i = 0; i < length; i++) difference |= load<u8>(a + i) ^ load<u8>(b + i);
  return difference == 0;
}
