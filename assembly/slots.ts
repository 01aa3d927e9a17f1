// The room that a batch has for the packets it makes: transmit slots, and places for what no slot holds.
import {
  LARGE_HEADROOM,
  LARGE_PLACES,
  LARGE_SLOT,
  SLOT,
  SLOT_HEADROOM,
  TX_SLOTS,
  WORKER_LARGE,
  WORKER_TX_SLOTS,
} from '../src/contract/layout';
import { BATCH_LARGE, BATCH_SLOTS, scratchAt, workerAt } from './memory';

/** How many slots this batch may still take. */
export function slotsLeft(): i32 {
  return TX_SLOTS - load<i32>(scratchAt + BATCH_SLOTS);
}

/** A slot; the caller has asked slotsLeft. */
export function takeSlot(): i32 {
  const slot = load<i32>(scratchAt + BATCH_SLOTS);
  store<i32>(scratchAt + BATCH_SLOTS, slot + 1);
  return min(slot, TX_SLOTS - 1);
}

/** Where the packet of a slot begins; SLOT - SLOT_HEADROOM bytes are there. */
export function slotAt(slot: i32): usize {
  return workerAt + WORKER_TX_SLOTS + slot * SLOT + SLOT_HEADROOM;
}

/** How many packets that no slot holds this batch may still open. */
export function largeLeft(): i32 {
  return LARGE_PLACES - load<i32>(scratchAt + BATCH_LARGE);
}

/** Where such a packet begins; the caller has asked largeLeft. */
export function takeLarge(): usize {
  const place = load<i32>(scratchAt + BATCH_LARGE);
  store<i32>(scratchAt + BATCH_LARGE, place + 1);
  const index = min(place, LARGE_PLACES - 1);
  return workerAt + WORKER_LARGE + index * LARGE_SLOT + LARGE_HEADROOM;
}
