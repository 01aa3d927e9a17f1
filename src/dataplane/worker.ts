// One data-plane worker: a Piscina task that returns only when the gateway stops. Every turn:
//   1. wait       poll the TUN queue, the sockets and the stop event
//   2. receive    a batch from each ready descriptor into the receive slots (parallel to other workers)
//   3. process    WASM: outbound from the TUN, inbound from a socket; a batch of super-packets may be
//                 more than the transmit slots hold and takes several rounds of 3 and 4
//   4. transmit   what WASM laid out: sendmmsg per socket, one writev per packet for the TUN
//   5. report     wake the main thread if mail was written
// All state lives in the shared memory; a worker that dies here is started again on the same row.
import type { MessagePort } from 'node:worker_threads';
import { PORT_COUNT, PORT_TUN, PORT_UDP4_500, PORT_UDP6_500 } from '../contract/ids.js';
import {
  BATCH,
  CONTROL_AT,
  CONTROL_COOKIES,
  CONTROL_STOP,
  WORKER_BEAT,
  WORKER_EARLY,
  WORKER_EPOCH,
  WORKER_HELD,
  WORKER_MAIL_HEAD,
  WORKER_SIZE,
  WORKER_THREAD,
  WORKERS_AT,
} from '../contract/layout.js';
import { allocate, errno, gettid, poll, SystemError } from '../net/libc.js';
import { EINTR, POLLFD_BYTES, POLLIN } from '../net/linux.js';
import { type Exports, loadModule } from './module.js';
import { Transfer } from './transfer.js';

/** What a worker is told; everything but the port is a number or shared. */
export interface WorkerTask {
  readonly memory: WebAssembly.Memory;
  readonly row: number;
  /** Descriptor per PORT_*, -1 for none. */
  readonly fds: readonly number[];
  /** Per PORT_*: the shared socket that may fragment, -1 for none. */
  readonly fragmenting: readonly number[];
  /** Readable from the moment the gateway stops. */
  readonly stopFd: number;
  readonly port: MessagePort;
}

/** What a worker posts: there is mail, a path became narrower, a descriptor failed for good. */
export type WorkerNotice =
  | { readonly kind: 'mail' }
  | { readonly kind: 'too-big'; readonly remote: Uint8Array }
  | { readonly kind: 'lost'; readonly port: number; readonly reason: string };

const IDLE_MS = 250; // how long a turn may sleep: the beat of an idle worker, the end of a terminated one
/** While packets wait for an SA nobody wakes the worker when it is there: it looks this often. */
const HELD_POLL_MS = 5;
/** A flood of first messages comes one by one, and waking up for each costs more than answering it. */
const IKE_REST_MS = 5;
const IKE_PORTS: readonly number[] = [PORT_UDP4_500, PORT_UDP6_500];
const REVENTS = 6; // struct pollfd {i32 fd, i16 events, i16 revents}
const MAIL: WorkerNotice = { kind: 'mail' };

export default function run(task: WorkerTask): void {
  const { exports } = loadModule(task.row, task.memory);
  new Loop(task, exports).run();
}

export class Loop {
  readonly #task: WorkerTask;
  readonly #exports: Exports;
  readonly #transfer: Transfer;
  readonly #words: Uint32Array;
  /** struct pollfd per port, in the order of PORT_*, then the stop event. */
  readonly #polled = allocate((PORT_COUNT + 1) * POLLFD_BYTES);
  readonly #row: number;
  #mailSeen: number;
  /** Ports for IKE alone that are not looked at until then, in ms; 0: none. */
  #restUntil = 0;
  readonly #resting: number[] = [];

  constructor(task: WorkerTask, exports: Exports) {
    this.#task = task;
    this.#exports = exports;
    this.#row = WORKERS_AT + task.row * WORKER_SIZE;
    this.#words = new Uint32Array(task.memory.buffer);
    this.#words[(this.#row + WORKER_THREAD) >> 2] = gettid();
    this.#transfer = new Transfer(task);
    this.#mailSeen = Atomics.load(this.#words, (this.#row + WORKER_MAIL_HEAD) >> 2);
    const { view } = this.#polled;
    [...task.fds, task.stopFd].forEach((fd, index) => {
      view.setInt32(index * POLLFD_BYTES, fd, true);
      view.setInt16(index * POLLFD_BYTES + 4, POLLIN, true);
    });
  }

  run(): void {
    const stop = (CONTROL_AT + CONTROL_STOP) >> 2;
    while (Atomics.load(this.#words, stop) === 0) this.turn(IDLE_MS);
  }

  /** One turn; returns how many packets came in. */
  turn(timeoutMs: number): number {
    const waiting = this.#waits(WORKER_HELD) || this.#waits(WORKER_EARLY);
    const most = waiting ? Math.min(timeoutMs, HELD_POLL_MS) : timeoutMs;
    const patience = this.#restUntil === 0 ? most : Math.min(most, IKE_REST_MS);
    const ready = poll(this.#polled.at, PORT_COUNT + 1, patience);
    const now = Date.now();
    this.#beat(now);
    if (this.#restUntil !== 0 && now >= this.#restUntil) this.#endRest();
    if (ready < 0 && errno() !== EINTR) throw new SystemError('poll', 'worker sockets', errno());
    // before what comes new: these came earlier
    if (waiting) this.#release(now);
    if (ready <= 0) return 0;
    let received = 0;
    for (let port = 0; port < PORT_COUNT; port++) {
      if (this.#polled.view.getInt16(port * POLLFD_BYTES + REVENTS, true) === 0) continue;
      const count = this.#serve(port, now);
      if (count < 0) this.#abandon(port);
      else received += count;
      if (count > 0 && count < BATCH && IKE_PORTS.includes(port)) this.#rest(port, now);
    }
    return received;
  }

  /** Receives, processes and transmits one batch; -1 where the descriptor is dead. */
  #serve(port: number, now: number): number {
    let count: number;
    if (port === PORT_TUN) count = this.#transfer.readTun();
    else count = this.#transfer.receive(port, this.#exports.prepareReceive!(port));
    if (count <= 0) return count;
    this.#process(port, count, now);
    return count;
  }

  /** While cookies are asked for, first messages are many and may wait for a batch of them. */
  #rest(port: number, now: number): void {
    if (Atomics.load(this.#words, (CONTROL_AT + CONTROL_COOKIES) >> 2) === 0) return;
    this.#restUntil = now + IKE_REST_MS;
    this.#polled.view.setInt32(port * POLLFD_BYTES, -1, true);
    this.#polled.view.setInt16(port * POLLFD_BYTES + REVENTS, 0, true);
    this.#resting.push(port);
  }

  #endRest(): void {
    this.#restUntil = 0;
    for (const port of this.#resting.splice(0)) {
      this.#polled.view.setInt32(port * POLLFD_BYTES, this.#task.fds[port]!, true);
    }
  }

  #waits(counter: number): boolean {
    return this.#words[(this.#row + counter) >> 2] !== 0;
  }

  /** What waited for an SA and may go on now. */
  #release(now: number): void {
    for (;;) {
      const batch = this.#exports.takeEarly!(now);
      if (batch === 0) break;
      this.#process(batch >> 8, batch & 255, now);
    }
    for (;;) {
      const count = this.#exports.takeHeld!(now);
      if (count === 0) return;
      this.#process(PORT_TUN, count, now);
    }
  }

  #process(port: number, count: number, now: number): void {
    const epoch = (this.#row + WORKER_EPOCH) >> 2;
    for (let next = 0; next < count; ) {
      // Odd until the last message has left: headers point into SA records.
      Atomics.add(this.#words, epoch, 1);
      if (port === PORT_TUN) next = this.#exports.processOutbound!(next, count, now);
      else next = this.#exports.processInbound!(port, next, count, now);
      this.#transfer.transmit();
      Atomics.add(this.#words, epoch, 1);
    }
    this.#report();
  }

  #report(): void {
    const head = Atomics.load(this.#words, (this.#row + WORKER_MAIL_HEAD) >> 2);
    if (head === this.#mailSeen) return;
    this.#mailSeen = head;
    this.#task.port.postMessage(MAIL);
  }

  /** Takes a dead descriptor out of the poll list, so that it cannot make the loop spin. */
  #abandon(port: number): void {
    this.#polled.view.setInt32(port * POLLFD_BYTES, -1, true);
    this.#polled.view.setInt16(port * POLLFD_BYTES + REVENTS, 0, true);
    const reason = this.#transfer.failure;
    this.#task.port.postMessage({ kind: 'lost', port, reason } satisfies WorkerNotice);
  }

  /** u64 milliseconds, written as two words (a BigInt would be garbage at every turn). */
  #beat(now: number): void {
    const at = (this.#row + WORKER_BEAT) >> 2;
    this.#words[at] = now >>> 0;
    this.#words[at + 1] = Math.floor(now / 0x1_0000_0000);
  }
}
