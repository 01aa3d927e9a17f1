// What comes before authentication (RFC 4303 §3.4.2, RFC 4302 §3.4.2), none of it with an effect:
//   1. find    SPI and protocol → SA; its state, its way here, its limits. One that is only expected
//              lets the packet wait (early.ts)
//   2. admit   lengths, replay check; a job for open.ts
import * as drops from '../src/contract/drops';
import {
  SA_FLAG_AH,
  SA_FLAG_INNER,
  SA_FLAG_OUTBOUND,
  SA_FLAG_OUTER_V6,
  SA_FLAG_TRANSPORT,
  SA_FLAG_UDP,
} from '../src/contract/ids';
import {
  LARGE_HEADROOM,
  LARGE_SLOT,
  MMSGHDR_FLAGS,
  SA_BLOCK_BYTES,
  SA_FLAGS,
  SA_ICV_BYTES,
  SA_IV_BYTES,
  SLOT,
  SLOT_HEADROOM,
} from '../src/contract/layout';
import { AH_FIXED, AH_HEADERS, frameAh, statedBytes } from './ah';
import { count } from './counters';
import { keep } from './early';
import {
  addJob,
  DROPPED,
  ESP_HEADER,
  FRAMED,
  JOB_FIELD,
  JOB_HEADER,
  JOB_INDEX,
  JOB_LENGTH,
  JOB_SEQUENCE,
  JOB_SLOT,
  JOB_SOURCE,
  JOB_TARGET,
  JOB_TEXT,
  JOB_TOS,
  setState,
} from './esp';
import { headers6, writeHeaders6 } from './origin';
import { messageAt } from './receive';
import { checkReplay, inferSequence } from './replay';
import { findInbound, isSpent, isUsable, raiseHard } from './sa';
import { largeLeft, slotAt, takeLarge, takeSlot } from './slots';
import { KEPT } from './transport';

/** MSG_CTRUNC of recvmsg(2): not all control messages had room. */
const CONTROL_TRUNCATED: u32 = 8;
const PROTOCOL_4: i32 = 9; // offset in an IPv4 header
/** More padding than the alignment can want is not an AH of this SA. */
const MOST_PADDING: i32 = 7;
const ROOM: i32 = SLOT - SLOT_HEADROOM;
const LARGE_ROOM: i32 = LARGE_SLOT - LARGE_HEADROOM;
/** What is opened in a slot for certain; what is longer may need a place for a large packet. */
export const MOST_IN_SLOT: i32 = ROOM - AH_HEADERS;

// ---- 1. find -------------------------------------------------------------------------------------

/** `way`: the SA_FLAG_* that the way here of message `index` requires. 0: none, which is counted. */
function find(spi: u32, index: i32, way: u32): usize {
  const sa = findInbound(spi);
  if (sa == 0 && keep(spi, index)) return 0;
  const flags = sa == 0 ? 0 : load<u32>(sa, SA_FLAGS);
  const other = sa == 0 || (flags & SA_FLAG_OUTBOUND) != 0;
  // RFC 4301 §4.1: the protocol is part of what names an SA
  if (other || (flags & SA_FLAG_AH) != (way & SA_FLAG_AH)) return refuse(drops.IN_NO_STATES);
  if (!isUsable(sa)) return refuse(drops.IN_STATE_INVALID);
  if (isSpent(sa)) {
    raiseHard(sa);
    return refuse(drops.IN_STATE_EXPIRED);
  }
  // what belongs within an AH is not taken without it
  if ((flags & (SA_FLAG_UDP | SA_FLAG_OUTER_V6 | SA_FLAG_INNER)) != (way & ~SA_FLAG_AH)) {
    return refuse(drops.IN_STATE_MISMATCHES);
  }
  return sa;
}

function refuse(column: u32): usize {
  count(column);
  return 0;
}

// ---- 2. admit ------------------------------------------------------------------------------------

export function admitEsp(index: i32, at: usize, length: i32, tos: i32, way: u32): void {
  if (length < ESP_HEADER) return count(drops.IN_HEADER_ERRORS);
  const sa = find(bswap<u32>(load<u32>(at)), index, way);
  if (sa == 0) return;
  const block = load<i32>(sa, SA_BLOCK_BYTES);
  const text = length - ESP_HEADER - load<i32>(sa, SA_IV_BYTES) - load<i32>(sa, SA_ICV_BYTES);
  if (text < block) return count(drops.IN_HEADER_ERRORS);
  if (text & (block - 1)) return count(drops.IN_STATE_PROTOCOL_ERRORS);
  const sequence = inferSequence(sa, bswap<u32>(load<u32>(at, 4)));
  if (!checkReplay(sa, sequence)) return count(drops.IN_STATE_SEQUENCE_ERRORS);
  const kept = roomFor(sa, index);
  if (!isRoomFor(kept + length)) return count(drops.IN_BUFFER_ERRORS);
  const job = addReceived(sa, sequence, index, at, length, kept, tos);
  store<u32>(job, load<u32>(job, JOB_TARGET) + kept, JOB_TARGET);
  store<i32>(job, text, JOB_TEXT);
}

/** Bytes to leave in front of what is opened, for headers that transport mode puts there again. */
function roomFor(sa: usize, index: i32): i32 {
  const flags = load<u32>(sa, SA_FLAGS);
  if ((flags & SA_FLAG_TRANSPORT) == 0) return 0;
  if ((flags & (SA_FLAG_OUTER_V6 | SA_FLAG_UDP)) != SA_FLAG_OUTER_V6) return <i32>KEPT;
  const size = headers6(index);
  return isCut(index) || size > AH_HEADERS ? LARGE_ROOM : size;
}

function isRoomFor(bytes: i32): bool {
  return bytes <= ROOM || (bytes <= LARGE_ROOM && largeLeft() > 0);
}

/** Whether the kernel had more to say beside the message than there was room for. */
function isCut(index: i32): bool {
  return (load<u32>(messageAt(index), MMSGHDR_FLAGS) & CONTROL_TRUNCATED) != 0;
}

/** `header`: bytes of the IPv4 header in front of the AH; 0: IPv6, whose headers the socket describes. */
export function admitAh(index: i32, at: usize, length: i32, tos: i32, header: i32): void {
  if (length < AH_FIXED) return count(drops.IN_HEADER_ERRORS);
  const six: u32 = header == 0 ? SA_FLAG_OUTER_V6 : 0;
  const sa = find(bswap<u32>(load<u32>(at, 4)), index, SA_FLAG_AH | six);
  if (sa == 0) return;
  const spare = statedBytes(at) - AH_FIXED - load<i32>(sa, SA_ICV_BYTES);
  const wrong = spare < 0 || spare > MOST_PADDING || statedBytes(at) > length;
  if (wrong) return count(drops.IN_HEADER_ERRORS);
  const sequence = inferSequence(sa, bswap<u32>(load<u32>(at, 8)));
  if (!checkReplay(sa, sequence)) return count(drops.IN_STATE_SEQUENCE_ERRORS);
  const size = header == 0 ? headers6(index) : header;
  if (isCut(index) || size > AH_HEADERS || !isRoomFor(size + length)) {
    return count(drops.IN_BUFFER_ERRORS);
  }
  const job = addReceived(sa, sequence, index, at, length, size, tos);
  const target: usize = load<u32>(job, JOB_TARGET);
  store<i32>(job, size, JOB_HEADER);
  if (header > 0) {
    memory.copy(target, at - header, header);
    store<i32>(job, PROTOCOL_4, JOB_FIELD);
  } else {
    store<i32>(job, writeHeaders6(index, target, length), JOB_FIELD);
  }
  if (frameAh(sa, job)) return;
  setState(job, DROPPED);
  count(drops.IN_HEADER_ERRORS);
}

/** `kept` bytes stand in front. demultiplex has seen to it that there is a slot. */
function addReceived(
  sa: usize,
  sequence: u64,
  index: i32,
  at: usize,
  length: i32,
  kept: i32,
  tos: i32,
): usize {
  const job = addJob(sa);
  const slot = takeSlot();
  store<u64>(job, sequence, JOB_SEQUENCE);
  store<u32>(job, <u32>at, JOB_SOURCE);
  store<i32>(job, length, JOB_LENGTH);
  store<u32>(job, <u32>(kept + length > ROOM ? takeLarge() : slotAt(slot)), JOB_TARGET);
  store<i32>(job, slot, JOB_SLOT);
  store<i32>(job, tos, JOB_TOS);
  store<i32>(job, index, JOB_INDEX);
  setState(job, FRAMED);
  return job;
}
