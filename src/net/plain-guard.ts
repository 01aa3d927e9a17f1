// Refuses packets that come in the clear although a policy says they must come through the tunnel
// (RFC 4301 §5.2 step 4), with one nf_tables table of ours:
//   input, forward  what came from the TUN or from this host itself passes; so does what IPsec and
//                   IPv6 neighbours need of the gateway itself; a source inside a remote side of
//                   some policy is looked up in
//   policies        the policies in their order, seen inward: drop and count, or let pass
//   made-N-F        what is made from template N in family F; their hosts are looked up as well
// A table is filled before it is hooked in, and the one before it goes in the same transaction: at no
// moment is there neither. Half of one is left only by a crash, and the next start removes it.
import { familyOf, type IpPrefix } from './addressing.js';
import { removeLeftTables } from './nf-leftovers.js';
import * as nft from './nf-tables.js';
import * as when from './nf-expressions.js';
import type { Request } from './netlink.js';
import { MadeRules } from './made-rules.js';
import {
  DISCARDED,
  fillRequests,
  type GuardedPolicy,
  hooked,
  inward,
  inwardCount,
  madeChain,
  POLICIES,
  REMOTE,
  UNPROTECTED,
} from './plain-guard-rules.js';
import type { RoutedDynamic } from './template-routes.js';

/** Packets refused so far. */
export interface Refused {
  /** They match an encrypt policy and were not encrypted. */
  readonly unprotected: number;
  /** They match a discard policy. */
  readonly discarded: number;
}

export const NONE_REFUSED: Refused = { unprotected: 0, discarded: 0 };

export interface PlainGuardOptions {
  /** Name of the TUN device; the table has its name too. */
  readonly tun: string;
  /** Whether the table stays when the daemon is not there. */
  readonly failClosed: boolean;
}

const HOOKED = ['input', 'forward'] as const;
const ANY_PACKET = { protocol: 0, srcPort: undefined, dstPort: undefined } as const;

const tablesOf = (tun: string): [string, string] => [`culvert-${tun}-a`, `culvert-${tun}-b`];

export class PlainGuard {
  readonly #options: PlainGuardOptions;
  readonly #tables: nft.NfTables;
  /** Which of the two names is in force. */
  #current: string | undefined;
  /** By template and family. */
  readonly #made = new Map<string, MadeRules>();
  /** The other ends of all made policies: what enters `policies` at all. */
  readonly #remote = new MadeRules({
    chain: REMOTE,
    sets: REMOTE,
    forHosts: ({ src }, set) => [
      [
        ...when.isFamily(familyOf(src.address)),
        ...when.isInSet('source', src.address.length, set),
        when.jumpTo(POLICIES),
      ],
    ],
    forNetwork: ({ dst }) => [
      [
        ...when.isFamily(familyOf(dst.address)),
        ...when.addressIn('source', dst),
        when.jumpTo(POLICIES),
      ],
    ],
  });
  /** What the counters of tables that are gone had seen. */
  #before = NONE_REFUSED;
  #seen = NONE_REFUSED;
  /** What is in force, how many rules it has, and the chains where packets enter. */
  #policies: readonly GuardedPolicy[] = [];
  #rules = 0;
  #uses: readonly (number | undefined)[] = [];

  /** For the calling thread's network namespace; changes nothing yet. */
  constructor(options: PlainGuardOptions) {
    this.#options = options;
    this.#tables = new nft.NfTables();
  }

  /** Makes the table that of `policies`. Throws where the kernel has no nf_tables. */
  apply(policies: readonly GuardedPolicy[]): void {
    const templates = policies.filter(({ template }) => template !== undefined);
    const kept = new Set(templates.map((policy) => this.#rulesOf(policy)));
    for (const [key, made] of this.#made)
      if (!kept.has(made) && made.size === 0) this.#made.delete(key);
    const [a, b] = tablesOf(this.#options.tun);
    const next = this.#current === a ? b : a;
    const other = next === a ? b : a;
    this.#commit([...nft.emptied(next), nft.newTable(next, !this.#options.failClosed)]);
    this.#tables.commitMany(fillRequests(next, policies, [...this.#made.values()]));
    this.#tables.commitMany(this.#remote.all(next));
    const seen = this.refused();
    this.#commit([...hooked(next, this.#options.tun, policies), ...nft.emptied(other)]);
    this.#before = seen;
    this.#current = next;
    this.#policies = policies;
    this.#rules = policies.reduce((sum, policy) => sum + inwardCount(policy), 0);
    this.#uses = HOOKED.map((chain) => this.#tables.uses(next, chain));
  }

  /** Whether somebody had taken our table or rules out of it away; they are there again. */
  repair(): boolean {
    const table = this.#current;
    if (table === undefined || this.#isWhole(table)) return false;
    // where the table itself is gone, so is what its counters saw since they were last asked
    const isThere = this.#tables.uses(table, POLICIES) !== undefined;
    this.#before = isThere ? this.refused() : this.#seen;
    this.#current = undefined;
    this.apply(this.#policies);
    return true;
  }

  #isWhole(table: string): boolean {
    const hooked = HOOKED.every((chain, at) => this.#tables.uses(table, chain) === this.#uses[at]);
    // made policies of networks add jumps
    return hooked && (this.#tables.uses(table, POLICIES) ?? -1) >= this.#rules;
  }

  /** A policy made from a template, of a level that refuses. */
  addDynamic(policy: RoutedDynamic): void {
    const table = this.#current;
    const own = this.#made.get(`${policy.template} ${familyOf(policy.dst.address)}`);
    if (table === undefined || !own) return;
    // the rule that refuses first, then what leads to it
    this.#commit([
      ...own.add(table, policy),
      ...this.#remote.add(table, { ...policy, ...ANY_PACKET, src: all(policy.src) }),
    ]);
  }

  /** Unknown ids are ignored. */
  removeDynamic(id: number): void {
    const table = this.#current;
    if (table === undefined) return;
    const own = [...this.#made.values()].flatMap((made) => made.remove(table, id));
    const requests = [...this.#remote.remove(table, id), ...own];
    if (requests.length > 0) this.#commit(requests);
  }

  #rulesOf({ template, dst }: GuardedPolicy): MadeRules {
    const family = familyOf(dst.address);
    const key = `${template} ${family}`;
    const known = this.#made.get(key);
    if (known) return known;
    const made = new MadeRules({
      chain: madeChain(template!, family),
      sets: `hosts-${template}-${family}`,
      forHosts: (pattern, set) =>
        inward({ ...pattern, dst: all(pattern.src), verdict: 'refuse' }).map((list) => [
          ...when.isFamily(family),
          ...when.isInSet('source', pattern.src.address.length, set),
          ...list,
        ]),
      forNetwork: ({ template: _, ...policy }) => inward({ ...policy, verdict: 'refuse' }),
    });
    this.#made.set(key, made);
    return made;
  }

  refused(): Refused {
    const { unprotected, discarded } = this.#before;
    if (this.#current === undefined) return this.#before;
    this.#seen = {
      unprotected: unprotected + this.#tables.packets(this.#current, UNPROTECTED),
      discarded: discarded + this.#tables.packets(this.#current, DISCARDED),
    };
    return this.#seen;
  }

  /** Removes what is ours, also what a killed run left. */
  remove(): void {
    this.#before = this.refused();
    this.#current = undefined;
    this.#commit(tablesOf(this.#options.tun).flatMap((name) => nft.emptied(name)));
    this.#tables.close();
  }

  /** The table stays, as after a kill. */
  leave(): void {
    this.#tables.close();
  }

  #commit(requests: readonly Request[]): void {
    this.#tables.commit(requests);
  }
}

/** What a run left that is not followed by another table; a kernel without nf_tables holds none. */
export const removeLeftGuard = (tun: string): void => removeLeftTables(tablesOf(tun));

const all = ({ address }: IpPrefix): IpPrefix => ({
  address: new Uint8Array(address.length),
  bits: 0,
});
