// The IKE engine: every SA we have, what comes in for them, what time does to them. Sans IO: all that
// is to be done outside comes back as a Step.
//   1 receive finds the SA of a message (or makes a responder, or answers without state)
//   2 enqueue lets one step at a time work on an SA; the next one waits
//   3 pump sends what the SA wants next; SAs that were woken by another's step follow
//   4 handOut gives the caller whatever was decided so far, in the order in which it was
import { Alarms } from './alarms.js';
import { type Address, sameAddress } from '../policy/address.js';
import type { Databases } from '../policy/database.js';
import type {
  AcquirePacket,
  ActivePeer,
  Context,
  IkeEngine,
  IkeSecrets,
  KillWhich,
  PolicyStatus,
} from './context.js';
import { DEFAULT_SETTINGS } from './context.js';
import { connect, hasChild, newLink } from './connection.js';
import type { CookieDemand } from './cookie.js';
import { dispatch, follow, type Received } from './dispatch.js';
import { type World, report, type Work } from './exchange.js';
import { calleeOf, isTooSoon } from './failover.js';
import { PartialStore } from './fragments.js';
import { FirstContact } from './first-contact.js';
import { activateChild } from './parts/child.js';
import type { Given } from './parts/configuration.js';
import { GeneratedPolicies, type GeneratedPolicy } from './generated.js';
import { activePeers, connectionKey, ikeSecrets, policyStatus } from './print.js';
import { act, certified, findFault } from './recheck.js';
import { adjust, callIdle, type Change, swap } from './reconfigure.js';
import { type Child, createChild, type IkeSa, isLeaving } from './sa.js';
import type { SessionEnd } from './sessions.js';
import { emptyStep, take } from './step.js';
import { tellLifetime } from './v2/reauthentication.js';
import type { Datagram, Endpoint, Step } from './step.js';
import { followAddresses } from './v2/further-addresses.js';
import { mayProbe, probeOf } from './v2/probe.js';
import { SaStore } from './store.js';
import { takeTurn } from './turn.js';
import { closeChildren, expireChild, nextConnect, nextTimeout, reconnect, ring } from './timers.js';

/**
 * Our own choice: two messages of the greatest size. A turn may wait for a RADIUS server for half a
 * minute, and what comes for the IKE SA meanwhile is not authentic yet.
 */
const MOST_WAITING_BYTES = 128 * 1024;
const OVERHEAD_BYTES = 256;

export class Engine implements IkeEngine {
  readonly #world: World;
  readonly #first: FirstContact;
  readonly #alarms = new Alarms();
  /**
   * What all turns decided and no caller has got yet. There is one for all SAs, written to as things are
   * decided: one SA's turn may remove what another's has installed, and must not be carried out before.
   */
  readonly #decided = emptyStep();

  constructor(databases: Databases, context: Context) {
    const settings = { ...DEFAULT_SETTINGS, ...context.settings };
    const links = new Map(databases.peers.map((peer) => [peer.name, newLink(peer)]));
    const store = new SaStore(this.#decided.ikeSpis);
    const partials = new PartialStore(settings.partialBytes);
    const generated = new GeneratedPolicies(databases.policies);
    const kept = { store, partials, generated, links };
    this.#world = { databases, context, settings, ...kept, closing: false, addresses: [] };
    this.#first = new FirstContact(this.#world);
  }

  // ---- 1 receive -------------------------------------------------------------------------------

  receive(datagram: Datagram): Promise<Step> {
    return this.#handOut(this.#receive(datagram));
  }

  async #receive(datagram: Datagram): Promise<void> {
    const step = this.#decided;
    const received = this.#first.read(datagram, step);
    const known = received && this.#first.find(received);
    const welcome = known ? { sa: known } : received && this.#first.welcome(received, step);
    if (!received || !welcome) return;
    const { sa, expelled } = welcome;
    const size = datagram.bytes.length + OVERHEAD_BYTES;
    // Whoever knows the SPIs can send; what is lost comes again.
    if (sa.waitingBytes + size > MOST_WAITING_BYTES) return;
    sa.waitingBytes += size;
    const work = (here: Work) => {
      if (here.sa !== sa) return ring(here);
      sa.waitingBytes -= size;
      return this.#handle(here, received);
    };
    await this.#on(expelled ? [sa, expelled] : [sa], work);
  }

  async #handle(work: Work, received: Received): Promise<void> {
    const dropped = await dispatch(work, received);
    if (dropped !== undefined) this.#first.complain(work, dropped);
    if (work.sa.state === 'listening') this.#world.store.remove(work.sa);
  }

  // ---- 2 and 3 one step at a time --------------------------------------------------------------

  /** Works on these SAs, each in its turn, then on whom they woke. */
  async #on(sas: readonly IkeSa[], work: (work: Work) => Promise<void> | void): Promise<void> {
    const { woken } = this.#world.store;
    await Promise.all(sas.map((sa) => this.#enqueue(sa, work)));
    while (woken.size > 0) {
      const now = [...woken];
      woken.clear();
      await Promise.all(now.map((sa) => this.#enqueue(sa, () => {})));
    }
  }

  #enqueue(sa: IkeSa, work: (work: Work) => Promise<void> | void): Promise<void> {
    const here: Work = { world: this.#world, sa, step: this.#decided };
    const turn = sa.tail.then(() => takeTurn(here, work));
    sa.tail = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  // ---- 4 what was decided --------------------------------------------------------------------

  /**
   * After `work`. Steps are taken and their promises resolved in one go, and promises go on in the order in
   * which they were resolved: who awaits each at once carries all of them out in the order of decision. It
   * may hold what others' calls decided, and they what this one did.
   */
  #handOut<T extends object>(work: Promise<T>): Promise<Step & T>;
  #handOut(work: Promise<void>): Promise<Step>;
  async #handOut(work: Promise<unknown>): Promise<Step> {
    const result = await work;
    return { ...take(this.#decided), ...(result as object | undefined) };
  }

  // ---- what the daemon asks --------------------------------------------------------------------

  start(): Promise<Step> {
    const now = this.#world.context.now();
    for (const link of this.#world.links.values()) if (link.active) link.connectAt = now;
    return this.tick(now);
  }

  acquire(id: number, packet?: AcquirePacket): Promise<Step> {
    return this.#handOut(this.#acquire(id, packet));
  }

  async #acquire(id: number, packet?: AcquirePacket): Promise<void> {
    const world = this.#world;
    const policy = world.databases.policies.find((candidate) => candidate.id === id);
    const peer = policy && calleeOf(world, policy);
    const step = this.#decided;
    if (hasChild(world, id)) return;
    if (!policy || !peer || world.closing || isTooSoon(world, policy, peer)) {
      step.unmet.push(id);
      return;
    }
    const busy = world.store.ofPeer(peer.name).find((sa) => !isLeaving(sa));
    if (!busy) {
      if (!connect(world, peer, step, policy, packet)) step.unmet.push(id);
    } else busy.tasks.push(createChild(policy, packet));
    await this.#on(busy ? [busy] : [], () => {});
  }

  childExpired(id: number, limit: 'soft' | 'hard'): Promise<Step> {
    return this.#onChild(id, (work, child) => expireChild(work, child, limit));
  }

  moved(id: number, remote: Endpoint): Promise<Step> {
    return this.#onChild(id, (work) => follow(work, { local: work.sa.local, remote }));
  }

  addressesChanged(all: readonly Address[], outside: readonly Address[] = all): Promise<Step> {
    return this.#handOut(this.#addressesChanged(all, outside));
  }

  async #addressesChanged(all: readonly Address[], outside: readonly Address[]): Promise<void> {
    const world = this.#world;
    const others = !isSameSet(world.addresses, outside);
    world.addresses = outside;
    await this.#on(world.store.all(), (work) => followAddresses(work, all, others));
    for (const link of world.links.values()) {
      // A peer that could not be called may be reached by the new address.
      if (link.connectAt !== undefined) link.connectAt = world.context.now();
    }
  }

  trafficSeen(id: number, atMs: number): Promise<Step> {
    return this.#onChild(id, (work, child) => {
      work.sa.times.lastSeen = Math.max(work.sa.times.lastSeen, atMs);
      if (child.state === 'installed') activateChild(work, child);
    });
  }

  #onChild(id: number, work: (work: Work, child: Child) => void): Promise<Step> {
    const found = this.#world.store.child(id);
    const turn = this.#on(found ? [found.sa] : [], (here) => {
      const child = here.sa.children.get(id);
      if (child) work(here, child);
    });
    return this.#handOut(turn);
  }

  probe(remote: Address, bytes: number): Promise<Step & { asked: boolean }> {
    return this.#handOut(this.#probe(remote, bytes));
  }

  async #probe(remote: Address, bytes: number): Promise<{ asked: boolean }> {
    const sa = this.#world.store.all().find((one) => mayProbe(one, remote));
    if (!sa) return { asked: false };
    await this.#on([sa], () => void sa.tasks.push(probeOf(bytes)));
    return { asked: true };
  }

  tick(now: number): Promise<Step> {
    return this.#handOut(this.#tick(now));
  }

  async #tick(now: number): Promise<void> {
    reconnect(this.#world, this.#decided);
    this.#setAlarms();
    const { changed } = this.#world.store;
    const due = this.#alarms.due(now);
    for (const sa of due) changed.add(sa);
    await this.#on(
      due.filter((sa) => (nextTimeout(sa) ?? Infinity) <= now),
      ring,
    );
  }

  nextTimeout(): number | undefined {
    this.#setAlarms();
    const times = [this.#alarms.next(), nextConnect(this.#world)].filter((at) => at !== undefined);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Reads the clocks of those whose step changed them. */
  #setAlarms(): void {
    const { changed } = this.#world.store;
    for (const sa of changed) {
      if (sa.state === 'dead') this.#alarms.remove(sa);
      else this.#alarms.set(sa, nextTimeout(sa));
    }
    changed.clear();
  }

  killConnections(which: KillWhich = {}): Promise<Step & { killed: number }> {
    return this.#handOut(this.#killConnections(which));
  }

  async #killConnections({ peer, id, spi, connections }: KillWhich): Promise<{ killed: number }> {
    const { store, links, context, settings } = this.#world;
    const chosen = connections === undefined ? undefined : new Set(connections.split(','));
    const sas = (peer === undefined ? store.all() : store.ofPeer(peer))
      .filter((sa) => id === undefined || sa.remoteId === id)
      .filter((sa) => spi === undefined || [sa.spiInitiator, sa.spiResponder].some(isSpi(spi)))
      .filter((sa) => chosen?.has(connectionKey(sa)) ?? true);
    await this.#close(sas, 'its connection is killed by command', 'admin-reset');
    for (const { peer: of } of sas) {
      const link = links.get(of.name);
      if (link) Object.assign(link, { failures: 0, notBefore: 0 });
      if (link?.active && !this.#world.closing)
        link.connectAt = context.now() + settings.reconnectMs;
    }
    return { killed: sas.length };
  }

  endSessions(sessions: ReadonlySet<string>, end: SessionEnd, reason: string): Promise<Step> {
    return this.#handOut(this.#close(this.#carrying(sessions), reason, end));
  }

  limitSessions(sessions: ReadonlySet<string>, seconds: number): Promise<Step> {
    const tell = (work: Work): void => tellLifetime(work, seconds);
    return this.#handOut(this.#on(this.#carrying(sessions), tell));
  }

  #carrying(sessions: ReadonlySet<string>): IkeSa[] {
    return this.#world.store
      .all()
      .filter(({ authorisation }) => authorisation && sessions.has(authorisation.session));
  }

  async #close(sas: readonly IkeSa[], reason: string, end: SessionEnd): Promise<void> {
    await this.#on(sas, ({ sa, world, step }) => {
      sa.ending ??= end;
      if (sa.times.establishedAt === undefined) world.store.remove(sa);
      else if (sa.state !== 'deleting') sa.tasks.unshift({ kind: 'delete-ike', reason });
      report({ sa, step }, 'debug', 'ike.delete', reason);
    });
  }

  reconfigure(change: Change): Promise<Step> {
    return this.#handOut(this.#reconfigure(change));
  }

  async #reconfigure(change: Change): Promise<void> {
    const changed = new Set(swap(this.#world, change));
    await this.#close([...changed], 'the configuration of its peer has changed', 'admin-reset');
    this.#world.generated.rewrite(this.#decided, change.databases.policies);
    const others = this.#world.store.all().filter((sa) => !changed.has(sa));
    await this.#on(others, adjust(change));
    callIdle(this.#world);
    await this.#tick(this.#world.context.now());
  }

  rechecks(): readonly (() => Promise<Step>)[] {
    return certified(this.#world).map((sa) => () => this.#handOut(this.#recheck(sa)));
  }

  async #recheck(sa: IkeSa): Promise<void> {
    // Servers are waited for outside the SA's turn: its messages are not.
    const findings = await findFault(this.#world, sa);
    if (findings.length === 0) return;
    const successors = this.#world.store.ofPeer(sa.peer.name);
    const same = successors.filter(({ vouched }) => vouched === sa.vouched);
    await this.#on(same, (work) => act(work, findings));
  }

  flush(): Promise<Step & { flushed: number }> {
    return this.#handOut(this.#flush());
  }

  async #flush(): Promise<{ flushed: number }> {
    let flushed = 0;
    await this.#on(this.#world.store.all(), (work) => {
      flushed += work.sa.children.size;
      closeChildren(work, [...work.sa.children.values()]);
    });
    return { flushed };
  }

  shutdown(): Promise<Step> {
    this.#world.closing = true;
    for (const link of this.#world.links.values()) link.connectAt = undefined;
    return this.#handOut(
      this.#close(this.#world.store.all(), 'this gateway stops', 'admin-reboot'),
    );
  }

  cookies(): CookieDemand {
    return this.#first.cookies();
  }

  peers(): ActivePeer[] {
    return activePeers(this.#world);
  }

  policies(): PolicyStatus[] {
    return policyStatus(this.#world);
  }

  secrets(): IkeSecrets[] {
    return ikeSecrets(this.#world);
  }

  given(address: Address): Given | undefined {
    const holds = (sa: IkeSa): boolean =>
      (sa.assigned?.addresses ?? []).some((one) => sameAddress(one, address));
    return this.#world.store.all().find(holds)?.assigned?.given;
  }

  generated(): GeneratedPolicy[] {
    return this.#world.generated.list();
  }
}

const isSameSet = (some: readonly Address[], others: readonly Address[]): boolean =>
  some.length === others.length &&
  some.every((one) => others.some((other) => sameAddress(one, other)));

const isSpi = (text: string) => {
  const plain = text.replace(/^0x/, '').toLowerCase();
  return (spi: bigint): boolean => spi.toString(16).padStart(16, '0') === plain;
};
