// The cipher's part of opening, by kind (kernels.ts). A job becomes DONE or DROPPED.
import { IN_STATE_PROTOCOL_ERRORS } from '../src/contract/drops';
import { CIPHER_AES_GMAC } from '../src/contract/ids';
import {
  SA_CIPHER,
  SA_ICV_BYTES,
  SA_INVALID,
  SA_IV_BYTES,
  SA_KEY,
  SA_KEY_BYTES,
} from '../src/contract/layout';
import { CCM_JOB, ccmOpenLanes } from './cipher/ccm';
import { ctrApply } from './cipher/ctr';
import { count } from './counters';
import {
  addCcmJob,
  DONE,
  DROPPED,
  ESP_HEADER,
  FRAMED,
  HALFWAY,
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
import {
  aeadOpen,
  cbcOpen,
  KIND_AEAD,
  KIND_CBC,
  KIND_CCM,
  KIND_CTR,
  KIND_NULL,
  kindOf,
} from './kernels';
import { AAD, LANES, scratchAt } from './memory';

const CCM_LANES: i32 = 8;

/** Wrong ICV, or a suite this module does not have: nothing changes but counters. */
export function refuse(job: usize): void {
  atomic.add<u64>(saOf(job), 1, SA_INVALID);
  count(IN_STATE_PROTOCOL_ERRORS);
  setState(job, DROPPED);
}

/** Job `index`, and with it what may go side by side. */
export function decrypt(index: i32): void {
  const job = jobAt(index);
  const sa = saOf(job);
  const kind = kindOf(sa);
  const target: usize = load<u32>(job, JOB_TARGET);
  const text = load<i32>(job, JOB_TEXT);
  const iv: usize = load<u32>(job, JOB_SOURCE) + ESP_HEADER;
  const from = iv + load<u32>(sa, SA_IV_BYTES);
  if (kind == KIND_CCM) return openCcm(index, sa);
  if (kind == KIND_AEAD) {
    if (!openAead(job, sa, iv, from)) return refuse(job);
  } else if (stateOf(job) != HALFWAY) {
    return refuse(job); // encryption without integrity is not opened
  } else if (kind == KIND_CBC) {
    cbcOpen(sa, iv, from, target, text);
  } else if (kind == KIND_CTR) {
    const nonce = writeNonce(sa, iv);
    ctrApply(sa + SA_KEY, load<u32>(sa, SA_KEY_BYTES), nonce, from, target, text);
  } else if (kind == KIND_NULL) {
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
  let aadLength = writeAad(sa, load<u64>(job, JOB_SEQUENCE), aad);
  if (load<u32>(sa, SA_CIPHER) == CIPHER_AES_GMAC) {
    store<u64>(aad + aadLength, load<u64>(iv)); // RFC 4543 §3.3: the IV too
    aadLength += 8;
  }
  return aeadOpen(sa, nonce, aad, aadLength, from, target, text);
}

/** Job `index` and up to seven more of its SA. */
function openCcm(index: i32, sa: usize): void {
  const jobs = jobCount();
  let lanes = 0;
  for (let i = index; i < jobs && lanes < CCM_LANES; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    const iv: usize = load<u32>(job, JOB_SOURCE) + ESP_HEADER;
    const from = iv + load<u32>(sa, SA_IV_BYTES);
    const tag = from + load<i32>(job, JOB_TEXT);
    addCcmJob(scratchAt + LANES + lanes * CCM_JOB, job, iv, from, load<u32>(job, JOB_TARGET), tag);
    lanes++;
  }
  const icv = load<u32>(sa, SA_ICV_BYTES);
  const keyBytes = load<u32>(sa, SA_KEY_BYTES);
  const right = ccmOpenLanes(sa + SA_KEY, keyBytes, icv, scratchAt + LANES, lanes);
  let lane = 0;
  for (let i = index; lane < lanes; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    if ((right >> lane++) & 1) setState(job, DONE);
    else refuse(job);
  }
}
