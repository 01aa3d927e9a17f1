// Sends and receives UDP datagrams by the batch (sendmmsg, recvmmsg), so that the generator is not
// what is measured. A datagram: trial (u32), 0 (u32), time of its batch in ns (f64), zeros; the
// rest of a batch after the first has no time. Latencies are thus of the head of a batch: of the
// path, not of the burst.
import { addressBytes, domainOf, familyOf } from '../net/addressing.js';
import {
  allocate,
  type Block,
  bindSocket,
  check,
  close,
  connectSocket,
  errno,
  poll,
  recvmmsg,
  SystemError,
  sendmmsg,
  socket,
  usleep,
} from '../net/libc.js';
import { EAGAIN, EINTR, MSG_DONTWAIT, POLLIN, SOCK_CLOEXEC, SOCK_DGRAM } from '../net/linux.js';
import { setBuffers } from '../net/socket-options.js';

export const BATCH = 64;
const LARGEST = 2048;
const MMSGHDR = 64; // struct msghdr (56), u32 length, padding
const IOVEC = 16;
const SOCKADDR = 28;
// One block: the headers, their iovecs, the address, the bodies.
const IOVECS = BATCH * MMSGHDR;
const NAME = IOVECS + BATCH * IOVEC;
const BODIES = NAME + 32;
const TIME = 8;
/** UDP payload: trial, zero, time. */
export const SMALLEST = 16;
const BUFFER_BYTES = 16 * 1024 * 1024;
const PAUSE_US = 200;
/** Should the generator fall behind by more, that load is not offered any more. */
const BACKLOG_SECONDS = 0.02;
const SLICE_MS = 20;
const MOST_LATENCIES = 20_000;

/** Monotonic, and the same in all processes of the machine; nanoseconds. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e9 + nanoseconds;
}

/** One batch of message headers, each with one iovec for one body. */
function layBatch(): Block {
  const block = allocate(BODIES + BATCH * LARGEST);
  const { view, at } = block;
  const pointer = (offset: number, value: number): void =>
    view.setBigUint64(offset, BigInt(value), true);
  for (let i = 0; i < BATCH; i++) {
    const header = i * MMSGHDR;
    const iovec = IOVECS + i * IOVEC;
    pointer(header + 16, at + iovec);
    pointer(header + 24, 1);
    pointer(iovec, at + BODIES + i * LARGEST);
    pointer(iovec + 8, LARGEST);
  }
  return block;
}

function openUdp(family: 4 | 6, subject: string): number {
  const fd = check(socket(domainOf(family), SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', subject);
  setBuffers(fd, BUFFER_BYTES, subject);
  return fd;
}

function sockaddr(address: string, port: number): Uint8Array {
  const bytes = addressBytes(address);
  const family = familyOf(bytes);
  const name = new Uint8Array(family === 4 ? 16 : SOCKADDR);
  const view = new DataView(name.buffer);
  view.setUint16(0, domainOf(family), true);
  view.setUint16(2, port);
  name.set(bytes, family === 4 ? 4 : 8);
  return name;
}

export interface Offered {
  /** Datagrams a second; Infinity: as many as go. */
  readonly rate: number;
  readonly seconds: number;
  /** UDP payloads, at least SMALLEST bytes, sent in turn. */
  readonly payloads: readonly number[];
  readonly trial: number;
}

/** Offers the load, blocking this thread; what was really sent in how long. */
export function sendDatagrams(to: string, port: number, offered: Offered) {
  const { rate, seconds, payloads, trial } = offered;
  const subject = `datagrams to ${to}`;
  const block = layBatch();
  const { view } = block;
  for (let i = 0; i < BATCH; i++) view.setUint32(BODIES + i * LARGEST, trial, true);
  const fd = openUdp(familyOf(addressBytes(to)), subject);
  const name = sockaddr(to, port);
  block.bytes.set(name, NAME);
  const started = now();
  let [sent, skipped, turn, elapsed] = [0, 0, 0, 0];
  try {
    // Connected, the kernel looks the route up once, not for every datagram.
    check(connectSocket(fd, block.at + NAME, name.length), 'connect', subject);
    for (; elapsed < seconds; elapsed = (now() - started) / 1e9) {
      const due = rate < Infinity ? Math.floor(rate * elapsed) - sent - skipped : BATCH;
      if (due < 1) {
        usleep(PAUSE_US);
        continue;
      }
      if (rate < Infinity) skipped += Math.max(0, due - Math.ceil(rate * BACKLOG_SECONDS));
      const count = Math.min(due, BATCH);
      for (let i = 0; i < count; i++) {
        view.setUint32(IOVECS + i * IOVEC + 8, payloads[turn++ % payloads.length]!, true);
      }
      view.setFloat64(BODIES + TIME, now(), true);
      const done = sendmmsg(fd, block.at, count, 0);
      if (done > 0) sent += done;
      else if (errno() !== EINTR) throw new SystemError('sendmmsg', subject, errno());
    }
  } finally {
    close(fd);
  }
  return { sent, seconds: elapsed };
}

export interface Heard {
  readonly received: number;
  /** Of UDP payload. */
  readonly bytes: number;
  /** Nanoseconds, one per batch. */
  readonly latencies: readonly number[];
  /** Datagrams of any trial, from the first on. */
  readonly all: number;
}

/** A bound socket that counts the datagrams of one trial at a time. */
export class Receiver {
  readonly #fd: number;
  readonly #block = layBatch();
  readonly #poll = allocate(8);
  #trial = 0;
  #received = 0;
  #bytes = 0;
  #all = 0;
  #latencies: number[] = [];

  constructor(address: string, port: number) {
    const name = sockaddr(address, port);
    this.#fd = openUdp(familyOf(addressBytes(address)), `receiver at ${address}`);
    this.#block.bytes.set(name, NAME);
    check(bindSocket(this.#fd, this.#block.at + NAME, name.length), 'bind', address);
    this.#poll.view.setInt32(0, this.#fd, true);
    this.#poll.view.setInt16(4, POLLIN, true);
  }

  begin(trial: number): void {
    this.#trial = trial;
    this.#received = 0;
    this.#bytes = 0;
    this.#latencies = [];
  }

  /** Takes what comes for some milliseconds, blocking this thread. */
  slice(): void {
    const until = now() + SLICE_MS * 1e6;
    while (now() < until) {
      if (poll(this.#poll.at, 1, SLICE_MS) < 1) return;
      const count = recvmmsg(this.#fd, this.#block.at, BATCH, MSG_DONTWAIT, 0);
      if (count > 0) this.#count(count);
      else if (errno() !== EAGAIN && errno() !== EINTR) {
        throw new SystemError('recvmmsg', 'the receiver', errno());
      }
    }
  }

  #count(count: number): void {
    const { view } = this.#block;
    const came = now();
    this.#all += count;
    for (let i = 0; i < count; i++) {
      const body = BODIES + i * LARGEST;
      if (view.getUint32(body, true) !== this.#trial) continue;
      this.#received++;
      this.#bytes += view.getUint32(i * MMSGHDR + 56, true);
      const time = view.getFloat64(body + TIME, true);
      if (time > 0 && this.#latencies.length < MOST_LATENCIES) this.#latencies.push(came - time);
    }
  }

  get heard(): Heard {
    const [received, bytes, latencies] = [this.#received, this.#bytes, this.#latencies];
    return { received, bytes, latencies, all: this.#all };
  }
}
