// All IKE SAs of the engine, found by our own SPI, by the first message's sender, by child.
import type { Child, IkeSa } from './sa.js';
import { isHalfOpen, ownSpi } from './sa.js';
import type { Endpoint } from './step.js';

export class SaStore {
  readonly #bySpi = new Map<bigint, IkeSa>();
  readonly #byFirst = new Map<string, IkeSa>();
  /** SAs that another one's step gave something to do. */
  readonly woken = new Set<IkeSa>();
  /** Of users, by Authorisation.session, that have begun. */
  readonly sessions = new Set<string>();
  #serial = 0;
  #childId = 0;

  nextSerial(): number {
    return ++this.#serial;
  }

  nextChildId(): number {
    return ++this.#childId;
  }

  /** `first`: the sender of the message that made this responder, to know its retransmissions. */
  add(sa: IkeSa, first?: Endpoint): void {
    this.#bySpi.set(ownSpi(sa), sa);
    if (first) this.#byFirst.set(firstKey(sa.spiInitiator, first), sa);
  }

  remove(sa: IkeSa): void {
    sa.state = 'dead';
    this.woken.add(sa); // for its keys to be erased in a turn of its own
    if (this.#bySpi.get(ownSpi(sa)) === sa) this.#bySpi.delete(ownSpi(sa));
    for (const [key, other] of this.#byFirst) if (other === sa) this.#byFirst.delete(key);
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
    return this.all().filter((sa) => sa.peer.name === name);
  }

  /** The SA that new children of a peer belong under. */
  established(peer: string): IkeSa | undefined {
    return this.ofPeer(peer).find((sa) => sa.state === 'established');
  }

  get halfOpen(): number {
    let count = 0;
    for (const sa of this.#byFirst.values()) if (isHalfOpen(sa)) count++;
    return count;
  }

  child(id: number): { sa: IkeSa; child: Child } | undefined {
    for (const sa of this.#bySpi.values()) {
      const child = sa.children.get(id);
      if (child) return { sa, child };
    }
    return undefined;
  }

  wake(sa: IkeSa): void {
    this.woken.add(sa);
  }
}

const firstKey = (spi: bigint, { address, port }: Endpoint): string =>
  `${spi}@${address.family}:${address.value}:${port}`;
