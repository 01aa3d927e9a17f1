// Moves a worker's packets between the kernel and the shared memory: reads into the receive slots,
// sends from the transmit rows that WASM laid out. Nothing here allocates or throws for a packet:
// what the kernel refuses is skipped and counted. A message of many datagrams that it refuses as such
// (UDP_SEGMENT) goes again, a datagram at a time.
import type { MessagePort } from 'node:worker_threads';
import { IN_BUFFER_ERRORS, IN_ERRORS, OUT_ERRORS, OUTER_FRAGMENTED } from '../contract/drops.js';
import { PORT_COUNT, PORT_TUN } from '../contract/ids.js';
import {
  BATCH,
  CONTROL_AT,
  CONTROL_BASE,
  CONTROL_TUN_HEADER,
  COUNTERS_AT,
  COUNTERS_ROW,
  IOVEC,
  MMSGHDR,
  MMSGHDR_CONTROLLEN,
  MMSGHDR_IOV,
  MMSGHDR_IOVLEN,
  MMSGHDR_NAME,
  RX_AREA,
  RX_AT,
  RX_DONE,
  RX_ENTRY,
  RX_LENGTH,
  SLOT_HEADROOM,
  SLOT_TAILROOM,
  SUPER_ROOM,
  TX_SLOTS,
  WORKER_RX_LIST,
  WORKER_RX_MMSG,
  WORKER_RX_SLOTS,
  WORKER_SIZE,
  WORKER_TUN_COUNT,
  WORKER_TUN_LIST,
  WORKER_TX_COUNT,
  WORKER_TX_MMSG,
  WORKER_TX_PLAIN,
  WORKERS_AT,
} from '../contract/layout.js';
import { allocate, errno, poll, read, recvmmsg, SystemError } from '../net/libc.js';
import { sendmmsg, writev } from '../net/libc.js';
import {
  AF_INET,
  EAGAIN,
  EBADF,
  EBADFD,
  EINTR,
  EINVAL,
  EIO,
  EMSGSIZE,
  ENOBUFS,
  ENODEV,
  ENOTSOCK,
  MSG_DONTWAIT,
  POLLFD_BYTES,
  POLLOUT,
} from '../net/linux.js';

/** The part of a worker's task that moving packets needs. */
export interface TransferTask {
  readonly memory: WebAssembly.Memory;
  readonly row: number;
  readonly fds: readonly number[];
  /** Per PORT_*: the socket that may fragment what that of `fds` refuses as too large; -1: none. */
  readonly fragmenting: readonly number[];
  readonly port: MessagePort;
}

const SEND_WAIT_MS = 2; // for a full send buffer, once per batch and port
const REPORT_MS = 1000; // at most one too-big report in this time
const PLAIN_MS = 60_000; // how long a refused UDP_SEGMENT is not tried again: routes change
/** A batch from the TUN ends past this: it should stay in the cache until it is sent. */
const TUN_BYTES = 2 * SUPER_ROOM;
const TUN_LAST = RX_AREA - SUPER_ROOM - SLOT_TAILROOM;
const CMSG_SEGMENT = 24; // the control message with UDP_SEGMENT, the last of its header
const TWO_32 = 0x1_0000_0000;
/** Errors after which a descriptor never receives again; EBADFD is a TUN whose device is gone. */
const PERMANENT: ReadonlySet<number> = new Set([EBADF, ENODEV, ENOTSOCK, EBADFD]);

export class Transfer {
  readonly #task: TransferTask;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  /** Absolute address of the shared memory. */
  readonly #base: number;
  /** Offset of this worker's region. */
  readonly #row: number;
  readonly #polled = allocate(POLLFD_BYTES);
  /** Bytes of the virtio header of each TUN packet. */
  readonly #header: number;
  #reported = 0;
  #failedWith = 0;
  #plainUntil = 0;

  constructor(task: TransferTask) {
    this.#task = task;
    this.#words = new Uint32Array(task.memory.buffer);
    this.#bytes = new Uint8Array(task.memory.buffer);
    this.#row = WORKERS_AT + task.row * WORKER_SIZE;
    this.#base = this.#pointer(CONTROL_AT + CONTROL_BASE);
    this.#header = this.#words[(CONTROL_AT + CONTROL_TUN_HEADER) >> 2]!;
    if (this.#base === 0) throw new Error('CONTROL_BASE is not set: the data plane did not start');
  }

  /** Why a receive returned -1. */
  get failure(): string {
    return new SystemError('receive', `worker ${this.#task.row}`, this.#failedWith).message;
  }

  /**
   * Reads the TUN until it is empty or the batch is full, packets one behind the other with room for
   * what sealing adds; -1 where the device is gone.
   */
  readTun(): number {
    const fd = this.#task.fds[PORT_TUN]!;
    const header = this.#header;
    let entry = (this.#row + WORKER_RX_LIST) >> 2;
    let used = SLOT_HEADROOM;
    let bytes = 0;
    for (let count = 0; count < BATCH; count++) {
      if (bytes >= TUN_BYTES || used > TUN_LAST) return count;
      const at = this.#row + WORKER_RX_SLOTS + used;
      const length = read(fd, this.#base + at - header, header + SUPER_ROOM);
      if (length < 0) return this.#emptied(count);
      this.#words[entry + RX_AT / 4] = at;
      this.#words[entry + RX_LENGTH / 4] = length > header ? length - header : 0;
      this.#words[entry + RX_DONE / 4] = 0;
      entry += RX_ENTRY / 4;
      bytes += length;
      used = ((used + length + SLOT_TAILROOM + 63) & ~63) + SLOT_HEADROOM;
    }
    return BATCH;
  }

  /** Receives on a socket whose message headers, `room` of them, are prepared. */
  receive(port: number, room: number): number {
    const headers = this.#base + this.#row + WORKER_RX_MMSG;
    const count = recvmmsg(this.#task.fds[port]!, headers, room, MSG_DONTWAIT, 0);
    return count < 0 ? this.#emptied(0) : count;
  }

  /** Sends and clears everything the last round left: the sockets' rows, then the TUN's list. */
  transmit(): void {
    for (let port = 1; port < PORT_COUNT; port++) {
      const at = (this.#row + WORKER_TX_COUNT) / 4 + port;
      const count = this.#words[at]!;
      if (count === 0) continue;
      this.#words[at] = 0;
      this.#send(port, count > TX_SLOTS ? TX_SLOTS : count);
    }
    this.#writeTun();
  }

  #send(port: number, count: number): void {
    const fd = this.#task.fds[port]!;
    const headers = this.#row + WORKER_TX_MMSG + port * TX_SLOTS * MMSGHDR;
    // sendmmsg stops at the first message it cannot send and reports its errno with the next call.
    let waited = false;
    for (let done = 0; done < count; ) {
      const at = headers + done * MMSGHDR;
      const sent = sendmmsg(fd, this.#base + at, count - done, MSG_DONTWAIT);
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
        this.#count(OUT_ERRORS, this.#datagrams(at, count - done));
        return;
      } else {
        // The first of the rest is the one refused: settle it and go on with its followers.
        if (this.#datagrams(at, 1) > 1) this.#sendApart(port, at, error);
        else this.#refused(port, at, error);
        done++;
      }
    }
    if (this.#plainUntil !== 0 && Date.now() >= this.#plainUntil) this.#joinAgain();
  }

  /** Sends the datagrams of a message that was refused as a whole, each as a message of its own. */
  #sendApart(port: number, header: number, error: number): void {
    const fd = this.#task.fds[port]!;
    const vectors = this.#pointer(header + MMSGHDR_IOV);
    const count = this.#datagrams(header, 1);
    let sent = 0;
    this.#words[(header + MMSGHDR_CONTROLLEN) >> 2]! -= CMSG_SEGMENT;
    this.#words[(header + MMSGHDR_IOVLEN) >> 2] = 1;
    for (let i = 0; i < count; i++) {
      this.#setPointer(header + MMSGHDR_IOV, vectors + i * IOVEC);
      if (sendmmsg(fd, this.#base + header, 1, MSG_DONTWAIT) > 0) sent++;
      else this.#refused(port, header, errno());
    }
    // Alone they went: it was UDP_SEGMENT that this kernel, or the device on this path, did not like.
    if (sent < count || (error !== EIO && error !== EINVAL)) return;
    this.#words[(this.#row + WORKER_TX_PLAIN) >> 2]! |= 1 << port;
    this.#plainUntil = Date.now() + PLAIN_MS;
  }

  #joinAgain(): void {
    this.#words[(this.#row + WORKER_TX_PLAIN) >> 2] = 0;
    this.#plainUntil = 0;
  }

  #refused(port: number, header: number, error: number): void {
    const left = error === EMSGSIZE && this.#sendTooBig(port, header);
    this.#count(left ? OUTER_FRAGMENTED : OUT_ERRORS, 1);
  }

  /** How many datagrams `count` messages from `header` on hold. */
  #datagrams(header: number, count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      sum += this.#words[(header + i * MMSGHDR + MMSGHDR_IOVLEN) >> 2]!;
    }
    return sum;
  }

  /**
   * The path is narrower than this packet. What can be made smaller is, as soon as main knows: an
   * IPv6 packet of 1280 bytes or a policy with ports cannot (assembly/fit.ts).
   */
  #sendTooBig(port: number, header: number): boolean {
    this.#reportTooBig(header);
    const fd = this.#task.fragmenting[port]!;
    return fd >= 0 && sendmmsg(fd, this.#base + header, 1, MSG_DONTWAIT) === 1;
  }

  #writeTun(): void {
    const counter = (this.#row + WORKER_TUN_COUNT) >> 2;
    const count = this.#words[counter]!;
    if (count === 0) return;
    this.#words[counter] = 0;
    const fd = this.#task.fds[PORT_TUN]!;
    const list = (this.#row + WORKER_TUN_LIST) >> 2;
    for (let i = 0; i < count && i < TX_SLOTS; i++) {
      const vectors = this.#words[list + 2 * i]!;
      const packets = this.#words[list + 2 * i + 1]!;
      if (writev(fd, this.#base + vectors, packets) >= 0) continue;
      const error = errno();
      this.#count(error === EAGAIN || error === ENOBUFS ? IN_BUFFER_ERRORS : IN_ERRORS, packets);
    }
  }

  /** The count so far where the kernel has no more; -1 where it will never have again. */
  #emptied(count: number): number {
    const error = errno();
    // An error after some packets returns with the next call.
    if (count > 0 || error === EAGAIN || error === EINTR) return count;
    this.#count(IN_ERRORS, 1);
    this.#failedWith = error;
    return PERMANENT.has(error) ? -1 : 0;
  }

  #awaitRoom(fd: number): void {
    this.#polled.view.setInt32(0, fd, true);
    this.#polled.view.setInt16(4, POLLOUT, true);
    poll(this.#polled.at, 1, SEND_WAIT_MS);
  }

  /** Tells main, at most once a second, which peer's path is narrower than its SA believes. */
  #reportTooBig(header: number): void {
    const now = Date.now();
    const pointer = this.#pointer(header + MMSGHDR_NAME);
    if (now - this.#reported < REPORT_MS || pointer === 0) return;
    this.#reported = now;
    const name = pointer - this.#base;
    const four = this.#bytes[name] === AF_INET;
    const remote = this.#bytes.slice(name + (four ? 4 : 8), name + (four ? 8 : 24));
    this.#task.port.postMessage({ kind: 'too-big', remote });
  }

  /** Adds to a 64-bit counter of this row, whose only writer is this thread. */
  #count(column: number, amount: number): void {
    const at = (COUNTERS_AT + this.#task.row * COUNTERS_ROW + column * 8) >> 2;
    const sum = this.#words[at]! + amount;
    this.#words[at] = sum >>> 0;
    if (sum >= TWO_32) this.#words[at + 1]!++;
  }

  /** A u64 as a number; addresses stay below 2^53. */
  #pointer(offset: number): number {
    return this.#words[offset >> 2]! + this.#words[(offset >> 2) + 1]! * TWO_32;
  }

  #setPointer(offset: number, value: number): void {
    this.#words[offset >> 2] = value >>> 0;
    this.#words[(offset >> 2) + 1] = Math.floor(value / TWO_32);
  }
}
