// Packets from the peers to the TUN, a batch at a time:
//   1. demultiplex  each datagram of each message: keepalive, IKE (ike.ts: mail to main), ESP or AH, by
//                   port and marker (RFC 3948 §2.2)
//   2. admit        (admit.ts) SPI → SA; its state, encapsulation and limits; lengths; replay check,
//                   no effect
//   3. open         (open.ts) ICV, then decryption, the whole batch
//   4. accept       (accept.ts) what is authentic: replay commit, checks of the inner packet, TUN; of a
//                   bundle's AH the ESP packet inside, which is admitted and opened in its turn
import * as drops from '../src/contract/drops';
import {
  PORT_AH4,
  PORT_AH6,
  PORT_ESP4,
  PORT_ESP6,
  PORT_UDP4_4500,
  PORT_UDP4_500,
  PORT_UDP6_4500,
  PORT_UDP6_500,
  SA_FLAG_OUTER_V6,
  SA_FLAG_UDP,
} from '../src/contract/ids';
import { MMSGHDR_FLAGS, MMSGHDR_LEN, RX_DONE } from '../src/contract/layout';
import { accept } from './accept';
import { admitAh, admitEsp, MOST_IN_SLOT } from './admit';
import { count } from './counters';
import { DONE, jobAt, jobCount, stateOf } from './esp';
import { IP_AH, IP_ESP } from './ip/packet';
import { mailIke } from './ike';
import { DATAGRAM_AT, DATAGRAM_LENGTH, DATAGRAM_PORT, scratchAt } from './memory';
import { openJobs } from './open';
import {
  entryAt,
  messageAt,
  ORIGIN_SEGMENT,
  ORIGIN_TOS,
  readOrigin,
  receivedAt,
  receiveRoom,
  TRUNCATED,
} from './receive';
import { largeLeft, slotsLeft } from './slots';

const KEEPALIVE: u8 = 0xff; // RFC 3948 §2.3

/** Takes messages from `first` on, as many as this round has slots for; returns the first it left. */
export function inboundBatch(port: i32, first: i32, messages: i32): i32 {
  let next = first;
  while (next < messages && demultiplex(port, next)) next++;
  // twice at most: an AH of a bundle brings an ESP packet, and ESP brings none
  for (let from = 0; from < jobCount(); ) {
    openJobs();
    const jobs = jobCount();
    for (; from < jobs; from++) {
      if (stateOf(jobAt(from)) == DONE) accept(jobAt(from));
    }
  }
  return next;
}

// ---- 1. demultiplex ------------------------------------------------------------------------------

/**
 * One message, which may hold many datagrams; false: the slots ran out inside it. A large one takes two
 * places for large ones at most, the other for the ESP inside an AH.
 */
function demultiplex(port: i32, index: i32): bool {
  const length = load<i32>(messageAt(index), MMSGHDR_LEN);
  const truncated = load<u32>(messageAt(index), MMSGHDR_FLAGS) & TRUNCATED;
  if (truncated || length > receiveRoom(port)) {
    count(drops.IN_BUFFER_ERRORS);
    return true;
  }
  const at = receivedAt(index);
  const entry = entryAt(index);
  const origin = readOrigin(index);
  const tos = load<i32>(origin, ORIGIN_TOS);
  const segment = load<i32>(origin, ORIGIN_SEGMENT);
  const step = segment > 0 ? segment : max(length, 1);
  let done = load<i32>(entry, RX_DONE);
  do {
    const size = min(step, length - done);
    if (slotsLeft() == 0 || (size > MOST_IN_SLOT && largeLeft() < 2)) {
      store<i32>(entry, done, RX_DONE);
      return false;
    }
    datagram(port, index, at + done, size, tos);
    done += step;
  } while (done < length);
  return true;
}

function datagram(port: i32, index: i32, at: usize, length: i32, tos: i32): void {
  store<i32>(scratchAt, port, DATAGRAM_PORT);
  store<u32>(scratchAt, <u32>at, DATAGRAM_AT);
  store<i32>(scratchAt, length, DATAGRAM_LENGTH);
  if (port == PORT_UDP4_500 || port == PORT_UDP6_500) return mailIke(port, index, at, length);
  const natt = port == PORT_UDP4_4500 || port == PORT_UDP6_4500;
  const six = port == PORT_UDP6_4500 ? SA_FLAG_OUTER_V6 : 0;
  if (natt) {
    if (length == 1 && load<u8>(at) == KEEPALIVE) return count(drops.KEEPALIVES);
    if (length < 4) return count(drops.IN_HEADER_ERRORS);
    if (load<u32>(at) == 0) return mailIke(port, index, at + 4, length - 4);
    return admitEsp(index, at, length, tos, SA_FLAG_UDP | six);
  }
  if (port == PORT_ESP6) return admitEsp(index, at, length, tos, SA_FLAG_OUTER_V6);
  if (port == PORT_AH6) return admitAh(index, at, length, tos, 0);
  if (port == PORT_ESP4) return rawIpv4(index, at, length, IP_ESP);
  if (port == PORT_AH4) return rawIpv4(index, at, length, IP_AH);
  count(drops.IN_ERRORS);
}

/** A raw IPv4 socket delivers the header too; the kernel has checked and reassembled the packet. */
function rawIpv4(index: i32, at: usize, length: i32, protocol: i32): void {
  if (length < 20) return count(drops.IN_HEADER_ERRORS);
  const header: i32 = (load<u8>(at) & 15) << 2;
  const total: i32 = bswap<u16>(load<u16>(at, 2));
  const wrong = load<u8>(at) >> 4 != 4 || header < 20 || total < header || total > length;
  if (wrong || load<u8>(at, 9) != protocol) return count(drops.IN_HEADER_ERRORS);
  const tos: i32 = load<u8>(at, 1);
  if (protocol == IP_AH) admitAh(index, at + header, total - header, tos, header);
  else admitEsp(index, at + header, total - header, tos, 0);
}
