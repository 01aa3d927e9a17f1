// Datagrams of this host, put together again: transport mode protects whole ones only (RFC 4303 §3.3.4,
// RFC 4302 §3.3.4), and the host's IP has cut what is larger than the TUN's MTU, or than what it believes
// of the path, before we see it.
//   1. isPiece, hasPlace   whether the packet in view is part of a datagram, and whether it can be kept
//   2. addPiece            adds it; returns the datagram once it is whole
//   3. sweepPieces         before each round: datagrams that were sent, or that waited too long, go
// The host's fragments come together and through one queue, so a few places and a short while are enough;
// the datagram that waits longest makes room. One whose fragments overlap, or contradict each other, is
// refused with all that is still to come of it (RFC 5722 §4, RFC 8200 §4.5): which of two bytes counts
// would decide what it is.
import { OUT_STATE_MODE_ERRORS, REASSEMBLED } from '../src/contract/drops';
import {
  ASSEMBLY_AT,
  ASSEMBLY_BYTES,
  ASSEMBLY_DST,
  ASSEMBLY_END,
  ASSEMBLY_ENTRY,
  ASSEMBLY_HEADER,
  ASSEMBLY_ID,
  ASSEMBLY_KIND,
  ASSEMBLY_MAP,
  ASSEMBLY_PIECES,
  ASSEMBLY_PLACES,
  ASSEMBLY_SRC,
  ASSEMBLY_STATE,
  ASSEMBLY_TOP,
  CONTROL_AT,
  CONTROL_TUN_HEADER,
  LARGE_HEADROOM,
  LARGE_SLOT,
  RX_AT,
  WORKER_ASSEMBLY,
  WORKER_ASSEMBLY_COUNT,
  WORKER_ASSEMBLY_MAPS,
  WORKER_ASSEMBLY_SLOTS,
} from '../src/contract/layout';
import { count, countMore } from './counters';
import { HEADER_6, setPacketLength } from './ip/header';
import {
  VIEW_CUT,
  VIEW_CUT_FIELD,
  VIEW_DST_HIGH,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_ID,
  VIEW_MORE,
  VIEW_OFFSET,
  VIEW_PIECE,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_TOTAL,
  viewed,
  WHOLE,
} from './ip/packet';
import { BATCH_NOW, scratchAt, VIEW, workerAt } from './memory';

// ASSEMBLY_STATE.
const FREE: u32 = 0;
const COLLECTS: u32 = 1;
const REFUSED: u32 = 2;
/** Nothing is missing: it is in work until the round ends. */
const COMPLETE: u32 = 3;

/** Our own choice: RFC 8200 §4.5 gives a network a minute, but here is no network in between. */
const LIFETIME_MS: u64 = 2000;
/** LARGE_HEADROOM has room for them, what IPsec adds (104 bytes at most) and a Fragment header. */
const MOST_HEADERS: i32 = 256;
const MOST: i32 = 65535;
const DF: u16 = 0x0040; // as it stands in memory

function placeAt(index: i32): usize {
  return workerAt + WORKER_ASSEMBLY + index * ASSEMBLY_ENTRY;
}

function stateOf(place: usize): u32 {
  return load<u32>(place, ASSEMBLY_STATE);
}

function indexOf(place: usize): usize {
  return (place - workerAt - WORKER_ASSEMBLY) / ASSEMBLY_ENTRY;
}

/** Where a datagram's data begins; its headers end there. */
function dataAt(place: usize): usize {
  return workerAt + WORKER_ASSEMBLY_SLOTS + indexOf(place) * LARGE_SLOT + LARGE_HEADROOM;
}

// ---- 1. pieces -----------------------------------------------------------------------------------

/** Whether the packet in view is a fragment, or has a header that says it were one (RFC 6946). */
export function isPiece(): bool {
  return viewed(VIEW_FRAGMENT) != WHOLE || viewed(VIEW_CUT) != 0;
}

/** Whether a packet from the TUN stands where addPiece put it. */
export function wasAssembled(at: usize): bool {
  const first = workerAt + WORKER_ASSEMBLY_SLOTS;
  return at >= first && at < first + ASSEMBLY_PLACES * LARGE_SLOT;
}

/** False: all places hold what this round sends. */
export function hasPlace(): bool {
  for (let i = 0; i < ASSEMBLY_PLACES; i++) {
    if (stateOf(placeAt(i)) != COMPLETE) return true;
  }
  return false;
}

// ---- 2. add --------------------------------------------------------------------------------------

/** The packet in view, at `at`. Where its datagram begins, if nothing is missing now, else 0. */
export function addPiece(at: usize): usize {
  // one that is its whole datagram has nothing to do with others of its identification (RFC 6946 §4)
  const alone = viewed(VIEW_OFFSET) == 0 && !viewed(VIEW_MORE);
  let place: usize = alone ? 0 : find();
  if (place == 0) place = open();
  if (stateOf(place) == REFUSED) {
    count(OUT_STATE_MODE_ERRORS);
    return 0;
  }
  store<u32>(place, load<u32>(place, ASSEMBLY_PIECES) + 1, ASSEMBLY_PIECES);
  if (!agrees(place) || !claim(place) || !copy(place, at)) {
    refuse(place);
    return 0;
  }
  const end = load<i32>(place, ASSEMBLY_END);
  if (end == 0 || load<i32>(place, ASSEMBLY_BYTES) < end) return 0;
  return complete(place);
}

/** RFC 791 §2.3 names a datagram by its protocol too, RFC 8200 §4.5 does not. */
function kindOf(): u32 {
  return viewed(VIEW_FAMILY) == 6 ? 1 << 8 : <u32>viewed(VIEW_PROTOCOL);
}

/** The place of the datagram in view, or 0. */
function find(): usize {
  const view = scratchAt + VIEW;
  for (let i = 0; i < ASSEMBLY_PLACES; i++) {
    const place = placeAt(i);
    if (stateOf(place) != COLLECTS && stateOf(place) != REFUSED) continue;
    if (load<i32>(place, ASSEMBLY_ID) != viewed(VIEW_ID)) continue;
    if (load<u32>(place, ASSEMBLY_KIND) != kindOf()) continue;
    const difference = v128.or(
      v128.xor(v128.load(view, VIEW_SRC_HIGH), v128.load(place, ASSEMBLY_SRC)),
      v128.xor(v128.load(view, VIEW_DST_HIGH), v128.load(place, ASSEMBLY_DST)),
    );
    if (!v128.any_true(difference)) return place;
  }
  return 0;
}

/** A place for the datagram in view; the caller has asked hasPlace. */
function open(): usize {
  let place: usize = 0;
  for (let i = 0; i < ASSEMBLY_PLACES; i++) {
    const other = placeAt(i);
    if (stateOf(other) == COMPLETE) continue;
    if (place == 0 || isBefore(other, place)) place = other;
  }
  if (stateOf(place) != FREE) {
    giveUp(place);
    release(place);
  }
  memory.fill(place, 0, ASSEMBLY_ENTRY);
  memory.fill(mapOf(place), 0, ASSEMBLY_MAP);
  const view = scratchAt + VIEW;
  v128.store(place, v128.load(view, VIEW_SRC_HIGH), ASSEMBLY_SRC);
  v128.store(place, v128.load(view, VIEW_DST_HIGH), ASSEMBLY_DST);
  store<u64>(place, load<u64>(scratchAt + BATCH_NOW), ASSEMBLY_AT);
  store<i32>(place, viewed(VIEW_ID), ASSEMBLY_ID);
  store<u32>(place, kindOf(), ASSEMBLY_KIND);
  store<u32>(place, COLLECTS, ASSEMBLY_STATE);
  store<u32>(workerAt, load<u32>(workerAt, WORKER_ASSEMBLY_COUNT) + 1, WORKER_ASSEMBLY_COUNT);
  return place;
}

/** Whether `one` is to be given up before `other`: it is free, or waits longer. */
function isBefore(one: usize, other: usize): bool {
  if (stateOf(other) == FREE) return false;
  return stateOf(one) == FREE || load<u64>(one, ASSEMBLY_AT) < load<u64>(other, ASSEMBLY_AT);
}

/** Whether length and place of the piece in view fit what the others say. */
function agrees(place: usize): bool {
  const bytes = viewed(VIEW_PIECE);
  const top = viewed(VIEW_OFFSET) + bytes;
  const end = load<i32>(place, ASSEMBLY_END);
  const before = load<i32>(place, ASSEMBLY_TOP);
  if (bytes <= 0 || top > MOST) return false;
  if (viewed(VIEW_MORE)) {
    if (bytes & 7 || (end != 0 && top >= end)) return false;
  } else {
    if (end != 0 || before > top) return false;
    store<i32>(place, top, ASSEMBLY_END);
  }
  store<i32>(place, max(before, top), ASSEMBLY_TOP);
  store<i32>(place, load<i32>(place, ASSEMBLY_BYTES) + bytes, ASSEMBLY_BYTES);
  return true;
}

function mapOf(place: usize): usize {
  return workerAt + WORKER_ASSEMBLY_MAPS + indexOf(place) * ASSEMBLY_MAP;
}

/** Marks what the piece in view covers; false: something of it was there. */
function claim(place: usize): bool {
  const map = mapOf(place);
  const first = viewed(VIEW_OFFSET) >> 3;
  const last = (viewed(VIEW_OFFSET) + viewed(VIEW_PIECE) - 1) >> 3;
  for (let word = first >> 6; word <= last >> 6; word++) {
    const from = max(first - (word << 6), 0);
    const to = min(last - (word << 6), 63);
    const bits = (u64.MAX_VALUE >> <u64>(63 - to + from)) << (<u64>from);
    const before = load<u64>(map + (word << 3));
    if (before & bits) return false;
    store<u64>(map + (word << 3), before | bits);
  }
  return true;
}

/** The data to its place, and the headers in front of it from the first piece (RFC 8200 §4.5). */
function copy(place: usize, at: usize): bool {
  const data = dataAt(place);
  const piece = viewed(VIEW_PIECE);
  memory.copy(data + viewed(VIEW_OFFSET), at + viewed(VIEW_TOTAL) - piece, piece);
  if (viewed(VIEW_OFFSET) != 0) return true;
  const cut = viewed(VIEW_CUT);
  const header = cut != 0 ? cut : viewed(VIEW_TOTAL) - piece;
  if (header > MOST_HEADERS) return false;
  memory.copy(data - header, at, header);
  if (cut != 0) store<u8>(data - header + viewed(VIEW_CUT_FIELD), load<u8>(at + cut));
  store<i32>(place, header, ASSEMBLY_HEADER);
  return true;
}

/** Nothing is missing: the headers say that it is whole. */
function complete(place: usize): usize {
  const header = load<i32>(place, ASSEMBLY_HEADER);
  const total = header + load<i32>(place, ASSEMBLY_END);
  const at = dataAt(place) - header;
  const four = load<u8>(at) >> 4 == 4;
  if (total - (four ? 0 : HEADER_6) > MOST) {
    refuse(place);
    return 0;
  }
  if (four) store<u16>(at, load<u16>(at, 6) & DF, 6);
  setPacketLength(at, header, total);
  const virtio = load<u32>(CONTROL_AT + CONTROL_TUN_HEADER);
  memory.fill(at - virtio, 0, virtio);
  store<u32>(place, COMPLETE, ASSEMBLY_STATE);
  count(REASSEMBLED);
  return at;
}

/** What came of the datagram goes nowhere, nor what is still to come. */
function refuse(place: usize): void {
  giveUp(place);
  store<u32>(place, REFUSED, ASSEMBLY_STATE);
}

/** Counts the pieces that wait for nothing now. */
function giveUp(place: usize): void {
  countMore(OUT_STATE_MODE_ERRORS, load<u32>(place, ASSEMBLY_PIECES));
  store<u32>(place, 0, ASSEMBLY_PIECES);
}

// ---- 3. sweep ------------------------------------------------------------------------------------

/** The round begins with receive list entry `entry`, whose datagram the last one may have left. */
export function sweepPieces(entry: usize): void {
  if (load<u32>(workerAt, WORKER_ASSEMBLY_COUNT) == 0) return;
  const now = load<u64>(scratchAt + BATCH_NOW);
  for (let i = 0; i < ASSEMBLY_PLACES; i++) {
    const place = placeAt(i);
    const state = stateOf(place);
    if (state == FREE) continue;
    if (state == COMPLETE) {
      const at = dataAt(place) - load<i32>(place, ASSEMBLY_HEADER);
      if (at != <usize>load<u32>(entry, RX_AT)) release(place);
      continue;
    }
    const since = load<u64>(place, ASSEMBLY_AT);
    // a clock that was set back must not keep it for ever
    if (now >= since && now - since < LIFETIME_MS) continue;
    giveUp(place);
    release(place);
  }
}

function release(place: usize): void {
  store<u32>(place, FREE, ASSEMBLY_STATE);
  store<u32>(workerAt, load<u32>(workerAt, WORKER_ASSEMBLY_COUNT) - 1, WORKER_ASSEMBLY_COUNT);
}
