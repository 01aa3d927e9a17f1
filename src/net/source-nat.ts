// Source NAT for what mode-config gave us (RouterOS: dynamic rules "ipsec mode-config"): packets of the
// networks behind us leave through the tunnel under the address we were given, in a table of our own.
import { familyOf, type IpPrefix } from './addressing.js';
import * as nft from './nf-tables.js';
import * as when from './nf-expressions.js';
import type { Expression } from './nf-expressions.js';

export interface Translation {
  readonly id: number;
  /** Undefined: whatever their source is. */
  readonly sources: readonly IpPrefix[] | undefined;
  /** Only connections with this mark. */
  readonly mark?: { readonly value: number; readonly mask: number } | undefined;
  /** Empty: everything but the sources themselves. */
  readonly destinations: readonly IpPrefix[];
  readonly address: Uint8Array;
}

const CHAIN = 'postrouting';
const PRIORITY = 100; // where a host translates sources (NF_IP_PRI_NAT_SRC)

export class SourceNat {
  readonly #tun: string;
  readonly #table: string;
  readonly #translations = new Map<number, Translation>();
  #tables: nft.NfTables | undefined;

  /** For the calling thread's network namespace; changes nothing yet. */
  constructor(tun: string) {
    this.#tun = tun;
    this.#table = `culvert-${tun}-nat`;
  }

  add(translation: Translation): void {
    this.#translations.set(translation.id, translation);
    this.apply();
  }

  /** Unknown ids are ignored. */
  remove(id: number): void {
    if (this.#translations.delete(id)) this.apply();
  }

  /** Makes the table what it must be, in one transaction; it goes with the process that made it. */
  apply(): void {
    const empty = this.#translations.size === 0;
    if (empty && !this.#tables) return;
    this.#tables ??= new nft.NfTables();
    const table = this.#table;
    const rule = nft.ruleMaker(table, CHAIN);
    const rules = [...this.#translations.values()].flatMap((one) => this.#rulesOf(one)).map(rule);
    const hook = [nft.HOOK_POSTROUTING, PRIORITY] as const;
    this.#tables.commit([
      ...nft.emptied(table, true),
      ...(empty
        ? []
        : [nft.newTable(table, true), nft.newChain(table, CHAIN, hook, 'nat'), ...rules]),
    ]);
  }

  close(): void {
    this.#translations.clear();
    this.apply();
    this.#tables?.close();
  }

  #rulesOf({ sources, mark, destinations, address }: Translation): Expression[][] {
    const family = familyOf(address);
    const own = (prefixes: readonly IpPrefix[]): IpPrefix[] =>
      prefixes.filter(({ address: one }) => familyOf(one) === family);
    const to: Expression[][] =
      destinations.length > 0
        ? own(destinations).map((prefix) => when.addressIn('destination', prefix))
        : [own(sources ?? []).flatMap((prefix) => when.addressIn('destination', prefix, false))];
    const from = sources && own(sources).map((source) => when.addressIn('source', source));
    return (from ?? [[]]).flatMap((source) =>
      to.map((destination) => [
        ...when.leavesBy(this.#tun),
        ...when.isFamily(family),
        ...source,
        ...(mark ? when.hasConnectionMark(mark) : []),
        ...destination,
        ...when.translateSource(address),
      ]),
    );
  }
}
