// Two sites, each a gateway with a host behind it, in namespaces that vanish with this process: the
// demo's network, the bench's and the end-to-end tests'. With the configuration of a plain tunnel:
// the defaults, one peer, one policy each. In IPv6 the sites are 2001:db8:18::/48 and
// 2001:db8:19::/48.
//   west host 198.18.0.10 ─ 198.18.0.1 west 192.0.2.1 ═══ 192.0.2.2 east 198.19.0.1 ─ … east host
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressBytes, prefixOf } from '../net/addressing.js';
import { joinNamespaces, Namespace, type VethEnd } from '../net/namespace.js';
import { addRoute } from '../net/routes.js';
import { tether } from './processes.js';

export interface Site {
  readonly name: string;
  readonly gateway: Namespace;
  readonly host: Namespace;
  readonly outer: string;
  readonly outer6: string;
  readonly hostAddress: string;
  readonly hostAddress6: string;
  readonly network: string;
  readonly network6: string;
  readonly socket: string;
}

export const MAIN_TABLE = 254;
const SECRET = 'lab-secret-that-is-long-enough';

/** Lays out both sites; `directory` is private and takes their control sockets. */
export function buildSites(directory: string): readonly [west: Site, east: Site] {
  const site = (name: string, end: number, tag: number): Site => ({
    name,
    gateway: new Namespace(name),
    host: new Namespace(`${name} host`),
    outer: `192.0.2.${end}`,
    outer6: `2001:db8::${end}`,
    hostAddress: `198.${tag}.0.10`,
    hostAddress6: `2001:db8:${tag}::10`,
    network: `198.${tag}.0.0/16`,
    network6: `2001:db8:${tag}::/48`,
    socket: join(directory, name, 'culvert.sock'),
  });
  const west = site('west', 1, 18);
  const east = site('east', 2, 19);
  const outside = ({ gateway, outer, outer6 }: Site): VethEnd => ({
    namespace: gateway,
    name: 'wan',
    addresses: [`${outer}/24`, `${outer6}/64`],
  });
  joinNamespaces(outside(west), outside(east));
  for (const each of [west, east]) buildInside(each);
  return [west, east];
}

/** The network behind a gateway: one host, whose every packet goes to the gateway. */
function buildInside({ gateway, host, hostAddress, hostAddress6 }: Site): void {
  const router = hostAddress.replace(/10$/, '1');
  const router6 = hostAddress6.replace(/10$/, '1');
  joinNamespaces(
    { namespace: host, name: 'lan', addresses: [`${hostAddress}/16`, `${hostAddress6}/48`] },
    { namespace: gateway, name: 'lan', addresses: [`${router}/16`, `${router6}/48`] },
  );
  gateway.enter(() => {
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
  });
  for (const [any, by] of [
    ['0.0.0.0/0', router],
    ['::/0', router6],
  ] as const) {
    const route = { destination: prefixOf(any), table: MAIN_TABLE, gateway: addressBytes(by) };
    host.configure((netlink) => addRoute(netlink, { ...route, type: 'unicast' }));
  }
}

/** What one gateway is told; the other end's is its mirror image. `udp`: ESP travels in UDP. */
export function tunnelConfiguration(site: Site, remote: Site, udp = false): object {
  return {
    peer: [
      {
        name: remote.name,
        address: `${remote.outer}/32`,
        passive: site.name === 'east',
        'udp-encapsulation': udp,
      },
    ],
    identity: [{ peer: remote.name, secret: SECRET }],
    policy: [
      {
        'src-address': site.network,
        'dst-address': remote.network,
        peer: remote.name,
        tunnel: true,
      },
    ],
  };
}

const sibling = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Starts `culvert run` in the site's gateway; its log goes to `log`, its state below `directory`. */
export function startGateway(
  site: Site,
  configuration: object,
  directory: string,
  log: (line: string) => void,
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const file = join(directory, `${site.name}.json`);
  writeFileSync(file, JSON.stringify(configuration, null, 2), { mode: 0o600 });
  const args = [sibling('../cli/main.js'), 'run', file, '--socket', site.socket];
  const child = tether(
    site.gateway.spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, STATE_DIRECTORY: dirname(site.socket), ...environment },
    }),
  );
  let pending = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) log(`${site.name}: ${line}`);
  });
  return child;
}

/** Starts checked-traffic.ts in the site's host. */
export function startTraffic(site: Site, args: readonly string[]): ChildProcess {
  const argv = [sibling('./checked-traffic.js'), ...args];
  return tether(site.host.spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] }));
}
