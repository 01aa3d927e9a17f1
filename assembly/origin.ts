// The IPv6 headers of a packet that a raw socket delivered without them, put together from what the
// kernel says beside it: name, PKTINFO, TCLASS, and the extension headers in the order they came
// (RFC 3542 §6 to §8, one control message each). Hop limit and flow label are not known; AH does not
// cover them.
import { CMSG, MMSGHDR_CONTROLLEN, WORKER_RX_CMSG } from '../src/contract/layout';
import { workerAt } from './memory';
import { DESTINATION, HOP_BY_HOP, ROUTING } from './ip/extensions';
import { HEADER_6, writeHeader6 } from './ip/header';
import { IP_AH } from './ip/packet';
import { messageAt, ORIGIN_LOCAL, ORIGIN_REMOTE, ORIGIN_TOS, readOrigin } from './receive';

const SOL_IPV6: i32 = 41;
// linux/in6.h
const IPV6_HOPOPTS: i32 = 54;
const IPV6_RTHDR: i32 = 57;
const IPV6_DSTOPTS: i32 = 59;
const CMSG_HEADER: u32 = 16;
const NONE: i32 = -1;

/** Bytes of all headers in front of what was delivered. */
export function headers6(index: i32): i32 {
  let size = HEADER_6;
  const end = controlEnd(index);
  for (let at = controlAt(index); at < end; at = following(at, end)) {
    if (headerNumber(at) != NONE) size += dataLength(at);
  }
  return size;
}

/**
 * Writes them to `to`, for `length` bytes behind them, as if those began with an AH. Returns the offset
 * of the number that says so.
 */
export function writeHeaders6(index: i32, to: usize, length: i32): i32 {
  const origin = readOrigin(index);
  const tos = load<i32>(origin, ORIGIN_TOS);
  const total = headers6(index) + length;
  writeHeader6(to, total, IP_AH, tos, origin + ORIGIN_REMOTE, origin + ORIGIN_LOCAL);
  let field = 6;
  let header = HEADER_6;
  const end = controlEnd(index);
  for (let at = controlAt(index); at < end; at = following(at, end)) {
    const number = headerNumber(at);
    if (number == NONE) continue;
    memory.copy(to + header, at + CMSG_HEADER, dataLength(at));
    store<u8>(to + field, <u8>number);
    field = header;
    header += dataLength(at);
  }
  store<u8>(to + field, <u8>IP_AH);
  return field;
}

function controlAt(index: i32): usize {
  return workerAt + WORKER_RX_CMSG + index * CMSG;
}

/** Where the control messages end; a header must fit in front of it. */
function controlEnd(index: i32): usize {
  const length = min<u32>(load<u32>(messageAt(index), MMSGHDR_CONTROLLEN), CMSG);
  return controlAt(index) + max<i32>(<i32>(length - CMSG_HEADER + 1), 0);
}

/** The next control message; `end` where this one is not sound. */
function following(at: usize, end: usize): usize {
  const length = load<u32>(at);
  if (length < CMSG_HEADER || length > <u32>CMSG) return end;
  return min<usize>(at + ((length + 7) & ~7), end);
}

/** The extension header a control message holds, or NONE. */
function headerNumber(at: usize): i32 {
  const type = load<i32>(at, 12);
  const length = dataLength(at);
  if (load<i32>(at, 8) != SOL_IPV6 || length < 8 || length > CMSG || length & 7) return NONE;
  if ((<i32>load<u8>(at + CMSG_HEADER, 1) + 1) << 3 != length) return NONE;
  if (type == IPV6_HOPOPTS) return HOP_BY_HOP;
  if (type == IPV6_RTHDR) return ROUTING;
  return type == IPV6_DSTOPTS ? DESTINATION : NONE;
}

function dataLength(at: usize): i32 {
  return load<i32>(at) - <i32>CMSG_HEADER;
}
