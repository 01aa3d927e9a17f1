// Clamps the maximum segment size of a TCP SYN to what the tunnel carries (RFC 9293 §3.7.1).
import { replaceWord } from './checksum';
import {
  IP_TCP,
  LATER,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_HEADER,
  VIEW_PROTOCOL,
  VIEW_TOTAL,
  viewed,
} from './packet';

const SYN: u8 = 2;
const OPTION_END: u8 = 0;
const OPTION_NOP: u8 = 1;
const OPTION_MSS: u8 = 2;
const LEAST: i32 = 88; // below it the path MTU is nonsense

/** `at` is the packet in view; `mtu` the largest inner packet. */
export function clampMss(at: usize, mtu: i32): void {
  if (viewed(VIEW_PROTOCOL) != IP_TCP || viewed(VIEW_FRAGMENT) >= LATER) return;
  const header = viewed(VIEW_HEADER);
  const left = viewed(VIEW_TOTAL) - header;
  if (left < 24) return; // a TCP header with one option at least
  const segment = at + header;
  if ((load<u8>(segment, 13) & SYN) == 0) return;
  const size: i32 = (load<u8>(segment, 12) >> 4) << 2;
  const limit = mtu - (viewed(VIEW_FAMILY) == 4 ? 40 : 60);
  if (size > left || limit < LEAST) return;
  for (let option = 20; option < size; ) {
    const kind = load<u8>(segment + option);
    if (kind == OPTION_END) return;
    if (kind == OPTION_NOP) {
      option++;
      continue;
    }
    if (option + 2 > size) return;
    const length: i32 = load<u8>(segment + option, 1);
    if (length < 2 || option + length > size) return;
    if (kind == OPTION_MSS && length == 4) {
      lower(segment, option + 2, limit);
      return;
    }
    option += length;
  }
}

/** The checksum sums words at even offsets; an option may begin at an odd one, so both are mended. */
function lower(segment: usize, offset: i32, limit: i32): void {
  const field = segment + offset;
  const old: i32 = bswap<u16>(load<u16>(field));
  if (old <= limit) return;
  const checksum = segment + 16;
  if ((offset & 1) == 0) {
    replaceWord(checksum, field, <u16>limit);
    return;
  }
  replaceWord(checksum, field - 1, ((<u16>load<u8>(field - 1)) << 8) | <u16>(limit >> 8));
  replaceWord(checksum, field + 1, ((<u16>(limit & 255)) << 8) | load<u8>(field, 2));
}
