// Addresses of pools given to road warriors. Who was here before gets the address it had, also after a
// restart; new addresses are given in the pools' order, and only where none is left does somebody lose
// the claim to one that is not in use, the longest idle first.
import { type Address, formatAddress, parseAddress } from './address.js';
import type { Pool } from './database.js';

/** A claim as it is kept in a file. */
export interface SavedLease {
  readonly pool: string;
  readonly address: string;
  readonly identity: string;
}

export interface LeaseRequest {
  readonly pool: string;
  readonly family: 4 | 6;
  /** Who asks, as it was proved. */
  readonly identity: string;
  /** The address the peer asks for, if any. */
  readonly wanted: Address | undefined;
  /** Others may call themselves the same: what is in use is not shared. */
  readonly ambiguous?: boolean;
}

interface Lease {
  readonly pool: string;
  readonly address: Address;
  readonly identity: string;
  /** IKE SAs that hold it. */
  uses: number;
}

/** What nobody has had yet of one pool and family: where to look next. */
interface Fresh {
  range: number;
  next: bigint;
}

/**
 * Our own choice: claims kept of one pool and family that are not in use. A user may call itself anew each
 * time, and a /64 has an address for each.
 */
const MOST_IDLE = 65_536;

export class Leases {
  #pools: ReadonlyMap<string, Pool>;
  readonly #byAddress = new Map<string, Lease>();
  readonly #byIdentity = new Map<string, Set<Lease>>();
  /** Claims that are not in use, the longest idle first. */
  readonly #idle = new Map<string, Set<Lease>>();
  readonly #fresh = new Map<string, Fresh>();
  readonly #changed: () => void;
  readonly #mostIdle: number;

  /** `changed`: there is something to be saved. */
  constructor(
    pools: readonly Pool[],
    saved: readonly SavedLease[],
    changed: () => void,
    mostIdle = MOST_IDLE,
  ) {
    this.#pools = byName(pools);
    this.#mostIdle = mostIdle;
    this.#changed = changed;
    for (const { pool, address, identity } of saved) {
      const value = parseAddress(address);
      if (value && this.#holds(pool, value))
        this.#enter({ pool, address: value, identity, uses: 0 });
    }
  }

  /** Other pools from now on; claims to addresses outside them are forgotten when they are given back. */
  reconfigure(pools: readonly Pool[]): void {
    this.#pools = byName(pools);
    this.#fresh.clear();
    for (const lease of [...this.#byAddress.values()]) {
      if (lease.uses === 0 && !this.#holds(lease.pool, lease.address)) this.#forget(lease);
    }
  }

  /** Whether there could ever be an address of this family. */
  serves(pool: string, family: 4 | 6): boolean {
    return this.#chain(pool).some(({ ranges }) =>
      ranges.some(({ start }) => start.family === family),
    );
  }

  /** undefined: all addresses are in use. */
  take(request: LeaseRequest): Address | undefined {
    for (const pool of this.#chain(request.pool)) {
      const lease =
        this.#again(pool, request) ?? this.#new(pool, request) ?? this.#inherit(pool, request);
      if (!lease) continue;
      this.#idleOf(lease).delete(lease);
      lease.uses++;
      this.#changed();
      return lease.address;
    }
    return undefined;
  }

  /** One IKE SA less holds it. */
  giveBack(address: Address): void {
    const lease = this.#byAddress.get(formatAddress(address));
    if (!lease || lease.uses === 0 || --lease.uses > 0) return;
    if (!this.#holds(lease.pool, address)) {
      this.#forget(lease);
      return;
    }
    const idle = this.#idleOf(lease).add(lease);
    const [oldest] = idle;
    if (idle.size > this.#mostIdle && oldest) this.#forget(oldest);
  }

  saved(): SavedLease[] {
    return [...this.#byAddress.values()].map(({ pool, address, identity }) => ({
      pool,
      address: formatAddress(address),
      identity,
    }));
  }

  /** The pool and those after it. */
  #chain(name: string): Pool[] {
    const found: Pool[] = [];
    for (let pool = this.#pools.get(name); pool && !found.includes(pool); ) {
      found.push(pool);
      pool = pool.next === undefined ? undefined : this.#pools.get(pool.next);
    }
    return found;
  }

  /** The one asked for, though it is in use: a client that authenticates anew keeps its address. */
  #again({ name }: Pool, request: LeaseRequest): Lease | undefined {
    const { family, identity, wanted, ambiguous = false } = request;
    const own = [...(this.#byIdentity.get(identity) ?? [])].filter(
      ({ pool, address, uses }) =>
        pool === name && address.family === family && !(ambiguous && uses > 0),
    );
    const same = wanted && own.find(({ address }) => address.value === wanted.value);
    return same ?? own.find(({ uses }) => uses === 0);
  }

  #new(pool: Pool, { family, identity, wanted }: LeaseRequest): Lease | undefined {
    const free = (address: Address): boolean => !this.#byAddress.has(formatAddress(address));
    if (wanted && wanted.family === family && this.#holds(pool.name, wanted) && free(wanted)) {
      return this.#enter({ pool: pool.name, address: wanted, identity, uses: 0 });
    }
    const ranges = pool.ranges.filter(({ start }) => start.family === family);
    const key = `${pool.name} ${family}`;
    const at = this.#fresh.get(key) ?? { range: 0, next: ranges[0]?.start.value ?? 0n };
    this.#fresh.set(key, at);
    while (at.range < ranges.length) {
      const { end } = ranges[at.range]!;
      while (at.next <= end.value) {
        const address = { family, value: at.next++ };
        if (free(address)) return this.#enter({ pool: pool.name, address, identity, uses: 0 });
      }
      at.range++;
      at.next = ranges[at.range]?.start.value ?? 0n;
    }
    return undefined;
  }

  /** Of somebody who is not here. */
  #inherit(pool: Pool, { family, identity }: LeaseRequest): Lease | undefined {
    const [oldest] = this.#idle.get(`${pool.name} ${family}`) ?? [];
    if (!oldest) return undefined;
    this.#forget(oldest);
    return this.#enter({ ...oldest, identity, uses: 0 });
  }

  #enter(lease: Lease): Lease {
    this.#byAddress.set(formatAddress(lease.address), lease);
    const own = this.#byIdentity.get(lease.identity) ?? new Set();
    this.#byIdentity.set(lease.identity, own.add(lease));
    this.#idleOf(lease).add(lease);
    return lease;
  }

  #forget(lease: Lease): void {
    this.#byAddress.delete(formatAddress(lease.address));
    this.#idleOf(lease).delete(lease);
    const own = this.#byIdentity.get(lease.identity);
    own?.delete(lease);
    if (own?.size === 0) this.#byIdentity.delete(lease.identity);
  }

  #idleOf({ pool, address }: Lease): Set<Lease> {
    const key = `${pool} ${address.family}`;
    const idle = this.#idle.get(key) ?? new Set<Lease>();
    this.#idle.set(key, idle);
    return idle;
  }

  #holds(name: string, { family, value }: Address): boolean {
    const ranges = this.#pools.get(name)?.ranges ?? [];
    return ranges.some(
      ({ start, end }) => start.family === family && value >= start.value && value <= end.value,
    );
  }
}

const byName = (pools: readonly Pool[]): ReadonlyMap<string, Pool> =>
  new Map(pools.map((pool) => [pool.name, pool]));
