// One gateway's data plane without sockets, for bench sa: tables, one worker row, and the kernel's part
// (what was read, what is sent) played on the shared memory. CONTROL_BASE is 0 there, so addresses that
// WebAssembly lays out are offsets.
import { PORT_UDP4_4500 } from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import { type Module, loadModule } from '../dataplane/module.js';
import { Tables } from '../dataplane/tables.js';

const ROW = layout.WORKERS_AT;
const NAME_FAMILY = 2; // AF_INET
const NOW = 1_000_000;

export class Site {
  readonly tables: Tables;
  readonly #module: Module;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(random: (bytes: number) => Uint8Array) {
    const control = loadModule(layout.CONTROL_ROW);
    this.tables = new Tables(control, { workers: 1, random });
    this.#module = loadModule(0, control.memory);
    this.#bytes = new Uint8Array(control.memory.buffer);
    this.#view = new DataView(control.memory.buffer);
  }

  /** Puts packets where the TUN's are read. */
  read(packets: readonly Uint8Array[]): void {
    let at = ROW + layout.WORKER_RX_SLOTS + layout.SLOT_HEADROOM;
    for (const [index, packet] of packets.entries()) {
      const entry = ROW + layout.WORKER_RX_LIST + index * layout.RX_ENTRY;
      this.#bytes.set(packet, at);
      this.#view.setUint32(entry + layout.RX_AT, at, true);
      this.#view.setUint32(entry + layout.RX_LENGTH, packet.length, true);
      this.#view.setUint32(entry + layout.RX_DONE, 0, true);
      this.#view.setUint32(entry + layout.RX_HELD, 0, true);
      at += ((packet.length + layout.SLOT_TAILROOM + 63) & ~63) + layout.SLOT_HEADROOM;
    }
  }

  /** Seals what was read; returns copies of the ESP packets and the milliseconds it took. */
  seal(count: number): { sealed: Uint8Array[]; time: number } {
    const sealed: Uint8Array[] = [];
    const time = this.#rounds(
      count,
      (first) => {
        return this.#module.exports.processOutbound!(first, count, NOW);
      },
      () => sealed.push(...this.#sent()),
    );
    return { sealed, time };
  }

  /** Puts ESP packets where recvmmsg leaves them; returns how many had room. */
  receive(packets: readonly Uint8Array[], from: readonly number[], port: number): number {
    const room = Math.min(this.#module.exports.prepareReceive!(PORT_UDP4_4500), packets.length);
    for (let index = 0; index < room; index++) {
      const message = ROW + layout.WORKER_RX_MMSG + index * layout.MMSGHDR;
      const name = Number(this.#view.getBigUint64(message + layout.MMSGHDR_NAME, true));
      const entry = ROW + layout.WORKER_RX_LIST + index * layout.RX_ENTRY;
      this.#bytes.set(packets[index]!, this.#view.getUint32(entry + layout.RX_AT, true));
      this.#view.setUint32(message + layout.MMSGHDR_LEN, packets[index]!.length, true);
      this.#view.setUint32(message + layout.MMSGHDR_FLAGS, 0, true);
      this.#view.setUint16(name, NAME_FAMILY, true);
      this.#view.setUint16(name + 2, port);
      this.#bytes.set(from, name + 4);
      this.#view.setBigUint64(message + layout.MMSGHDR_CONTROLLEN, 0n, true);
    }
    return room;
  }

  /** Opens what was received; returns how many packets the TUN gets and the milliseconds it took. */
  open(count: number): { opened: number; time: number } {
    let opened = 0;
    const time = this.#rounds(
      count,
      (first) => {
        return this.#module.exports.processInbound!(PORT_UDP4_4500, first, count, NOW);
      },
      () => {
        opened += this.#view.getUint32(ROW + layout.WORKER_TUN_COUNT, true);
      },
    );
    return { opened, time };
  }

  /** The milliseconds of the calls alone. */
  #rounds(count: number, call: (first: number) => number, after: () => void): number {
    let time = 0;
    for (let next = 0; next < count; after()) {
      const start = performance.now();
      next = call(next);
      time += performance.now() - start;
    }
    return time;
  }

  #sent(): Uint8Array[] {
    const count = this.#view.getUint32(ROW + layout.WORKER_TX_COUNT + 4 * PORT_UDP4_4500, true);
    return Array.from({ length: count }, (_, index) => {
      const row = PORT_UDP4_4500 * layout.TX_SLOTS + index;
      const message = ROW + layout.WORKER_TX_MMSG + row * layout.MMSGHDR;
      const vector = Number(this.#view.getBigUint64(message + layout.MMSGHDR_IOV, true));
      const at = Number(this.#view.getBigUint64(vector, true));
      return this.#bytes.slice(at, at + Number(this.#view.getBigUint64(vector + 8, true)));
    });
  }
}
