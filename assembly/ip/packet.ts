// Reads an IP packet into the view: addresses, ports, protocol and lengths, checked once here.
//   1. version and lengths   2. extension headers (IPv6)   3. fragment or whole   4. ports
// Everything later relies on it: VIEW_TOTAL bytes of packet are there, VIEW_HEADER of them in front
// of the upper layer. The loops are bounded by the packet's own length.
import { scratchAt, VIEW } from '../memory';

// The view; addresses as two numbers each, IPv4 as ::ffff:a.b.c.d.
export const VIEW_SRC_HIGH: usize = 0; // u64
export const VIEW_SRC_LOW: usize = 8;
export const VIEW_DST_HIGH: usize = 16;
export const VIEW_DST_LOW: usize = 24;
export const VIEW_SRC_PORT: usize = 32; // i32
export const VIEW_DST_PORT: usize = 36;
export const VIEW_PROTOCOL: usize = 40; // i32
export const VIEW_FAMILY: usize = 44; // i32, 4 or 6
export const VIEW_HEADER: usize = 48; // i32, bytes in front of the upper layer
export const VIEW_TOTAL: usize = 52; // i32, bytes of the packet
export const VIEW_FRAGMENT: usize = 56; // i32, WHOLE, FIRST, LATER or FOLLOWING
export const VIEW_TOS: usize = 60; // i32, DSCP and ECN
export const VIEW_DF: usize = 64; // i32, 1: may not be fragmented
// 68 … 75: extensions.ts. Of fragments alone:
export const VIEW_ID: usize = 76; // i32, identification
export const VIEW_OFFSET: usize = 80; // i32, where in the datagram it begins
export const VIEW_PIECE: usize = 84; // i32, bytes of the datagram in it
export const VIEW_MORE: usize = 88; // i32, 0: the last
// Of IPv6 packets with a Fragment header, be they whole (RFC 6946):
export const VIEW_CUT: usize = 92; // i32, where that header stands; 0: there is none
export const VIEW_CUT_FIELD: usize = 96; // i32, where the number stands that says so

export const WHOLE: i32 = 0;
export const FIRST: i32 = 1;
export const LATER: i32 = 2;
/** A later fragment that has the ports of its first: fragments.ts. */
export const FOLLOWING: i32 = 3;

// IANA protocol numbers.
export const IP_ICMP: i32 = 1;
export const IP_IN_IP: i32 = 4;
export const IP_TCP: i32 = 6;
export const IP_UDP: i32 = 17;
export const IP_DCCP: i32 = 33;
export const IPV6_IN_IP: i32 = 41;
export const IP_ESP: i32 = 50;
export const IP_AH: i32 = 51;
export const IP_ICMPV6: i32 = 58;
const IP_SCTP: i32 = 132;
export const IP_UDPLITE: i32 = 136;
const HOP_BY_HOP: i32 = 0;
const ROUTING: i32 = 43;
const FRAGMENT: i32 = 44;
const DESTINATION: i32 = 60;

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2) as the low half's upper 32 bits. */
const MAPPED: u64 = 0x0000ffff00000000;

/** Fills the view from `length` bytes at `at`; false: no well-formed IP packet. */
export function parsePacket(at: usize, length: i32): bool {
  if (length < 20) return false;
  const version = load<u8>(at) >> 4;
  if (version == 4) return parse4(at, length, scratchAt + VIEW);
  if (version == 6) return parse6(at, length, scratchAt + VIEW);
  return false;
}

function parse4(at: usize, length: i32, view: usize): bool {
  const header: i32 = (load<u8>(at) & 15) << 2;
  const total: i32 = bswap<u16>(load<u16>(at, 2));
  if (header < 20 || total < header || total > length) return false;
  const flags: i32 = bswap<u16>(load<u16>(at, 6));
  store<u64>(view, 0, VIEW_SRC_HIGH);
  store<u64>(view, MAPPED | bswap<u32>(load<u32>(at, 12)), VIEW_SRC_LOW);
  store<u64>(view, 0, VIEW_DST_HIGH);
  store<u64>(view, MAPPED | bswap<u32>(load<u32>(at, 16)), VIEW_DST_LOW);
  store<i32>(view, 4, VIEW_FAMILY);
  store<i32>(view, total, VIEW_TOTAL);
  store<i32>(view, load<u8>(at, 1), VIEW_TOS);
  store<i32>(view, (flags >> 14) & 1, VIEW_DF);
  const offset = flags & 0x1fff;
  const more = flags & 0x2000;
  store<i32>(view, 0, VIEW_CUT);
  store<i32>(view, offset != 0 ? LATER : more != 0 ? FIRST : WHOLE, VIEW_FRAGMENT);
  if (offset | more) {
    store<i32>(view, load<u16>(at, 4), VIEW_ID);
    setPiece(view, offset << 3, total - header, more);
  }
  return parseUpper(at, header, load<u8>(at, 9), view);
}

function parse6(at: usize, length: i32, view: usize): bool {
  if (length < 40) return false;
  const total: i32 = 40 + bswap<u16>(load<u16>(at, 4));
  if (total > length) return false;
  const srcHigh = bswap<u64>(load<u64>(at, 8));
  const srcLow = bswap<u64>(load<u64>(at, 16));
  const dstHigh = bswap<u64>(load<u64>(at, 24));
  const dstLow = bswap<u64>(load<u64>(at, 32));
  // mapped addresses never appear on the wire, and here they would pass for IPv4
  if (srcHigh == 0 && srcLow >> 32 == MAPPED >> 32) return false;
  if (dstHigh == 0 && dstLow >> 32 == MAPPED >> 32) return false;
  store<u64>(view, srcHigh, VIEW_SRC_HIGH);
  store<u64>(view, srcLow, VIEW_SRC_LOW);
  store<u64>(view, dstHigh, VIEW_DST_HIGH);
  store<u64>(view, dstLow, VIEW_DST_LOW);
  store<i32>(view, 6, VIEW_FAMILY);
  store<i32>(view, total, VIEW_TOTAL);
  store<i32>(view, (bswap<u16>(load<u16>(at)) >> 4) & 255, VIEW_TOS);
  store<i32>(view, 1, VIEW_DF); // routers never fragment IPv6
  store<i32>(view, WHOLE, VIEW_FRAGMENT);
  store<i32>(view, 0, VIEW_CUT);
  return parseExtensions(at, total, load<u8>(at, 6), view);
}

function setPiece(view: usize, offset: i32, bytes: i32, more: i32): void {
  store<i32>(view, offset, VIEW_OFFSET);
  store<i32>(view, bytes, VIEW_PIECE);
  store<i32>(view, more, VIEW_MORE);
}

/** Walks to the upper layer (RFC 8200 §4); every turn moves on by at least 8 bytes. */
function parseExtensions(at: usize, total: i32, next: i32, view: usize): bool {
  let header = 40;
  let said = 6;
  for (;;) {
    if (!isExtension(next)) break;
    if (total - header < 8) return false;
    const extension = at + header;
    const size: i32 = load<u8>(extension, 1);
    if (next == FRAGMENT) {
      const field: i32 = bswap<u16>(load<u16>(extension, 2));
      // one behind another is data of the datagram that the first one cuts
      if (load<i32>(view, VIEW_CUT) == 0) {
        store<i32>(view, header, VIEW_CUT);
        store<i32>(view, said, VIEW_CUT_FIELD);
        store<i32>(view, load<i32>(extension, 4), VIEW_ID);
        setPiece(view, field & 0xfff8, total - header - 8, field & 1);
      }
      said = header;
      header += 8;
      next = load<u8>(extension);
      if (field >> 3 != 0) {
        store<i32>(view, LATER, VIEW_FRAGMENT);
        break;
      }
      if (field & 1) store<i32>(view, FIRST, VIEW_FRAGMENT);
      continue;
    }
    said = header;
    header += next == IP_AH ? (size + 2) << 2 : (size + 1) << 3;
    next = load<u8>(extension);
    if (header > total) return false;
  }
  return parseUpper(at, header, next, view);
}

/** Whether a header of IPv6 stands in front of the upper layer (RFC 8200 §4.1). */
export function isExtension(next: i32): bool {
  return (
    next == HOP_BY_HOP ||
    next == ROUTING ||
    next == DESTINATION ||
    next == FRAGMENT ||
    next == IP_AH
  );
}

/** ICMP's type and code stand in for ports (RFC 4301 §4.4.1.1); a later fragment has none. */
function parseUpper(at: usize, header: i32, protocol: i32, view: usize): bool {
  const upper = at + header;
  const left = load<i32>(view, VIEW_TOTAL) - header;
  let srcPort = 0;
  let dstPort = 0;
  if (load<i32>(view, VIEW_FRAGMENT) != LATER) {
    if (hasPorts(protocol)) {
      if (left < 4) return false;
      srcPort = bswap<u16>(load<u16>(upper));
      dstPort = bswap<u16>(load<u16>(upper, 2));
    } else if (protocol == IP_ICMP || protocol == IP_ICMPV6) {
      if (left < 2) return false;
      srcPort = dstPort = bswap<u16>(load<u16>(upper));
    }
  }
  store<i32>(view, srcPort, VIEW_SRC_PORT);
  store<i32>(view, dstPort, VIEW_DST_PORT);
  store<i32>(view, protocol, VIEW_PROTOCOL);
  store<i32>(view, header, VIEW_HEADER);
  return true;
}

function hasPorts(protocol: i32): bool {
  return (
    protocol == IP_TCP ||
    protocol == IP_UDP ||
    protocol == IP_SCTP ||
    protocol == IP_DCCP ||
    protocol == IP_UDPLITE
  );
}

/** Turns the view round: what came in is looked up as what would go out. */
export function reverseView(): void {
  const view = scratchAt + VIEW;
  const source = v128.load(view, VIEW_SRC_HIGH);
  v128.store(view, v128.load(view, VIEW_DST_HIGH), VIEW_SRC_HIGH);
  v128.store(view, source, VIEW_DST_HIGH);
  const port = load<i32>(view, VIEW_SRC_PORT);
  store<i32>(view, load<i32>(view, VIEW_DST_PORT), VIEW_SRC_PORT);
  store<i32>(view, port, VIEW_DST_PORT);
}

export function viewed(field: usize): i32 {
  return load<i32>(scratchAt + VIEW + field);
}
