// Mail to main: a ring of records in the worker's region with one writer (this) and one reader.
//   1. openMail: room for one record   2. the caller fills it   3. postMail: publishes it
// A full ring loses the message, which is counted; the control plane's peers repeat themselves.
import { MAIL_LOST } from '../src/contract/drops';
import { MAIL_PADDING } from '../src/contract/ids';
import {
  MAIL_LENGTH,
  MAIL_SA_SIZE,
  MAIL_SA_SLOT,
  MAIL_SA_SPI,
  MAIL_SIZE,
  MAIL_TYPE,
  SA_SLOT,
  SA_SPI,
  WORKER_MAIL,
  WORKER_MAIL_HEAD,
  WORKER_MAIL_TAIL,
} from '../src/contract/layout';
import { count } from './counters';
import { workerAt } from './memory';

/** Returns where a record of `length` bytes (rounded up to 8) goes, with its header, or 0. */
export function openMail(kind: u32, length: i32): usize {
  return openWithin(MAIL_SIZE, kind, length);
}

/**
 * For what anybody can send without having heard of us: it may fill half of the ring, so that a flood of
 * it leaves room for the messages of SAs that stand.
 */
export function openStrangersMail(kind: u32, length: i32): usize {
  return openWithin(MAIL_SIZE / 2, kind, length);
}

function openWithin(limit: u32, kind: u32, length: i32): usize {
  const size = <u32>((length + 7) & ~7);
  const ring: u32 = MAIL_SIZE;
  let head = load<u32>(workerAt, WORKER_MAIL_HEAD);
  const used = head - atomic.load<u32>(workerAt, WORKER_MAIL_TAIL);
  const toEnd = ring - (head & (ring - 1));
  const padding = toEnd < size ? toEnd : 0;
  if (used > limit || limit - used < size + padding) {
    count(MAIL_LOST);
    return 0;
  }
  if (padding > 0) {
    const at = workerAt + WORKER_MAIL + (head & (ring - 1));
    store<u32>(at, padding, MAIL_LENGTH);
    store<u32>(at, MAIL_PADDING, MAIL_TYPE);
    head += padding;
    atomic.store<u32>(workerAt, head, WORKER_MAIL_HEAD);
  }
  const at = workerAt + WORKER_MAIL + (head & (ring - 1));
  memory.fill(at, 0, size);
  store<u32>(at, size, MAIL_LENGTH);
  store<u32>(at, kind, MAIL_TYPE);
  return at;
}

/** Publishes the record that openMail gave. */
export function postMail(at: usize): void {
  const head = load<u32>(workerAt, WORKER_MAIL_HEAD);
  atomic.store<u32>(workerAt, head + load<u32>(at, MAIL_LENGTH), WORKER_MAIL_HEAD);
}

/** An event of an SA; returns the record before it is posted, or 0. */
export function openSaMail(kind: u32, sa: usize): usize {
  const at = openMail(kind, MAIL_SA_SIZE);
  if (at == 0) return 0;
  store<u32>(at, load<u32>(sa, SA_SLOT), MAIL_SA_SLOT);
  store<u32>(at, load<u32>(sa, SA_SPI), MAIL_SA_SPI);
  return at;
}

export function mailSa(kind: u32, sa: usize): void {
  const at = openSaMail(kind, sa);
  if (at != 0) postMail(at);
}
