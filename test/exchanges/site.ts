// One gateway without a daemon: it carries out the engine's Steps on a model of the data plane, and
// knows which SAs would carry a packet. Whatever the data plane would count as an error throws here.
import * as assert from 'uvu/assert';
import type { ActivePeer, Context, IkeEngine } from '../../src/ike/context.js';
import type { ChildSa, Datagram, Endpoint, EngineEvent } from '../../src/ike/step.js';
import type { PolicyChange, Received, ReceivedChange, Step } from '../../src/ike/step.js';
import { formatAddress } from '../../src/policy/address.js';
import type { Databases, DynamicPolicy } from '../../src/policy/database.js';

export type MakeEngine = (databases: Databases, context: Context) => IkeEngine;

/** A child as the data plane has it: inbound works at once, outbound when it is not in standby. */
interface Installed {
  readonly sa: ChildSa;
  standby: boolean;
}

export class Site {
  readonly name: string;
  readonly engine: IkeEngine;
  readonly events: EngineEvent[] = [];
  /** In order of installation. */
  readonly children = new Map<number, Installed>();
  /** The outbound choice per policy, newest last. */
  private readonly outbound = new Map<number, number[]>();
  private readonly removed = new Set<number>();
  /** Every child ever installed, to count what a test provoked. */
  readonly history: ChildSa[] = [];
  /** Policies made from templates that are in force. */
  readonly made = new Map<number, DynamicPolicy>();
  /** What peers gave us by mode-config. */
  readonly received = new Map<number, Received>();
  /** Inbound SPIs that an SA may come for, and from where its packets may. */
  readonly expected = new Map<number, string>();
  readonly ikeSpis = new Set<bigint>();
  /** Children whose inbound half received a moment longer than they stood. */
  readonly lingered = new Set<number>();
  sent = 0;
  keepalives = 0;
  private readonly transmit: (datagram: Datagram) => void;

  constructor(name: string, engine: IkeEngine, transmit: (datagram: Datagram) => void) {
    this.name = name;
    this.engine = engine;
    this.transmit = transmit;
  }

  /** Waits for a step and carries it out, as the daemon would: tables first, then messages. */
  async carry(pending: Promise<Step>): Promise<Step> {
    const step = await pending;
    for (const sa of step.install) this.install(sa, step.standby.includes(sa.id));
    for (const id of step.activate) this.activate(id);
    this.noteSpis(step);
    for (const change of step.received) this.changeReceived(change);
    for (const change of step.policies) this.changePolicy(change);
    for (const id of step.remove) this.remove(id);
    for (const id of step.linger) this.lingered.add(id);
    for (const { id, ...place } of step.move) {
      const child = this.known(id);
      this.children.set(id, { ...child, sa: { ...child.sa, ...place } });
    }
    this.events.push(...step.events);
    this.keepalives += step.keepalives.length;
    this.sent += step.send.length;
    for (const datagram of step.send) this.transmit(datagram);
    return step;
  }

  /** What a step says of SPIs; public for a test that carries nothing else of it out. */
  noteSpis({ expected, ikeSpis }: Step): void {
    for (const change of expected) {
      if ('expect' in change) {
        this.expected.set(change.expect.spi, formatAddress(change.expect.remote));
      } else this.expected.delete(change.settled);
    }
    for (const change of ikeSpis) {
      if ('add' in change) {
        assert.not(this.ikeSpis.has(change.add), `IKE SPI ${change.add} again`);
        this.ikeSpis.add(change.add);
      } else this.ikeSpis.delete(change.remove);
    }
  }

  private changeReceived(change: ReceivedChange): void {
    if ('up' in change) this.received.set(change.up.id, change.up);
    else assert.ok(this.received.delete(change.down), `what ${change.down} gave is not there`);
  }

  private changePolicy(change: PolicyChange): void {
    if ('add' in change) {
      assert.not(this.made.has(change.add.id), `policy ${change.add.id} again`);
      this.made.set(change.add.id, change.add);
    } else {
      assert.ok(this.made.delete(change.remove), `policy ${change.remove} is not there`);
    }
  }

  private known(id: number): Installed {
    const child = this.children.get(id);
    assert.ok(child, `${this.name}: the step names child ${id}, which is not installed`);
    return child!;
  }

  private install(sa: ChildSa, standby: boolean): void {
    assert.not(this.children.has(sa.id) || this.removed.has(sa.id), `child ${sa.id} again`);
    const spis = [...this.children.values()].map((child) => child.sa.inbound.spi);
    assert.not(spis.includes(sa.inbound.spi), `inbound SPI ${sa.inbound.spi} twice`);
    this.children.set(sa.id, { sa, standby });
    this.history.push(sa);
    if (!standby) this.choose(sa);
  }

  private choose(sa: ChildSa): void {
    const others = (this.outbound.get(sa.policy) ?? []).filter((id) => id !== sa.id);
    this.outbound.set(sa.policy, [...others, sa.id]);
  }

  private activate(id: number): void {
    const child = this.known(id);
    child.standby = false;
    this.choose(child.sa);
  }

  private remove(id: number): void {
    const { sa } = this.known(id);
    this.children.delete(id);
    this.removed.add(id);
    const left = (this.outbound.get(sa.policy) ?? []).filter((other) => other !== id);
    this.outbound.set(sa.policy, left);
  }

  /** The SA a packet of that policy would leave through. */
  current(policy: number): ChildSa | undefined {
    const id = this.outbound.get(policy)?.at(-1);
    return id === undefined ? undefined : this.children.get(id)?.sa;
  }

  /** The child that a packet with that SPI comes in through. */
  inbound(spi: number): ChildSa | undefined {
    return [...this.children.values()].find(({ sa }) => sa.inbound.spi === spi)?.sa;
  }

  get peers(): ActivePeer[] {
    return this.engine.peers();
  }

  get established(): ActivePeer[] {
    return this.peers.filter((peer) => peer.state === 'established');
  }

  /** What authentication guards: SAs, policies, children. Two equal snapshots: nothing changed. */
  snapshot() {
    const peers = this.peers.map(({ uptime: _u, 'last-seen': _seen, ...peer }) => peer);
    const children = [...this.children.values()].map(({ sa, standby }) => ({ ...sa, standby }));
    return structuredClone({ peers, children, policies: this.engine.policies() });
  }

  /** Log lines of warning and worse, for a test that fails and one that expects a reason. */
  complaints(): string[] {
    return this.events
      .filter(({ level }) => level === 'warning' || level === 'error')
      .map(({ text }) => text);
  }
}

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a.port === b.port && a.address.family === b.address.family && a.address.value === b.address.value;
