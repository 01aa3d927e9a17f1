// Cuts an IPv4 packet that does not fit the tunnel (RFC 791 §3.2), before it is encrypted.
import { setHeaderChecksum } from './checksum';
import { VIEW_HEADER, VIEW_TOTAL, viewed } from './packet';

const MORE: u16 = 0x2000;
const RESERVED_AND_DF: u16 = 0xc000;
const OPTION_END: u8 = 0;
const OPTION_NOP: u8 = 1;
const OPTION_COPIED: u8 = 0x80;

/** Data bytes of each piece but the last: what fits behind the whole header, in units of 8. */
function chunk(mtu: i32): i32 {
  return (mtu - viewed(VIEW_HEADER)) & ~7;
}

/** How many pieces the packet in view becomes; 0: the MTU leaves no room for data. */
export function countFragments(mtu: i32): i32 {
  const size = chunk(mtu);
  if (size <= 0) return 0;
  return (viewed(VIEW_TOTAL) - viewed(VIEW_HEADER) + size - 1) / size;
}

/** Writes piece `index` of the packet in view at `to`; returns its length. */
export function writeFragment(at: usize, mtu: i32, index: i32, to: usize): i32 {
  const header = viewed(VIEW_HEADER);
  const data = viewed(VIEW_TOTAL) - header;
  const from = index * chunk(mtu);
  const length = min(chunk(mtu), data - from);
  const last = from + length == data;
  memory.copy(to, at, 20);
  const size = index == 0 ? copyWhole(at, header, to) : copyOptions(at, header, to);
  memory.copy(to + size, at + header + from, length);
  // the packet may be a fragment itself: its own offset and MF go on counting
  const field = bswap<u16>(load<u16>(at, 6));
  const offset = <u16>((field & 0x1fff) + (from >> 3));
  const more = last ? field & MORE : MORE;
  store<u8>(to, <u8>(0x40 | (size >> 2)));
  store<u16>(to, bswap<u16>(<u16>(size + length)), 2);
  store<u16>(to, bswap<u16>(more | offset | (field & RESERVED_AND_DF)), 6);
  setHeaderChecksum(to, size);
  return size + length;
}

function copyWhole(at: usize, header: i32, to: usize): i32 {
  memory.copy(to + 20, at + 20, header - 20);
  return header;
}

/** Later pieces carry only the options that say so; returns the header's length. */
function copyOptions(at: usize, header: i32, to: usize): i32 {
  let size = 20;
  for (let option = 20; option < header; ) {
    const kind = load<u8>(at + option);
    if (kind == OPTION_END) break;
    if (kind == OPTION_NOP) {
      option++;
      continue;
    }
    if (option + 2 > header) break;
    const length: i32 = load<u8>(at + option, 1);
    if (length < 2 || option + length > header) break;
    if (kind & OPTION_COPIED) {
      memory.copy(to + size, at + option, length);
      size += length;
    }
    option += length;
  }
  while (size & 3) store<u8>(to + size++, OPTION_END);
  return size;
}
