// Prepares an IP header for AH's integrity check (RFC 4302 §3.3.3.1, appendix A): fields and options
// that routers may change become zero, those whose end is known become what the receiver will see.
import { DESTINATION, HOP_BY_HOP, ROUTING } from './extensions';
import { HEADER_4, HEADER_6 } from './header';

// IPv4 options, appendix A1: all but these are zeroed whole.
const END: u8 = 0;
const NOP: u8 = 1;
const SECURITY: u8 = 130;
const LOOSE_ROUTE: u8 = 131;
const EXTENDED_SECURITY: u8 = 133;
const COMMERCIAL_SECURITY: u8 = 134;
const STRICT_ROUTE: u8 = 137;
const ROUTER_ALERT: u8 = 148;
const MULTI_DESTINATION: u8 = 149;
// IPv6.
const PAD_1: u8 = 0;
const MAY_CHANGE: u8 = 0x20; // RFC 8200 §4.2, third bit of an option's type
const ROUTE_0: u8 = 0; // RFC 2460 §4.4
const ROUTE_2: u8 = 2; // RFC 6275 §6.4, of the same form

/** `header` bytes at `at`, up to the AH. False: there is something whose fate is not known. */
export function maskHeader(at: usize, header: i32): bool {
  return load<u8>(at) >> 4 == 4 ? mask4(at, header) : mask6(at, header);
}

// ---- IPv4 ----------------------------------------------------------------------------------------

function mask4(at: usize, header: i32): bool {
  store<u8>(at, 0, 1); // DSCP and ECN
  store<u16>(at, 0, 6); // flags and offset: AH is never in a fragment
  store<u8>(at, 0, 8); // time to live
  store<u16>(at, 0, 10); // checksum
  for (let option = HEADER_4; option < header; ) {
    const kind = load<u8>(at + option);
    if (kind == END) return true;
    if (kind == NOP) {
      option++;
      continue;
    }
    if (option + 2 > header) return false;
    const length: i32 = load<u8>(at + option, 1);
    if (length < 2 || option + length > header) return false;
    if (!isKept(kind)) zeroOption(at, at + option, kind, length);
    option += length;
  }
  return true;
}

function isKept(kind: u8): bool {
  return (
    kind == SECURITY ||
    kind == EXTENDED_SECURITY ||
    kind == COMMERCIAL_SECURITY ||
    kind == ROUTER_ALERT ||
    kind == MULTI_DESTINATION
  );
}

/** A source route ends at its last address; there, nothing of it is left to visit. */
function zeroOption(at: usize, option: usize, kind: u8, length: i32): void {
  const pointer: i32 = load<u8>(option, 2);
  const route = kind == LOOSE_ROUTE || kind == STRICT_ROUTE;
  if (route && length >= 7 && pointer >= 4 && pointer + 3 <= length) {
    store<u32>(at, load<u32>(option + length - 4), 16);
  }
  memory.fill(option, 0, length);
}

// ---- IPv6 ----------------------------------------------------------------------------------------

function mask6(at: usize, header: i32): bool {
  store<u32>(at, 0x60); // version alone: no class, no flow label
  store<u8>(at, 0, 7); // hop limit
  let next: i32 = load<u8>(at, 6);
  for (let offset = HEADER_6; offset < header; ) {
    if (offset + 8 > header) return false;
    const extension = at + offset;
    const length: i32 = (load<u8>(extension, 1) + 1) << 3;
    if (offset + length > header) return false;
    if (next == HOP_BY_HOP || next == DESTINATION) {
      if (!maskOptions(extension, length)) return false;
    } else if (next == ROUTING) {
      if (!endRoute(at, extension, length)) return false;
    } else {
      return false;
    }
    next = load<u8>(extension);
    offset += length;
  }
  return true;
}

/** The data of options that may change; their types and lengths stay. */
function maskOptions(extension: usize, length: i32): bool {
  for (let offset = 2; offset < length; ) {
    const option = extension + offset;
    if (load<u8>(option) == PAD_1) {
      offset++;
      continue;
    }
    if (offset + 2 > length) return false;
    const size: i32 = load<u8>(option, 1);
    if (offset + 2 + size > length) return false;
    if (load<u8>(option) & MAY_CHANGE) memory.fill(option + 2, 0, size);
    offset += 2 + size;
  }
  return true;
}

/** As at the route's end: the last address is the destination, each one before it has moved up. */
function endRoute(at: usize, extension: usize, length: i32): bool {
  const left: i32 = load<u8>(extension, 3);
  if (left == 0) return true;
  const type = load<u8>(extension, 2);
  const addresses = (length - 8) >> 4;
  if ((type != ROUTE_0 && type != ROUTE_2) || left > addresses) return false;
  const first = extension + 8 + (addresses - left) * 16;
  const last = extension + 8 + (addresses - 1) * 16;
  const destination = v128.load(last);
  memory.copy(first + 16, first, last - first);
  v128.store(first, v128.load(at, 24));
  v128.store(at, destination, 24);
  store<u8>(extension, 0, 3);
  return true;
}
