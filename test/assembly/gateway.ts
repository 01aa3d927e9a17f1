// One gateway without sockets: tables on the control row, one worker, and the kernel's part played by
// the test, which fills receive slots and reads transmit rows. CONTROL_BASE is 0, so the absolute
// addresses that WASM lays out are offsets into the memory.
import { PORT_COUNT, PORT_ESP4 } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { COUNTERS } from '../../src/daemon/counter-names.js';
import { readCounter } from '../../src/dataplane/counters.js';
import { drainMail, type Mail } from '../../src/dataplane/mail.js';
import { type Exports, loadModule } from '../../src/dataplane/module.js';
import { Tables, type TablesOptions } from '../../src/dataplane/tables.js';
import { parseAddress, toBytes } from '../../src/policy/address.js';
import { seeded } from './arena.js';

export interface Message {
  readonly port: number;
  readonly bytes: Buffer;
  readonly name: Buffer;
  readonly control: Buffer;
}

export interface Received {
  readonly bytes: Uint8Array;
  readonly from?: string;
  readonly fromPort?: number;
  readonly to?: string;
  readonly tos?: number;
  readonly flags?: number;
  /** IPv6 extension headers, of a raw socket that asked for them. */
  readonly extensions?: readonly { readonly type: number; readonly bytes: Uint8Array }[];
  /** Bytes of each datagram of a message that the kernel joined (UDP_GRO). */
  readonly segment?: number;
}

export interface Result {
  readonly messages: Message[];
  readonly tun: Buffer[];
}

const ROW = layout.WORKERS_AT;

export class Gateway {
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
  readonly tables: Tables;
  readonly bytes: Buffer;
  readonly view: DataView;
  now = 1_000_000;

  constructor(options: Partial<TablesOptions> = {}) {
    const control = loadModule(layout.CONTROL_ROW);
    const random = seeded(4303);
    this.memory = control.memory;
    this.exports = loadModule(0, this.memory).exports;
    this.bytes = Buffer.from(this.memory.buffer as unknown as ArrayBuffer);
    this.view = new DataView(this.memory.buffer);
    this.tables = new Tables(control, {
      workers: 1,
      random: (length) => random.bytes(length),
      now: () => this.now,
      ...options,
    });
  }

  /** Packets as if read from the TUN, each behind its virtio header where the TUN has one. */
  outbound(packets: readonly Uint8Array[], headers: readonly Uint8Array[] = []): Result {
    const result: Result = { messages: [], tun: [] };
    let used = layout.SLOT_HEADROOM;
    packets.forEach((packet, index) => {
      const at = ROW + layout.WORKER_RX_SLOTS + used;
      const entry = ROW + layout.WORKER_RX_LIST + index * layout.RX_ENTRY;
      const header = headers[index] ?? new Uint8Array(this.#header);
      this.bytes.set(header, at - header.length);
      this.bytes.set(packet, at);
      this.view.setUint32(entry + layout.RX_AT, at, true);
      this.view.setUint32(entry + layout.RX_LENGTH, packet.length, true);
      this.view.setUint32(entry + layout.RX_DONE, 0, true);
      this.view.setUint32(entry + layout.RX_HELD, 0, true);
      used += ((packet.length + layout.SLOT_TAILROOM + 63) & ~63) + layout.SLOT_HEADROOM;
    });
    if (used > layout.RX_AREA) throw new Error('more than a batch');
    for (let next = 0; next < packets.length; this.#collect(result)) {
      next = this.exports.processOutbound!(next, packets.length, this.now);
    }
    return result;
  }

  /** What waited for an SA and may be tried again, as the worker's loop does it. */
  release(): Result {
    const result: Result = { messages: [], tun: [] };
    for (let count = this.exports.takeHeld!(this.now); count > 0; ) {
      for (let next = 0; next < count; this.#collect(result)) {
        next = this.exports.processOutbound!(next, count, this.now);
      }
      count = this.exports.takeHeld!(this.now);
    }
    return result;
  }

  /** What came before its SA and may be tried again, as the worker's loop does it. */
  releaseEarly(): Result {
    const result: Result = { messages: [], tun: [] };
    for (let batch = this.exports.takeEarly!(this.now); batch !== 0; ) {
      const count = batch & 255;
      for (let next = 0; next < count; this.#collect(result)) {
        next = this.exports.processInbound!(batch >> 8, next, count, this.now);
      }
      batch = this.exports.takeEarly!(this.now);
    }
    return result;
  }

  /** Packets as if recvmmsg had read them on a socket of kind `port`. */
  inbound(port: number, packets: readonly Received[]): Result {
    const result: Result = { messages: [], tun: [] };
    for (let first = 0; first < packets.length; ) {
      const room = this.exports.prepareReceive!(port);
      const batch = packets.slice(first, first + room);
      for (const [index, packet] of batch.entries()) this.#receive(index, packet);
      for (let next = 0; next < batch.length; this.#collect(result)) {
        next = this.exports.processInbound!(port, next, batch.length, this.now);
      }
      first += batch.length;
    }
    return result;
  }

  /** Where received message `index` stands, once the headers are prepared. */
  slot(index: number): number {
    const entry = ROW + layout.WORKER_RX_LIST + index * layout.RX_ENTRY;
    return this.view.getUint32(entry + layout.RX_AT, true);
  }

  get #header(): number {
    return this.view.getUint32(layout.CONTROL_AT + layout.CONTROL_TUN_HEADER, true);
  }

  counters(): Record<string, number> {
    return Object.fromEntries(
      COUNTERS.map(({ name, column }) => [name, readCounter(this.memory, column)]),
    );
  }

  /** The counters that are not zero. */
  counted(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.counters()).filter(([, value]) => value > 0));
  }

  mail(): Mail[] {
    return drainMail(this.memory, 0);
  }

  #receive(index: number, packet: Received): void {
    const message = ROW + layout.WORKER_RX_MMSG + index * layout.MMSGHDR;
    const name = Number(this.view.getBigUint64(message + layout.MMSGHDR_NAME, true));
    const control = Number(this.view.getBigUint64(message + layout.MMSGHDR_CONTROL, true));
    const vector = Number(this.view.getBigUint64(message + layout.MMSGHDR_IOV, true));
    const room = Number(this.view.getBigUint64(vector + 8, true));
    const bytes = packet.bytes.subarray(0, room);
    this.bytes.set(bytes, this.slot(index));
    this.view.setUint32(message + layout.MMSGHDR_LEN, packet.bytes.length, true);
    this.view.setUint32(message + layout.MMSGHDR_FLAGS, packet.flags ?? 0, true);
    const source = sockaddr(packet.from ?? '192.0.2.1', packet.fromPort ?? 4500);
    this.bytes.set(source, name);
    const messages = Buffer.concat(controls(packet));
    this.bytes.set(messages, control);
    const length = BigInt(messages.length);
    this.view.setBigUint64(message + layout.MMSGHDR_CONTROLLEN, length, true);
  }

  /** Adds what a round left for the host. */
  #collect({ messages, tun }: Result): void {
    for (let port = 0; port < PORT_COUNT; port++) {
      const count = this.view.getUint32(ROW + layout.WORKER_TX_COUNT + port * 4, true);
      for (let i = 0; i < count; i++) messages.push(this.#message(port, i));
    }
    const count = this.view.getUint32(ROW + layout.WORKER_TUN_COUNT, true);
    for (let i = 0; i < count; i++) {
      const entry = ROW + layout.WORKER_TUN_LIST + i * 8;
      const vectors = this.view.getUint32(entry, true);
      tun.push(this.#gather(vectors, this.view.getUint32(entry + 4, true)));
    }
  }

  #u64(offset: number): number {
    return Number(this.view.getBigUint64(offset, true));
  }

  #gather(vectors: number, count: number): Buffer {
    const pieces = Array.from({ length: count }, (_, i) => {
      const vector = vectors + i * layout.IOVEC;
      return this.#copy(this.#u64(vector), this.#u64(vector + 8));
    });
    return Buffer.concat(pieces);
  }

  #message(port: number, index: number): Message {
    const row = port * layout.TX_SLOTS + index;
    const at = ROW + layout.WORKER_TX_MMSG + row * layout.MMSGHDR;
    const u64 = (field: number): number => this.#u64(at + field);
    return {
      port,
      bytes: this.#gather(u64(layout.MMSGHDR_IOV), u64(layout.MMSGHDR_IOVLEN)),
      name: this.#copy(u64(layout.MMSGHDR_NAME), this.view.getUint32(at + 8, true)),
      control: this.#copy(u64(layout.MMSGHDR_CONTROL), u64(layout.MMSGHDR_CONTROLLEN)),
    };
  }

  #copy(at: number, length: number): Buffer {
    return Buffer.from(this.bytes.subarray(at, at + length));
  }
}

/** struct sockaddr_in or sockaddr_in6. */
export function sockaddr(address: string, port: number): Buffer {
  const parsed = parseAddress(address)!;
  const name = Buffer.alloc(parsed.family === 4 ? 16 : 28);
  name.writeUInt16LE(parsed.family === 4 ? 2 : 10, 0);
  name.writeUInt16BE(port, 2);
  name.set(toBytes(parsed), parsed.family === 4 ? 4 : 8);
  return name;
}

/** IPV6_HOPOPTS, IPV6_RTHDR, IPV6_DSTOPTS of linux/in6.h. */
const EXTENSION: Readonly<Record<number, number>> = { 0: 54, 43: 57, 60: 59 };

/** The control messages a kernel hands over: PKTINFO and TOS, extension headers, UDP_GRO. */
function controls({ to, tos, extensions = [], segment }: Received): Buffer[] {
  const found: Buffer[] = [];
  const family = to ? parseAddress(to)!.family : 4;
  const level = family === 4 ? 0 : 41;
  const push = (level: number, type: number, data: Uint8Array): void => {
    const message = Buffer.alloc(16 + ((data.length + 7) & ~7));
    message.writeUInt32LE(16 + data.length, 0);
    message.writeInt32LE(level, 8);
    message.writeInt32LE(type, 12);
    message.set(data, 16);
    found.push(message);
  };
  const add = (type4: number, type6: number, data: Uint8Array): void =>
    push(level, family === 4 ? type4 : type6, data);
  if (to) {
    const bytes = toBytes(parseAddress(to)!);
    const index = Buffer.from([7, 0, 0, 0]);
    add(8, 50, family === 4 ? Buffer.concat([index, bytes, bytes]) : Buffer.concat([bytes, index]));
  }
  if (tos !== undefined)
    add(1, 67, family === 4 ? Buffer.from([tos]) : Buffer.from([tos, 0, 0, 0]));
  for (const { type, bytes } of extensions) add(0, EXTENSION[type]!, bytes);
  if (segment !== undefined) push(17, 104, Buffer.from(Uint32Array.of(segment).buffer));
  return found;
}

/** A sent message as the other side's kernel delivers it: raw IPv4 sockets get the IP header too. */
export function asReceived(message: Message, from: string, to: string, tos = 0): Received {
  if (message.port !== PORT_ESP4) return { bytes: message.bytes, from, to, tos };
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = tos;
  header.writeUInt16BE(20 + message.bytes.length, 2);
  header.set([64, 50], 8);
  header.set(toBytes(parseAddress(from)!), 12);
  header.set(toBytes(parseAddress(to)!), 16);
  return { bytes: Buffer.concat([header, message.bytes]), from, fromPort: 0, to, tos };
}
