// Connections that somebody has marked (`ct mark`, a mangle rule's business) take the way into a tunnel.
// Routing rules see the mark of a packet, not that of its connection: so packets of such a connection,
// in the direction in which it was made, get a mark of ours before they are routed, in a table of our own.
//   prerouting   what comes in, but from the tunnels: that would turn back
//   output       what this host itself sends, but what carries the tunnels: that would go round
import { familyOf, type IpPrefix } from './addressing.js';
import { removeLeftTables } from './nf-leftovers.js';
import * as nft from './nf-tables.js';
import * as when from './nf-expressions.js';
import type { Expression } from './nf-expressions.js';

export interface MarkedConnections {
  readonly id: number;
  readonly mark: { readonly value: number; readonly mask: number };
  readonly families: readonly (4 | 6)[];
  /** Undefined: whatever their source is. */
  readonly sources: readonly IpPrefix[] | undefined;
  /** What the routing rule looks for. */
  readonly routedBy: number;
}

export interface MarkerOptions {
  readonly tun: string;
  /** SO_MARK of our own sockets. */
  readonly mark: number;
  /** Whether the table stays when the daemon is killed: the routing rules then refuse what it marks. */
  readonly failClosed: boolean;
}

/** Behind mangle (-150) and the translation of destinations (-100). */
const PRIORITY = -50;
const CHAINS = [
  ['prerouting', nft.HOOK_PREROUTING, 'filter'],
  // this type has the kernel route again
  ['output', nft.HOOK_OUTPUT, 'route'],
] as const;

const tableOf = (tun: string): string => `culvert-${tun}-mark`;

export class Marker {
  readonly #options: MarkerOptions;
  readonly #table: string;
  readonly #marked = new Map<number, MarkedConnections>();
  #tables: nft.NfTables | undefined;
  /** Rules in each chain. */
  #count = 0;

  /** For the calling thread's network namespace; changes nothing yet. */
  constructor(options: MarkerOptions) {
    this.#options = options;
    this.#table = tableOf(options.tun);
  }

  add(marked: MarkedConnections): void {
    this.#marked.set(marked.id, marked);
    this.#apply();
  }

  /** Unknown ids are ignored. */
  remove(id: number): void {
    if (this.#marked.delete(id)) this.#apply();
  }

  /** Whether somebody had taken the table or rules of it away; they are there again. */
  repair(): boolean {
    if (this.#count === 0) return false;
    const isWhole = CHAINS.every(
      ([chain]) => this.#tables?.uses(this.#table, chain) === this.#count,
    );
    if (!isWhole) this.#apply();
    return !isWhole;
  }

  close(): void {
    this.#marked.clear();
    if (this.#tables) this.#apply();
    this.#tables?.close();
  }

  #apply(): void {
    this.#tables ??= new nft.NfTables();
    const rules = [...this.#marked.values()].flatMap((one) => rulesOf(one));
    const from = { prerouting: when.cameFrom(this.#options.tun, false), output: this.#notOurs() };
    this.#tables.commit([
      ...nft.emptied(this.#table),
      ...(rules.length === 0 ? [] : [nft.newTable(this.#table, !this.#options.failClosed)]),
      ...(rules.length === 0 ? [] : CHAINS).flatMap(([chain, hook, type]) => [
        nft.newChain(this.#table, chain, [hook, PRIORITY], type),
        ...rules.map((rule) => nft.ruleMaker(this.#table, chain)([...from[chain], ...rule])),
      ]),
    ]);
    this.#count = rules.length;
  }

  #notOurs(): Expression[] {
    return when.hasMark(this.#options.mark, false);
  }
}

/** What a killed run left. */
export const removeLeftMarks = (tun: string): void => removeLeftTables([tableOf(tun)]);

function rulesOf({ mark, families, sources, routedBy }: MarkedConnections): Expression[][] {
  return families.flatMap((family) => {
    const own = sources?.filter(({ address }) => familyOf(address) === family);
    const from = own?.map((source) => when.addressIn('source', source)) ?? [[]];
    return from.map((source) => [
      ...when.isFamily(family),
      ...source,
      ...when.isOriginalDirection,
      ...when.hasConnectionMark(mark),
      ...when.setMark(routedBy),
    ]);
  });
}
