// The demo's network, in namespaces that vanish with the process:
//   west host 198.18.0.10 ─ 198.18.0.1 west 192.0.2.1 ═══ 192.0.2.2 east 198.19.0.1 ─ 198.19.0.10 east host
// and its embedded configuration: the defaults, one peer, one policy each.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressBytes, prefixOf } from '../net/addressing.js';
import { joinNamespaces, Namespace } from '../net/namespace.js';
import { addRoute } from '../net/routes.js';

export interface Site {
  readonly name: string;
  readonly gateway: Namespace;
  readonly host: Namespace;
  readonly outer: string;
  readonly inner: string;
  readonly hostAddress: string;
  readonly network: string;
  readonly socket: string;
}

const MAIN_TABLE = 254;
const SECRET = 'demo-secret-that-is-long-enough';

/** Lays out both sites; `directory` is private and takes their control sockets. */
export function buildSites(directory: string): readonly [west: Site, east: Site] {
  const site = (name: string, outer: string, network: string): Site => ({
    name,
    gateway: new Namespace(name),
    host: new Namespace(`${name} host`),
    outer,
    inner: `${network}.0.1`,
    hostAddress: `${network}.0.10`,
    network: `${network}.0.0/16`,
    socket: join(directory, name, 'culvert.sock'),
  });
  const west = site('west', '192.0.2.1', '198.18');
  const east = site('east', '192.0.2.2', '198.19');
  joinNamespaces(
    { namespace: west.gateway, name: 'wan', addresses: [`${west.outer}/24`] },
    { namespace: east.gateway, name: 'wan', addresses: [`${east.outer}/24`] },
  );
  for (const { gateway, host, inner, hostAddress } of [west, east]) {
    joinNamespaces(
      { namespace: host, name: 'lan', addresses: [`${hostAddress}/16`] },
      { namespace: gateway, name: 'lan', addresses: [`${inner}/16`] },
    );
    gateway.enter(() => writeFileSync('/proc/sys/net/ipv4/ip_forward', '1'));
    host.configure((netlink) =>
      addRoute(netlink, {
        destination: prefixOf('0.0.0.0/0'),
        table: MAIN_TABLE,
        type: 'unicast',
        gateway: addressBytes(inner),
      }),
    );
  }
  return [west, east];
}

/** What one gateway is told; the other end's is its mirror image. */
export function demoConfiguration(site: Site, remote: Site): object {
  return {
    peer: [{ name: remote.name, address: `${remote.outer}/32`, passive: site.name === 'east' }],
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

/** Starts `culvert run` in the site's gateway; its log goes to `log`. */
export function startGateway(
  site: Site,
  remote: Site,
  directory: string,
  log: (line: string) => void,
): ChildProcess {
  const file = join(directory, `${site.name}.json`);
  writeFileSync(file, JSON.stringify(demoConfiguration(site, remote), null, 2), { mode: 0o600 });
  const args = [sibling('./main.js'), 'run', file, '--socket', site.socket];
  const child = site.gateway.enter(() =>
    spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] }),
  );
  let pending = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) log(`${site.name}: ${line}`);
  });
  return child;
}

/** Starts demo-traffic.ts in the site's host. */
export function startTraffic(site: Site, args: readonly string[]): ChildProcess {
  return site.host.enter(() =>
    spawn(process.execPath, [sibling('./demo-traffic.js'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
}
