// All IKE SAs of the engine, found by our own SPI, by the first message's sender, by peer, by child;
// and which of them another's step has changed. Nothing here takes longer for there being many.
import type { Child, IkeSa } from './sa.js';
import { HalfOpen } from './half-open.js';
import { ownSpi } from './sa.js';
import type { Endpoint, IkeSpiChange } from './step.js';

export class SaStore {
  readonly #bySpi = new Map<bigint, IkeSa>();
  readonly #byFirst = new Map<string, IkeSa>();
  readonly #firstOf = new Map<IkeSa, string>();
  readonly #byPeer = new Map<string, Set<IkeSa>>();
  readonly #byChild = new Map<number, IkeSa>();
  /** By peer entry and who it has proved to be; nearly always one. */
  readonly #byIdentity = new Map<string, readonly IkeSa[]>();
  readonly #halfOpen = new HalfOpen();
  /** SAs that another one's step gave something to do. */
  readonly woken = new Set<IkeSa>();
  /** Of users, by Authorisation.session, that have begun. */
  readonly sessions = new Set<string>();
  /** SAs whose clocks may have changed: timers.ts reads them anew. */
  readonly changed = new Set<IkeSa>();
  readonly #spis: IkeSpiChange[];
  #serial = 0;
  #childId = 0;

  /** `spis`: where it is told which SPIs of ours are in use. */
  constructor(spis: IkeSpiChange[]) {
    this.#spis = spis;
  }

  nextSerial(): number {
    return ++this.#serial;
  }

  nextChildId(): number {
    return ++this.#childId;
  }

  /** `first`: the sender of the message that made this responder, to know its retransmissions. */
  add(sa: IkeSa, first?: Endpoint): void {
    this.#bySpi.set(ownSpi(sa), sa);
    this.#spis.push({ add: ownSpi(sa) });
    const ofPeer = this.#byPeer.get(sa.peer.name);
    if (ofPeer) ofPeer.add(sa);
    else this.#byPeer.set(sa.peer.name, new Set([sa]));
    this.changed.add(sa);
    if (!first) return;
    const key = firstKey(sa.spiInitiator, first);
    this.#byFirst.set(key, sa);
    this.#firstOf.set(sa, key);
    this.#halfOpen.add(sa);
  }

  remove(sa: IkeSa): void {
    sa.state = 'dead';
    this.woken.add(sa); // for its keys to be erased in a turn of its own
    this.changed.add(sa);
    this.#halfOpen.remove(sa);
    if (this.has(sa)) {
      this.#bySpi.delete(ownSpi(sa));
      this.#spis.push({ remove: ownSpi(sa) });
    }
    const key = this.#firstOf.get(sa);
    if (key !== undefined && this.#byFirst.get(key) === sa) this.#byFirst.delete(key);
    this.#firstOf.delete(sa);
    const ofPeer = this.#byPeer.get(sa.peer.name);
    ofPeer?.delete(sa);
    if (ofPeer?.size === 0) this.#byPeer.delete(sa.peer.name);
    const others = this.#byIdentity.get(identityKey(sa));
    if (!others?.includes(sa)) return;
    if (others.length === 1) this.#byIdentity.delete(identityKey(sa));
    else
      this.#byIdentity.set(
        identityKey(sa),
        others.filter((other) => other !== sa),
      );
  }

  /** It is established, with whom is known, and counts as half-open no more. */
  opened(sa: IkeSa): void {
    this.#halfOpen.remove(sa);
    const key = identityKey(sa);
    const others = this.#byIdentity.get(key);
    if (!others?.includes(sa)) this.#byIdentity.set(key, [...(others ?? []), sa]);
  }

  /** Those that are or were established with the same one, in the order in which they were. */
  withSame(sa: Pick<IkeSa, 'peer' | 'proved'>): readonly IkeSa[] {
    return this.#byIdentity.get(identityKey(sa)) ?? [];
  }

  /** Whether it was added and not removed yet. */
  has(sa: IkeSa): boolean {
    return this.#bySpi.get(ownSpi(sa)) === sa;
  }

  bySpi(own: bigint): IkeSa | undefined {
    return this.#bySpi.get(own);
  }

  /** A responder by the first message it answered. */
  byFirst(spiInitiator: bigint, remote: Endpoint): IkeSa | undefined {
    return this.#byFirst.get(firstKey(spiInitiator, remote));
  }

  all(): IkeSa[] {
    return [...this.#bySpi.values()];
  }

  ofPeer(name: string): IkeSa[] {
    return [...(this.#byPeer.get(name) ?? [])];
  }

  /** The SA that new children of a peer belong under. */
  established(peer: string): IkeSa | undefined {
    for (const sa of this.#byPeer.get(peer) ?? []) if (sa.state === 'established') return sa;
    return undefined;
  }

  /** Responders that wait for IKE_AUTH or are in it. */
  get halfOpen(): number {
    return this.#halfOpen.size;
  }

  /** Makes room for another half-open SA: see HalfOpen. */
  expel(): IkeSa | undefined {
    return this.#halfOpen.expel();
  }

  /** A child is under this IKE SA from now on; it may have been under another. */
  place(sa: IkeSa, child: Child): void {
    sa.children.set(child.sa.id, child);
    this.#byChild.set(child.sa.id, sa);
  }

  /** It is gone from its IKE SA. */
  displace(sa: IkeSa, id: number): void {
    sa.children.delete(id);
    if (this.#byChild.get(id) === sa) this.#byChild.delete(id);
  }

  child(id: number): { sa: IkeSa; child: Child } | undefined {
    const sa = this.#byChild.get(id);
    const child = sa?.children.get(id);
    return sa && child && { sa, child };
  }

  wake(sa: IkeSa): void {
    this.woken.add(sa);
  }
}

const identityKey = ({ peer, proved }: Pick<IkeSa, 'peer' | 'proved'>): string =>
  `${peer.name} ${proved}`;

const firstKey = (spi: bigint, { address, port }: Endpoint): string =>
  `${spi}@${address.family}:${address.value}:${port}`;
