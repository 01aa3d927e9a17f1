// Brings the packets of the policies to the TUN: policy routing rules of ours, in the policies' order,
// that look into tables of ours. Whatever we send ourselves carries a mark and passes by.
//   base       fwmark MARK               → end
//   policy i   local, source still open  → a table whose route prefers our address inside the policy
//              from SRC to DST …         → the table with the TUN (encrypt, discard) or end (none)
//   end        no operation; the host's own rules follow
// Rules and routes carry a protocol number of ours, so that those of a killed run are found.
import { listAddresses } from './addresses.js';
import { addressText, familyOf } from './addressing.js';
import { SystemError } from './libc.js';
import { Netlink } from './netlink.js';
import { openSourceRules, policyRules, preferredSource, STRIDE } from './policy-rules.js';
import type { RoutedPolicy } from './policy-rules.js';
import { addRoute, deleteRoute, listRoutes, type Route, routeText } from './routes.js';
import { addRule, deleteRule, listRules, type Rule, ruleText } from './rules.js';
import { readSysctl, writeSysctl } from './sysctl.js';

export type { RoutedPolicy } from './policy-rules.js';

export interface HostRoutesOptions {
  readonly tun: { readonly name: string; readonly index: number };
  /** SO_MARK of our own sockets. */
  readonly mark: number;
  /** First table of ours; one more for each preferred source address. Default 2030. */
  readonly table?: number;
  /** First priority of ours. Default 10000. */
  readonly priority?: number;
  /** Whether protected packets are refused, not sent in the clear, should the daemon be killed. */
  readonly failClosed?: boolean;
}

// Our own choices.
const OURS = 0xc7; // rtm_protocol and FRA_PROTOCOL
/** Below the kernel's main table (32766). Fixed: two rules that differ in their goal only clash. */
const END_PRIORITY = 32000;
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
  readonly source?: Uint8Array;
}

export class HostRoutes {
  readonly #options: Required<HostRoutesOptions>;

  /** For the calling thread's network namespace; changes nothing yet. */
  constructor(options: HostRoutesOptions) {
    this.#options = { table: 2030, priority: 10000, failClosed: true, ...options };
  }

  /**
   * Makes the host's rules and routes those of `policies`, in their order: adds what is missing, then
   * removes what is ours and no longer wanted, be it from before or from a killed run. Returns what
   * the operator should know.
   */
  apply(policies: readonly RoutedPolicy[]): string[] {
    return withNetlink((netlink) => {
      const wanted = this.#plan(netlink, policies);
      const found = ours(netlink);
      const known = new Set([...found.rules.map(ruleText), ...found.routes.map(routeKey)]);
      for (const route of wanted.routes) if (!known.has(routeKey(route))) addRoute(netlink, route);
      for (const rule of wanted.rules) if (!known.has(ruleText(rule))) addRule(netlink, rule);
      const kept = new Set([...wanted.rules.map(ruleText), ...wanted.routes.map(routeKey)]);
      removeAll(netlink, {
        rules: found.rules.filter((rule) => !kept.has(ruleText(rule))),
        routes: found.routes.filter((route) => !kept.has(routeKey(route))),
      });
      return this.#prepareTun(policies);
    });
  }

  /** Removes every rule and route of ours, also those a killed run left. */
  remove(): void {
    withNetlink((netlink) => removeAll(netlink, ours(netlink)));
  }

  #plan(netlink: Netlink, policies: readonly RoutedPolicy[]): { rules: Rule[]; routes: Route[] } {
    const { priority, table, mark } = this.#options;
    const end = END_PRIORITY;
    const most = Math.floor((end - priority - 1) / STRIDE);
    if (policies.length > most) {
      throw new Error(`${policies.length} policies need routing rules, at most ${most} have room`);
    }
    const addresses = listAddresses(netlink).map(({ address }) => address);
    const families = [...new Set(policies.map(({ dst }) => familyOf(dst.address)))];
    const tables: Table[] = families.map((family) => ({ family, table }));
    const bySource = new Map<string, number>();
    const rules = policies.flatMap((policy, index) => {
      const at = priority + 1 + STRIDE * index;
      const own = policyRules(policy, at, end, table);
      const encrypts = policy.action === 'encrypt';
      const source = encrypts ? preferredSource(netlink, policy, addresses, mark) : undefined;
      if (!source) return own;
      const next = table + 1 + bySource.size;
      const preferring = bySource.get(addressText(source)) ?? next;
      if (preferring === next) tables.push({ family: familyOf(source), table: next, source });
      bySource.set(addressText(source), preferring);
      return [...openSourceRules(policy, at, preferring), ...own];
    });
    const frame = families.flatMap((family): Rule[] => [
      { family, priority: end, action: { kind: 'nop' } },
      {
        family,
        priority,
        mark: { value: mark, mask: 0xffffffff },
        action: { kind: 'goto', priority: end },
      },
    ]);
    const all = [...frame, ...rules].map((rule) => ({ ...rule, protocol: OURS }));
    return { rules: all, routes: tables.flatMap((own) => this.#tableRoutes(own)) };
  }

  /** The TUN's default route and, behind it, the refusal that outlives the TUN. */
  #tableRoutes({ family, table, source }: Table): Route[] {
    const shared = { destination: ANY[family], table, protocol: OURS };
    const open: Route = {
      ...shared,
      type: 'unicast',
      interface: this.#options.tun.index,
      metric: TUN_METRIC,
      ...(source ? { source } : {}),
    };
    const closed: Route = { ...shared, type: 'unreachable', metric: CLOSED_METRIC };
    return this.#options.failClosed ? [open, closed] : [open];
  }

  /** Decrypted packets come from the TUN though the main table may not point there: rp_filter loose. */
  #prepareTun(policies: readonly RoutedPolicy[]): string[] {
    const { name } = this.#options.tun;
    const warnings: string[] = [];
    const used = (family: 4 | 6): boolean =>
      policies.some(({ action, dst }) => action === 'encrypt' && familyOf(dst.address) === family);
    if (used(4)) {
      const refused = writeSysctl(`ipv4/conf/${name}/rp_filter`, '2');
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

interface Installed {
  readonly rules: readonly Rule[];
  readonly routes: readonly Route[];
}

function ours(netlink: Netlink): Installed {
  return {
    rules: listRules(netlink).filter(({ protocol }) => protocol === OURS),
    routes: listRoutes(netlink).filter(({ protocol }) => protocol === OURS),
  };
}

/** Policies first, from the last; then what lets our own packets by, then the routes. */
function removeAll(netlink: Netlink, { rules, routes }: Installed): void {
  const last = (rule: Rule): number => (rule.mark || rule.action.kind === 'nop' ? 1 : 0);
  const order = [...rules].sort((a, b) => last(a) - last(b) || b.priority - a.priority);
  for (const rule of order) ignoreGone(() => deleteRule(netlink, rule));
  for (const route of routes) ignoreGone(() => deleteRoute(netlink, route));
}

/** Somebody else may have removed it first; then it is as wanted. */
function ignoreGone(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (!(error instanceof SystemError && (error.code === 'ENOENT' || error.code === 'ESRCH'))) {
      throw error;
    }
  }
}

/** The kernel reports an interface (lo) for IPv6 refusals; it is no part of what we asked for. */
const routeKey = (route: Route): string => {
  const { interface: _, ...rest } = route;
  const family = familyOf(route.destination.address);
  return `inet${family} ${routeText(route.type === 'unreachable' ? rest : route)}`;
};

function withNetlink<T>(work: (netlink: Netlink) => T): T {
  const netlink = new Netlink();
  try {
    return work(netlink);
  } finally {
    netlink.close();
  }
}
