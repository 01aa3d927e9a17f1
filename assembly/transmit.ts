// The transmit side of a batch: rows of message headers per port. Names and control
// messages are copied out of the SA, so a message stands on its own. UDP datagrams of one length to one
// peer become one message with UDP_SEGMENT, which the kernel cuts as late as it can; the last of them
// may be shorter.
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
  CONTROL_JOIN,
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
  SOCKADDR,
  TX_SLOTS,
  WORKER_TX_CMSG,
  WORKER_TX_COUNT,
  WORKER_TX_IOVEC,
  WORKER_TX_MMSG,
  WORKER_TX_NAME,
  WORKER_TX_PLAIN,
  WORKER_TX_VECTORS,
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
  UDP_MAX_SEGMENTS,
  UDP_SEGMENT,
} from './linux';
import { JOIN, scratchAt, workerAt } from './memory';
import { nameAt, ORIGIN_LOCAL } from './receive';

const UDP_MOST: i32 = 65487; // what a UDP datagram carries, less the longest headers
const SOCKADDR_IN: i32 = 16;
const SOCKADDR_IN6: i32 = 28;
const CMSG_INT: i32 = 20; // cmsghdr and an int
const CMSG_SHORT: i32 = 18;
const CMSG_INT_SPACE: i32 = 24;
const CMSG_INFO: i32 = 28; // cmsghdr and in_pktinfo
const CMSG_INFO_SPACE: i32 = 32;
const CMSG_INFO6: i32 = 36; // and in6_pktinfo
const CMSG_INFO6_SPACE: i32 = 40;
const SA_CMSG_ROOM: i32 = 64;

// The message that the next packet may join; it is the last of its port's row.
const JOIN_SA: usize = 0; // u32, 0: none
const JOIN_TOS: usize = 4; // i32
const JOIN_SIZE: usize = 8; // i32, bytes of each packet in it
const JOIN_COUNT: usize = 12; // i32
const JOIN_MESSAGE: usize = 16; // u32, its header
const JOIN_CONTROL: usize = 20; // u32, its control messages

/** An ESP packet of `length` bytes at `at` to the SA's peer. */
export function sendEsp(sa: usize, slot: i32, at: usize, length: i32, tos: i32): void {
  const flags = load<u32>(sa, SA_FLAGS);
  const six = (flags & SA_FLAG_OUTER_V6) != 0;
  const udp = (flags & SA_FLAG_UDP) != 0;
  const port = udp ? (six ? PORT_UDP6_4500 : PORT_UDP4_4500) : six ? PORT_ESP6 : PORT_ESP4;
  if (udp && join(sa, port, at, length, tos)) return;
  const name = workerAt + WORKER_TX_NAME + slot * SOCKADDR;
  const control = workerAt + WORKER_TX_CMSG + slot * CMSG;
  memory.copy(name, sa + SA_NAME, SOCKADDR);
  let controlLength = min<i32>(load<i32>(sa, SA_CMSGLEN), SA_CMSG_ROOM);
  memory.copy(control, sa + SA_CMSG, controlLength);
  if (tos != 0) {
    writeTos(control + controlLength, six, tos);
    controlLength += CMSG_INT_SPACE;
  }
  const message = addMessage(port, slot, at, length, load<i32>(sa, SA_NAMELEN), controlLength);
  if (udp && load<u32>(CONTROL_AT + CONTROL_JOIN))
    openJoin(sa, port, message, control, length, tos);
}

function openJoin(
  sa: usize,
  port: i32,
  message: usize,
  control: usize,
  length: i32,
  tos: i32,
): void {
  const open = scratchAt + JOIN;
  const plain = load<u32>(workerAt, WORKER_TX_PLAIN) & (1 << port);
  store<u32>(open, plain ? 0 : <u32>sa, JOIN_SA);
  store<i32>(open, tos, JOIN_TOS);
  store<i32>(open, length, JOIN_SIZE);
  store<i32>(open, 1, JOIN_COUNT);
  store<u32>(open, <u32>message, JOIN_MESSAGE);
  store<u32>(open, <u32>control, JOIN_CONTROL);
}

/** Adds the packet to the message that is open for it; false: it needs one of its own. */
function join(sa: usize, port: i32, at: usize, length: i32, tos: i32): bool {
  const open = scratchAt + JOIN;
  const size = load<i32>(open, JOIN_SIZE);
  const count = load<i32>(open, JOIN_COUNT);
  if (load<u32>(open, JOIN_SA) != <u32>sa || load<i32>(open, JOIN_TOS) != tos) return false;
  if (length > size || (count + 1) * size > UDP_MOST) return false;
  const message: usize = load<u32>(open, JOIN_MESSAGE);
  if (count == 1) addSegmentSize(message, load<u32>(open, JOIN_CONTROL), size);
  addVector(port, at, length);
  store<u64>(message, count + 1, MMSGHDR_IOVLEN);
  store<i32>(open, count + 1, JOIN_COUNT);
  if (length < size || count + 1 == UDP_MAX_SEGMENTS) store<u32>(open, 0, JOIN_SA);
  return true;
}

/** The last control message of its kind: the host takes it off again where the kernel refuses it. */
function addSegmentSize(message: usize, control: usize, size: i32): void {
  const length = load<i32>(message, MMSGHDR_CONTROLLEN);
  const at = control + length;
  store<u64>(at, CMSG_SHORT);
  store<i32>(at, SOL_UDP, 8);
  store<i32>(at, UDP_SEGMENT, 12);
  store<u64>(at, size, 16);
  store<u64>(message, load<u64>(CONTROL_AT + CONTROL_BASE) + control, MMSGHDR_CONTROL);
  store<u64>(message, length + CMSG_INT_SPACE, MMSGHDR_CONTROLLEN);
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

/** A datagram back to where message `index`, whose origin was read, came from, from where it came to. */
export function sendAnswer(
  port: i32,
  six: bool,
  index: i32,
  origin: usize,
  slot: i32,
  at: usize,
  length: i32,
): void {
  const control = workerAt + WORKER_TX_CMSG + slot * CMSG;
  memory.copy(workerAt + WORKER_TX_NAME + slot * SOCKADDR, nameAt(index), SOCKADDR);
  store<u64>(control, six ? CMSG_INFO6 : CMSG_INFO);
  store<i32>(control, six ? SOL_IPV6 : SOL_IP, 8);
  store<i32>(control, six ? IPV6_PKTINFO : IP_PKTINFO, 12);
  // in_pktinfo is {i32 interface, local, destination}, in6_pktinfo {address, i32 interface}
  store<u64>(control, 0, 32);
  if (six) {
    v128.store(control, v128.load(origin, ORIGIN_LOCAL), 16);
  } else {
    store<u64>(control, 0, 16);
    store<u64>(control, 0, 24);
    store<u32>(control, load<u32>(origin, ORIGIN_LOCAL + 12), 20);
  }
  store<u32>(scratchAt + JOIN, 0, JOIN_SA); // what was open is no longer the last of its row
  const name = six ? SOCKADDR_IN6 : SOCKADDR_IN;
  addMessage(port, slot, at, length, name, six ? CMSG_INFO6_SPACE : CMSG_INFO_SPACE);
}

function addMessage(
  port: i32,
  slot: i32,
  at: usize,
  length: i32,
  nameLength: i32,
  controlLength: i32,
): usize {
  const counter = workerAt + WORKER_TX_COUNT + port * 4;
  const index = load<i32>(counter);
  const message = workerAt + WORKER_TX_MMSG + (port * TX_SLOTS + index) * MMSGHDR;
  const control = workerAt + WORKER_TX_CMSG + slot * CMSG;
  const base = load<u64>(CONTROL_AT + CONTROL_BASE);
  const vector = addVector(port, at, length);
  store<u64>(message, base + workerAt + WORKER_TX_NAME + slot * SOCKADDR, MMSGHDR_NAME);
  store<u64>(message, nameLength, MMSGHDR_NAMELEN);
  store<u64>(message, base + vector, MMSGHDR_IOV);
  store<u64>(message, 1, MMSGHDR_IOVLEN);
  store<u64>(message, controlLength == 0 ? 0 : base + control, MMSGHDR_CONTROL);
  store<u64>(message, controlLength, MMSGHDR_CONTROLLEN);
  store<u64>(message, 0, MMSGHDR_FLAGS);
  store<u64>(message, 0, MMSGHDR_LEN);
  store<i32>(counter, index + 1);
  return message;
}

/** The next iovec of a port's row; a message's stand side by side. */
function addVector(port: i32, at: usize, length: i32): usize {
  const counter = workerAt + WORKER_TX_VECTORS + port * 4;
  const index = load<i32>(counter);
  const vector = workerAt + WORKER_TX_IOVEC + (port * TX_SLOTS + index) * IOVEC;
  store<u64>(vector, load<u64>(CONTROL_AT + CONTROL_BASE) + at);
  store<u64>(vector, length, 8);
  store<i32>(counter, index + 1);
  return vector;
}
