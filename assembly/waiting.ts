// Places where packets wait in a worker for an SA (held.ts, early.ts): copied out of their slots, a few for
// each thing they wait for. Whoever looks through a room gives places that are in use to its batch
// (TRIED), frees them at its next look, and passes over what waits on (SKIPPED).
import {
  SLOT,
  SLOT_HEADROOM,
  WAITING_AT,
  WAITING_COUNT,
  WAITING_ENTRY,
  WAITING_EVER,
  WAITING_LENGTH,
  WAITING_LIST,
  WAITING_ORDER,
  WAITING_PLACES,
  WAITING_SLOTS,
  WAITING_STATE,
  WAITING_WHOSE,
} from '../src/contract/layout';
import { BATCH_NOW, scratchAt } from './memory';

// WAITING_STATE.
const FREE: u32 = 0;
export const WAITS: u32 = 1;
/** On the receive list: its slot is still needed. */
export const TRIED: u32 = 2;
/** Within one look through the room: looked at, and it waits on. */
export const SKIPPED: u32 = 3;

export function placeAt(room: usize, index: i32): usize {
  return room + WAITING_LIST + index * WAITING_ENTRY;
}

export function packetAt(room: usize, index: i32): usize {
  return room + WAITING_SLOTS + index * SLOT + SLOT_HEADROOM;
}

export function stateAt(room: usize, index: i32): u32 {
  return load<u32>(placeAt(room, index), WAITING_STATE);
}

/** A free place, if fewer than `most` wait for the same; -1: none. */
export function findPlace(room: usize, whose: u32, most: i32): i32 {
  let free = -1;
  let own = 0;
  for (let i = 0; i < WAITING_PLACES; i++) {
    if (stateAt(room, i) == FREE) free = i;
    else if (load<u32>(placeAt(room, i), WAITING_WHOSE) == whose) own++;
  }
  return own < most ? free : -1;
}

/** A packet that came now takes the free place `index`; returns that. */
export function fillPlace(room: usize, index: i32, whose: u32, at: usize, length: i32): usize {
  const place = placeAt(room, index);
  memory.copy(packetAt(room, index), at, length);
  const ever = load<u32>(room, WAITING_EVER) + 1;
  store<u32>(room, ever, WAITING_EVER);
  store<u32>(room, load<u32>(room, WAITING_COUNT) + 1, WAITING_COUNT);
  store<u64>(place, load<u64>(scratchAt, BATCH_NOW), WAITING_AT);
  store<i32>(place, length, WAITING_LENGTH);
  store<u32>(place, whose, WAITING_WHOSE);
  store<u32>(place, ever, WAITING_ORDER);
  store<u32>(place, WAITS, WAITING_STATE);
  return place;
}

/** Longer than `most` ms; a clock that was set back must not keep it for ever. */
export function isOverdue(place: usize, now: u64, most: u64): bool {
  const since = load<u64>(place, WAITING_AT);
  return now < since || now - since > most;
}

/** The place of the packet that waits longest and has not been looked at, or -1. */
export function oldest(room: usize): i32 {
  let found = -1;
  for (let i = 0; i < WAITING_PLACES; i++) {
    if (stateAt(room, i) != WAITS) continue;
    if (found < 0 || <i32>(orderAt(room, i) - orderAt(room, found)) < 0) found = i;
  }
  return found;
}

function orderAt(room: usize, index: i32): u32 {
  return load<u32>(placeAt(room, index), WAITING_ORDER);
}

/** The batch that tried them is over. */
export function releaseTried(room: usize): void {
  for (let i = 0; i < WAITING_PLACES; i++) if (stateAt(room, i) == TRIED) release(room, i);
}

/** What was passed over waits on. */
export function keepSkipped(room: usize): void {
  for (let i = 0; i < WAITING_PLACES; i++) {
    if (stateAt(room, i) == SKIPPED) store<u32>(placeAt(room, i), WAITS, WAITING_STATE);
  }
}

export function release(room: usize, index: i32): void {
  store<u32>(placeAt(room, index), FREE, WAITING_STATE);
  store<u32>(room, load<u32>(room, WAITING_COUNT) - 1, WAITING_COUNT);
}
