// Rules of a packet filter for policies made from templates. Most are for one host of the peer's, and
// differ in nothing else: those share rules and a set of hosts, so that one more is one element. For
// other networks the chain is written anew, in the same transaction.
import type { IpPrefix } from './addressing.js';
import { prefixKey } from './many-policies.js';
import type { Request } from './netlink.js';
import type { Expression } from './nf-expressions.js';
import * as nft from './nf-tables.js';
import type { RoutedDynamic } from './template-routes.js';

/** What the policies of one set have in common. */
export type Pattern = Omit<RoutedDynamic, 'id' | 'template' | 'dst'>;

export interface MadeRulesOptions {
  readonly chain: string;
  /** Sets are named by it and a number. */
  readonly sets: string;
  /** `hosts`: the set of those at the other end. */
  readonly forHosts: (pattern: Pattern, set: string) => Expression[][];
  readonly forNetwork: (policy: RoutedDynamic) => Expression[][];
}

interface HostSet {
  readonly pattern: Pattern;
  readonly name: string;
  readonly number: number;
  readonly hosts: Map<string, { readonly address: Uint8Array; count: number }>;
}

/** Ids of sets are unique in a transaction: behind those of sets that are always there. */
const FIRST_SET_ID = 100;

const isHost = ({ address, bits }: IpPrefix): boolean => bits === 8 * address.length;
const hostKey = (address: Uint8Array): string => address.join('.');
const patternKey = ({ src, protocol, srcPort, dstPort }: Pattern): string =>
  `${prefixKey(src)} ${protocol} ${srcPort} ${dstPort}`;

export class MadeRules {
  readonly #options: MadeRulesOptions;
  readonly #made = new Map<number, RoutedDynamic>();
  readonly #sets = new Map<string, HostSet>();
  readonly #networks = new Map<number, RoutedDynamic>();
  #number = 0;

  constructor(options: MadeRulesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#made.size;
  }

  /** Everything, in a table that has nothing of it yet. */
  all(table: string): Request[] {
    const sets = [...this.#sets.values()].flatMap((set) => [
      this.#newSet(table, set),
      ...[...set.hosts.values()].map(({ address }) => nft.addHost(table, set.name, address)),
    ]);
    return [nft.newChain(table, this.#options.chain), ...sets, ...this.#rules(table)];
  }

  add(table: string, policy: RoutedDynamic): Request[] {
    this.#made.set(policy.id, policy);
    if (!isHost(policy.dst)) {
      this.#networks.set(policy.id, policy);
      return this.#rewritten(table);
    }
    const key = patternKey(policy);
    const known = this.#sets.get(key);
    const set = known ?? this.#makeSet(key, policy);
    const { address } = policy.dst;
    const there = set.hosts.get(hostKey(address));
    if (there) {
      there.count++;
      return [];
    }
    set.hosts.set(hostKey(address), { address, count: 1 });
    const element = nft.addHost(table, set.name, address);
    return known ? [element] : [this.#newSet(table, set), ...this.#rewritten(table), element];
  }

  /** Unknown ids are ignored. */
  remove(table: string, id: number): Request[] {
    const policy = this.#made.get(id);
    if (!policy) return [];
    this.#made.delete(id);
    if (this.#networks.delete(id)) return this.#rewritten(table);
    const key = patternKey(policy);
    const set = this.#sets.get(key)!;
    const { address } = policy.dst;
    const host = set.hosts.get(hostKey(address))!;
    if (--host.count > 0) return [];
    set.hosts.delete(hostKey(address));
    if (set.hosts.size > 0) return [nft.deleteHost(table, set.name, address)];
    this.#sets.delete(key);
    return [...this.#rewritten(table), nft.deleteSet(table, set.name)];
  }

  #makeSet(key: string, policy: RoutedDynamic): HostSet {
    const { id: _, template: __, dst: ___, ...pattern } = policy;
    const number = ++this.#number;
    const name = `${this.#options.sets}-${number}`;
    const set: HostSet = { pattern, name, number, hosts: new Map() };
    this.#sets.set(key, set);
    return set;
  }

  #newSet(table: string, { name, number, pattern }: HostSet): Request {
    return nft.newHostSet(table, name, FIRST_SET_ID + number, pattern.src.address.length);
  }

  #rewritten(table: string): Request[] {
    return [nft.emptyChain(table, this.#options.chain), ...this.#rules(table)];
  }

  #rules(table: string): Request[] {
    const lists = [
      ...[...this.#sets.values()].flatMap(({ pattern, name }) =>
        this.#options.forHosts(pattern, name),
      ),
      ...[...this.#networks.values()].flatMap((policy) => this.#options.forNetwork(policy)),
    ];
    return lists.map(nft.ruleMaker(table, this.#options.chain));
  }
}
