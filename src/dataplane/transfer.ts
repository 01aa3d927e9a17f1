// Moves a worker's packets between the kernel and the shared memory: reads into the receive slots,
// sends from the transmit rows that WASM laid out. Nothing here allocates or throws for a packet:
// what the kernel refuses is skipped and counted.
import type { MessagePort } from 'node:worker_threads';
import { IN_BUFFER_ERRORS, IN_ERRORS, OUT_ERRORS, OUTER_FRAGMENTED } from '../contract/drops.js';
import { PORT_COUNT, PORT_TUN } from '../contract/ids.js';
import {
  BATCH,
  CONTROL_AT,
  CONTROL_BASE,
  COUNTERS_AT,
  COUNTERS_ROW,
  MMSGHDR,
  MMSGHDR_NAME,
  RX_ROOM,
  SLOT,
  SLOT_HEADROOM,
  TX_SLOTS,
  WORKER_RX_LENGTH,
  WORKER_RX_MMSG,
  WORKER_RX_SLOTS,
  WORKER_SIZE,
  WORKER_TUN_COUNT,
  WORKER_TUN_LIST,
  WORKER_TX_COUNT,
  WORKER_TX_MMSG,
  WORKERS_AT,
} from '../contract/layout.js';
import { allocate, errno, poll, read, recvmmsg, SystemError } from '../net/libc.js';
import { sendmmsg, write } from '../net/libc.js';
import {
  AF_INET,
  EAGAIN,
  EBADF,
  EBADFD,
  EINTR,
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
  #reported = 0;
  #failedWith = 0;

  constructor(task: TransferTask) {
    this.#task = task;
    this.#words = new Uint32Array(task.memory.buffer);
    this.#bytes = new Uint8Array(task.memory.buffer);
    this.#row = WORKERS_AT + task.row * WORKER_SIZE;
    this.#base = this.#pointer(CONTROL_AT + CONTROL_BASE);
    if (this.#base === 0) throw new Error('CONTROL_BASE is not set: the data plane did not start');
  }

  /** Why a receive returned -1. */
  get failure(): string {
    return new SystemError('receive', `worker ${this.#task.row}`, this.#failedWith).message;
  }

  /** Reads the TUN until it is empty or the slots are full; -1 where the device is gone. */
  readTun(): number {
    const fd = this.#task.fds[PORT_TUN]!;
    const lengths = (this.#row + WORKER_RX_LENGTH) >> 2;
    let at = this.#base + this.#row + WORKER_RX_SLOTS + SLOT_HEADROOM;
    for (let count = 0; count < BATCH; count++) {
      const length = read(fd, at, RX_ROOM);
      if (length < 0) return this.#emptied(count);
      this.#words[lengths + count] = length;
      at += SLOT;
    }
    return BATCH;
  }

  /** Receives up to a batch on a socket whose message headers are prepared. */
  receive(port: number): number {
    const headers = this.#base + this.#row + WORKER_RX_MMSG;
    const count = recvmmsg(this.#task.fds[port]!, headers, BATCH, MSG_DONTWAIT, 0);
    return count < 0 ? this.#emptied(0) : count;
  }

  /** Sends and clears everything the last batch left: the sockets' rows, then the TUN's list. */
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
      const sent = sendmmsg(fd, this.#base + headers + done * MMSGHDR, count - done, MSG_DONTWAIT);
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
        this.#count(OUT_ERRORS, count - done);
        return;
      } else {
        // The first of the rest is the one refused: settle it and go on with its followers.
        const header = headers + done * MMSGHDR;
        const left = error === EMSGSIZE && this.#sendTooBig(port, header);
        this.#count(left ? OUTER_FRAGMENTED : OUT_ERRORS, 1);
        done++;
      }
    }
  }

  /**
   * The path is narrower than this packet. What can be made smaller is, as soon as main knows: an
   * IPv6 packet of 1280 bytes or a policy with ports cannot (assembly/outbound.ts, "fit").
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
      const at = this.#words[list + 2 * i]!;
      if (write(fd, this.#base + at, this.#words[list + 2 * i + 1]!) >= 0) continue;
      const error = errno();
      this.#count(error === EAGAIN || error === ENOBUFS ? IN_BUFFER_ERRORS : IN_ERRORS, 1);
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
}
