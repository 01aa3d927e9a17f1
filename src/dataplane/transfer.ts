// Moves a worker's packets between the kernel and the shared memory: reads into the receive slots,
// sends from the transmit rows that WASM laid out. Nothing here allocates or throws for a packet:
// what the kernel refuses is skipped and counted.
import { IN_BUFFER_ERRORS, IN_ERRORS } from '../contract/drops.js';
import { PORT_COUNT, PORT_TUN } from '../contract/ids.js';
import {
  BATCH,
  CONTROL_AT,
  CONTROL_TUN_HEADER,
  RX_AREA,
  RX_AT,
  RX_DONE,
  RX_ENTRY,
  RX_HELD,
  RX_LENGTH,
  SLOT_HEADROOM,
  SLOT_TAILROOM,
  SUPER_ROOM,
  TX_SLOTS,
  WORKER_RX_LIST,
  WORKER_RX_MMSG,
  WORKER_RX_SLOTS,
  WORKER_TUN_COUNT,
  WORKER_TUN_LIST,
  WORKER_TX_COUNT,
} from '../contract/layout.js';
import { errno, read, recvmmsg, SystemError } from '../net/libc.js';
import { writev } from '../net/libc.js';
import {
  EAGAIN,
  EBADF,
  EBADFD,
  EINTR,
  ENOBUFS,
  ENODEV,
  ENOTSOCK,
  MSG_DONTWAIT,
} from '../net/linux.js';
import { Region, type TransferTask } from './region.js';
import { Sender } from './sender.js';

/** A batch from the TUN ends past this: it should stay in the cache until it is sent. */
const TUN_BYTES = 2 * SUPER_ROOM;
const TUN_LAST = RX_AREA - SUPER_ROOM - SLOT_TAILROOM;
/** Errors after which a descriptor never receives again; EBADFD is a TUN whose device is gone. */
const PERMANENT: ReadonlySet<number> = new Set([EBADF, ENODEV, ENOTSOCK, EBADFD]);

export class Transfer {
  readonly #region: Region;
  readonly #sender: Sender;
  /** Bytes of the virtio header of each TUN packet. */
  readonly #header: number;
  #failedWith = 0;

  constructor(task: TransferTask) {
    this.#region = new Region(task);
    this.#sender = new Sender(this.#region);
    this.#header = this.#region.words[(CONTROL_AT + CONTROL_TUN_HEADER) >> 2]!;
  }

  /** Why a receive returned -1. */
  get failure(): string {
    return new SystemError('receive', `worker ${this.#region.task.row}`, this.#failedWith).message;
  }

  /**
   * Reads the TUN until it is empty or the batch is full, packets one behind the other with room for
   * what sealing adds; -1 where the device is gone.
   */
  readTun(): number {
    const fd = this.#region.task.fds[PORT_TUN]!;
    const header = this.#header;
    let entry = (this.#region.at + WORKER_RX_LIST) >> 2;
    let used = SLOT_HEADROOM;
    let bytes = 0;
    for (let count = 0; count < BATCH; count++) {
      if (bytes >= TUN_BYTES || used > TUN_LAST) return count;
      const at = this.#region.at + WORKER_RX_SLOTS + used;
      const length = read(fd, this.#region.base + at - header, header + SUPER_ROOM);
      if (length < 0) return this.#emptied(count);
      this.#region.words[entry + RX_AT / 4] = at;
      this.#region.words[entry + RX_LENGTH / 4] = length > header ? length - header : 0;
      this.#region.words[entry + RX_DONE / 4] = 0;
      this.#region.words[entry + RX_HELD / 4] = 0;
      entry += RX_ENTRY / 4;
      bytes += length;
      used = ((used + length + SLOT_TAILROOM + 63) & ~63) + SLOT_HEADROOM;
    }
    return BATCH;
  }

  /** Receives on a socket whose message headers, `room` of them, are prepared. */
  receive(port: number, room: number): number {
    const headers = this.#region.base + this.#region.at + WORKER_RX_MMSG;
    const count = recvmmsg(this.#region.task.fds[port]!, headers, room, MSG_DONTWAIT, 0);
    return count < 0 ? this.#emptied(0) : count;
  }

  /** Sends and clears everything the last round left: the sockets' rows, then the TUN's list. */
  transmit(): void {
    for (let port = 1; port < PORT_COUNT; port++) {
      const at = (this.#region.at + WORKER_TX_COUNT) / 4 + port;
      const count = this.#region.words[at]!;
      if (count === 0) continue;
      this.#region.words[at] = 0;
      this.#sender.send(port, count > TX_SLOTS ? TX_SLOTS : count);
    }
    this.#writeTun();
  }

  #writeTun(): void {
    const counter = (this.#region.at + WORKER_TUN_COUNT) >> 2;
    const count = this.#region.words[counter]!;
    if (count === 0) return;
    this.#region.words[counter] = 0;
    const fd = this.#region.task.fds[PORT_TUN]!;
    const list = (this.#region.at + WORKER_TUN_LIST) >> 2;
    for (let i = 0; i < count && i < TX_SLOTS; i++) {
      const vectors = this.#region.words[list + 2 * i]!;
      const packets = this.#region.words[list + 2 * i + 1]!;
      if (writev(fd, this.#region.base + vectors, packets) >= 0) continue;
      const error = errno();
      this.#region.count(
        error === EAGAIN || error === ENOBUFS ? IN_BUFFER_ERRORS : IN_ERRORS,
        packets,
      );
    }
  }

  /** The count so far where the kernel has no more; -1 where it will never have again. */
  #emptied(count: number): number {
    const error = errno();
    // An error after some packets returns with the next call.
    if (count > 0 || error === EAGAIN || error === EINTR) return count;
    this.#region.count(IN_ERRORS, 1);
    this.#failedWith = error;
    return PERMANENT.has(error) ? -1 : 0;
  }
}
