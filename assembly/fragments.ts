// Later fragments follow their first (RFC 4301 §7.3): only the first shows ports, so it is remembered
// what it showed, and a later one is looked up with that. Policy and selectors decide about each anew.
//   1. followFirst    the packet in view: a later fragment takes the ports of its first
//   2. noteFragment   it may pass: a first is remembered, a later one is booked
// A datagram is forgotten when all of it has passed, or after a while, so that the next with its
// identification is not taken for it. Each worker knows what it saw itself; a later fragment whose
// first went elsewhere, comes after it or was pushed out follows nothing and is treated as without
// ports (policy.ts). So is one that overlaps the first: it could change what the first showed.
import {
  FRAGMENT_AT,
  FRAGMENT_BYTES,
  FRAGMENT_DST,
  FRAGMENT_END,
  FRAGMENT_ENTRY,
  FRAGMENT_FIRST,
  FRAGMENT_ID,
  FRAGMENT_KIND,
  FRAGMENT_PORTS,
  FRAGMENT_PROTOCOL,
  FRAGMENT_SETS,
  FRAGMENT_SRC,
  FRAGMENT_WAYS,
  WORKER_FRAGMENTS,
} from '../src/contract/layout';
import {
  FIRST,
  FOLLOWING,
  isExtension,
  LATER,
  VIEW_DST_HIGH,
  VIEW_DST_LOW,
  VIEW_DST_PORT,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_ID,
  VIEW_MORE,
  VIEW_OFFSET,
  VIEW_PIECE,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_SRC_LOW,
  VIEW_SRC_PORT,
  viewed,
} from './ip/packet';
import { BATCH_NOW, scratchAt, VIEW, workerAt } from './memory';

/** A datagram of ours and one to us may have the same identification: the view is outward for both. */
export const OUTWARD: u32 = 0;
export const INWARD: u32 = 1;

/** Our own choice: fragments travel together, and identifications come round again in seconds. */
const LIFETIME_MS: u64 = 2000;

// ---- 1. follow -----------------------------------------------------------------------------------

/** False: what the packet carries cannot be seen, so that no policy can be found for it. */
export function followFirst(direction: u32): bool {
  if (viewed(VIEW_FRAGMENT) != LATER) return true;
  const entry = find(direction);
  if (entry == 0 || viewed(VIEW_OFFSET) < <i32>load<u16>(entry, FRAGMENT_FIRST))
    return showsProtocol();
  const view = scratchAt + VIEW;
  const ports = load<u32>(entry, FRAGMENT_PORTS);
  store<i32>(view, ports >> 16, VIEW_SRC_PORT);
  store<i32>(view, ports & 0xffff, VIEW_DST_PORT);
  // RFC 8200 §4.5: what the first says counts, behind its extension headers
  store<i32>(view, <i32>load<u16>(entry, FRAGMENT_PROTOCOL), VIEW_PROTOCOL);
  store<i32>(view, FOLLOWING, VIEW_FRAGMENT);
  return true;
}

/** Where the first has extension headers, the others name the first of these and not the protocol. */
function showsProtocol(): bool {
  return viewed(VIEW_FAMILY) == 4 || !isExtension(viewed(VIEW_PROTOCOL));
}

/** The live entry of the datagram in view, or 0. */
function find(direction: u32): usize {
  const kind = kindOf(direction);
  const set = setOf(kind);
  for (let i = 0; i < FRAGMENT_WAYS; i++) {
    const entry = set + i * FRAGMENT_ENTRY;
    if (isOf(entry, kind) && isAlive(entry)) return entry;
  }
  return 0;
}

/** RFC 791 §2.3 names a datagram by its protocol too, RFC 8200 §4.5 does not. */
function kindOf(direction: u32): u32 {
  const six: u32 = viewed(VIEW_FAMILY) == 6 ? 1 : 0;
  const protocol: u32 = six ? 0 : viewed(VIEW_PROTOCOL);
  return protocol | (six << 8) | (direction << 9);
}

function setOf(kind: u32): usize {
  const view = scratchAt + VIEW;
  const source = load<u64>(view, VIEW_SRC_HIGH) ^ rotl<u64>(load<u64>(view, VIEW_SRC_LOW), 21);
  const destination = load<u64>(view, VIEW_DST_HIGH) ^ rotl<u64>(load<u64>(view, VIEW_DST_LOW), 43);
  let hash = (source ^ (((<u64>kind) << 32) | <u32>viewed(VIEW_ID))) * 0x9e3779b97f4a7c15;
  hash = (hash ^ (hash >> 29) ^ destination) * 0xbf58476d1ce4e5b9;
  const set = <u32>(hash >> 40) & (FRAGMENT_SETS - 1);
  return workerAt + WORKER_FRAGMENTS + set * FRAGMENT_WAYS * FRAGMENT_ENTRY;
}

function isOf(entry: usize, kind: u32): bool {
  const view = scratchAt + VIEW;
  const difference = v128.or(
    v128.xor(v128.load(view, VIEW_SRC_HIGH), v128.load(entry, FRAGMENT_SRC)),
    v128.xor(v128.load(view, VIEW_DST_HIGH), v128.load(entry, FRAGMENT_DST)),
  );
  return (
    load<i32>(entry, FRAGMENT_ID) == viewed(VIEW_ID) &&
    load<u32>(entry, FRAGMENT_KIND) == kind &&
    !v128.any_true(difference)
  );
}

function isAlive(entry: usize): bool {
  const at = load<u64>(entry, FRAGMENT_AT);
  return at != 0 && load<u64>(scratchAt + BATCH_NOW) - at < LIFETIME_MS;
}

// ---- 2. note -------------------------------------------------------------------------------------

export function noteFragment(direction: u32): void {
  const fragment = viewed(VIEW_FRAGMENT);
  if (fragment == FIRST) remember(direction);
  else if (fragment == FOLLOWING) book(find(direction));
}

/** In the place of an entry of the same datagram, else in the oldest of its set. */
function remember(direction: u32): void {
  const kind = kindOf(direction);
  const set = setOf(kind);
  let entry = set;
  for (let i = 0; i < FRAGMENT_WAYS; i++) {
    const other = set + i * FRAGMENT_ENTRY;
    if (isOf(other, kind)) {
      entry = other;
      break;
    }
    if (load<u64>(other, FRAGMENT_AT) < load<u64>(entry, FRAGMENT_AT)) entry = other;
  }
  const view = scratchAt + VIEW;
  v128.store(entry, v128.load(view, VIEW_SRC_HIGH), FRAGMENT_SRC);
  v128.store(entry, v128.load(view, VIEW_DST_HIGH), FRAGMENT_DST);
  store<i32>(entry, viewed(VIEW_ID), FRAGMENT_ID);
  store<u32>(entry, kind, FRAGMENT_KIND);
  store<u32>(entry, <u32>((viewed(VIEW_SRC_PORT) << 16) | viewed(VIEW_DST_PORT)), FRAGMENT_PORTS);
  store<u16>(entry, <u16>viewed(VIEW_PROTOCOL), FRAGMENT_PROTOCOL);
  store<u16>(entry, <u16>viewed(VIEW_PIECE), FRAGMENT_FIRST);
  store<i32>(entry, viewed(VIEW_PIECE), FRAGMENT_BYTES);
  store<i32>(entry, 0, FRAGMENT_END);
  store<u64>(entry, load<u64>(scratchAt + BATCH_NOW), FRAGMENT_AT);
}

/** Forgets the datagram once as many bytes have passed as its last fragment ends at. */
function book(entry: usize): void {
  if (entry == 0) return;
  const bytes = load<i32>(entry, FRAGMENT_BYTES) + viewed(VIEW_PIECE);
  store<i32>(entry, bytes, FRAGMENT_BYTES);
  if (!viewed(VIEW_MORE)) {
    store<i32>(entry, viewed(VIEW_OFFSET) + viewed(VIEW_PIECE), FRAGMENT_END);
  }
  const end = load<i32>(entry, FRAGMENT_END);
  if (end != 0 && bytes >= end) store<u64>(entry, 0, FRAGMENT_AT);
}
