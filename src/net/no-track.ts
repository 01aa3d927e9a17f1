// Connection tracking leaves packets of made policies alone (RouterOS: notrack-chain): a chain of the name
// the configuration says, in a table of ours, with rules for each direction of each policy.
import { familyOf } from './addressing.js';
import { MadeRules, type Pattern } from './made-rules.js';
import * as nft from './nf-tables.js';
import * as when from './nf-expressions.js';
import type { Expression } from './nf-expressions.js';
import type { RoutedDynamic } from './template-routes.js';

const PRIORITY = -300; // NF_IP_PRI_RAW, before connection tracking
const HOOKS = [
  ['culvert-prerouting', nft.HOOK_PREROUTING],
  ['culvert-output', nft.HOOK_OUTPUT],
] as const;

export class NoTrack {
  readonly #table: string;
  readonly #chains = new Map<string, MadeRules>();
  readonly #chainOf = new Map<number, string>();
  #tables: nft.NfTables | undefined;

  /** For the calling thread's network namespace; changes nothing yet. */
  constructor(tun: string) {
    this.#table = `culvert-${tun}-notrack`;
  }

  add(chain: string, policy: RoutedDynamic): void {
    this.#tables ??= this.#open();
    this.#chainOf.set(policy.id, chain);
    const known = this.#chains.get(chain);
    const rules = known ?? newRules(chain);
    this.#chains.set(chain, rules);
    this.#tables.commit([
      ...(known ? [] : this.#newChain(chain)),
      ...rules.add(this.#table, policy),
    ]);
  }

  /** Unknown ids are ignored. */
  remove(id: number): void {
    const chain = this.#chainOf.get(id);
    if (chain === undefined) return;
    this.#chainOf.delete(id);
    const requests = this.#chains.get(chain)!.remove(this.#table, id);
    if (requests.length > 0) this.#tables!.commit(requests);
  }

  close(): void {
    if (!this.#tables) return;
    this.#tables.commit(nft.emptied(this.#table, true));
    this.#tables.close();
  }

  /** A table that goes with this process. */
  #open(): nft.NfTables {
    const tables = new nft.NfTables();
    tables.commit([
      ...nft.emptied(this.#table, true),
      nft.newTable(this.#table, true),
      ...HOOKS.map(([name, hook]) => nft.newChain(this.#table, name, [hook, PRIORITY])),
    ]);
    return tables;
  }

  #newChain(chain: string) {
    const jump = [when.jumpTo(chain)];
    return [
      nft.newChain(this.#table, chain),
      ...HOOKS.map(([name]) => nft.ruleMaker(this.#table, name)(jump)),
    ];
  }
}

const newRules = (chain: string): MadeRules =>
  new MadeRules({
    chain,
    sets: `hosts-${chain}`,
    forHosts: (pattern, set) => {
      const bytes = pattern.src.address.length;
      return bothWays(pattern, (side) => when.isInSet(side, bytes, set));
    },
    forNetwork: ({ dst, ...pattern }) => bothWays(pattern, (side) => when.addressIn(side, dst)),
  });

/** Out: from our side to the other; in: the other way round. */
function bothWays(
  pattern: Pattern,
  other: (side: 'source' | 'destination') => Expression[],
): Expression[][] {
  const { src, protocol, srcPort, dstPort } = pattern;
  const port = (side: 'source' | 'destination', number: number | undefined): Expression[] =>
    number === undefined ? [] : when.hasPort(side, number);
  const packet = (ours: 'source' | 'destination', theirs: 'source' | 'destination') => [
    ...when.isFamily(familyOf(src.address)),
    ...when.addressIn(ours, src),
    ...other(theirs),
    ...(protocol === 0 ? [] : when.hasProtocol(protocol)),
    ...port(ours, srcPort),
    ...port(theirs, dstPort),
    when.untracked,
  ];
  return [packet('source', 'destination'), packet('destination', 'source')];
}
