// Transport mode: the packet keeps its IP header, only what follows it is protected.
//   out  1. carriesWhole  which headers stay in front (RFC 4303 §3.1.1), and whether the SA can
//        2. splitJob      these headers into the slot, the rest into the job
//   in   3. rebuild       the header that came, or one of what the socket says, in front of the rest
//        4. mendChecksum  TCP's and UDP's where a NAT changed the addresses (RFC 3948 §3.1.2)
// Raw packets leave with the packet's own header, through the socket that takes whole packets. Under
// UDP encapsulation the kernel writes the header, so one with options or extensions cannot pass.
import { SA_FLAG_OUTER_V6, SA_FLAG_UDP } from '../src/contract/ids';
import { AH_HEADERS, isAh } from './ah';
import {
  SA_BLOCK_BYTES,
  SA_CHECKSUM_FIX,
  SA_FLAGS,
  SA_LOCAL,
  SA_REMOTE,
} from '../src/contract/layout';
import {
  JOB_FIELD,
  JOB_HEADER,
  JOB_INDEX,
  JOB_LENGTH,
  JOB_NEXT,
  JOB_SOURCE,
  JOB_TARGET,
  JOB_TOS,
} from './esp';
import { fold } from './ip/checksum';
import { splitHeaders, VIEW_SPLIT, VIEW_SPLIT_NEXT } from './ip/extensions';
import { HEADER_4, HEADER_6, setPacketLength, writeHeader4, writeHeader6 } from './ip/header';
import {
  IP_DCCP,
  IP_ESP,
  IP_ICMPV6,
  IP_TCP,
  IP_UDP,
  IP_UDPLITE,
  VIEW_DST_HIGH,
  VIEW_FAMILY,
  VIEW_HEADER,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_TOTAL,
  viewed,
} from './ip/packet';
import { headers6, writeHeaders6 } from './origin';
import { inRange } from './range';
import { ORIGIN_LOCAL, ORIGIN_REMOTE, readOrigin, receivedAt } from './receive';

const DF: u16 = 0x0040; // as it stands in memory

// ---- out: 1. which headers stay in front -----------------------------------------------------------

/** Whether the packet in view can go through the SA as it is; splits it then. */
export function carriesWhole(sa: usize, at: usize): bool {
  if (!isBetweenEnds(sa) || !splitHeaders(at)) return false;
  if (isAh(sa)) return viewed(VIEW_SPLIT) <= AH_HEADERS;
  return (load<u32>(sa, SA_FLAGS) & SA_FLAG_UDP) == 0 || viewed(VIEW_SPLIT) == plainHeader();
}

/** Its header becomes the outer one, so it must be ours to send and the peer's to take. */
export function isBetweenEnds(sa: usize): bool {
  const ours = sa + SA_LOCAL;
  const theirs = sa + SA_REMOTE;
  return inRange(VIEW_SRC_HIGH, ours, ours) && inRange(VIEW_DST_HIGH, theirs, theirs);
}

function plainHeader(): i32 {
  return viewed(VIEW_FAMILY) == 4 ? HEADER_4 : HEADER_6;
}

/** Bytes by which a header with options or extensions lowers the largest packet, in whole blocks. */
export function surplus(sa: usize, split: i32): i32 {
  const block = load<i32>(sa, SA_BLOCK_BYTES);
  return (split - plainHeader() + block - 1) & ~(block - 1);
}

// ---- out: 2. the job -------------------------------------------------------------------------------

/**
 * The job's source is the packet in view, at `at`; its target is its slot. The headers may stand in the
 * slot already, further behind: then what is encrypted stands where it belongs.
 */
export function splitJob(sa: usize, job: usize, at: usize): void {
  const split = viewed(VIEW_SPLIT);
  const field = viewed(VIEW_SPLIT_NEXT);
  store<u32>(job, <u32>at + split, JOB_SOURCE);
  store<i32>(job, load<i32>(job, JOB_LENGTH) - split, JOB_LENGTH);
  store<i32>(job, load<u8>(at + field), JOB_NEXT);
  const target: usize = load<u32>(job, JOB_TARGET);
  store<u32>(job, <u32>target + split, JOB_TARGET);
  if (load<u32>(sa, SA_FLAGS) & SA_FLAG_UDP) return;
  memory.copy(target, at, split);
  store<u8>(target + field, <u8>IP_ESP);
  store<i32>(job, split, JOB_HEADER);
  store<i32>(job, field, JOB_FIELD);
}

// ---- in: 3. the header -----------------------------------------------------------------------------

/** Bytes left in a slot in front of what is opened: the longest IPv4 header, and the TUN's own. */
export const KEPT: usize = 64;

/**
 * Puts the headers in front of the `length` bytes at `at` that an ESP packet carried as protocol `next`;
 * returns where they begin. As IPv4's options, IPv6's extension headers are again what came, for which
 * no ICV vouches (RFC 4303 §3.1.1).
 */
export function rebuild(sa: usize, job: usize, at: usize, length: i32, next: i32): usize {
  const index = load<i32>(job, JOB_INDEX);
  const tos = load<i32>(job, JOB_TOS);
  const way = load<u32>(sa, SA_FLAGS) & (SA_FLAG_UDP | SA_FLAG_OUTER_V6);
  if (way == 0) return restore4(receivedAt(index), at, length, next);
  if (way == SA_FLAG_OUTER_V6) return restore6(index, at, length, next);
  const origin = readOrigin(index);
  const src = origin + ORIGIN_REMOTE;
  const dst = origin + ORIGIN_LOCAL;
  if (way == SA_FLAG_UDP) {
    const to = at - HEADER_4;
    writeHeader4(to, HEADER_4 + length, next, tos, load<u32>(src, 12), load<u32>(dst, 12));
    return to;
  }
  writeHeader6(at - HEADER_6, HEADER_6 + length, next, tos, src, dst);
  return at - HEADER_6;
}

/** admit.ts has left room for what is put together from the control messages. */
function restore6(index: i32, at: usize, length: i32, next: i32): usize {
  const to = at - headers6(index);
  store<u8>(to + writeHeaders6(index, to, length), <u8>next);
  return to;
}

/** The header that the raw socket delivered, checked there by inbound.ts. */
function restore4(header: usize, at: usize, length: i32, next: i32): usize {
  const size: i32 = (load<u8>(header) & 15) << 2;
  const to = at - size;
  memory.copy(to, header, size);
  store<u16>(to, load<u16>(to, 6) & DF, 6);
  store<u8>(to, <u8>next, 9);
  setPacketLength(to, size, size + length);
  return to;
}

// ---- in: 4. the checksum ---------------------------------------------------------------------------

/** The packet in view, at `at`: whole, and with the addresses that it arrived with. */
export function mendChecksum(sa: usize, at: usize): void {
  const fix = load<u32>(sa, SA_CHECKSUM_FIX);
  if (fix == 0) return;
  const protocol = viewed(VIEW_PROTOCOL);
  const offset = checksumOffset(protocol);
  if (offset < 0 || viewed(VIEW_TOTAL) - viewed(VIEW_HEADER) < offset + 2) return;
  const field = at + viewed(VIEW_HEADER) + offset;
  const before: u32 = bswap<u16>(load<u16>(field));
  if (protocol == IP_UDP && before == 0) return; // none was computed (RFC 768)
  const after = <u16>~fold(<u64>(~before & 0xffff) + fix);
  store<u16>(field, protocol == IP_UDP && after == 0 ? 0xffff : bswap<u16>(after));
}

/** Where a protocol has a checksum over the addresses; -1: nowhere. */
function checksumOffset(protocol: i32): i32 {
  if (protocol == IP_TCP) return 16;
  if (protocol == IP_UDP || protocol == IP_UDPLITE || protocol == IP_DCCP) return 6;
  return protocol == IP_ICMPV6 ? 2 : -1;
}
