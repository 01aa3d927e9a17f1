// A peer may use an SA as soon as it has sent the answer that makes it (RFC 7296 §2.8), and its packets
// may overtake that answer. Those that come for an SPI we have offered, from the address we expect them
// from, wait here, a few per SPI and worker:
//   1. keep       the datagram in work, with all the kernel said beside it, copied out of its slot
//   2. takeEarly  what may be tried again, oldest first, as if it came from its socket now: its SPI is
//                 expected no more, since there is an SA, or nothing came of the negotiation. What waited
//                 too long goes nowhere and is counted.
// Nothing here is authentic, and nothing changes for it but these places: whoever knows the SPI and sends
// from the peer's address can at most make the peer's own packets be lost as if there were no places.
import { EARLY, IN_NO_STATES } from '../src/contract/drops';
import {
  CMSG,
  EARLY_AT,
  EARLY_CONTROL,
  EARLY_CONTROLLEN,
  EARLY_ENTRY,
  EARLY_FLAGS,
  EARLY_LENGTH,
  EARLY_MOST,
  EARLY_NAME,
  EARLY_NAMELEN,
  EARLY_ORDER,
  EARLY_PLACES,
  EARLY_PORT,
  EARLY_SPI,
  EARLY_STATE,
  EXPECTED_AT,
  EXPECTED_ENTRY,
  MAX_EXPECTED,
  MMSGHDR_CONTROLLEN,
  MMSGHDR_FLAGS,
  MMSGHDR_LEN,
  MMSGHDR_NAMELEN,
  RX_AT,
  RX_ROOM,
  SLOT,
  SLOT_HEADROOM,
  SOCKADDR,
  SPI_EXPECTED,
  WORKER_EARLY,
  WORKER_EARLY_COUNT,
  WORKER_EARLY_ORDER,
  WORKER_EARLY_SLOTS,
} from '../src/contract/layout';
import { count } from './counters';
import {
  BATCH_NOW,
  DATAGRAM_AT,
  DATAGRAM_LENGTH,
  DATAGRAM_PORT,
  scratchAt,
  workerAt,
} from './memory';
import {
  controlAt,
  entryAt,
  messageAt,
  nameAt,
  ORIGIN_REMOTE,
  prepareReceive,
  readName,
} from './receive';
import { findSpi } from './sa';

// EARLY_STATE.
const FREE: u32 = 0;
const WAITS: u32 = 1;
/** On the receive list: its slot is still needed. */
const TRIED: u32 = 2;
/** Within one call of takeEarly: looked at, and it waits on, or for a batch of its own. */
const SKIPPED: u32 = 3;

/** Our own choice: our request is sent again several times within it (src/ike/window.ts). */
const KEEP_MS: u64 = 10_000;

function placeAt(index: i32): usize {
  return workerAt + WORKER_EARLY + index * EARLY_ENTRY;
}

function packetAt(index: i32): usize {
  return workerAt + WORKER_EARLY_SLOTS + index * SLOT + SLOT_HEADROOM;
}

function stateAt(index: i32): u32 {
  return load<u32>(placeAt(index), EARLY_STATE);
}

/** The place of an SPI in EXPECTED, or -1. */
function expected(spi: u32): i32 {
  const place = <i32>findSpi(spi) - SPI_EXPECTED;
  return place >= 0 && place < MAX_EXPECTED ? place : -1;
}

// ---- 1. keep -------------------------------------------------------------------------------------

/** The datagram in work, of message `index`, waits for the SA of `spi`; false: it may not. */
export function keep(spi: u32, index: i32): bool {
  const whose = expected(spi);
  if (whose < 0 || !isFrom(index, EXPECTED_AT + whose * EXPECTED_ENTRY)) return false;
  const length = load<i32>(scratchAt, DATAGRAM_LENGTH);
  const found = length > RX_ROOM ? -1 : findPlace(spi);
  if (found < 0) return false;
  const place = placeAt(found);
  const message = messageAt(index);
  memory.copy(packetAt(found), load<u32>(scratchAt, DATAGRAM_AT), length);
  memory.copy(place + EARLY_NAME, nameAt(index), SOCKADDR);
  memory.copy(place + EARLY_CONTROL, controlAt(index), CMSG);
  const order = load<u32>(workerAt, WORKER_EARLY_ORDER) + 1;
  store<u32>(workerAt, order, WORKER_EARLY_ORDER);
  store<u64>(place, load<u64>(scratchAt, BATCH_NOW), EARLY_AT);
  store<i32>(place, length, EARLY_LENGTH);
  store<u32>(place, spi, EARLY_SPI);
  store<i32>(place, load<i32>(scratchAt, DATAGRAM_PORT), EARLY_PORT);
  store<u32>(place, order, EARLY_ORDER);
  store<u32>(place, load<u32>(message, MMSGHDR_NAMELEN), EARLY_NAMELEN);
  store<u32>(place, load<u32>(message, MMSGHDR_CONTROLLEN), EARLY_CONTROLLEN);
  store<u32>(place, load<u32>(message, MMSGHDR_FLAGS), EARLY_FLAGS);
  store<u32>(place, WAITS, EARLY_STATE);
  store<u32>(workerAt, load<u32>(workerAt, WORKER_EARLY_COUNT) + 1, WORKER_EARLY_COUNT);
  count(EARLY);
  return true;
}

function isFrom(index: i32, address: usize): bool {
  const remote = readName(index) + ORIGIN_REMOTE;
  return load<u64>(remote) == load<u64>(address) && load<u64>(remote, 8) == load<u64>(address, 8);
}

/** A free place, if the SPI has not all it may have; -1: none. */
function findPlace(spi: u32): i32 {
  let free = -1;
  let own = 0;
  for (let i = 0; i < EARLY_PLACES; i++) {
    if (stateAt(i) == FREE) free = i;
    else if (load<u32>(placeAt(i), EARLY_SPI) == spi) own++;
  }
  return own < EARLY_MOST ? free : -1;
}

// ---- 2. takeEarly --------------------------------------------------------------------------------

/**
 * Puts packets of one kind of socket that may be tried again on the receive list, for processInbound;
 * returns PORT_* << 8 | how many. To be called until that is 0.
 */
export function takeEarly(nowMs: f64): i32 {
  const now = <u64>nowMs;
  for (let i = 0; i < EARLY_PLACES; i++) {
    if (stateAt(i) == TRIED) release(i);
  }
  let port = 0;
  let room = 0;
  let taken = 0;
  for (let i = oldest(); i >= 0; i = oldest()) {
    const place = placeAt(i);
    const since = load<u64>(place, EARLY_AT);
    if (expected(load<u32>(place, EARLY_SPI)) >= 0) {
      // a clock that was set back must not keep it for ever
      if (now >= since && now - since <= KEEP_MS) store<u32>(place, SKIPPED, EARLY_STATE);
      else {
        count(IN_NO_STATES);
        release(i);
      }
      continue;
    }
    if (taken == 0) {
      port = load<i32>(place, EARLY_PORT);
      room = prepareReceive(port);
    }
    if (load<i32>(place, EARLY_PORT) == port && taken < room) tryAgain(i, taken++);
    else store<u32>(place, SKIPPED, EARLY_STATE);
  }
  for (let i = 0; i < EARLY_PLACES; i++) {
    if (stateAt(i) == SKIPPED) store<u32>(placeAt(i), WAITS, EARLY_STATE);
  }
  return taken == 0 ? 0 : (port << 8) | taken;
}

/** The place of the packet that waits longest and has not been looked at, or -1. */
function oldest(): i32 {
  let found = -1;
  for (let i = 0; i < EARLY_PLACES; i++) {
    if (stateAt(i) != WAITS) continue;
    if (found < 0 || <i32>(orderAt(i) - orderAt(found)) < 0) found = i;
  }
  return found;
}

function orderAt(index: i32): u32 {
  return load<u32>(placeAt(index), EARLY_ORDER);
}

/** As message `taken` of a batch whose headers are prepared. */
function tryAgain(index: i32, taken: i32): void {
  const place = placeAt(index);
  const message = messageAt(taken);
  store<u32>(entryAt(taken), <u32>packetAt(index), RX_AT);
  memory.copy(nameAt(taken), place + EARLY_NAME, SOCKADDR);
  memory.copy(controlAt(taken), place + EARLY_CONTROL, CMSG);
  store<u32>(message, load<u32>(place, EARLY_NAMELEN), MMSGHDR_NAMELEN);
  store<u64>(message, load<u32>(place, EARLY_CONTROLLEN), MMSGHDR_CONTROLLEN);
  store<u32>(message, load<u32>(place, EARLY_FLAGS), MMSGHDR_FLAGS);
  store<i32>(message, load<i32>(place, EARLY_LENGTH), MMSGHDR_LEN);
  store<u32>(place, TRIED, EARLY_STATE);
}

function release(index: i32): void {
  store<u32>(placeAt(index), FREE, EARLY_STATE);
  store<u32>(workerAt, load<u32>(workerAt, WORKER_EARLY_COUNT) - 1, WORKER_EARLY_COUNT);
}
