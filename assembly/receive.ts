// The receive side of a batch: the list of what came, message headers for recvmmsg, and what the kernel
// says beside a message: who sent it (the name), to which of our addresses, with which DSCP and ECN,
// and how long each of its datagrams is where the kernel joined several (control messages).
import { PORT_UDP4_4500, PORT_UDP4_500, PORT_UDP6_4500, PORT_UDP6_500 } from '../src/contract/ids';
import {
  BATCH,
  CMSG,
  CONTROL_AT,
  CONTROL_BASE,
  IOVEC,
  MMSGHDR,
  MMSGHDR_CONTROL,
  MMSGHDR_CONTROLLEN,
  MMSGHDR_FLAGS,
  MMSGHDR_IOV,
  MMSGHDR_IOVLEN,
  MMSGHDR_LEN,
  MMSGHDR_NAME,
  MMSGHDR_NAMELEN,
  RX_AT,
  RX_DONE,
  RX_ENTRY,
  RX_LENGTH,
  RX_ROOM,
  SLOT,
  SLOT_HEADROOM,
  SOCKADDR,
  SUPER_BATCH,
  SUPER_ROOM,
  SUPER_SLOT,
  WORKER_RX_CMSG,
  WORKER_RX_IOVEC,
  WORKER_RX_LIST,
  WORKER_RX_MMSG,
  WORKER_RX_NAME,
  WORKER_RX_SLOTS,
} from '../src/contract/layout';
import {
  AF_INET,
  AF_INET6,
  IP_PKTINFO,
  IP_TOS,
  IPV6_PKTINFO,
  IPV6_TCLASS,
  SOL_IP,
  SOL_IPV6,
  SOL_UDP,
  UDP_GRO,
} from './linux';
import { ORIGIN, scratchAt, workerAt } from './memory';

// The origin of a packet: addresses of 16 bytes as the contract writes them.
export const ORIGIN_REMOTE: usize = 0;
export const ORIGIN_LOCAL: usize = 16;
export const ORIGIN_REMOTE_PORT: usize = 32; // i32
export const ORIGIN_TOS: usize = 36; // i32
export const ORIGIN_SEGMENT: usize = 40; // i32, bytes of each datagram but the last; 0: it is one

const CMSG_HEADER: u32 = 16; // u64 length, i32 level, i32 type
/** MSG_TRUNC of recvmsg(2): the packet was longer than its slot. */
export const TRUNCATED: u32 = 0x20;

/**
 * Sets up the message headers of a socket of kind `port`; the kernel overwrites some of their fields at
 * each call. Returns how many there are: joined messages are large, so there are fewer of them.
 */
export function prepareReceive(port: i32): i32 {
  const large = mayBeLarge(port);
  const messages = joins(port) ? SUPER_BATCH : BATCH;
  const stride: usize = large ? SUPER_SLOT : SLOT;
  const room: u64 = large ? SUPER_ROOM : RX_ROOM;
  const base = load<u64>(CONTROL_AT + CONTROL_BASE);
  let slot = workerAt + WORKER_RX_SLOTS + SLOT_HEADROOM;
  for (let i = 0; i < messages; i++, slot += stride) {
    const message = messageAt(i);
    const vector = workerAt + WORKER_RX_IOVEC + i * IOVEC;
    const entry = entryAt(i);
    store<u32>(entry, <u32>slot, RX_AT);
    store<u32>(entry, 0, RX_LENGTH);
    store<u32>(entry, 0, RX_DONE);
    store<u64>(vector, base + slot);
    store<u64>(vector, room, 8);
    store<u64>(message, base + nameAt(i), MMSGHDR_NAME);
    store<u64>(message, SOCKADDR, MMSGHDR_NAMELEN);
    store<u64>(message, base + vector, MMSGHDR_IOV);
    store<u64>(message, 1, MMSGHDR_IOVLEN);
    store<u64>(message, base + controlAt(i), MMSGHDR_CONTROL);
    store<u64>(message, CMSG, MMSGHDR_CONTROLLEN);
    store<u64>(message, 0, MMSGHDR_FLAGS);
    store<u64>(message, 0, MMSGHDR_LEN);
  }
  return messages;
}

/** Whether the kernel may join datagrams there (UDP_GRO). */
function joins(port: i32): bool {
  return port == PORT_UDP4_4500 || port == PORT_UDP6_4500;
}

/** Everywhere but on IKE's own port: of raw packets the kernel puts the fragments together. */
function mayBeLarge(port: i32): bool {
  return port != PORT_UDP4_500 && port != PORT_UDP6_500;
}

/** Bytes that one message on a socket of kind `port` may have. */
export function receiveRoom(port: i32): i32 {
  return mayBeLarge(port) ? SUPER_ROOM : RX_ROOM;
}

/** What the list says about packet or message `index`. */
export function entryAt(index: i32): usize {
  return workerAt + WORKER_RX_LIST + index * RX_ENTRY;
}

/** Where packet or message `index` of a batch begins. */
export function receivedAt(index: i32): usize {
  return load<u32>(entryAt(index), RX_AT);
}

/** The sockaddr of message `index`. */
export function nameAt(index: i32): usize {
  return workerAt + WORKER_RX_NAME + index * SOCKADDR;
}

/** The control messages of message `index`. */
export function controlAt(index: i32): usize {
  return workerAt + WORKER_RX_CMSG + index * CMSG;
}

/** The header of message `index`. */
export function messageAt(index: i32): usize {
  return workerAt + WORKER_RX_MMSG + index * MMSGHDR;
}

/** Fills the origin from the name alone. */
export function readName(index: i32): usize {
  const origin = scratchAt + ORIGIN;
  const name = nameAt(index);
  const family = load<u16>(name);
  if (family == AF_INET6) v128.store(origin, v128.load(name, 8), ORIGIN_REMOTE);
  else writeMapped(origin + ORIGIN_REMOTE, family == AF_INET ? load<u32>(name, 4) : 0);
  store<i32>(origin, bswap<u16>(load<u16>(name, 2)), ORIGIN_REMOTE_PORT);
  return origin;
}

/** Fills the origin from name and control messages. */
export function readOrigin(index: i32): usize {
  const origin = readName(index);
  memory.fill(origin + ORIGIN_LOCAL, 0, 16);
  store<i32>(origin, 0, ORIGIN_TOS);
  store<i32>(origin, 0, ORIGIN_SEGMENT);
  let at = controlAt(index);
  let left = min<u32>(load<u32>(messageAt(index), MMSGHDR_CONTROLLEN), CMSG);
  while (left >= CMSG_HEADER) {
    const length = load<u32>(at);
    if (length < CMSG_HEADER || length > left) break;
    readControl(at, length - CMSG_HEADER, origin);
    const step = min<u32>((length + 7) & ~7, left);
    at += step;
    left -= step;
  }
  return origin;
}

function readControl(at: usize, length: u32, origin: usize): void {
  const level = load<i32>(at, 8);
  const type = load<i32>(at, 12);
  if (level == SOL_IP) {
    if (type == IP_TOS && length >= 1) store<i32>(origin, load<u8>(at, 16), ORIGIN_TOS);
    // the header's destination stands behind interface and local address
    if (type == IP_PKTINFO && length >= 12) writeMapped(origin + ORIGIN_LOCAL, load<u32>(at, 24));
  } else if (level == SOL_UDP) {
    if (type == UDP_GRO && length >= 4) store<i32>(origin, load<i32>(at, 16), ORIGIN_SEGMENT);
  } else if (level == SOL_IPV6) {
    if (type == IPV6_TCLASS && length >= 4) {
      store<i32>(origin, load<i32>(at, 16) & 255, ORIGIN_TOS);
    }
    if (type == IPV6_PKTINFO && length >= 16) {
      v128.store(origin, v128.load(at, 16), ORIGIN_LOCAL);
    }
  }
}

/** An IPv4 address in network order as ::ffff:a.b.c.d. */
function writeMapped(at: usize, address: u32): void {
  store<u64>(at, 0);
  store<u32>(at, 0xffff0000, 8);
  store<u32>(at, address, 12);
}
