// Sends the rows of messages that WASM laid out. What the kernel refuses is skipped and counted; a
// message of many datagrams that it refuses as such (UDP_SEGMENT) goes again, a datagram at a time.
import { OUT_ERRORS, OUTER_FRAGMENTED } from '../contract/drops.js';
import {
  IOVEC,
  MMSGHDR,
  MMSGHDR_CONTROLLEN,
  MMSGHDR_IOV,
  MMSGHDR_IOVLEN,
  MMSGHDR_NAME,
  TX_SLOTS,
  WORKER_TX_MMSG,
  WORKER_TX_PLAIN,
} from '../contract/layout.js';
import { allocate, errno, poll, sendmmsg } from '../net/libc.js';
import {
  AF_INET,
  EAGAIN,
  EINTR,
  EINVAL,
  EIO,
  EMSGSIZE,
  MSG_DONTWAIT,
  POLLFD_BYTES,
  POLLOUT,
} from '../net/linux.js';
import type { Region } from './region.js';

const SEND_WAIT_MS = 2; // for a full send buffer, once per batch and port
const REPORT_MS = 1000; // at most one too-big report in this time
const PLAIN_MS = 60_000; // how long a refused UDP_SEGMENT is not tried again: routes change
const CMSG_SEGMENT = 24; // the control message with UDP_SEGMENT, the last of its header

export class Sender {
  readonly #region: Region;
  readonly #polled = allocate(POLLFD_BYTES);
  #reported = 0;
  #plainUntil = 0;

  constructor(region: Region) {
    this.#region = region;
  }

  /** Sends the first `count` messages of a port's row. */
  send(port: number, count: number): void {
    const fd = this.#region.task.fds[port]!;
    const headers = this.#region.at + WORKER_TX_MMSG + port * TX_SLOTS * MMSGHDR;
    // sendmmsg stops at the first message it cannot send and reports its errno with the next call.
    let waited = false;
    for (let done = 0; done < count; ) {
      const at = headers + done * MMSGHDR;
      const sent = sendmmsg(fd, this.#region.base + at, count - done, MSG_DONTWAIT);
      if (sent > 0) {
        done += sent;
        continue;
      }
      const error = errno();
      if (error === EINTR) continue;
      if (error === EAGAIN && !waited) {
        waited = true;
        this.#awaitRoom(fd);
      } else if (error === EAGAIN) {
        this.#region.count(OUT_ERRORS, this.#datagrams(at, count - done));
        return;
      } else {
        // The first of the rest is the one refused: settle it and go on with its followers.
        const apart = error === EMSGSIZE || error === EIO || error === EINVAL;
        if (apart && this.#datagrams(at, 1) > 1) this.#sendApart(port, at, error);
        else this.#refused(port, at, error, this.#datagrams(at, 1));
        done++;
      }
    }
    if (this.#plainUntil !== 0 && Date.now() >= this.#plainUntil) this.#joinAgain();
  }

  /** Sends the datagrams of a message that was refused as a whole, each as a message of its own. */
  #sendApart(port: number, header: number, error: number): void {
    const fd = this.#region.task.fds[port]!;
    const vectors = this.#region.pointer(header + MMSGHDR_IOV);
    const count = this.#datagrams(header, 1);
    let sent = 0;
    this.#region.words[(header + MMSGHDR_CONTROLLEN) >> 2]! -= CMSG_SEGMENT;
    this.#region.words[(header + MMSGHDR_IOVLEN) >> 2] = 1;
    for (let i = 0; i < count; i++) {
      this.#region.setPointer(header + MMSGHDR_IOV, vectors + i * IOVEC);
      if (sendmmsg(fd, this.#region.base + header, 1, MSG_DONTWAIT) > 0) sent++;
      else this.#refused(port, header, errno(), 1);
    }
    // Alone they went: it was UDP_SEGMENT that this kernel, or the device on this path, did not like.
    if (sent < count || (error !== EIO && error !== EINVAL)) return;
    this.#region.words[(this.#region.at + WORKER_TX_PLAIN) >> 2]! |= 1 << port;
    this.#plainUntil = Date.now() + PLAIN_MS;
  }

  #joinAgain(): void {
    this.#region.words[(this.#region.at + WORKER_TX_PLAIN) >> 2] = 0;
    this.#plainUntil = 0;
  }

  #refused(port: number, header: number, error: number, datagrams: number): void {
    const left = error === EMSGSIZE && this.#sendTooBig(port, header);
    this.#region.count(left ? OUTER_FRAGMENTED : OUT_ERRORS, datagrams);
  }

  /** How many datagrams `count` messages from `header` on hold. */
  #datagrams(header: number, count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      sum += this.#region.words[(header + i * MMSGHDR + MMSGHDR_IOVLEN) >> 2]!;
    }
    return sum;
  }

  /**
   * The path is narrower than this packet. What can be made smaller is, as soon as main knows: an
   * IPv6 packet of 1280 bytes or a policy with ports cannot (assembly/fit.ts).
   */
  #sendTooBig(port: number, header: number): boolean {
    this.#reportTooBig(header);
    const fd = this.#region.task.fragmenting[port]!;
    return fd >= 0 && sendmmsg(fd, this.#region.base + header, 1, MSG_DONTWAIT) === 1;
  }

  #awaitRoom(fd: number): void {
    this.#polled.view.setInt32(0, fd, true);
    this.#polled.view.setInt16(4, POLLOUT, true);
    poll(this.#polled.at, 1, SEND_WAIT_MS);
  }

  /** Tells main, at most once a second, which peer's path is narrower than its SA believes. */
  #reportTooBig(header: number): void {
    const now = Date.now();
    const pointer = this.#region.pointer(header + MMSGHDR_NAME);
    if (now - this.#reported < REPORT_MS || pointer === 0) return;
    this.#reported = now;
    const name = pointer - this.#region.base;
    const four = this.#region.bytes[name] === AF_INET;
    const remote = this.#region.bytes.slice(name + (four ? 4 : 8), name + (four ? 8 : 24));
    this.#region.task.port.postMessage({ kind: 'too-big', remote });
  }
}
