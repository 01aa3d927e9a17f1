// Cuts a super-packet of the host (TCP or UDP segmentation offload) into the packets it stands for.
//   1. readOffload   the virtio header against the packet in view; a lone checksum is completed here
//   2. writeSegment  one packet of it, headers mended, checksums whole, payload copied once
// struct virtio_net_hdr {u8 flags, u8 gso_type, u16 hdr_len, u16 gso_size, u16 csum_start,
// u16 csum_offset} in host order (linux/virtio_net.h). hdr_len is a hint that forwarding gets wrong,
// so the packet's own headers say where its payload begins.
import { CONTROL_AT, CONTROL_TUN_HEADER } from '../../src/contract/layout';
import { SUPER, scratchAt } from '../memory';
import { addSum, copySum, fold, pseudoSum, setHeaderChecksum } from './checksum';
import {
  IP_TCP,
  IP_UDP,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_HEADER,
  VIEW_PROTOCOL,
  VIEW_TOTAL,
  viewed,
  WHOLE,
} from './packet';

// What readOffload says.
export const BROKEN: i32 = 0;
const SINGLE: i32 = 1;
export const MANY: i32 = 2;

// linux/virtio_net.h
const NEEDS_CSUM: u8 = 1;
const GSO_NONE: u8 = 0;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
const GSO_UDP_L4: u8 = 5;
const GSO_ECN: u8 = 0x80;
// RFC 9293 §3.1: flags at 13, checksum at 16. RFC 768: length at 4, checksum at 6.
const FIN_PSH: u8 = 0x09;
const CWR: u8 = 0x80;

// The super-packet in work; it stays open across the rounds of a batch.
const SUPER_HEAD: usize = 0; // i32, bytes of all headers
const SUPER_PAYLOAD: usize = 4; // i32, bytes behind them
const SUPER_SIZE: usize = 8; // i32, payload of each packet but the last
const SUPER_IP: usize = 12; // i32, bytes of IP header and extensions
const SUPER_FAMILY: usize = 16; // i32
const SUPER_PROTOCOL: usize = 20; // i32
const SUPER_PSEUDO: usize = 24; // u32, sum of the pseudo-header without the length

// ---- 1. readOffload ------------------------------------------------------------------------------

/** Whether the packet in view is one packet, many, or not what its virtio header says. */
export function readOffload(at: usize): i32 {
  const header = load<u32>(CONTROL_AT + CONTROL_TUN_HEADER);
  if (header == 0) return SINGLE;
  const virtio = at - header;
  const type = load<u8>(virtio, 1) & ~GSO_ECN;
  if (type != GSO_NONE) return openSuper(at, virtio, type) ? MANY : BROKEN;
  if ((load<u8>(virtio) & NEEDS_CSUM) == 0) return SINGLE;
  return complete(at, load<u16>(virtio, 6), load<u16>(virtio, 8)) ? SINGLE : BROKEN;
}

/** The field holds the sum of the pseudo-header; what it should hold is the checksum. */
function complete(at: usize, start: i32, offset: i32): bool {
  const total = viewed(VIEW_TOTAL);
  if (start < viewed(VIEW_HEADER) || start + offset + 2 > total) return false;
  const field = at + start + offset;
  const sum = <u16>~addSum(0, at + start, total - start);
  // RFC 768: a UDP checksum of zero would mean none
  store<u16>(field, bswap<u16>(sum == 0 && viewed(VIEW_PROTOCOL) == IP_UDP ? 0xffff : sum));
  return true;
}

function openSuper(at: usize, virtio: usize, type: u8): bool {
  const family = viewed(VIEW_FAMILY);
  const protocol = type == GSO_UDP_L4 ? IP_UDP : IP_TCP;
  if (type != GSO_UDP_L4 && type != (family == 4 ? GSO_TCPV4 : GSO_TCPV6)) return false;
  if (viewed(VIEW_PROTOCOL) != protocol || viewed(VIEW_FRAGMENT) != WHOLE) return false;
  const header = viewed(VIEW_HEADER);
  const left = viewed(VIEW_TOTAL) - header;
  if (left < (protocol == IP_TCP ? 20 : 8)) return false;
  const upper: i32 = protocol == IP_TCP ? (load<u8>(at + header, 12) >> 4) << 2 : 8;
  const size: i32 = load<u16>(virtio, 4);
  if (upper < (protocol == IP_TCP ? 20 : 8) || left <= upper || size == 0) return false;
  const state = scratchAt + SUPER;
  store<i32>(state, header + upper, SUPER_HEAD);
  store<i32>(state, left - upper, SUPER_PAYLOAD);
  store<i32>(state, size, SUPER_SIZE);
  store<i32>(state, header, SUPER_IP);
  store<i32>(state, family, SUPER_FAMILY);
  store<i32>(state, protocol, SUPER_PROTOCOL);
  store<u32>(state, pseudoOf(at, header, left), SUPER_PSEUDO);
  return true;
}

/** With extension headers the last destination may stand in one: then the sum that is there is taken. */
function pseudoOf(at: usize, header: i32, left: i32): u32 {
  const family = viewed(VIEW_FAMILY);
  const protocol = viewed(VIEW_PROTOCOL);
  if (family == 4 || header == 40) return pseudoSum(at, family, protocol, 0);
  const field = at + header + (protocol == IP_TCP ? 16 : 6);
  return fold(<u64>bswap<u16>(load<u16>(field)) + (~left & 0xffff));
}

// ---- 2. writeSegment -----------------------------------------------------------------------------

function stated(field: usize): i32 {
  return load<i32>(scratchAt + SUPER + field);
}

/** Payload of the super-packet: writeSegment takes 0, and what it has taken, until here. */
export function superPayload(): i32 {
  return stated(SUPER_PAYLOAD);
}

/** Payload that the packet beginning at `done` takes. */
export function segmentPayload(done: i32): i32 {
  return min(stated(SUPER_SIZE), stated(SUPER_PAYLOAD) - done);
}

/** Bytes of the packet beginning at `done`. */
export function segmentLength(done: i32): i32 {
  return stated(SUPER_HEAD) + segmentPayload(done);
}

/** Writes the packet of the super-packet at `at` whose payload begins at `done`; it has segmentLength. */
export function writeSegment(at: usize, done: i32, to: usize): void {
  const head = stated(SUPER_HEAD);
  const ip = stated(SUPER_IP);
  const size = segmentPayload(done);
  memory.copy(to, at, head);
  const payload = copySum(0, at + head + done, to + head, size);
  const length = head - ip + size;
  if (stated(SUPER_FAMILY) == 4) {
    const id = bswap<u16>(load<u16>(at, 4)) + <u16>(done / stated(SUPER_SIZE));
    store<u16>(to, bswap<u16>(<u16>(ip + length)), 2);
    store<u16>(to, bswap<u16>(id), 4);
    setHeaderChecksum(to, ip);
  } else {
    store<u16>(to, bswap<u16>(<u16>(ip - 40 + length)), 4);
  }
  const sum = stated(SUPER_PSEUDO) + length + payload;
  const last = done + size == stated(SUPER_PAYLOAD);
  if (stated(SUPER_PROTOCOL) == IP_TCP) mendTcp(to + ip, head - ip, done, last, sum);
  else mendUdp(to + ip, length, sum);
}

function mendTcp(upper: usize, size: i32, done: i32, last: bool, sum: u32): void {
  let flags = load<u8>(upper, 13);
  if (!last) flags &= ~FIN_PSH;
  if (done > 0) flags &= ~CWR; // RFC 3168 §6.1.2: said once
  store<u32>(upper, bswap<u32>(bswap<u32>(load<u32>(upper, 4)) + done), 4);
  store<u8>(upper, flags, 13);
  store<u16>(upper, 0, 16);
  store<u16>(upper, bswap<u16>(<u16>~addSum(sum, upper, size)), 16);
}

function mendUdp(upper: usize, length: i32, sum: u32): void {
  store<u16>(upper, bswap<u16>(<u16>length), 4);
  store<u16>(upper, 0, 6);
  const checksum = <u16>~addSum(sum, upper, 8);
  store<u16>(upper, checksum == 0 ? 0xffff : bswap<u16>(checksum), 6);
}
