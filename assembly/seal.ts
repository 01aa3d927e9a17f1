// Seals the packets of a batch (RFC 4303 §3.3), AH after numbering in a way of its own (ah.ts):
//   1. number       one atomic add per SA reserves the batch's numbers; nothing ever wraps
//   2. frame        trailer behind the inner packet, header and IV into the transmit slot
//   3. encrypt      (encrypt.ts) by the kind of cipher, one by one or an SA's packets side by side
//   4. authenticate HMAC an SA's packets side by side
import { OUT_BYTES, OUT_PACKETS, OUT_STATE_SEQUENCE_ERRORS } from '../src/contract/drops';
import { MAC_NONE, SA_FLAG_ESN } from '../src/contract/ids';
import {
  SA_BLOCK_BYTES,
  SA_FLAGS,
  SA_IV_BYTES,
  SA_MAC,
  SA_MAC_KEY,
  SA_SEQ,
  SA_SOFT_SEQ,
  SA_SPI,
} from '../src/contract/layout';
import { isAh, sealAh } from './ah';
import { isAround } from './bundle';
import { count, countMore } from './counters';
import { encrypt, writeIv } from './encrypt';
import {
  addMacJob,
  DONE,
  DROPPED,
  ESP_HEADER,
  FRAMED,
  HALFWAY,
  JOB_LENGTH,
  JOB_NEXT,
  JOB_SEQUENCE,
  JOB_SOURCE,
  JOB_TARGET,
  JOB_TEXT,
  jobAt,
  jobCount,
  NEW,
  nextJob,
  saOf,
  setState,
  stateOf,
} from './esp';
import { hmacLanes } from './mac/hmaclanes';
import { LANES, scratchAt, ZERO_IV } from './memory';
import { account, raiseHard, raiseSoft } from './sa';

const LAST_SHORT: u64 = 0xffffffff;
/** Below the end by more than any batch takes, so that the counter itself cannot wrap. */
const LAST_ESN: u64 = 0xffffffff00000000;
const MAC_LANES: i32 = 16; // jobs per call: lanes take the next message as they finish

/** Jobs in state NEW become DONE or DROPPED. */
export function sealJobs(): void {
  const jobs = jobCount();
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) == NEW) number(i);
  }
  store<u64>(scratchAt + ZERO_IV, 0);
  store<u64>(scratchAt + ZERO_IV, 0, 8);
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) == FRAMED && !isAh(saOf(jobAt(i)))) frame(jobAt(i));
  }
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) != FRAMED) continue;
    if (isAh(saOf(jobAt(i)))) sealAh(i);
    else encrypt(i);
  }
  for (let i = 0; i < jobs; i++) {
    if (stateOf(jobAt(i)) == HALFWAY) authenticate(i);
  }
}

// ---- 1. number -----------------------------------------------------------------------------------

/** Numbers every new job of the SA of job `first`. */
function number(first: i32): void {
  const sa = saOf(jobAt(first));
  const jobs = jobCount();
  let wanted: u64 = 0;
  for (let i = nextJob(first, NEW, sa); i < jobs; i = nextJob(i + 1, NEW, sa)) wanted++;
  let sequence = atomic.add<u64>(sa, wanted, SA_SEQ) + 1;
  const last = load<u32>(sa, SA_FLAGS) & SA_FLAG_ESN ? LAST_ESN : LAST_SHORT;
  let packets: u64 = 0;
  let bytes: u64 = 0;
  for (let i = nextJob(first, NEW, sa); i < jobs; i = nextJob(i + 1, NEW, sa)) {
    const job = jobAt(i);
    if (sequence > last) {
      setState(job, DROPPED);
      count(OUT_STATE_SEQUENCE_ERRORS);
      raiseHard(sa);
    } else {
      store<u64>(job, sequence, JOB_SEQUENCE);
      setState(job, FRAMED);
      packets++;
      bytes += load<i32>(job, JOB_LENGTH);
    }
    sequence++;
  }
  const soft = load<u64>(sa, SA_SOFT_SEQ);
  if (soft != 0 && sequence > soft) raiseSoft(sa);
  if (packets == 0) return;
  account(sa, packets, bytes);
  if (isAround(sa)) return; // counted with the ESP inside
  countMore(OUT_PACKETS, packets);
  countMore(OUT_BYTES, bytes);
}

// ---- 2. frame ------------------------------------------------------------------------------------

function frame(job: usize): void {
  const sa = saOf(job);
  const source: usize = load<u32>(job, JOB_SOURCE);
  const target: usize = load<u32>(job, JOB_TARGET);
  const length = load<i32>(job, JOB_LENGTH);
  const sequence = load<u64>(job, JOB_SEQUENCE);
  const block = load<i32>(sa, SA_BLOCK_BYTES);
  const text = (length + 2 + block - 1) & ~(block - 1);
  const padding = text - length - 2;
  const trailer = source + length;
  for (let i = 0; i < padding; i++) store<u8>(trailer + i, <u8>(i + 1));
  store<u8>(trailer + padding, <u8>padding);
  store<u8>(trailer + padding, load<u8>(job, JOB_NEXT), 1);
  store<i32>(job, text, JOB_TEXT);
  store<u32>(target, bswap<u32>(load<u32>(sa, SA_SPI)));
  store<u32>(target, bswap<u32>(<u32>sequence), 4);
  writeIv(job);
}

// ---- 4. authenticate -----------------------------------------------------------------------------

/** Job `index` and up to fifteen more of its SA. The whole digest goes behind the text; room is there. */
function authenticate(index: i32): void {
  const sa = saOf(jobAt(index));
  const mac = load<u32>(sa, SA_MAC);
  const jobs = jobCount();
  const header = ESP_HEADER + load<i32>(sa, SA_IV_BYTES);
  let lanes = 0;
  for (let i = index; i < jobs && lanes < MAC_LANES; i = nextJob(i + 1, HALFWAY, sa)) {
    const job = jobAt(i);
    const target: usize = load<u32>(job, JOB_TARGET);
    const length = header + load<i32>(job, JOB_TEXT);
    addMacJob(lanes, job, target, length, target + length);
    setState(job, DONE);
    lanes++;
  }
  if (mac != MAC_NONE) hmacLanes(sa + SA_MAC_KEY, mac, scratchAt + LANES, lanes);
}
