// Where an IPsec header goes in transport mode: behind the IP header and, in IPv6, behind the
// extension headers that routers on the way read (RFC 4303 §3.1.1, RFC 4302 §3.1.1). Destination
// options go with them only in front of a routing header, where they are for its hops.
import { scratchAt, VIEW } from '../memory';
import { VIEW_FAMILY, VIEW_FRAGMENT, VIEW_TOTAL, viewed, WHOLE } from './packet';

/** Bytes in front of the IPsec header; 0: none is to be put in (tunnel mode). */
export const VIEW_SPLIT: usize = 68; // i32
/** Where in the packet the number stands that says what follows those bytes. */
export const VIEW_SPLIT_NEXT: usize = 72; // i32

export const HOP_BY_HOP: i32 = 0;
export const ROUTING: i32 = 43;
const FRAGMENT: i32 = 44;
export const DESTINATION: i32 = 60;

const NEXT_4: i32 = 9; // offset of protocol in an IPv4 header
const NEXT_6: i32 = 6;
const HEADER_6: i32 = 40;

/** Tunnel mode: the packet in view goes in whole. */
export function keepWhole(): void {
  store<i32>(scratchAt + VIEW, 0, VIEW_SPLIT);
}

/**
 * Finds the place in the packet in view, at `at`. False where there is none: transport mode carries
 * whole datagrams only (RFC 4303 §3.3.4).
 */
export function splitHeaders(at: usize): bool {
  if (viewed(VIEW_FRAGMENT) != WHOLE) return false;
  if (viewed(VIEW_FAMILY) == 6) return splitExtensions(at);
  setSplit((load<u8>(at) & 15) << 2, NEXT_4);
  return true;
}

/** The view was filled from this packet: its extension headers lie within it. */
function splitExtensions(at: usize): bool {
  let header = HEADER_6;
  let field = NEXT_6;
  let next: i32 = load<u8>(at + field);
  setSplit(header, field);
  while (next == HOP_BY_HOP || next == ROUTING || next == DESTINATION) {
    if (header + 8 > viewed(VIEW_TOTAL)) return false;
    field = header;
    header += (load<u8>(at + header, 1) + 1) << 3;
    // destination options alone stay behind, until a routing header takes them along
    if (next != DESTINATION) setSplit(header, field);
    next = load<u8>(at + field);
  }
  return next != FRAGMENT;
}

function setSplit(header: i32, field: i32): void {
  store<i32>(scratchAt + VIEW, header, VIEW_SPLIT);
  store<i32>(scratchAt + VIEW, field, VIEW_SPLIT_NEXT);
}
