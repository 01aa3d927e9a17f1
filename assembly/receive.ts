// The receive side of a batch: message headers for recvmmsg, and what they hold afterwards.
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
  RX_ROOM,
  SLOT,
  SLOT_HEADROOM,
  SOCKADDR,
  WORKER_RX_CMSG,
  WORKER_RX_IOVEC,
  WORKER_RX_MMSG,
  WORKER_RX_NAME,
  WORKER_RX_SLOTS,
} from '../src/contract/layout';
import { workerAt } from './memory';

/** Sets up BATCH message headers; the kernel overwrites some of their fields at each call. */
export function prepareReceive(_port: u32): void {
  const base = load<u64>(CONTROL_AT + CONTROL_BASE);
  for (let i = 0; i < BATCH; i++) {
    const message = workerAt + WORKER_RX_MMSG + i * MMSGHDR;
    const vector = workerAt + WORKER_RX_IOVEC + i * IOVEC;
    store<u64>(vector, base + receivedAt(i));
    store<u64>(vector, RX_ROOM, 8);
    store<u64>(message, base + nameAt(i), MMSGHDR_NAME);
    store<u64>(message, SOCKADDR, MMSGHDR_NAMELEN);
    store<u64>(message, base + vector, MMSGHDR_IOV);
    store<u64>(message, 1, MMSGHDR_IOVLEN);
    store<u64>(message, base + workerAt + WORKER_RX_CMSG + i * CMSG, MMSGHDR_CONTROL);
    store<u64>(message, CMSG, MMSGHDR_CONTROLLEN);
    store<u64>(message, 0, MMSGHDR_FLAGS);
    store<u64>(message, 0, MMSGHDR_LEN);
  }
}

/** Where packet `index` of a batch begins. */
export function receivedAt(index: i32): usize {
  return workerAt + WORKER_RX_SLOTS + index * SLOT + SLOT_HEADROOM;
}

/** The sockaddr of packet `index`. */
export function nameAt(index: i32): usize {
  return workerAt + WORKER_RX_NAME + index * SOCKADDR;
}
