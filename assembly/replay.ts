// The inbound sequence number of an SA: its high half (RFC 4303 appendix A2.2) and its replay window.
//   1. inferSequence: 32 bits on the wire -> 64 bits       2. checkReplay: before the ICV, no effect
//   3. commitReplay: after the ICV, takes the number
// The window is a ring of words {tag << 32 | bits}, number n at word (n >> 5) mod its length with tag
// (n >> 5) / its length: NEAR_WORDS where the window is small, else WINDOW_WORDS. One compare-and-swap
// clears a word and sets a bit, so that any thread may commit any number at any time and each is taken
// once. SA_SEQ, the right edge, only ever rises.
// Tags are compared as serial numbers: a word would have to stay untouched for 2^39 packets to mislead.
import { SA_FLAG_ANTI_REPLAY, SA_FLAG_ESN } from '../src/contract/ids';
import {
  NEAR_MOST,
  NEAR_WORDS,
  SA_FLAGS,
  SA_NEAR_WINDOW,
  SA_REPLAY_WINDOW,
  SA_SEQ,
  SA_WINDOW,
  WINDOW_WORDS,
} from '../src/contract/layout';

export const REPLAYED: i32 = 0;
const TAKEN: i32 = 1;
/** Taken, and higher than any before. */
export const ADVANCED: i32 = 2;

/** No number: the one on the wire cannot belong to this SA. */
const NO_SEQUENCE: u64 = 0;

export function inferSequence(sa: usize, low: u32): u64 {
  if ((load<u32>(sa, SA_FLAGS) & SA_FLAG_ESN) == 0) return low;
  const right = atomic.load<u64>(sa, SA_SEQ);
  const window = max<u32>(32, load<u32>(sa, SA_REPLAY_WINDOW));
  const rightLow = <u32>right;
  const high = right >> 32;
  const left = rightLow - window + 1; // mod 2^32, as in the appendix
  if (rightLow >= window - 1) {
    // the window lies in one subspace: a smaller number is of the next one
    return ((low >= left ? high : high + 1) << 32) | low;
  }
  // it spans two: a large number is of the one before, which the first subspace has not
  if (low < left) return (high << 32) | low;
  return high == 0 ? NO_SEQUENCE : ((high - 1) << 32) | low;
}

/** Whether the number could still be taken. */
export function checkReplay(sa: usize, sequence: u64): bool {
  if (sequence == NO_SEQUENCE) return false;
  if ((load<u32>(sa, SA_FLAGS) & SA_FLAG_ANTI_REPLAY) == 0) return true;
  const right = atomic.load<u64>(sa, SA_SEQ);
  const window: u64 = load<u32>(sa, SA_REPLAY_WINDOW);
  if (right >= window && sequence <= right - window) return false;
  const near = isNear(sa);
  return isFresh(atomic.load<u64>(wordOf(sa, near, sequence)), near, sequence);
}

/** Takes an authentic number: REPLAYED, TAKEN or ADVANCED. */
export function commitReplay(sa: usize, sequence: u64): i32 {
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_ANTI_REPLAY) {
    const near = isNear(sa);
    const at = wordOf(sa, near, sequence);
    const tag = tagOf(near, sequence);
    const bit = bitOf(sequence);
    for (;;) {
      const word = atomic.load<u64>(at);
      if (!isFresh(word, near, sequence)) return REPLAYED;
      const next = tag == <u32>(word >> 32) ? word | bit : ((<u64>tag) << 32) | bit;
      if (atomic.cmpxchg<u64>(at, word, next) == word) break;
    }
  }
  return raise(sa, sequence) ? ADVANCED : TAKEN;
}

function raise(sa: usize, sequence: u64): bool {
  let right = atomic.load<u64>(sa, SA_SEQ);
  while (sequence > right) {
    const found = atomic.cmpxchg<u64>(sa, right, sequence, SA_SEQ);
    if (found == right) return true;
    right = found;
  }
  return false;
}

/** Whether the window stands in the record's first half. */
function isNear(sa: usize): bool {
  return load<u32>(sa, SA_REPLAY_WINDOW) <= <u32>NEAR_MOST;
}

function wordOf(sa: usize, near: bool, sequence: u64): usize {
  const number = sequence >> 5;
  if (near) return sa + SA_NEAR_WINDOW + ((<usize>(number % NEAR_WORDS)) << 3);
  return sa + SA_WINDOW + ((<usize>(number % WINDOW_WORDS)) << 3);
}

function tagOf(near: bool, sequence: u64): u32 {
  return <u32>(near ? (sequence >> 5) / NEAR_WORDS : (sequence >> 5) / WINDOW_WORDS);
}

/** Whether the word is of an earlier round of the ring, or of this one without the number's bit. */
function isFresh(word: u64, near: bool, sequence: u64): bool {
  const ahead = <i32>(tagOf(near, sequence) - <u32>(word >> 32));
  return ahead > 0 || (ahead == 0 && (word & bitOf(sequence)) == 0);
}

function bitOf(sequence: u64): u64 {
  return (<u64>1) << (sequence & 31);
}
