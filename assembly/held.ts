// Packets whose policy wants an SA that is being negotiated wait here, a few per policy and worker, so
// that the first packet of a tunnel is not lost:
//   1. hold      the packet in view, copied out of its receive slot
//   2. takeHeld  what may be tried again, oldest first, as if it came from the TUN now: something changed
//                at its policy, or at all policies. What waited too long, or for an SA that the control
//                plane gave up on, goes nowhere and is counted.
// A packet that is tried again and finds no SA waits on in the place it has, no longer than it would have.
import { HELD, OUT_NO_STATES } from '../src/contract/drops';
import {
  CONTROL_AT,
  CONTROL_POLICY_EPOCH,
  CONTROL_TUN_HEADER,
  HELD_CHAIN,
  HELD_EPOCH,
  HELD_MOST,
  HELD_POLICY,
  POLICY_CHAIN,
  POLICY_ID,
  POLICY_UNMET_AT,
  RX_AT,
  RX_DONE,
  RX_HELD,
  RX_LENGTH,
  RX_ROOM,
  WAITING_AT,
  WAITING_LENGTH,
  WAITING_STATE,
  WAITING_WHOSE,
  WORKER_HELD,
} from '../src/contract/layout';
import { count } from './counters';
import { BATCH_EPOCH, scratchAt, workerAt } from './memory';
import { entryAt } from './receive';
import {
  fillPlace,
  findPlace,
  isOverdue,
  keepSkipped,
  oldest,
  packetAt,
  placeAt,
  release,
  releaseTried,
  SKIPPED,
  stateAt,
  TRIED,
  WAITS,
} from './waiting';

/** Our own choice: an answer that comes later is of no use to whoever sent the packet. */
const HOLD_MS: u64 = 10_000;

function room(): usize {
  return workerAt + WORKER_HELD;
}

// ---- 1. hold -------------------------------------------------------------------------------------

/** The packet of receive list entry `entry` waits for an SA of `policy`; false: there is no place. */
export function hold(entry: usize, policy: usize): bool {
  const before = load<i32>(entry, RX_HELD);
  if (before > 0 && stateAt(room(), before - 1) == TRIED) {
    wait(placeAt(room(), before - 1), policy);
    return true;
  }
  const length = load<i32>(entry, RX_LENGTH);
  const id = load<u32>(policy, POLICY_ID);
  const index = length > RX_ROOM ? -1 : findPlace(room(), id, HELD_MOST);
  if (index < 0) return false;
  wait(fillPlace(room(), index, id, load<u32>(entry, RX_AT), length), policy);
  count(HELD);
  return true;
}

function wait(place: usize, policy: usize): void {
  store<u32>(place, <u32>policy, HELD_POLICY);
  store<u32>(place, load<u32>(policy, POLICY_ID), WAITING_WHOSE);
  store<u32>(place, load<u32>(scratchAt + BATCH_EPOCH), HELD_EPOCH);
  store<u32>(place, atomic.load<u32>(policy, POLICY_CHAIN), HELD_CHAIN);
  store<u32>(place, WAITS, WAITING_STATE);
}

// ---- 2. takeHeld ---------------------------------------------------------------------------------

/**
 * Puts what may be tried again on the receive list, for processOutbound, and returns how many there
 * are; to be called until that is 0.
 */
export function takeHeld(nowMs: f64): i32 {
  const now = <u64>nowMs;
  releaseTried(room());
  const epoch = atomic.load<u32>(CONTROL_AT, CONTROL_POLICY_EPOCH) + 1;
  let taken = 0;
  for (let i = oldest(room()); i >= 0; i = oldest(room())) {
    const place = placeAt(room(), i);
    if (isVain(place, now, epoch)) {
      count(OUT_NO_STATES);
      release(room(), i);
    } else if (hasChanged(place, epoch)) {
      tryAgain(i, taken++);
    } else {
      store<u32>(place, SKIPPED, WAITING_STATE);
    }
  }
  keepSkipped(room());
  return taken;
}

/** In the copy of policies that is no longer in force an address means nothing. */
function hasChanged(place: usize, epoch: u32): bool {
  if (load<u32>(place, HELD_EPOCH) != epoch) return true;
  const policy: usize = load<u32>(place, HELD_POLICY);
  return atomic.load<u32>(policy, POLICY_CHAIN) != load<u32>(place, HELD_CHAIN);
}

function isVain(place: usize, now: u64, epoch: u32): bool {
  if (isOverdue(place, now, HOLD_MS)) return true;
  if (hasChanged(place, epoch)) return false;
  const since = load<u64>(place, WAITING_AT);
  return atomic.load<u64>(load<u32>(place, HELD_POLICY), POLICY_UNMET_AT) >= since;
}

function tryAgain(index: i32, taken: i32): void {
  const place = placeAt(room(), index);
  const at = packetAt(room(), index);
  // its checksum was completed when it came; it is one packet
  const header = load<u32>(CONTROL_AT + CONTROL_TUN_HEADER);
  memory.fill(at - header, 0, header);
  const entry = entryAt(taken);
  store<u32>(entry, <u32>at, RX_AT);
  store<i32>(entry, load<i32>(place, WAITING_LENGTH), RX_LENGTH);
  store<u32>(entry, 0, RX_DONE);
  store<i32>(entry, index + 1, RX_HELD);
  store<u32>(place, TRIED, WAITING_STATE);
}
