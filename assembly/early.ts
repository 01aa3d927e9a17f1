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
  EARLY_CONTROL,
  EARLY_CONTROLLEN,
  EARLY_FLAGS,
  EARLY_MOST,
  EARLY_NAME,
  EARLY_NAMELEN,
  EARLY_PORT,
  EXPECTED_AT,
  EXPECTED_ENTRY,
  MAX_EXPECTED,
  MMSGHDR_CONTROLLEN,
  MMSGHDR_FLAGS,
  MMSGHDR_LEN,
  MMSGHDR_NAMELEN,
  RX_AT,
  RX_ROOM,
  SOCKADDR,
  SPI_EXPECTED,
  WAITING_LENGTH,
  WAITING_STATE,
  WAITING_WHOSE,
  WORKER_EARLY,
} from '../src/contract/layout';
import { count } from './counters';
import { DATAGRAM_AT, DATAGRAM_LENGTH, DATAGRAM_PORT, scratchAt, workerAt } from './memory';
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
  TRIED,
} from './waiting';

/** Our own choice: our request is sent again several times within it (src/ike/window.ts). */
const KEEP_MS: u64 = 10_000;

function room(): usize {
  return workerAt + WORKER_EARLY;
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
  const found = length > RX_ROOM ? -1 : findPlace(room(), spi, EARLY_MOST);
  if (found < 0) return false;
  const place = fillPlace(room(), found, spi, load<u32>(scratchAt, DATAGRAM_AT), length);
  const message = messageAt(index);
  memory.copy(place + EARLY_NAME, nameAt(index), SOCKADDR);
  memory.copy(place + EARLY_CONTROL, controlAt(index), CMSG);
  store<i32>(place, load<i32>(scratchAt, DATAGRAM_PORT), EARLY_PORT);
  store<u32>(place, load<u32>(message, MMSGHDR_NAMELEN), EARLY_NAMELEN);
  store<u32>(place, load<u32>(message, MMSGHDR_CONTROLLEN), EARLY_CONTROLLEN);
  store<u32>(place, load<u32>(message, MMSGHDR_FLAGS), EARLY_FLAGS);
  count(EARLY);
  return true;
}

function isFrom(index: i32, address: usize): bool {
  const remote = readName(index) + ORIGIN_REMOTE;
  return load<u64>(remote) == load<u64>(address) && load<u64>(remote, 8) == load<u64>(address, 8);
}

// ---- 2. takeEarly --------------------------------------------------------------------------------

/**
 * Puts packets of one kind of socket that may be tried again on the receive list, for processInbound;
 * returns PORT_* << 8 | how many. To be called until that is 0.
 */
export function takeEarly(nowMs: f64): i32 {
  const now = <u64>nowMs;
  releaseTried(room());
  let port = 0;
  let most = 0;
  let taken = 0;
  for (let i = oldest(room()); i >= 0; i = oldest(room())) {
    const place = placeAt(room(), i);
    if (expected(load<u32>(place, WAITING_WHOSE)) >= 0) {
      if (!isOverdue(place, now, KEEP_MS)) store<u32>(place, SKIPPED, WAITING_STATE);
      else {
        count(IN_NO_STATES);
        release(room(), i);
      }
      continue;
    }
    if (taken == 0) {
      port = load<i32>(place, EARLY_PORT);
      most = prepareReceive(port);
    }
    if (load<i32>(place, EARLY_PORT) == port && taken < most) tryAgain(i, taken++);
    else store<u32>(place, SKIPPED, WAITING_STATE);
  }
  keepSkipped(room());
  return taken == 0 ? 0 : (port << 8) | taken;
}

/** As message `taken` of a batch whose headers are prepared. */
function tryAgain(index: i32, taken: i32): void {
  const place = placeAt(room(), index);
  const message = messageAt(taken);
  store<u32>(entryAt(taken), <u32>packetAt(room(), index), RX_AT);
  memory.copy(nameAt(taken), place + EARLY_NAME, SOCKADDR);
  memory.copy(controlAt(taken), place + EARLY_CONTROL, CMSG);
  store<u32>(message, load<u32>(place, EARLY_NAMELEN), MMSGHDR_NAMELEN);
  store<u64>(message, load<u32>(place, EARLY_CONTROLLEN), MMSGHDR_CONTROLLEN);
  store<u32>(message, load<u32>(place, EARLY_FLAGS), MMSGHDR_FLAGS);
  store<i32>(message, load<i32>(place, WAITING_LENGTH), MMSGHDR_LEN);
  store<u32>(place, TRIED, WAITING_STATE);
}
