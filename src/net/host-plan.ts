// What of ours stands on the host, and the way from there to what is wanted: rules and routes that carry
// our protocol number, so that those of a killed run are found as well.
import { Netlink } from './netlink.js';
import { listRoutes, type Route, routeDeletion } from './routes.js';
import { listRules, type Rule, ruleDeletion, ruleText } from './rules.js';

export interface Plan {
  readonly rules: readonly Rule[];
  readonly routes: readonly Route[];
}

/** Our own choice: rtm_protocol and FRA_PROTOCOL. */
export const OURS = 0xc7;
export const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH']);

export function ours(netlink: Netlink): Plan {
  return {
    rules: listRules(netlink).filter(({ protocol }) => protocol === OURS),
    routes: listRoutes(netlink).filter(({ protocol }) => protocol === OURS),
  };
}

/** Those rules and routes of `some` that `other` lacks. */
export function notIn(other: Plan, some: Plan): Plan {
  if (some.rules.length + some.routes.length === 0) return some;
  // on a start nothing is there yet, and of twenty thousand routes each would be made a key for nothing
  if (other.rules.length + other.routes.length === 0) return some;
  const known = new Set([...other.rules.map(ruleText), ...other.routes.map(routeKey)]);
  return {
    rules: some.rules.filter((rule) => !known.has(ruleText(rule))),
    routes: some.routes.filter((route) => !known.has(routeKey(route))),
  };
}

/** Policies first, from the last; then what lets our own packets by, then the routes. */
export function removeAll(netlink: Netlink, { rules, routes }: Plan): void {
  const last = (rule: Rule): number => (rule.mark || rule.action.kind === 'nop' ? 1 : 0);
  const order = [...rules].sort((a, b) => last(a) - last(b) || b.priority - a.priority);
  // somebody else may have removed one first; then it is as wanted
  netlink.changeAll(order, ruleDeletion, GONE);
  netlink.changeAll(routes, routeDeletion, GONE);
}

/**
 * Equal for equal routes. The kernel reports an interface (lo) for IPv6 refusals; it is no part of what
 * we asked for.
 */
const routeKey = (route: Route): string => {
  const { destination, table, type, source, metric } = route;
  const way = type === 'unreachable' ? '' : `${bytesKey(route.gateway)} ${route.interface}`;
  const to = `${bytesKey(destination.address)}/${destination.bits}`;
  return `${to} ${table} ${type} ${metric} ${bytesKey(source)} ${way}`;
};

/** Quicker than an address's text, for thousands of them. */
const bytesKey = (bytes: Uint8Array | undefined): string =>
  bytes ? `${bytes.length}:${String.fromCharCode(...bytes)}` : '';

export function withNetlink<T>(work: (netlink: Netlink) => T): T {
  const netlink = new Netlink();
  try {
    return work(netlink);
  } finally {
    netlink.close();
  }
}
