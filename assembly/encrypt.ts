// The cipher's part of sealing, by kind (kernels.ts). A framed job becomes DONE (the cipher brought its
// integrity), HALFWAY (the integrity algorithm comes next) or DROPPED.
import { OUT_STATE_PROTOCOL_ERRORS } from '../src/contract/drops';
import { CIPHER_AES_GMAC } from '../src/contract/ids';
import {
  SA_CIPHER,
  SA_ICV_BYTES,
  SA_IV_BYTES,
  SA_KEY,
  SA_KEY_BYTES,
  SA_SPI,
} from '../src/contract/layout';
import { CCM_JOB, ccmSealLanes } from './cipher/ccm';
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
  writeAad,
  writeNonce,
} from './esp';
import {
  aeadSeal,
  CBC_LANES,
  cbcSeal,
  KIND_AEAD,
  KIND_CBC,
  KIND_CCM,
  KIND_CTR,
  KIND_NULL,
  kindOf,
} from './kernels';
import { AAD, LANES, scratchAt, ZERO_IV } from './memory';

const CCM_LANES: i32 = 8;
const CBC_JOB = 16; // {src, dst, length, iv} of cipher/cbc.ts

/**
 * What makes the IV: the sequence number, which no other packet under this key has. It is the IV of
 * AEADs and of counter mode. CBC needs one that nobody can tell beforehand: encrypted under the same
 * key, a block that never repeats is that (NIST SP 800-38A appendix C), so it stands in front of the
 * packet and runs as the first block of the packet's own chain, from an IV of zeros.
 */
export function writeIv(job: usize): void {
  const sa = saOf(job);
  const sequence = load<u64>(job, JOB_SEQUENCE);
  const kind = kindOf(sa);
  if (kind == KIND_NULL) return;
  if (kind != KIND_CBC) {
    store<u64>(load<u32>(job, JOB_TARGET) + ESP_HEADER, bswap<u64>(sequence));
    return;
  }
  const ivBytes = load<u32>(sa, SA_IV_BYTES);
  const at: usize = load<u32>(job, JOB_SOURCE) - ivBytes;
  store<u64>(at, sequence);
  if (ivBytes == 16) store<u64>(at, load<u32>(sa, SA_SPI), 8);
}

/** Job `index`, and with it what may go side by side. */
export function encrypt(index: i32): void {
  const job = jobAt(index);
  const sa = saOf(job);
  const kind = kindOf(sa);
  if (kind == KIND_AEAD) {
    sealAead(job, sa);
  } else if (kind == KIND_CBC) {
    sealCbc(index, sa);
  } else if (kind == KIND_CCM) {
    sealCcm(index, sa);
  } else if (kind == KIND_CTR) {
    sealCtr(job, sa);
  } else if (kind == KIND_NULL) {
    const text = load<i32>(job, JOB_TEXT);
    memory.copy(load<u32>(job, JOB_TARGET) + ESP_HEADER, load<u32>(job, JOB_SOURCE), text);
    setState(job, HALFWAY);
  } else {
    setState(job, DROPPED);
    count(OUT_STATE_PROTOCOL_ERRORS);
  }
}

function sealAead(job: usize, sa: usize): void {
  const target: usize = load<u32>(job, JOB_TARGET);
  const source: usize = load<u32>(job, JOB_SOURCE);
  const iv = target + ESP_HEADER;
  const to = iv + load<u32>(sa, SA_IV_BYTES);
  const nonce = writeNonce(sa, iv);
  const aad = scratchAt + AAD;
  let aadLength = writeAad(sa, load<u64>(job, JOB_SEQUENCE), aad);
  if (load<u32>(sa, SA_CIPHER) == CIPHER_AES_GMAC) {
    store<u64>(aad + aadLength, load<u64>(iv)); // RFC 4543 §3.3: the IV too
    aadLength += 8;
  }
  aeadSeal(sa, nonce, aad, aadLength, source, to, load<i32>(job, JOB_TEXT));
  setState(job, DONE);
}

/** Job `index` and more of its SA, CBC_LANES at most. */
function sealCbc(index: i32, sa: usize): void {
  const jobs = jobCount();
  const ivBytes = load<u32>(sa, SA_IV_BYTES);
  let lanes = 0;
  for (let i = index; i < jobs && lanes < CBC_LANES; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    const at = scratchAt + LANES + lanes * CBC_JOB;
    store<u32>(at, load<u32>(job, JOB_SOURCE) - ivBytes);
    store<u32>(at, load<u32>(job, JOB_TARGET) + ESP_HEADER, 4);
    store<u32>(at, load<u32>(job, JOB_TEXT) + ivBytes, 8);
    store<u32>(at, <u32>(scratchAt + ZERO_IV), 12);
    setState(job, HALFWAY);
    lanes++;
  }
  cbcSeal(sa, scratchAt + LANES, lanes);
}

/** Job `index` and up to seven more of its SA. */
function sealCcm(index: i32, sa: usize): void {
  const jobs = jobCount();
  let lanes = 0;
  for (let i = index; i < jobs && lanes < CCM_LANES; i = nextJob(i + 1, FRAMED, sa)) {
    const job = jobAt(i);
    const iv: usize = load<u32>(job, JOB_TARGET) + ESP_HEADER;
    const to = iv + load<u32>(sa, SA_IV_BYTES);
    const tag = to + load<i32>(job, JOB_TEXT);
    addCcmJob(scratchAt + LANES + lanes * CCM_JOB, job, iv, load<u32>(job, JOB_SOURCE), to, tag);
    setState(job, DONE);
    lanes++;
  }
  const keyBytes = load<u32>(sa, SA_KEY_BYTES);
  ccmSealLanes(sa + SA_KEY, keyBytes, load<u32>(sa, SA_ICV_BYTES), scratchAt + LANES, lanes);
}

/** RFC 3686 §4: the counter block is nonce, IV and a counter from one on. */
function sealCtr(job: usize, sa: usize): void {
  const source: usize = load<u32>(job, JOB_SOURCE);
  const iv: usize = load<u32>(job, JOB_TARGET) + ESP_HEADER;
  const to = iv + load<u32>(sa, SA_IV_BYTES);
  const nonce = writeNonce(sa, iv);
  const keyBytes = load<u32>(sa, SA_KEY_BYTES);
  ctrApply(sa + SA_KEY, keyBytes, nonce, source, to, load<i32>(job, JOB_TEXT));
  setState(job, HALFWAY);
}
