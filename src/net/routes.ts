// Routes over rtnetlink: add, delete, list in a table; and the kernel's answer to "how do I reach X".
import { addressText, domainOf, familyOf, type IpPrefix, prefixText } from './addressing.js';
import { type Attribute, bytesAttribute, decodeAttributes } from './attributes.js';
import { u32Attribute, u32Of } from './attributes.js';
import { mtuOf } from './links.js';
import {
  AF_INET,
  AF_INET6,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_LOCAL,
  RT_TABLE_UNSPEC,
  RTA_DST,
  RTA_GATEWAY,
  RTA_MARK,
  RTA_METRICS,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_SRC,
  RTA_TABLE,
  RTAX_MTU,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  RTPROT_BOOT,
} from './linux.js';
import type { Netlink, Request } from './netlink.js';

/** A route; a table above 255 is named by an attribute, as the header's field has eight bits. */
export interface Route {
  readonly destination: IpPrefix;
  readonly table: number;
  /** Unreachable: the kernel refuses the packet and says so to its sender. */
  readonly type: 'unicast' | 'unreachable';
  readonly interface?: number;
  readonly gateway?: Uint8Array;
  readonly source?: Uint8Array;
  readonly metric?: number;
  /** Who installed it (rtm_protocol). */
  readonly protocol?: number;
}

/** How the kernel would send a packet. */
export interface Reach {
  readonly local: Uint8Array;
  readonly interface: number;
  readonly gateway: Uint8Array | undefined;
  readonly mtu: number;
}

const RTMSG = 12; // family, dst len, src len, tos, table, protocol, scope, type: u8 each; u32 flags
function rtmsg(domain: number, bits = 0): Uint8Array {
  const body = new Uint8Array(RTMSG);
  body[0] = domain;
  body[1] = bits;
  return body;
}

/** The route in iproute2's words; equal routes have equal text. */
export function routeText(route: Route): string {
  const { source, metric } = route;
  const to = route.gateway ? ` via ${addressText(route.gateway)}` : '';
  const out = route.interface === undefined ? '' : ` interface ${route.interface}`;
  const from = source ? ` src ${addressText(source)}` : '';
  const cost = metric === undefined ? '' : ` metric ${metric}`;
  const kind = route.type === 'unicast' ? '' : `${route.type} `;
  return `${kind}${prefixText(route.destination)}${to}${out}${from} table ${route.table}${cost}`;
}

/** Adds a route; with `replace`, one with the same destination, table and metric makes way. */
export function addRoute(netlink: Netlink, route: Route, replace = false): void {
  netlink.change(routeAddition(route, replace));
}

/** Deletes the route that has all of these properties; ESRCH where there is none. */
export function deleteRoute(netlink: Netlink, route: Route): void {
  netlink.change(routeDeletion(route));
}

export const routeAddition = (route: Route, replace = false): Request =>
  routeRequest(RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL), route);

export const routeDeletion = (route: Route): Request => routeRequest(RTM_DELROUTE, 0, route);

function routeRequest(type: number, flags: number, route: Route): Request {
  const { address, bits } = route.destination;
  const body = rtmsg(domainOf(familyOf(address)), bits);
  const adding = type === RTM_NEWROUTE;
  body[4] = route.table < 256 ? route.table : RT_TABLE_UNSPEC;
  body[5] = route.protocol ?? (adding ? RTPROT_BOOT : 0);
  body[6] = scopeOf(route, adding);
  body[7] = route.type === 'unicast' ? RTN_UNICAST : RTN_UNREACHABLE;
  const attributes: Attribute[] = [u32Attribute(RTA_TABLE, route.table)];
  if (bits > 0) attributes.push(bytesAttribute(RTA_DST, address));
  if (route.gateway) attributes.push(bytesAttribute(RTA_GATEWAY, route.gateway));
  if (route.interface !== undefined) attributes.push(u32Attribute(RTA_OIF, route.interface));
  if (route.source) attributes.push(bytesAttribute(RTA_PREFSRC, route.source));
  if (route.metric !== undefined) attributes.push(u32Attribute(RTA_PRIORITY, route.metric));
  return {
    type,
    flags,
    body,
    attributes,
    // made when it is read: of thousands nobody reads it
    get what() {
      return `${adding ? 'add' : 'delete'} route ${routeText(route)}`;
    },
  };
}

/** A neighbour's route has link scope (IPv4 only); a deletion names none, so that any matches. */
function scopeOf(route: Route, adding: boolean): number {
  if (!adding) return RT_SCOPE_NOWHERE;
  const direct =
    route.type === 'unicast' && !route.gateway && route.destination.address.length === 4;
  return direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/** All unicast and unreachable routes of both families, of every table but `local`. */
export function listRoutes(netlink: Netlink): Route[] {
  return [AF_INET, AF_INET6].flatMap((domain) => {
    const what = `list IPv${domain === AF_INET ? 4 : 6} routes`;
    const answers = netlink.dump({ type: RTM_GETROUTE, body: rtmsg(domain), what });
    return answers.flatMap((answer) => {
      const route = answer.body[0] === domain && routeFrom(answer.body, answer.attributes);
      return route && route.table !== RT_TABLE_LOCAL ? [route] : [];
    });
  });
}

function routeFrom(body: Uint8Array, attributes: Map<number, Uint8Array>): Route | undefined {
  const [domain = 0, bits = 0, , , table = 0, protocol = 0, , kind = 0] = body;
  if (kind !== RTN_UNICAST && kind !== RTN_UNREACHABLE) return undefined;
  const unspecified = new Uint8Array(domain === AF_INET ? 4 : 16);
  const out = u32Of(attributes.get(RTA_OIF));
  const gateway = attributes.get(RTA_GATEWAY);
  const source = attributes.get(RTA_PREFSRC);
  const metric = u32Of(attributes.get(RTA_PRIORITY));
  return {
    destination: { address: attributes.get(RTA_DST) ?? unspecified, bits },
    table: u32Of(attributes.get(RTA_TABLE)) ?? table,
    type: kind === RTN_UNICAST ? 'unicast' : 'unreachable',
    protocol,
    ...(out === undefined ? {} : { interface: out }),
    ...(gateway ? { gateway } : {}),
    ...(source ? { source } : {}),
    ...(metric === undefined ? {} : { metric }),
  };
}

/**
 * Which local address, interface and MTU the kernel uses towards `remote`. With `mark`, the answer is
 * for packets that carry it (ours do). The MTU is what path discovery found, else the interface's.
 */
export function reach(
  netlink: Netlink,
  remote: Uint8Array,
  { local, mark }: { readonly local?: Uint8Array; readonly mark?: number } = {},
): Reach {
  const family = familyOf(remote);
  const body = rtmsg(domainOf(family), remote.length * 8);
  const attributes = [bytesAttribute(RTA_DST, remote)];
  if (local) {
    body[2] = local.length * 8;
    attributes.push(bytesAttribute(RTA_SRC, local));
  }
  if (mark !== undefined) attributes.push(u32Attribute(RTA_MARK, mark));
  const what = `route lookup of ${addressText(remote)}`;
  const advice = {
    ENETUNREACH: 'this host has no route to it',
    EHOSTUNREACH: 'a route forbids it',
  };
  const found = netlink.get({ type: RTM_GETROUTE, body, attributes, what, advice }).attributes;
  const index = u32Of(found.get(RTA_OIF)) ?? 0;
  const metrics = found.get(RTA_METRICS);
  const path = metrics ? u32Of(decodeAttributes(metrics).get(RTAX_MTU)) : undefined;
  return {
    local: local ?? found.get(RTA_PREFSRC) ?? new Uint8Array(remote.length),
    interface: index,
    gateway: found.get(RTA_GATEWAY),
    mtu: path || mtuOf(netlink, index) || 1280,
  };
}
