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
  HELD_AT,
  HELD_CHAIN,
  HELD_ENTRY,
  HELD_EPOCH,
  HELD_ID,
  HELD_LENGTH,
  HELD_MOST,
  HELD_ORDER,
  HELD_PLACES,
  HELD_POLICY,
  HELD_STATE,
  POLICY_CHAIN,
  POLICY_ID,
  POLICY_UNMET_AT,
  RX_AT,
  RX_DONE,
  RX_HELD,
  RX_LENGTH,
  RX_ROOM,
  SLOT,
  SLOT_HEADROOM,
  WORKER_HELD,
  WORKER_HELD_COUNT,
  WORKER_HELD_ORDER,
  WORKER_HELD_SLOTS,
} from '../src/contract/layout';
import { count } from './counters';
import { BATCH_EPOCH, BATCH_NOW, scratchAt, workerAt } from './memory';
import { entryAt } from './receive';

// HELD_STATE.
const FREE: u32 = 0;
const WAITS: u32 = 1;
/** On the receive list: its slot is still needed. */
const TRIED: u32 = 2;
/** Within one call of takeHeld: looked at, and nothing has changed. */
const SKIPPED: u32 = 3;

/** Our own choice: an answer that comes later is of no use to whoever sent the packet. */
const HOLD_MS: u64 = 10_000;

function placeAt(index: i32): usize {
  return workerAt + WORKER_HELD + index * HELD_ENTRY;
}

function packetAt(index: i32): usize {
  return workerAt + WORKER_HELD_SLOTS + index * SLOT + SLOT_HEADROOM;
}

function stateAt(index: i32): u32 {
  return load<u32>(placeAt(index), HELD_STATE);
}

// ---- 1. hold -------------------------------------------------------------------------------------

/** The packet of receive list entry `entry` waits for an SA of `policy`; false: there is no place. */
export function hold(entry: usize, policy: usize): bool {
  const before = load<i32>(entry, RX_HELD);
  if (before > 0 && stateAt(before - 1) == TRIED) {
    wait(placeAt(before - 1), policy);
    return true;
  }
  const length = load<i32>(entry, RX_LENGTH);
  const index = length > RX_ROOM ? -1 : findPlace(load<u32>(policy, POLICY_ID));
  if (index < 0) return false;
  const place = placeAt(index);
  memory.copy(packetAt(index), load<u32>(entry, RX_AT), length);
  store<i32>(place, length, HELD_LENGTH);
  store<u64>(place, load<u64>(scratchAt + BATCH_NOW), HELD_AT);
  const order = load<u32>(workerAt, WORKER_HELD_ORDER) + 1;
  store<u32>(workerAt, order, WORKER_HELD_ORDER);
  store<u32>(place, order, HELD_ORDER);
  store<u32>(workerAt, load<u32>(workerAt, WORKER_HELD_COUNT) + 1, WORKER_HELD_COUNT);
  wait(place, policy);
  count(HELD);
  return true;
}

function wait(place: usize, policy: usize): void {
  store<u32>(place, <u32>policy, HELD_POLICY);
  store<u32>(place, load<u32>(policy, POLICY_ID), HELD_ID);
  store<u32>(place, load<u32>(scratchAt + BATCH_EPOCH), HELD_EPOCH);
  store<u32>(place, atomic.load<u32>(policy, POLICY_CHAIN), HELD_CHAIN);
  store<u32>(place, WAITS, HELD_STATE);
}

/** A free place, if the policy has not all it may have; -1: none. */
function findPlace(policy: u32): i32 {
  let free = -1;
  let own = 0;
  for (let i = 0; i < HELD_PLACES; i++) {
    if (stateAt(i) == FREE) free = i;
    else if (load<u32>(placeAt(i), HELD_ID) == policy) own++;
  }
  return own < HELD_MOST ? free : -1;
}

// ---- 2. takeHeld ---------------------------------------------------------------------------------

/**
 * Puts what may be tried again on the receive list, for processOutbound, and returns how many there
 * are; to be called until that is 0.
 */
export function takeHeld(nowMs: f64): i32 {
  const now = <u64>nowMs;
  for (let i = 0; i < HELD_PLACES; i++) {
    if (stateAt(i) == TRIED) release(i);
  }
  const epoch = atomic.load<u32>(CONTROL_AT, CONTROL_POLICY_EPOCH) + 1;
  let taken = 0;
  for (let i = oldest(); i >= 0; i = oldest()) {
    if (isVain(i, now, epoch)) {
      count(OUT_NO_STATES);
      release(i);
    } else if (hasChanged(placeAt(i), epoch)) {
      tryAgain(i, taken++);
    } else {
      store<u32>(placeAt(i), SKIPPED, HELD_STATE);
    }
  }
  for (let i = 0; i < HELD_PLACES; i++) {
    if (stateAt(i) == SKIPPED) store<u32>(placeAt(i), WAITS, HELD_STATE);
  }
  return taken;
}

/** The place of the packet that waits longest and has not been looked at, or -1. */
function oldest(): i32 {
  let found = -1;
  for (let i = 0; i < HELD_PLACES; i++) {
    if (stateAt(i) != WAITS) continue;
    if (found < 0 || <i32>(orderAt(i) - orderAt(found)) < 0) found = i;
  }
  return found;
}

function orderAt(index: i32): u32 {
  return load<u32>(placeAt(index), HELD_ORDER);
}

/** In the copy of policies that is no longer in force an address means nothing. */
function hasChanged(place: usize, epoch: u32): bool {
  if (load<u32>(place, HELD_EPOCH) != epoch) return true;
  const policy: usize = load<u32>(place, HELD_POLICY);
  return atomic.load<u32>(policy, POLICY_CHAIN) != load<u32>(place, HELD_CHAIN);
}

function isVain(index: i32, now: u64, epoch: u32): bool {
  const place = placeAt(index);
  const since = load<u64>(place, HELD_AT);
  // a clock that was set back must not keep it for ever
  if (now < since || now - since > HOLD_MS) return true;
  if (hasChanged(place, epoch)) return false;
  return atomic.load<u64>(load<u32>(place, HELD_POLICY), POLICY_UNMET_AT) >= since;
}

function tryAgain(index: i32, taken: i32): void {
  const place = placeAt(index);
  const at = packetAt(index);
  // its checksum was completed when it came; it is one packet
  const header = load<u32>(CONTROL_AT + CONTROL_TUN_HEADER);
  memory.fill(at - header, 0, header);
  const entry = entryAt(taken);
  store<u32>(entry, <u32>at, RX_AT);
  store<i32>(entry, load<i32>(place, HELD_LENGTH), RX_LENGTH);
  store<u32>(entry, 0, RX_DONE);
  store<i32>(entry, index + 1, RX_HELD);
  store<u32>(place, TRIED, HELD_STATE);
}

function release(index: i32): void {
  store<u32>(placeAt(index), FREE, HELD_STATE);
  store<u32>(workerAt, load<u32>(workerAt, WORKER_HELD_COUNT) - 1, WORKER_HELD_COUNT);
}
