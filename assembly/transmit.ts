// The transmit side of a batch: slots for packets, rows of message headers per port, the TUN's list.
// Names and control messages are copied out of the SA, so a message stands on its own.
import {
  PORT_BYPASS4,
  PORT_BYPASS6,
  PORT_ESP4,
  PORT_ESP6,
  PORT_UDP4_4500,
  PORT_UDP6_4500,
  SA_FLAG_OUTER_V6,
  SA_FLAG_UDP,
} from '../src/contract/ids';
import {
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
  SA_CMSG,
  SA_CMSGLEN,
  SA_FLAGS,
  SA_NAME,
  SA_NAMELEN,
  SLOT,
  SLOT_HEADROOM,
  SOCKADDR,
  TX_SLOTS,
  WORKER_TUN_COUNT,
  WORKER_TUN_LIST,
  WORKER_TX_CMSG,
  WORKER_TX_COUNT,
  WORKER_TX_IOVEC,
  WORKER_TX_MMSG,
  WORKER_TX_NAME,
  WORKER_TX_SLOTS,
} from '../src/contract/layout';
import { BATCH_SLOTS, scratchAt, workerAt } from './memory';

// linux/in.h, linux/in6.h, linux/socket.h
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOL_IP: i32 = 0;
const SOL_IPV6: i32 = 41;
const IP_TOS: i32 = 1;
const IPV6_TCLASS: i32 = 67;
const SOCKADDR_IN: i32 = 16;
const SOCKADDR_IN6: i32 = 28;
const CMSG_INT: i32 = 20; // cmsghdr and an int
const CMSG_INT_SPACE: i32 = 24;
const SA_CMSG_ROOM: i32 = 64;

/** How many slots this batch may still take. */
export function slotsLeft(): i32 {
  return TX_SLOTS - load<i32>(scratchAt + BATCH_SLOTS);
}

/** A slot; the caller has asked slotsLeft. */
export function takeSlot(): i32 {
  const slot = load<i32>(scratchAt + BATCH_SLOTS);
  store<i32>(scratchAt + BATCH_SLOTS, slot + 1);
  return min(slot, TX_SLOTS - 1);
}

/** Where the packet of a slot begins; SLOT - SLOT_HEADROOM bytes are there. */
export function slotAt(slot: i32): usize {
  return workerAt + WORKER_TX_SLOTS + slot * SLOT + SLOT_HEADROOM;
}

/** An ESP packet of `length` bytes at `at` to the SA's peer. */
export function sendEsp(sa: usize, slot: i32, at: usize, length: i32, tos: i32): void {
  const name = workerAt + WORKER_TX_NAME + slot * SOCKADDR;
  const control = workerAt + WORKER_TX_CMSG + slot * CMSG;
  const flags = load<u32>(sa, SA_FLAGS);
  const six = (flags & SA_FLAG_OUTER_V6) != 0;
  const udp = (flags & SA_FLAG_UDP) != 0;
  memory.copy(name, sa + SA_NAME, SOCKADDR);
  let controlLength = min<i32>(load<i32>(sa, SA_CMSGLEN), SA_CMSG_ROOM);
  memory.copy(control, sa + SA_CMSG, controlLength);
  if (tos != 0) {
    writeTos(control + controlLength, six, tos);
    controlLength += CMSG_INT_SPACE;
  }
  const port = udp ? (six ? PORT_UDP6_4500 : PORT_UDP4_4500) : six ? PORT_ESP6 : PORT_ESP4;
  addMessage(port, slot, at, length, load<i32>(sa, SA_NAMELEN), controlLength);
}

function writeTos(at: usize, six: bool, tos: i32): void {
  store<u64>(at, CMSG_INT);
  store<i32>(at, six ? SOL_IPV6 : SOL_IP, 8);
  store<i32>(at, six ? IPV6_TCLASS : IP_TOS, 12);
  store<u64>(at, tos, 16);
}

/** A packet as it is, to its own destination, through a raw socket that takes whole packets. */
export function sendBypass(slot: i32, at: usize, length: i32, family: i32): void {
  const name = workerAt + WORKER_TX_NAME + slot * SOCKADDR;
  memory.fill(name, 0, SOCKADDR);
  if (family == 4) {
    store<u16>(name, AF_INET);
    store<u32>(name, load<u32>(at, 16), 4);
    addMessage(PORT_BYPASS4, slot, at, length, SOCKADDR_IN, 0);
  } else {
    store<u16>(name, AF_INET6);
    v128.store(name, v128.load(at, 24), 8);
    addMessage(PORT_BYPASS6, slot, at, length, SOCKADDR_IN6, 0);
  }
}

function addMessage(
  port: i32,
  slot: i32,
  at: usize,
  length: i32,
  nameLength: i32,
  controlLength: i32,
): void {
  const counter = workerAt + WORKER_TX_COUNT + port * 4;
  const index = load<i32>(counter);
  const row = port * TX_SLOTS + index;
  const message = workerAt + WORKER_TX_MMSG + row * MMSGHDR;
  const vector = workerAt + WORKER_TX_IOVEC + row * IOVEC;
  const control = workerAt + WORKER_TX_CMSG + slot * CMSG;
  const base = load<u64>(CONTROL_AT + CONTROL_BASE);
  store<u64>(vector, base + at);
  store<u64>(vector, length, 8);
  store<u64>(message, base + workerAt + WORKER_TX_NAME + slot * SOCKADDR, MMSGHDR_NAME);
  store<u64>(message, nameLength, MMSGHDR_NAMELEN);
  store<u64>(message, base + vector, MMSGHDR_IOV);
  store<u64>(message, 1, MMSGHDR_IOVLEN);
  store<u64>(message, controlLength == 0 ? 0 : base + control, MMSGHDR_CONTROL);
  store<u64>(message, controlLength, MMSGHDR_CONTROLLEN);
  store<u64>(message, 0, MMSGHDR_FLAGS);
  store<u64>(message, 0, MMSGHDR_LEN);
  store<i32>(counter, index + 1);
}

/** A packet for the TUN: it must stand in this batch's slots. */
export function writeTun(at: usize, length: i32): void {
  const index = load<i32>(workerAt, WORKER_TUN_COUNT);
  const entry = workerAt + WORKER_TUN_LIST + index * 8;
  store<u32>(entry, <u32>at);
  store<i32>(entry, length, 4);
  store<i32>(workerAt, index + 1, WORKER_TUN_COUNT);
}
