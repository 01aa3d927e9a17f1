// Puts a router between the two gateways whose link to the east is narrower than an Ethernet's:
//   west wan 192.0.2.1 ─ 198.51.100.1 router 198.51.100.5 ═══ (mtu) ═══ 192.0.2.2 wan east
// Neither gateway knows; what is too large for the second link the router refuses with ICMP, or without
// a word: then it has no way for ICMP of its own.
import type { Site } from '../../src/lab/sites.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { deleteLink, setLink } from '../../src/net/links.js';
import { joinNamespaces, Namespace } from '../../src/net/namespace.js';
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../src/net/linux.js';
import { addRoute } from '../../src/net/routes.js';
import { addRule } from '../../src/net/rules.js';
import { writeSysctl } from '../../src/net/sysctl.js';

const MAIN_TABLE = 254;
const NOWHERE_TABLE = 77;
const NETS = {
  west: { v4: '198.51.100.0', v6: '2001:db8:f1::' },
  east: { v4: '198.51.100.4', v6: '2001:db8:f2::' },
} as const;

/** Replaces the link between the gateways; the namespace is the router's. IPv6 needs 1280 of `mtu`. */
export function insertRouter(west: Site, east: Site, mtu: number, silent = false): Namespace {
  const router = new Namespace('router');
  west.gateway.configure((netlink) => deleteLink(netlink, 'wan'));
  router.enter(() => {
    writeSysctl('ipv4/ip_forward', '1');
    writeSysctl('ipv6/conf/all/forwarding', '1');
  });
  for (const [site, other, net, name] of [
    [west, east, NETS.west, 'west'],
    [east, west, NETS.east, 'east'],
  ] as const) {
    const host = (end: number): string => net.v4.replace(/\d+$/, (n) => `${Number(n) + end}`);
    joinNamespaces(
      {
        namespace: site.gateway,
        name: 'wan',
        addresses: [`${host(1)}/30`, `${site.outer}/32`, `${net.v6}1/64`, `${site.outer6}/128`],
      },
      { namespace: router, name, addresses: [`${host(2)}/30`, `${net.v6}2/64`] },
    );
    route(site.gateway, other.outer, host(2), site.outer);
    route(site.gateway, other.outer6, `${net.v6}2`, site.outer6);
    route(router, site.outer, host(1));
    route(router, site.outer6, `${net.v6}1`);
  }
  for (const [namespace, name] of [
    [router, 'east'],
    [east.gateway, 'wan'],
  ] as const) {
    namespace.configure((netlink) => setLink(netlink, name, { mtu }));
  }
  if (silent) silence(router);
  return router;
}

function silence(router: Namespace): void {
  router.configure((netlink) => {
    for (const [family, ipProtocol, any] of [
      [4, IPPROTO_ICMP, '0.0.0.0/0'],
      [6, IPPROTO_ICMPV6, '::/0'],
    ] as const) {
      const destination = prefixOf(any);
      addRoute(netlink, { destination, table: NOWHERE_TABLE, type: 'unreachable' });
      const action = { kind: 'lookup', table: NOWHERE_TABLE } as const;
      addRule(netlink, { family, priority: 1, iif: 'lo', ipProtocol, action });
    }
  });
}

function route(at: Namespace, to: string, gateway: string, source?: string): void {
  const bits = to.includes(':') ? 128 : 32;
  at.configure((netlink) =>
    addRoute(netlink, {
      destination: prefixOf(`${to}/${bits}`),
      table: MAIN_TABLE,
      type: 'unicast',
      gateway: addressBytes(gateway),
      ...(source === undefined ? {} : { source: addressBytes(source) }),
    }),
  );
}
