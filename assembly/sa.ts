// Security associations as the packet path sees them: found by SPI or by policy, and what use does to
// them. Records are written by src/dataplane/tables.ts; here only counters, times and flags change.
import {
  MAIL_HARD_EXPIRE,
  MAIL_SOFT_EXPIRE,
  SA_DYING,
  SA_FLAG_HARD_SENT,
  SA_FLAG_OUTBOUND,
  SA_FLAG_SOFT_SENT,
  SA_MATURE,
} from '../src/contract/ids';
import {
  MAX_SAS,
  MAX_SELECTORS,
  NEAR_SELECTORS,
  SA_BLOCK_BYTES,
  SA_BYTES,
  SA_FLAGS,
  SA_HARD_BYTES,
  SA_MORE_SELECTORS,
  SA_NEXT,
  SA_PACKETS,
  SA_SELECTOR_COUNT,
  SA_SELECTORS,
  SA_SIZE,
  SA_SOFT_BYTES,
  SA_STATE,
  SA_USED_AT,
  SAS_AT,
  SELECTOR_FAMILY,
  SELECTOR_LOCAL_HIGH,
  SELECTOR_LOCAL_LOW,
  SELECTOR_LOCAL_PORT_LOW,
  SELECTOR_PROTOCOL,
  SELECTOR_REMOTE_HIGH,
  SELECTOR_REMOTE_LOW,
  SELECTOR_REMOTE_PORT_LOW,
  SELECTOR_SIZE,
  SPI_ENTRY,
  SPI_TABLE_AT,
  SPI_TABLE_ENTRIES,
  SPI_TOMBSTONE,
} from '../src/contract/layout';
import {
  LATER,
  VIEW_DST_HIGH,
  VIEW_DST_PORT,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_SRC_PORT,
  viewed,
} from './ip/packet';
import { mailSa } from './mail';
import { BATCH_NOW, scratchAt } from './memory';
import { inPorts, inRange } from './range';

const ANY_PROTOCOL: i32 = 256;
/** Our own choice: 2^29 blocks, where a collision has a probability of about 1 %. */
const SMALL_BLOCK_BYTES: u64 = 0x100000000;

/** The record of an inbound SPI, or 0. */
export function findInbound(spi: u32): usize {
  return recordOf(findSpi(spi));
}

/** What the table has for an inbound SPI, 0: nothing. src/dataplane/spi-table.ts hashes alike. */
export function findSpi(spi: u32): u32 {
  let index: u32 = (spi * 0x9e3779b1) >> 16;
  for (let probes = 0; probes < SPI_TABLE_ENTRIES; probes++) {
    const entry = atomic.load<u64>(SPI_TABLE_AT + (index & (SPI_TABLE_ENTRIES - 1)) * SPI_ENTRY);
    const slot = <u32>(entry >> 32);
    if (slot == 0) return 0;
    if (<u32>entry == spi && slot != SPI_TOMBSTONE) return slot;
    index++;
  }
  return 0;
}

/** The record of a slot + 1 as tables hold it, or 0: also of an SA that is only expected. */
export function recordOf(slot: u32): usize {
  return slot == 0 || slot > <u32>MAX_SAS ? 0 : SAS_AT + (slot - 1) * SA_SIZE;
}

export function isUsable(sa: usize): bool {
  const state = atomic.load<u32>(sa, SA_STATE);
  return state == SA_MATURE || state == SA_DYING;
}

/** The first usable SA of a policy's chain whose selectors hold the packet in view, or 0. */
export function findOutbound(first: u32): usize {
  let sa = recordOf(first);
  for (let turns = 0; sa != 0 && turns < MAX_SAS; turns++) {
    const outbound = load<u32>(sa, SA_FLAGS) & SA_FLAG_OUTBOUND;
    if (outbound && isUsable(sa) && selectorsHold(sa)) return sa;
    sa = recordOf(atomic.load<u32>(sa, SA_NEXT));
  }
  return 0;
}

/** Whether the packet in view, seen outward, lies within the SA's selectors. */
export function selectorsHold(sa: usize): bool {
  const count = min<u32>(load<u32>(sa, SA_SELECTOR_COUNT), MAX_SELECTORS);
  for (let i: u32 = 0; i < count; i++) {
    if (selectorHolds(selectorAt(sa, i))) return true;
  }
  return false;
}

function selectorAt(sa: usize, index: u32): usize {
  if (index < <u32>NEAR_SELECTORS) return sa + SA_SELECTORS + index * SELECTOR_SIZE;
  return sa + SA_MORE_SELECTORS + (index - NEAR_SELECTORS) * SELECTOR_SIZE;
}

function selectorHolds(selector: usize): bool {
  if (load<i32>(selector, SELECTOR_FAMILY) != viewed(VIEW_FAMILY)) return false;
  const protocol = load<i32>(selector, SELECTOR_PROTOCOL);
  if (protocol != ANY_PROTOCOL && protocol != viewed(VIEW_PROTOCOL)) return false;
  const later = viewed(VIEW_FRAGMENT) == LATER;
  return (
    inRange(VIEW_SRC_HIGH, selector + SELECTOR_LOCAL_LOW, selector + SELECTOR_LOCAL_HIGH) &&
    inRange(VIEW_DST_HIGH, selector + SELECTOR_REMOTE_LOW, selector + SELECTOR_REMOTE_HIGH) &&
    inPorts(viewed(VIEW_SRC_PORT), selector, SELECTOR_LOCAL_PORT_LOW, later) &&
    inPorts(viewed(VIEW_DST_PORT), selector, SELECTOR_REMOTE_PORT_LOW, later)
  );
}

/** Whether the byte limit lets no further packet pass. */
export function isSpent(sa: usize): bool {
  const hard = load<u64>(sa, SA_HARD_BYTES);
  return hard != 0 && atomic.load<u64>(sa, SA_BYTES) >= hard;
}

/**
 * Whether the cipher's key has encrypted all it safely may: blocks of 64 bits collide long before a
 * lifetime ends, and tell of the plaintext ("Sweet32"). sa-record.ts asks for a new SA at a quarter.
 */
export function isWorn(sa: usize): bool {
  return load<u32>(sa, SA_BLOCK_BYTES) == 8 && atomic.load<u64>(sa, SA_BYTES) >= SMALL_BLOCK_BYTES;
}

/** Books packets and inner bytes; raises the limits' events. Returns packets before. */
export function account(sa: usize, packets: u64, bytes: u64): u64 {
  const total = atomic.add<u64>(sa, bytes, SA_BYTES) + bytes;
  const before = atomic.add<u64>(sa, packets, SA_PACKETS);
  atomic.store<u64>(sa, load<u64>(scratchAt + BATCH_NOW), SA_USED_AT);
  const soft = load<u64>(sa, SA_SOFT_BYTES);
  const hard = load<u64>(sa, SA_HARD_BYTES);
  if (soft != 0 && total >= soft) raiseSoft(sa);
  if (hard != 0 && total >= hard) raiseHard(sa);
  return before;
}

/** Asks once for a new SA. */
export function raiseSoft(sa: usize): void {
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_SOFT_SENT) return;
  const before = atomic.or<u32>(sa, SA_FLAG_SOFT_SENT, SA_FLAGS);
  if ((before & SA_FLAG_SOFT_SENT) == 0) mailSa(MAIL_SOFT_EXPIRE, sa);
}

/** Says once that this SA carries nothing more. */
export function raiseHard(sa: usize): void {
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_HARD_SENT) return;
  const before = atomic.or<u32>(sa, SA_FLAG_HARD_SENT, SA_FLAGS);
  if ((before & SA_FLAG_HARD_SENT) == 0) mailSa(MAIL_HARD_EXPIRE, sa);
}
