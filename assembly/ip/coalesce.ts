// Joins packets for the TUN into super-packets, so that the host's stack works once for many.
//   1. deliver   a packet of an SA: it joins its flow's last super-packet, or begins one, or goes alone
//   2. join      what may follow what: the host must be able to cut out exactly the packets that came
//   3. write     a virtio header for each write, headers mended, payloads gathered by iovecs
// Packets of one flow never overtake each other: only the newest of a flow is ever joined, and whatever
// may not join ends it.
import {
  CONTROL_AT,
  CONTROL_BASE,
  CONTROL_TUN_HEADER,
  CONTROL_TUN_USO,
  DELIVERY,
  FLOW_BUCKETS,
  IOVEC,
  TX_SLOTS,
  WORKER_DELIVERIES,
  WORKER_FLOW_BUCKETS,
  WORKER_TUN_COUNT,
  WORKER_TUN_IOVEC,
  WORKER_TUN_LIST,
} from '../../src/contract/layout';
import { BATCH_DELIVERIES, scratchAt, VIEW, workerAt } from '../memory';
import { addSum, pseudoSum, setHeaderChecksum } from './checksum';
import {
  IP_TCP,
  IP_UDP,
  VIEW_DST_LOW,
  VIEW_DST_PORT,
  VIEW_FAMILY,
  VIEW_FRAGMENT,
  VIEW_HEADER,
  VIEW_PROTOCOL,
  VIEW_SRC_LOW,
  VIEW_SRC_PORT,
  VIEW_TOTAL,
  viewed,
  WHOLE,
} from './packet';

// A delivery: a whole packet, or the payload of one that joined another.
const AT: usize = 0; // u32
const LENGTH: usize = 4; // i32
const NEXT: usize = 8; // u32, index + 1 of the next of its super-packet, 0: the last
const JOINED: usize = 12; // u32, 1: it belongs to one before it
// of a super-packet's first alone:
const LAST: usize = 16; // u32, index of the last that joined
const COUNT: usize = 20; // i32, packets
const SIZE: usize = 24; // i32, payload of each packet but the last
const TOTAL: usize = 28; // i32, bytes of the super-packet
const SA: usize = 32; // u32
const FAMILY: usize = 36; // i32
const PROTOCOL: usize = 40; // i32
const HEAD: usize = 44; // i32, bytes of all headers
const PSH: usize = 48; // u32, the last packet's PSH flag

const MOST: i32 = 65535;
/** UDP_MAX_SEGMENTS of linux/udp.h until Linux 6.8: a kernel refuses a super-packet of more. */
const MOST_DATAGRAMS: i32 = 64;
const DF: u16 = 0x40; // as the first byte of the field reads in memory
const ACK: u8 = 0x10;
const PUSH: u8 = 0x08;
// linux/virtio_net.h
const NEEDS_CSUM: u8 = 1;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
const GSO_UDP_L4: u8 = 5;

function deliveryAt(index: u32): usize {
  return workerAt + WORKER_DELIVERIES + index * DELIVERY;
}

function addDelivery(at: usize, length: i32): u32 {
  const counter = scratchAt + BATCH_DELIVERIES;
  const index = min<u32>(load<u32>(counter), TX_SLOTS - 1);
  const delivery = deliveryAt(index);
  store<u32>(delivery, <u32>at, AT);
  store<i32>(delivery, length, LENGTH);
  store<u64>(delivery, 0, NEXT);
  store<i32>(delivery, 1, COUNT);
  store<u32>(counter, index + 1);
  return index;
}

// ---- 1. deliver ----------------------------------------------------------------------------------

/** A packet that goes alone; at most one for each transmit slot, with SLOT_HEADROOM before it. */
export function deliverAlone(at: usize, length: i32): void {
  addDelivery(at, length);
}

/** The packet in view, which came through `sa`; returns whether it joined one before it. */
export function deliverJoined(sa: usize, at: usize): bool {
  const total = viewed(VIEW_TOTAL);
  const head = headersOf(at);
  const bucket = bucketOf();
  const known = load<u32>(bucket);
  if (head == 0) {
    store<u32>(bucket, 0);
    addDelivery(at, total);
    return false;
  }
  if (known != 0 && join(deliveryAt(known - 1), sa, at, head, total)) {
    if (load<u32>(deliveryAt(known - 1), PSH)) store<u32>(bucket, 0);
    return true;
  }
  const index = addDelivery(at, total);
  const first = deliveryAt(index);
  store<u32>(first, index, LAST);
  store<i32>(first, total - head, SIZE);
  store<i32>(first, total, TOTAL);
  store<u32>(first, <u32>sa, SA);
  store<i32>(first, viewed(VIEW_FAMILY), FAMILY);
  store<i32>(first, viewed(VIEW_PROTOCOL), PROTOCOL);
  store<i32>(first, head, HEAD);
  store<u32>(first, 0, PSH);
  const pushed = viewed(VIEW_PROTOCOL) == IP_TCP && load<u8>(upperOf(first), 13) & PUSH;
  store<u32>(bucket, pushed ? 0 : index + 1);
  return false;
}

/** Bytes of headers of a packet that may be part of a super-packet, else 0. */
function headersOf(at: usize): i32 {
  const ip = viewed(VIEW_HEADER);
  const left = viewed(VIEW_TOTAL) - ip;
  if (load<u32>(CONTROL_AT + CONTROL_TUN_HEADER) == 0 || viewed(VIEW_FRAGMENT) != WHOLE) return 0;
  if (ip != (viewed(VIEW_FAMILY) == 4 ? 20 : 40)) return 0; // options and extensions stay as they are
  const upper = at + ip;
  if (viewed(VIEW_PROTOCOL) == IP_TCP) {
    if (left < 20 || (load<u8>(upper, 13) & ~PUSH) != ACK) return 0;
    const size: i32 = (load<u8>(upper, 12) >> 4) << 2;
    return size >= 20 && left > size ? ip + size : 0;
  }
  if (viewed(VIEW_PROTOCOL) != IP_UDP || load<u32>(CONTROL_AT + CONTROL_TUN_USO) == 0) return 0;
  // a datagram without checksum would get one
  if (left <= 8 || bswap<u16>(load<u16>(upper, 4)) != left || load<u16>(upper, 6) == 0) return 0;
  return ip + 8;
}

/** Where the newest super-packet of the flow in view stands as index + 1; 0: none that may grow. */
function bucketOf(): usize {
  const view = scratchAt + VIEW;
  const ports = (viewed(VIEW_SRC_PORT) << 16) | viewed(VIEW_DST_PORT);
  const addresses = load<u64>(view, VIEW_SRC_LOW) ^ rotl<u64>(load<u64>(view, VIEW_DST_LOW), 23);
  const hash = (addresses ^ rotl<u64>(<u64>ports, 32)) * 0x9e3779b97f4a7c15;
  return workerAt + WORKER_FLOW_BUCKETS + (<u32>(hash >> 40) & (FLOW_BUCKETS - 1)) * 4;
}

// ---- 2. join -------------------------------------------------------------------------------------

function join(first: usize, sa: usize, at: usize, head: i32, total: i32): bool {
  const payload = total - head;
  const size = load<i32>(first, SIZE);
  const grown = load<i32>(first, TOTAL) + payload;
  if (load<u32>(first, SA) != <u32>sa || load<i32>(first, HEAD) != head) return false;
  if (payload > size || grown > MOST) return false;
  const count = load<i32>(first, COUNT);
  if (load<i32>(first, TOTAL) - head != count * size) return false; // a short one was its last
  if (count >= MOST_DATAGRAMS && load<i32>(first, PROTOCOL) == IP_UDP) return false;
  if (!sameIp(first, at, count) || !sameUpper(first, at)) return false;
  // what is joined gets its checksum from the host, so it must be right before
  if (count == 1 && !checksumHolds(first, load<u32>(first, AT), load<i32>(first, LENGTH)))
    return false;
  if (!checksumHolds(first, at, total)) return false;
  const index = addDelivery(at + head, payload);
  store<u32>(deliveryAt(index), 1, JOINED);
  store<u32>(deliveryAt(load<u32>(first, LAST)), index + 1, NEXT);
  store<u32>(first, index, LAST);
  store<i32>(first, count + 1, COUNT);
  store<i32>(first, grown, TOTAL);
  if (load<i32>(first, PROTOCOL) == IP_TCP) {
    store<u32>(first, load<u8>(at + ipOf(first), 13) & PUSH, PSH);
  }
  return true;
}

function ipOf(first: usize): i32 {
  return load<i32>(first, FAMILY) == 4 ? 20 : 40;
}

function upperOf(first: usize): usize {
  return load<u32>(first, AT) + ipOf(first);
}

/** All but lengths, checksum and a running IPv4 identification, which without DF must run on by one. */
function sameIp(first: usize, at: usize, count: i32): bool {
  const old: usize = load<u32>(first, AT);
  if (load<i32>(first, FAMILY) != viewed(VIEW_FAMILY)) return false;
  if (viewed(VIEW_FAMILY) == 6) {
    const addresses = v128.or(
      v128.xor(v128.load(old, 8), v128.load(at, 8)),
      v128.xor(v128.load(old, 24), v128.load(at, 24)),
    );
    const same = load<u32>(old) == load<u32>(at) && load<u16>(old, 6) == load<u16>(at, 6);
    return same && !v128.any_true(addresses);
  }
  const id = bswap<u16>(load<u16>(old, 4)) + <u16>count;
  return (
    load<u16>(old) == load<u16>(at) &&
    load<u32>(old, 6) == load<u32>(at, 6) && // flags, time to live, protocol
    load<u64>(old, 12) == load<u64>(at, 12) &&
    ((load<u16>(at, 6) & DF) != 0 || bswap<u16>(load<u16>(at, 4)) == id)
  );
}

/** TCP: the next sequence number, everything else alike but PSH and the checksum. UDP: the ports. */
function sameUpper(first: usize, at: usize): bool {
  const old = upperOf(first);
  const upper = at + ipOf(first);
  if (load<i32>(first, PROTOCOL) != viewed(VIEW_PROTOCOL)) return false;
  if (load<u32>(old) != load<u32>(upper)) return false;
  if (load<i32>(first, PROTOCOL) == IP_UDP) return true;
  const done = load<i32>(first, TOTAL) - load<i32>(first, HEAD);
  const size = load<i32>(first, HEAD) - ipOf(first);
  // acknowledgement, header length, window, urgent pointer
  if (
    bswap<u32>(load<u32>(upper, 4)) != bswap<u32>(load<u32>(old, 4)) + done ||
    load<u32>(old, 8) != load<u32>(upper, 8) ||
    load<u8>(old, 12) != load<u8>(upper, 12) ||
    load<u16>(old, 14) != load<u16>(upper, 14) ||
    load<u16>(old, 18) != load<u16>(upper, 18)
  ) {
    return false;
  }
  for (let i = 20; i < size; i += 4) {
    if (load<u32>(old + i) != load<u32>(upper + i)) return false;
  }
  return true;
}

function checksumHolds(first: usize, at: usize, total: i32): bool {
  const ip = ipOf(first);
  const length = total - ip;
  if (ip == 20 && addSum(0, at, ip) != 0xffff) return false;
  const sum = pseudoSum(at, load<i32>(first, FAMILY), load<i32>(first, PROTOCOL), length);
  return addSum(sum, at + ip, length) == 0xffff;
}

// ---- 3. write ------------------------------------------------------------------------------------

/** Lays out a write for each delivery of the round that joined no other. */
export function writeDeliveries(): void {
  const deliveries = load<u32>(scratchAt + BATCH_DELIVERIES);
  const header = load<u32>(CONTROL_AT + CONTROL_TUN_HEADER);
  const base = load<u64>(CONTROL_AT + CONTROL_BASE);
  let vector = workerAt + WORKER_TUN_IOVEC;
  let entry = workerAt + WORKER_TUN_LIST;
  for (let i: u32 = 0; i < deliveries; i++) {
    const first = deliveryAt(i);
    if (load<u32>(first, JOINED)) continue;
    store<u32>(entry, <u32>vector);
    store<i32>(entry, load<i32>(first, COUNT), 4);
    entry += 8;
    memory.fill(load<u32>(first, AT) - header, 0, header);
    if (load<i32>(first, COUNT) > 1) mend(first, load<u32>(first, AT) - header);
    store<u64>(vector, base + load<u32>(first, AT) - header);
    store<u64>(vector, header + load<i32>(first, LENGTH), 8);
    vector += IOVEC;
    for (let next = load<u32>(first, NEXT); next != 0; vector += IOVEC) {
      const piece = deliveryAt(next - 1);
      store<u64>(vector, base + load<u32>(piece, AT));
      store<u64>(vector, load<i32>(piece, LENGTH), 8);
      next = load<u32>(piece, NEXT);
    }
  }
  const writes = <u32>((entry - workerAt - WORKER_TUN_LIST) >> 3);
  store<u32>(workerAt, writes, WORKER_TUN_COUNT);
}

/** The first packet's headers become the super-packet's; its checksum the sum of the pseudo-header. */
function mend(first: usize, virtio: usize): void {
  const at: usize = load<u32>(first, AT);
  const ip = ipOf(first);
  const four = load<i32>(first, FAMILY) == 4;
  const tcp = load<i32>(first, PROTOCOL) == IP_TCP;
  const total = load<i32>(first, TOTAL);
  store<u8>(virtio, NEEDS_CSUM);
  store<u8>(virtio, tcp ? (four ? GSO_TCPV4 : GSO_TCPV6) : GSO_UDP_L4, 1);
  store<u16>(virtio, <u16>load<i32>(first, HEAD), 2);
  store<u16>(virtio, <u16>load<i32>(first, SIZE), 4);
  store<u16>(virtio, <u16>ip, 6);
  store<u16>(virtio, tcp ? 16 : 6, 8);
  if (four) {
    store<u16>(at, bswap<u16>(<u16>total), 2);
    setHeaderChecksum(at, ip);
  } else {
    store<u16>(at, bswap<u16>(<u16>(total - 40)), 4);
  }
  const sum = pseudoSum(at, four ? 4 : 6, tcp ? IP_TCP : IP_UDP, total - ip);
  const upper = at + ip;
  if (tcp) {
    store<u8>(upper, load<u8>(upper, 13) | <u8>load<u32>(first, PSH), 13);
    store<u16>(upper, bswap<u16>(<u16>sum), 16);
  } else {
    store<u16>(upper, bswap<u16>(<u16>(total - ip)), 4);
    store<u16>(upper, bswap<u16>(<u16>sum), 6);
  }
}
