// Writes IP headers: a new one (RFC 791 §3.1, RFC 8200 §3), or what changes in one that is kept.
import { setHeaderChecksum } from './checksum';

export const HEADER_4: i32 = 20;
export const HEADER_6: i32 = 40;
const HOP_LIMIT: u8 = 64;
const DF: u16 = 0x4000;

/** `src` and `dst` as they stand in memory. `total` counts the header. */
export function writeHeader4(
  at: usize,
  total: i32,
  protocol: i32,
  tos: i32,
  src: u32,
  dst: u32,
): void {
  store<u8>(at, 0x45);
  store<u8>(at, <u8>tos, 1);
  store<u32>(at, 0, 4);
  store<u16>(at, bswap<u16>(DF), 6);
  store<u8>(at, HOP_LIMIT, 8);
  store<u8>(at, <u8>protocol, 9);
  store<u32>(at, src, 12);
  store<u32>(at, dst, 16);
  setPacketLength(at, HEADER_4, total);
}

/** `src` and `dst`: where the addresses stand. `total` counts the header. */
export function writeHeader6(
  at: usize,
  total: i32,
  next: i32,
  tos: i32,
  src: usize,
  dst: usize,
): void {
  store<u32>(at, bswap<u32>(0x60000000 | ((<u32>tos) << 20)));
  store<u8>(at, <u8>next, 6);
  store<u8>(at, HOP_LIMIT, 7);
  v128.store(at, v128.load(src), 8);
  v128.store(at, v128.load(dst), 24);
  setPacketLength(at, HEADER_6, total);
}

/** Bytes of the packet at `at` as its header says. */
export function packetLength(at: usize): i32 {
  if (load<u8>(at) >> 4 == 4) return bswap<u16>(load<u16>(at, 2));
  return HEADER_6 + bswap<u16>(load<u16>(at, 4));
}

/** The packet at `at`, with `header` bytes of IPv4 header, is `total` bytes long now. */
export function setPacketLength(at: usize, header: i32, total: i32): void {
  if (load<u8>(at) >> 4 == 4) {
    store<u16>(at, bswap<u16>(<u16>total), 2);
    setHeaderChecksum(at, header);
  } else {
    store<u16>(at, bswap<u16>(<u16>(total - HEADER_6)), 4);
  }
}
