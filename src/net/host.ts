// Brings the packets of the policies to the TUN: policy routing rules of ours, in the policies' order,
// that look into tables of ours. Whatever we send ourselves carries a mark and passes by.
//   base       fwmark MARK               → end
//   policy i   local, source still open  → a table whose route prefers our address inside the policy
//              from SRC to DST …         → the table with the TUN (encrypt, discard) or end (none)
//   template   like policies, for what is made from it (template-routes.ts)
//   end        no operation; the host's own rules follow
// Beyond MOST_RULED policies the destinations are routes instead (many-policies.ts):
//   source i   from SOURCE               → a table with the TUN for each destination
// Rules and routes carry a protocol number of ours, so that those of a killed run are found.
import { listAddresses } from './addresses.js';
import { addressText, familyOf, type IpPrefix } from './addressing.js';
import { aggregate, groupByAddress, MOST_RULED, prefixKey } from './many-policies.js';
import type { Netlink } from './netlink.js';
import { END_PRIORITY, openSourceRules, policyRules } from './policy-rules.js';
import { preferredSource, STRIDE } from './policy-rules.js';
import type { RoutedPolicy } from './policy-rules.js';
import { GONE, notIn, OURS, ours, type Plan, removeAll, withNetlink } from './host-plan.js';
import { type Route, routeAddition, routeDeletion } from './routes.js';
import { type Rule, ruleAddition, ruleDeletion } from './rules.js';
import type { Difference, RoutedDynamic, Spot } from './template-routes.js';
import { TABLES_PER_SPOT, TemplateRoutes } from './template-routes.js';
import { readSysctl, writeSysctl } from './sysctl.js';

export type { RoutedPolicy } from './policy-rules.js';
export type { RoutedDynamic } from './template-routes.js';

/** A policy, or the place where those made from a template stand. */
export type RoutedEntry = RoutedPolicy & { readonly template?: number };

export interface HostRoutesOptions {
  readonly tun: { readonly name: string; readonly index: number };
  /** SO_MARK of our own sockets. */
  readonly mark: number;
  /** First table of ours; one more for each preferred source address. Default 2030. */
  readonly table?: number;
  /** First priority of ours. Default 10000. */
  readonly priority?: number;
  /** Whether protected packets are refused, not sent in the clear, while no daemon is there. */
  readonly failClosed?: boolean;
}

// Our own choices.
const THERE: ReadonlySet<string> = new Set(['EEXIST']);
const TUN_METRIC = 1;
const CLOSED_METRIC = 0xffffffff;
const ANY = {
  4: { address: new Uint8Array(4), bits: 0 },
  6: { address: new Uint8Array(16), bits: 0 },
} as const;

/** A table of ours: the TUN, with or without a source address to prefer. */
interface Table {
  readonly family: 4 | 6;
  readonly table: number;
  readonly destinations: readonly IpPrefix[];
  readonly source?: Uint8Array;
}

const defaultTable = (family: 4 | 6, table: number): Table => ({
  family,
  table,
  destinations: [ANY[family]],
});

const added = (route: Route) => routeAddition(route);

interface Planned {
  readonly rules: readonly Rule[];
  readonly tables: readonly Table[];
  /** Where templates stand, their tables still to be numbered. */
  readonly spots: readonly Omit<Spot, 'table'>[];
  /** The first table that is not used. */
  readonly next: number;
}

type Preferred = (policy: RoutedPolicy) => Uint8Array | undefined;

/** To be given a source and a destination. */
const EVERYTHING = {
  action: 'encrypt',
  protocol: 0,
  srcPort: undefined,
  dstPort: undefined,
} as const;

/** The kernel is asked once for each source: of many policies most have the same. */
function memoized(preferred: Preferred): Preferred {
  const known = new Map<string, Uint8Array | undefined>();
  return (policy) => {
    const key = prefixKey(policy.src);
    if (!known.has(key)) known.set(key, preferred(policy));
    return known.get(key);
  };
}

export class HostRoutes {
  readonly #options: Required<HostRoutesOptions>;
  readonly #made = new TemplateRoutes();
  #entries: readonly RoutedEntry[] = [];

  /** For the calling thread's network namespace; changes nothing yet. */
  constructor(options: HostRoutesOptions) {
    this.#options = { table: 2030, priority: 10000, failClosed: true, ...options };
  }

  /**
   * Makes the host's rules and routes those of `policies`, in their order: adds what is missing, then
   * removes what is ours and no longer wanted, be it from before or from a killed run. Returns what
   * the operator should know.
   */
  apply(policies: readonly RoutedEntry[]): string[] {
    this.#entries = policies;
    return withNetlink((netlink) => {
      const wanted = this.#plan(netlink, policies);
      const found = ours(netlink);
      const missing = notIn(found, wanted);
      netlink.changeAll(missing.routes, added);
      netlink.changeAll(missing.rules, ruleAddition);
      removeAll(netlink, notIn(wanted, found));
      return this.#prepareTun(policies);
    });
  }

  /** Puts back what somebody else has removed; how many rules and routes those were. */
  repair(): number {
    const count = withNetlink((netlink) => {
      const { rules, routes } = notIn(ours(netlink), this.#plan(netlink, this.#entries));
      return rules.length + routes.length;
    });
    if (count > 0) this.apply(this.#entries);
    return count;
  }

  /** A policy made from a template: at most a rule and a few routes more. */
  addDynamic(dynamic: RoutedDynamic): void {
    withNetlink((netlink) => {
      const addresses = listAddresses(netlink).map(({ address }) => address);
      const policy = { ...dynamic, action: 'encrypt' } as const;
      const source =
        dynamic.mark === undefined
          ? preferredSource(netlink, policy, addresses, this.#options.mark)
          : undefined;
      this.#carryOut(netlink, this.#made.add(dynamic, source));
    });
  }

  /** Unknown ids are ignored. */
  removeDynamic(id: number): void {
    const difference = this.#made.remove(id);
    if (difference) withNetlink((netlink) => this.#carryOut(netlink, difference));
  }

  #carryOut(netlink: Netlink, { rules, tables }: Difference): void {
    const routes = (some: readonly Table[]): Route[] =>
      some.flatMap((table) => this.#tableRoutes(table));
    const ruled = (some: readonly Rule[]): Rule[] =>
      some.map((rule) => ({ ...rule, protocol: OURS }));
    netlink.changeAll(routes(tables.add), added, THERE);
    netlink.changeAll(ruled(rules.add), ruleAddition, THERE);
    netlink.changeAll(ruled(rules.remove), ruleDeletion, GONE);
    netlink.changeAll(routes(tables.remove), routeDeletion, GONE);
  }

  /** Removes every rule and route of ours, also those a killed run left. */
  remove(): void {
    withNetlink((netlink) => removeAll(netlink, ours(netlink)));
  }

  #plan(netlink: Netlink, entries: readonly RoutedEntry[]): Plan {
    const { priority, mark } = this.#options;
    const addresses = listAddresses(netlink).map(({ address }) => address);
    const preferred = (policy: RoutedPolicy): Uint8Array | undefined =>
      preferredSource(netlink, policy, addresses, mark);
    const many = entries.length > MOST_RULED;
    const planned = many ? this.#planMany(entries, preferred) : this.#planEach(entries, preferred);
    this.#made.place(
      planned.spots.map((spot, at) => ({ ...spot, table: planned.next + TABLES_PER_SPOT * at })),
    );
    const made = this.#made.all();
    const families = [...new Set(entries.map(({ dst }) => familyOf(dst.address)))];
    const frame = families.flatMap((family): Rule[] => [
      { family, priority: END_PRIORITY, action: { kind: 'nop' } },
      {
        family,
        priority,
        mark: { value: mark, mask: 0xffffffff },
        action: { kind: 'goto', priority: END_PRIORITY },
      },
    ]);
    const rules = [...frame, ...planned.rules, ...made.rules];
    const tables = [...planned.tables, ...made.tables];
    return {
      rules: rules.map((rule) => ({ ...rule, protocol: OURS })),
      routes: tables.flatMap((own) => this.#tableRoutes(own)),
    };
  }

  /** A rule for each policy, in their order. */
  #planEach(entries: readonly RoutedEntry[], preferred: Preferred): Planned {
    const { priority, table } = this.#options;
    const policies = entries.filter(({ template }) => template === undefined);
    const families = [...new Set(policies.map(({ dst }) => familyOf(dst.address)))];
    const tables: Table[] = families.map((family) => defaultTable(family, table));
    const spots: Omit<Spot, 'table'>[] = [];
    const bySource = new Map<string, number>();
    const rules = entries.flatMap((policy, index) => {
      const at = priority + 1 + STRIDE * index;
      if (policy.template !== undefined) {
        spots.push({ template: policy.template, policy, at });
        return [];
      }
      const own = policyRules(policy, at, END_PRIORITY, table);
      const source = policy.action === 'encrypt' ? preferred(policy) : undefined;
      if (!source) return own;
      const next = table + 1 + bySource.size;
      const preferring = bySource.get(addressText(source)) ?? next;
      if (preferring === next) tables.push({ ...defaultTable(familyOf(source), next), source });
      bySource.set(addressText(source), preferring);
      return [...openSourceRules(policy, at, preferring), ...own];
    });
    return { rules, tables, spots, next: table + 1 + bySource.size };
  }

  /** A rule and a table for each source; which of several policies wins is the data plane's to say. */
  #planMany(entries: readonly RoutedEntry[], preferred: Preferred): Planned {
    const { exempt, groups } = aggregate(entries);
    const policies = entries.filter(({ template }) => template === undefined);
    const spots: Omit<Spot, 'table'>[] = [];
    const rules: Rule[] = [];
    const tables: Table[] = [];
    let at = this.#options.priority + 1;
    let { table } = this.#options;
    for (const policy of exempt) {
      rules.push(...policyRules(policy, at, END_PRIORITY, table));
      at += STRIDE;
    }
    for (const { address, destinations } of groupByAddress(policies, memoized(preferred))) {
      const family = familyOf(address);
      const all = { ...EVERYTHING, src: ANY[family], dst: ANY[family] };
      // the jump over the lookup needs a rule to land on
      const landing: Rule = { family, priority: at + 2, action: { kind: 'nop' } };
      rules.push(...openSourceRules(all, at, table), landing);
      tables.push({ family, table, destinations, source: address });
      at += STRIDE;
      table++;
    }
    for (const { family, source, destinations } of groups) {
      const all = { ...EVERYTHING, src: source, dst: ANY[family] };
      rules.push(...policyRules(all, at, END_PRIORITY, table));
      tables.push({ family, table, destinations });
      at += STRIDE;
      table++;
    }
    for (const policy of entries) {
      if (policy.template === undefined) continue;
      spots.push({ template: policy.template, policy, at });
      at += STRIDE;
    }
    if (at > END_PRIORITY) {
      const room = `at most ${Math.floor((END_PRIORITY - this.#options.priority) / STRIDE)}`;
      throw new Error(`the policies need ${rules.length} routing rules, ${room} have room`);
    }
    return { rules, tables, spots, next: table };
  }

  /** The TUN for every destination and, behind it, the refusal that outlives the TUN. */
  #tableRoutes({ table, source, destinations }: Table): Route[] {
    const { failClosed, tun } = this.#options;
    const way = { type: 'unicast', interface: tun.index, metric: TUN_METRIC } as const;
    const routes: Route[] = [];
    for (const destination of destinations) {
      const shared = { destination, table, protocol: OURS };
      routes.push(source ? { ...shared, ...way, source } : { ...shared, ...way });
      if (failClosed) routes.push({ ...shared, type: 'unreachable', metric: CLOSED_METRIC });
    }
    return routes;
  }

  /**
   * Decrypted packets come from the TUN though the main table may not point there, or anywhere: rp_filter
   * off, or loose where the host insists on some. Whence a packet may come, its SA's selectors say.
   */
  #prepareTun(policies: readonly RoutedPolicy[]): string[] {
    const { name } = this.#options.tun;
    const warnings: string[] = [];
    const used = (family: 4 | 6): boolean =>
      policies.some(({ action, dst }) => action === 'encrypt' && familyOf(dst.address) === family);
    if (used(4)) {
      const isOff = readSysctl('ipv4/conf/all/rp_filter') === '0';
      const refused = writeSysctl(`ipv4/conf/${name}/rp_filter`, isOff ? '0' : '2');
      if (refused && readSysctl(`ipv4/conf/${name}/rp_filter`) === '1') {
        warnings.push(`decrypted packets may be dropped by reverse path filtering (${refused})`);
      }
    }
    for (const [family, key] of [
      [4, `ipv4/conf/${name}/forwarding`],
      [6, 'ipv6/conf/all/forwarding'],
    ] as const) {
      if (!used(family) || readSysctl(key) !== '0') continue;
      const setting = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
      warnings.push(
        `${setting} is 0: only this host itself can use the tunnels; ` +
          `to let hosts behind it through: sysctl -w ${setting}=1`,
      );
    }
    return warnings;
  }
}
