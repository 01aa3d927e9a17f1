// Peers with a DNS name as address: each name is resolved at start and again when its time to live is
// over, or at once when the peer does not answer: then the other addresses of the name have their turn.
// Who calls or is called next is told when an address has changed; while a name cannot be resolved the
// peer keeps those it had, and one that never had any is not started.
import { type Address, formatAddress, sameAddress } from '../policy/address.js';
import type { Databases } from '../policy/database.js';
import { type NamedPeer, placeNamed } from '../policy/named-peers.js';
import type { Log } from './log.js';
import { localAddressFor } from './host.js';
import { type ResolveName, resolveName } from './name-resolver.js';

/** Seconds, our own choice: a server that says 0 is not asked all the time, a change is not missed. */
const SHORTEST = 5;
const LONGEST = 3600;
/** Where the answer says nothing, as that of /etc/hosts. */
const UNSAID = 60;
/** Between attempts that fail: 5, 10, 20 … up to this. */
const LONGEST_RETRY = 300;

export interface NamesContext {
  readonly resolve: ResolveName;
  /** Whether there is a way to the address: an IPv6 address is of no use to a host without IPv6. */
  readonly reachable: (address: Address) => boolean;
  /** Runs `work` after so many seconds, unless what it returns is called before. */
  readonly after: (seconds: number, work: () => void) => () => void;
  /** An address is there, or is another one now. */
  readonly changed: () => void;
  readonly log: Pick<Log, 'write'>;
}

/** For print and doctor. */
export interface NamedState {
  readonly peer: string;
  readonly address: Address | undefined;
  /** Why the peer is not started, or goes on with an address that may be old. */
  readonly trouble: string | undefined;
}

interface Entry {
  readonly peer: NamedPeer;
  address: Address | undefined;
  /** All that the name had when it was last resolved. */
  known: readonly Address[];
  /** Those of them at which the peer has not answered since it last did at any. */
  silent: readonly Address[];
  asking: boolean;
  failure: string | undefined;
  failures: number;
  cancel: () => void;
}

export class PeerNames {
  readonly #context: NamesContext;
  readonly #entries = new Map<string, Entry>();
  #taken: ReadonlyMap<string, string> = new Map();

  constructor(context: NamesContext) {
    this.#context = context;
  }

  /** Begins to resolve what is new among these, and forgets what is no more. */
  update(named: readonly NamedPeer[]): void {
    const before = new Map(this.#entries);
    this.#entries.clear();
    for (const peer of named) {
      const known = before.get(peer.name);
      if (known && sameQuestion(known.peer, peer)) {
        this.#entries.set(peer.name, known);
        before.delete(peer.name);
        continue;
      }
      const entry = newEntry(peer);
      this.#entries.set(peer.name, entry);
      void this.#ask(entry);
    }
    for (const { cancel } of before.values()) cancel();
  }

  /** The databases with those of the named peers whose address is known. */
  place(databases: Databases, named: readonly NamedPeer[]): Databases {
    const addresses = new Map<string, Address>();
    for (const peer of named) {
      const known = this.#entries.get(peer.name);
      if (known?.address && sameQuestion(known.peer, peer)) addresses.set(peer.name, known.address);
    }
    const placed = placeNamed(databases, named, addresses);
    for (const [name, owner] of placed.taken) {
      if (this.#taken.get(name) === owner) continue;
      const { address } = named.find((one) => one.name === name)!;
      this.#say('warning', name, `${takenText(owner)}: ${address}`);
    }
    this.#taken = placed.taken;
    return placed.databases;
  }

  /** The peer does not answer there: the name may have other addresses, or has another now. */
  silence(name: string, address: Address): void {
    const entry = this.#entries.get(name);
    if (!entry?.address) return;
    if (sameAddress(entry.address, address)) entry.silent = [...entry.silent, address];
    // The answer to the question that is under way decides.
    if (entry.asking) return;
    entry.cancel();
    void this.#ask(entry);
  }

  /** The peer has answered. */
  works(name: string): void {
    const entry = this.#entries.get(name);
    if (entry) entry.silent = [];
  }

  states(): NamedState[] {
    return [...this.#entries].map(([peer, { address, failure }]) => {
      const owner = this.#taken.get(peer);
      return { peer, address, trouble: owner === undefined ? failure : takenText(owner) };
    });
  }

  close(): void {
    for (const { cancel } of this.#entries.values()) cancel();
    this.#entries.clear();
  }

  async #ask(entry: Entry): Promise<void> {
    const { resolve, after } = this.#context;
    const { name, address: host, localAddress } = entry.peer;
    entry.asking = true;
    const answer = await resolve(host, localAddress?.family).catch((error: Error) => error);
    entry.asking = false;
    // The configuration may be another one since.
    if (this.#entries.get(name) !== entry) return;
    const seconds = answer instanceof Error ? this.#failed(entry, answer) : (answer.ttl ?? UNSAID);
    entry.cancel = after(Math.min(Math.max(seconds, SHORTEST), LONGEST), () => {
      void this.#ask(entry);
    });
    if (answer instanceof Error) this.#choose(entry);
    else this.#answered(entry, answer.addresses);
  }

  /** Returns after how many seconds it is asked again. Said once for each reason. */
  #failed(entry: Entry, { message }: Error): number {
    const { peer, address, failure } = entry;
    if (failure === undefined || !failure.includes(message)) {
      const meanwhile = address
        ? `it stays at ${formatAddress(address)}`
        : 'the peer is not started, its policies drop their packets';
      entry.failure = `${peer.address} cannot be resolved (${message}): ${meanwhile}`;
      this.#say('warning', peer.name, entry.failure);
    }
    return Math.min(SHORTEST * 2 ** entry.failures++, LONGEST_RETRY);
  }

  #answered(entry: Entry, addresses: readonly Address[]): void {
    entry.known = addresses;
    entry.failure = undefined;
    entry.failures = 0;
    this.#choose(entry);
  }

  /**
   * One of several addresses is kept as long as it is among them and answers: their order means nothing.
   * Where none answers the round begins anew, at the one it ended with, when the engine calls again.
   */
  #choose(entry: Entry): void {
    const { peer, address: before, known } = entry;
    const { reachable, changed } = this.#context;
    const among = (list: readonly Address[], one: Address) =>
      list.some((other) => sameAddress(one, other));
    const fresh = known.filter((one) => !among(entry.silent, one) && reachable(one));
    if (fresh.length === 0) entry.silent = [];
    const kept = before && among(known, before) && !among(entry.silent, before);
    if (kept || known.length === 0) return;
    entry.address = fresh[0] ?? known[0]!;
    const was = before ? `, it was ${formatAddress(before)}` : '';
    this.#say('info', peer.name, `${peer.address} is ${formatAddress(entry.address)}${was}`);
    changed();
  }

  #say(level: 'info' | 'warning', peer: string, text: string): void {
    this.#context.log.write({ level, topic: 'net', peer, text });
  }
}

const newEntry = (peer: NamedPeer): Entry => ({
  peer,
  address: undefined,
  known: [],
  silent: [],
  asking: false,
  failure: undefined,
  failures: 0,
  cancel: () => {},
});

const takenText = (owner: string): string =>
  `the peer is not started, its name has the address of peer ${owner}`;

const sameQuestion = (a: NamedPeer, b: NamedPeer): boolean =>
  a.address === b.address && a.localAddress?.family === b.localAddress?.family;

/** By the DNS, the host's routes and clock. */
export const peerNames = (log: Log, changed: () => void): PeerNames =>
  new PeerNames({
    resolve: resolveName,
    reachable: (address) => localAddressFor(address) !== undefined,
    after: (seconds, work) => {
      const timer = setTimeout(work, seconds * 1000);
      return () => clearTimeout(timer);
    },
    changed,
    log,
  });
