// The control plane's hand on the shared memory: SAs and policies in, state and counters out. Only the
// main thread writes here; workers change counters, flags and windows. The life of an SA:
//   install    write the record, then publish it: inbound in the SPI table, outbound in its policy's
//              chain, newest first (or later, by `activate`)
//   remove     mark both halves dead and unpublish them
//   erase      once no worker is in a batch that began before, overwrite the record with zeros
import * as ids from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import type { Address } from '../policy/address.js';
import { type DynamicPolicy, FIRST_DYNAMIC, type Policy } from '../policy/database.js';
import {
  type Association,
  AssociationError,
  type Direction,
  type InstalledSa,
  type Place,
  type Traffic,
} from './association.js';
import { aroundOf } from './bundle.js';
import { Chains } from './chains.js';
import type { ClassifierSize } from './classifier-room.js';
import { CookieTable } from './cookies.js';
import { DynamicTable } from './dynamic-table.js';
import { ExpectedTable } from './expected-table.js';
import { IkeSpiTable } from './ike-spi-table.js';
import { Lingering } from './lingering.js';
import type { Module } from './module.js';
import { eraseKeys, withOwnKeys } from './own-keys.js';
import { PolicyTable } from './policy-table.js';
import { Quiescence } from './quiescence.js';
import { Remotes } from './remotes.js';
import { describeSa } from './sa-description.js';
import { SaRecords } from './sa-records.js';
import { SpiTable } from './spi-table.js';

export interface TablesOptions {
  readonly workers: number;
  readonly random: (bytes: number) => Uint8Array;
  /** Milliseconds since 1970; Date.now unless a test says otherwise. */
  readonly now?: () => number;
  /** How long a replaced inbound SA goes on receiving; a test may not wait for it. */
  readonly lingerMs?: number;
}

type Slots = Readonly<Record<Direction, number>>;

interface Pair {
  association: Association;
  readonly slots: Slots;
  /** The AH around it. */
  readonly around: Slots | undefined;
  readonly addedAt: number;
  active: boolean;
  /** Inbound packets when childrenWithTraffic last looked. */
  seen: number;
}

const DIRECTIONS = ['in', 'out'] as const;
const slotsOf = ({ slots, around }: Pick<Pair, 'slots' | 'around'>): number[] =>
  [slots, ...(around ? [around] : [])].flatMap((pair) => [pair.in, pair.out]);

const LOWEST_SPI = 256; // RFC 4303 §2.1: 1 … 255 are reserved

export interface Offload {
  /** Bytes of the virtio header before every packet of the TUN; 0: none. */
  readonly header: number;
  /** Whether the TUN takes UDP super-packets. */
  readonly uso: boolean;
  /** Whether UDP datagrams of a batch may share a message. */
  readonly join: boolean;
}

export interface Installing {
  readonly activate: boolean;
  readonly pathMtu: number;
  /** The keys are the tables' from now on, theirs to erase; else they keep copies. */
  readonly adopt?: boolean;
}

export class Tables {
  readonly #module: Module;
  readonly #options: Required<Omit<TablesOptions, 'lingerMs'>>;
  readonly #spis: SpiTable;
  readonly #policies: PolicyTable;
  /** Those made from templates. */
  readonly dynamics: DynamicTable;
  /** Inbound SPIs that an SA may come for. */
  readonly expected: ExpectedTable;
  /** Of the IKE SAs that stand. */
  readonly ikeSpis: IkeSpiTable;
  readonly #quiescence: Quiescence;
  readonly #lingering: Lingering;
  readonly cookies: CookieTable;
  readonly #pairs = new Map<number, Pair>();
  readonly #owners = new Map<number, number>();
  readonly #remotes = new Remotes();
  readonly #records: SaRecords;
  readonly #chains: Chains;
  #worker = 0;

  /** `module` is the main thread's own instance, on CONTROL_ROW. */
  constructor(module: Module, options: TablesOptions) {
    this.#module = module;
    this.#options = { now: Date.now, ...options };
    this.#spis = new SpiTable(module.memory);
    this.#records = new SaRecords(module.memory);
    this.#chains = new Chains(this.#records);
    this.expected = new ExpectedTable(module.memory, this.#spis);
    this.ikeSpis = new IkeSpiTable(module.memory);
    this.#quiescence = new Quiescence(module.memory);
    this.#lingering = new Lingering(options.lingerMs);
    this.#policies = new PolicyTable(module.memory, this.#quiescence);
    this.dynamics = new DynamicTable(module.memory, this.#quiescence);
    this.cookies = new CookieTable(module);
  }

  /**
   * Replaces the policies, in force from every worker's next batch on, or from the one after where the
   * last change was a moment ago. Throws where there are more than MAX_POLICIES; nothing changes then.
   * Templates stand among them, once for each family, and stay without effect until `addDynamic`.
   */
  setPolicies(policies: readonly Policy[]): void {
    this.#policies.set(policies, (policy) => this.#chains.head(policy));
  }

  /** A policy made from a template, in force from every worker's next batch on. */
  addDynamic(policy: DynamicPolicy): void {
    this.dynamics.add(policy, this.#chains.head(policy.owner));
  }

  removeDynamic(id: number): void {
    this.dynamics.remove(id);
  }

  /** What the classifier of the policies in force takes. */
  get classifierSize(): ClassifierSize {
    return this.#policies.size;
  }

  /** The MSS in TCP SYNs is lowered to what SA and TUN carry; `mtu` of the TUN, or 0 to leave it. */
  setMssClamp(mtu: number): void {
    this.#setControl(layout.CONTROL_MSS_CLAMP, mtu);
  }

  /** Before the workers start: how they read and write. */
  setOffload({ header, uso, join }: Offload): void {
    this.#setControl(layout.CONTROL_TUN_HEADER, header);
    this.#setControl(layout.CONTROL_TUN_USO, uso ? 1 : 0);
    this.#setControl(layout.CONTROL_JOIN, join ? 1 : 0);
  }

  #setControl(offset: number, value: number): void {
    const { memory } = this.#module;
    new DataView(memory.buffer).setUint32(layout.CONTROL_AT + offset, value, true);
  }

  /** A random SPI that no SA of ours has and that steers to the workers in turn (src/net/bpf.ts). */
  allocateSpi(): number {
    const { workers, random } = this.#options;
    const worker = this.#worker++ % workers;
    for (;;) {
      const [a = 0, b = 0, c = 0, d = 0] = random(4);
      const drawn = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
      const spi = drawn - (drawn % workers) + worker;
      if (spi >= LOWEST_SPI && spi <= 0xffffffff && !this.#spis.has(spi)) return spi;
    }
  }

  /** Throws AssociationError where the tables cannot take it; nothing is changed then. */
  install(sa: Association, { activate, pathMtu, adopt = false }: Installing): void {
    if (this.#pairs.has(sa.id)) throw new AssociationError(`child ${sa.id} is installed already`);
    const ah = aroundOf(sa);
    const spis = [sa.inbound.spi, ...(ah ? [ah.inbound.spi] : [])];
    const taken = spis.find((spi, index) => this.#spis.serves(spi) || spis.indexOf(spi) !== index);
    if (taken !== undefined) {
      throw new AssociationError(`peer '${sa.peer}': inbound SPI ${taken} is in use`);
    }
    const places: number[] = [];
    const take = (): number => {
      const slot = this.#records.take();
      places.push(slot);
      return slot;
    };
    const write = (half: Association): Slots => {
      const slots = { in: take(), out: take() };
      for (const way of DIRECTIONS) {
        this.#records.at(slots[way]).write(this.#module, slots[way], half, way, pathMtu);
      }
      return slots;
    };
    try {
      const slots = write(sa);
      const around = ah && write(ah);
      if (around) this.#bundle(slots, around);
      this.#publish(adopt ? sa : withOwnKeys(sa), slots, around);
    } catch (error) {
      for (const slot of places) this.#records.erase(slot);
      throw error;
    }
    if (activate) this.activate(sa.id);
  }

  /** Each ESP half knows the AH around it, each AH half the ESP inside. */
  #bundle(slots: Slots, around: Slots): void {
    for (const way of DIRECTIONS) {
      this.#records.at(slots[way]).setBundle(around[way] + 1);
      this.#records.at(around[way]).setBundle(slots[way] + 1);
    }
  }

  #publish(sa: Association, slots: Slots, around: Slots | undefined): void {
    const addedAt = this.#options.now();
    this.#pairs.set(sa.id, { association: sa, slots, around, addedAt, active: false, seen: 0 });
    this.#remotes.add(sa.remote.address, sa.id);
    for (const slot of slotsOf({ slots, around })) {
      this.#owners.set(slot, sa.id);
      this.#records.at(slot).setState(ids.SA_MATURE);
    }
    this.#spis.insert(sa.inbound.spi, slots.in);
    if (around) this.#spis.insert(sa.around!.inbound.spi, around.in);
  }

  /** Makes a child's outbound half the first choice of its policy. */
  activate(id: number): void {
    const pair = this.#pairs.get(id);
    if (!pair || pair.active) return;
    pair.active = true;
    const { policy } = pair.association;
    this.#chains.add(policy, pair.slots.out);
    this.#setHead(policy);
  }

  /** An SA for this policy could not be had: packets do not wait for it any more. */
  giveUp(policy: number): void {
    this.#policies.setUnmet(policy, this.#options.now());
  }

  /**
   * False: there is no such child. `lingers`: its inbound half, unknown to everybody but the workers, goes
   * on receiving for a moment.
   */
  remove(id: number, lingers = false): boolean {
    const pair = this.#pairs.get(id);
    if (!pair) return false;
    this.#pairs.delete(id);
    const { association } = pair;
    this.#remotes.delete(association.remote.address, id);
    const spis: number[] = [];
    for (const half of [association, association.around]) {
      if (!half) continue;
      for (const keys of [half.inbound, half.outbound]) eraseKeys(keys);
      spis.push(half.inbound.spi);
    }
    for (const slot of slotsOf(pair)) this.#owners.delete(slot);
    if (this.#chains.remove(association.policy, pair.slots.out)) this.#setHead(association.policy);
    const { slots, around } = pair;
    const inbound = around ? [slots.in, around.in] : [slots.in];
    this.#retire(around ? [slots.out, around.out] : [slots.out], []);
    if (lingers) this.#lingering.add(() => this.#retire(inbound, spis));
    else this.#retire(inbound, spis);
    return true;
  }

  #retire(slots: readonly number[], spis: readonly number[]): void {
    for (const spi of spis) this.#spis.remove(spi);
    for (const slot of slots) this.#records.at(slot).setState(ids.SA_DEAD);
    this.#quiescence.after(() => {
      for (const slot of slots) this.#records.erase(slot);
    });
  }

  /** An outer address or port changed; with it ESP may go into UDP or come out of it. */
  move(id: number, place: Place): void {
    const pair = this.#pairs.get(id);
    if (!pair) return;
    this.#remotes.delete(pair.association.remote.address, id);
    pair.association = { ...pair.association, ...place };
    this.#remotes.add(pair.association.remote.address, id);
    for (const slot of slotsOf(pair)) this.#records.at(slot).writeEndpoints(pair.association);
  }

  /** The path to `remote` carries outer packets of `mtu` bytes from now on; returns its pairs. */
  setPathMtu(remote: Address, mtu: number): number {
    let pairs = 0;
    for (const id of this.#remotes.of(remote)) {
      // the inbound half clamps the MSS of what it delivers by it
      for (const slot of slotsOf(this.#pairs.get(id)!)) this.#records.at(slot).writePathMtu(mtu);
      pairs++;
    }
    return pairs;
  }

  /** The child whose SA is in `slot`, where the SPI is still the one meant. */
  lookup(slot: number, spi: number): number | undefined {
    const id = this.#owners.get(slot);
    if (id === undefined || this.#records.at(slot).u32(layout.SA_SPI) !== spi) return undefined;
    return id;
  }

  /** Children on whose inbound SA authentic packets came since the last call. */
  childrenWithTraffic(): number[] {
    const found: number[] = [];
    for (const [id, pair] of this.#pairs) {
      const packets = this.#records.at(pair.slots.in).counter(layout.SA_PACKETS);
      if (packets === pair.seen) continue;
      pair.seen = packets;
      found.push(id);
    }
    return found;
  }

  /** Every installed SA, both halves of a child together, oldest child first; a bundle's AH behind. */
  list(): InstalledSa[] {
    const now = this.#options.now();
    return [...this.#pairs.values()].flatMap((pair) => {
      const { association, slots, around } = pair;
      const ah = aroundOf(association);
      const describe = (half: Association, places: Slots): InstalledSa[] =>
        DIRECTIONS.map((way) =>
          describeSa(this.#records.at(places[way]), { ...pair, association: half }, way, now),
        );
      return [...describe(association, slots), ...(ah ? describe(ah, around!) : [])];
    });
  }

  /** What a child's SAs have carried: inner bytes and packets; undefined: there is no such child. */
  traffic(id: number): Readonly<Record<Direction, Traffic>> | undefined {
    const pair = this.#pairs.get(id);
    if (!pair) return undefined;
    const of = (direction: Direction): Traffic => {
      const record = this.#records.at(pair.slots[direction]);
      return { bytes: record.counter(layout.SA_BYTES), packets: record.counter(layout.SA_PACKETS) };
    };
    return { in: of('in'), out: of('out') };
  }

  /** Removes everything and erases it now: no worker runs any more. */
  erase(): void {
    for (const id of [...this.#pairs.keys()]) this.remove(id);
    this.#lingering.endAll();
    this.#quiescence.now();
    this.cookies.erase();
  }

  #setHead(policy: number): void {
    const table = policy >= FIRST_DYNAMIC ? this.dynamics : this.#policies;
    table.setHead(policy, this.#chains.head(policy));
  }
}
