// Two sites and a link, in network namespaces of this run:
//   alice 198.18.0.10 - moon 198.18.0.1 | 192.0.2.1 = 192.0.2.2 | 198.19.0.1 sun - 198.19.0.10 bob
// with 2001:db8:a::/64 and 2001:db8:b::/64 inside too, 2001:db8:ff::/64 on the link, and on request
// a masquerading router between the gateways (one of them is then 203.0.113.2 behind it).
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atExit, eventually, run, runNow, shell } from './command.js';

export type Host = 'alice' | 'moon' | 'sun' | 'bob' | 'router';
export type Gateway = 'moon' | 'sun';

export interface TopologyOptions {
  /** The gateway that stands behind a masquerading router. */
  readonly natted?: Gateway;
  /** Leaves sun's two interfaces bare, for a kernel that is booted on them. */
  readonly bareSun?: boolean;
}

export interface Topology {
  namespace(host: Host): string;
  /** The address a gateway has on its own interface. */
  readonly own: Readonly<Record<Gateway, string>>;
  /** The address the other side sees: the router's, for a gateway behind it. */
  readonly seen: Readonly<Record<Gateway, string>>;
  /** For this run's settings, logs and captures; goes with the topology. */
  readonly folder: string;
  remove(): void;
}

export const ALICE = { v4: '198.18.0.10', v6: '2001:db8:a::10' };
export const BOB = { v4: '198.19.0.10', v6: '2001:db8:b::10' };
export const SITES = {
  moon: { v4: '198.18.0.0/16', v6: '2001:db8:a::/64' },
  sun: { v4: '198.19.0.0/16', v6: '2001:db8:b::/64' },
};
export const OUTER6 = { moon: '2001:db8:ff::1', sun: '2001:db8:ff::2' };

/** Not /tmp: the kernel peer has a private one. CULVERT_KEEP=1 leaves a run's files there. */
const RUNS = '/var/tmp';

let made = 0;

export async function makeTopology(options: TopologyOptions = {}): Promise<Topology> {
  removeLeftovers();
  // The process id in the name tells the next run whose leavings may go.
  const prefix = `cv${process.pid}-${++made}`;
  const namespace = (host: Host): string => `${prefix}-${host}`;
  const hosts: Host[] = ['alice', 'moon', 'sun', 'bob'];
  if (options.natted) hosts.push('router');
  const folder = mkdtempSync(join(RUNS, `${prefix}-`));
  const remove = (): void => {
    for (const host of hosts) removeNamespace(namespace(host));
    if (!process.env.CULVERT_KEEP) rmSync(folder, { recursive: true, force: true });
    forget();
  };
  const forget = atExit(remove);
  await shell(
    undefined,
    hosts
      .map((host) => `ip netns add ${namespace(host)}; ip -n ${namespace(host)} link set lo up`)
      .join('\n'),
  );
  for (const host of hosts) await forwarding(namespace(host), host !== 'alice' && host !== 'bob');
  await shell(undefined, sites(namespace, options) + gateways(namespace, options));
  if (options.natted) await masquerade(namespace('router'));
  await settled(namespace, options);
  const own = { moon: '192.0.2.1', sun: '192.0.2.2' };
  return {
    namespace,
    own: options.natted ? { ...own, [options.natted]: '203.0.113.2' } : own,
    seen: own,
    folder,
    remove,
  };
}

type Names = (host: Host) => string;

/** A veth pair with addresses; `nodad` so that an IPv6 address is usable at once. */
function cable(a: string, aIf: string, aTo: string[], b: string, bIf: string, bTo: string[]) {
  const add = (ns: string, dev: string, to: string[]): string[] => [
    ...to.map((ip) => `ip -n ${ns} addr add ${ip} dev ${dev}${ip.includes(':') ? ' nodad' : ''}`),
    `ip -n ${ns} link set ${dev} up`,
  ];
  const pair = `ip -n ${a} link add ${aIf} type veth peer name ${bIf} netns ${b}`;
  return [pair, ...add(a, aIf, aTo), ...add(b, bIf, bTo)].join('\n');
}

function sites(name: Names, { bareSun = false }: TopologyOptions): string {
  const [alice, moon, sun, bob] = [name('alice'), name('moon'), name('sun'), name('bob')];
  const sunSide = bareSun ? [] : ['198.19.0.1/16', '2001:db8:b::1/64'];
  return `
${cable(alice, 'eth0', ['198.18.0.10/16', '2001:db8:a::10/64'], moon, 'eth1', ['198.18.0.1/16', '2001:db8:a::1/64'])}
${cable(bob, 'eth0', ['198.19.0.10/16', '2001:db8:b::10/64'], sun, 'eth1', sunSide)}
ip -n ${alice} route add default via 198.18.0.1
ip -n ${alice} route add default via 2001:db8:a::1
ip -n ${bob} route add default via 198.19.0.1
ip -n ${bob} route add default via 2001:db8:b::1
`;
}

/**
 * moon has a default route towards sun, as a gateway has: what culvert fails to catch does go out
 * in the clear and is seen by the capture. sun has none, so what charon lets slip is not taken for ours.
 */
function gateways(name: Names, { natted, bareSun = false }: TopologyOptions): string {
  const [moon, sun, router] = [name('moon'), name('sun'), name('router')];
  const offload = (ns: string, dev: string): string =>
    bareSun ? `ip netns exec ${ns} ethtool -K ${dev} tx off >/dev/null\n` : '';
  if (natted === undefined) {
    const sunLink = bareSun ? [] : ['192.0.2.2/24', `${OUTER6.sun}/64`];
    return `
${cable(moon, 'eth0', ['192.0.2.1/24', `${OUTER6.moon}/64`], sun, 'eth0', sunLink)}
ip -n ${moon} route add default via 192.0.2.2
ip -n ${moon} route add default via ${OUTER6.sun}
${offload(moon, 'eth0')}${offload(name('bob'), 'eth0')}`;
  }
  const [hidden, open] = natted === 'moon' ? [moon, sun] : [sun, moon];
  const [outside, far] =
    natted === 'moon' ? ['192.0.2.1', '192.0.2.2'] : ['192.0.2.2', '192.0.2.1'];
  const farRoute = open === moon ? `ip -n ${moon} route add default via ${outside}` : '';
  return `
${cable(hidden, 'eth0', ['203.0.113.2/24'], router, 'inside', ['203.0.113.1/24'])}
${cable(open, 'eth0', [`${far}/24`], router, 'outside', [`${outside}/24`])}
ip -n ${hidden} route add ${hidden === moon ? 'default' : '192.0.2.0/24'} via 203.0.113.1
${farRoute}`;
}

async function forwarding(namespace: string, router: boolean): Promise<void> {
  const set = (key: string, value: number): string => `echo ${value} >/proc/sys/net/${key}\n`;
  await shell(
    namespace,
    set('ipv4/conf/all/rp_filter', 0) +
      set('ipv4/conf/default/rp_filter', 0) +
      set('ipv6/conf/all/disable_ipv6', 0) +
      set('ipv6/conf/default/disable_ipv6', 0) +
      set('ipv6/conf/default/accept_dad', 0) +
      (router ? set('ipv4/ip_forward', 1) + set('ipv6/conf/all/forwarding', 1) : ''),
  );
}

/** Random ports, the hard kind of NAT; the table stands in the router's namespace only. */
async function masquerade(router: string): Promise<void> {
  await shell(
    router,
    `nft add table ip nat
nft 'add chain ip nat post { type nat hook postrouting priority 100; }'
nft 'add rule ip nat post oifname "outside" masquerade fully-random'`,
  );
}

/** Interfaces come up asynchronously: both sites answer before anything is measured. */
async function settled(name: Names, { bareSun = false }: TopologyOptions): Promise<void> {
  const reach = async (host: Host, address: string): Promise<void> => {
    await eventually(`${host} to reach ${address}`, async () => {
      const ping = await run(name(host), ['ping', '-nqc', '1', '-W', '0.2', address]);
      return ping.status === 0;
    });
  };
  await Promise.all([
    reach('alice', '198.18.0.1'),
    reach('alice', '2001:db8:a::1'),
    ...(bareSun ? [] : [reach('bob', '198.19.0.1'), reach('bob', '2001:db8:b::1')]),
  ]);
}

/** Kills what still runs inside, by the ids the namespace itself lists, then deletes it. */
function removeNamespace(namespace: string): void {
  for (const pid of runNow(['ip', 'netns', 'pids', namespace]).split('\n').filter(Boolean)) {
    runNow(['kill', '-9', pid]);
  }
  runNow(['ip', 'netns', 'del', namespace]);
}

/** What a run that was killed outright left here; a run that is alive keeps its own. */
function removeLeftovers(): void {
  const orphaned = (name: string): boolean => {
    const owner = /^cv(\d+)-\d+-/.exec(name)?.[1];
    return owner !== undefined && !existsSync(`/proc/${owner}`);
  };
  const namespaces = runNow(['ip', 'netns', 'list']).split('\n');
  for (const [name = ''] of namespaces.map((line) => line.split(' '))) {
    if (orphaned(name)) removeNamespace(name);
  }
  for (const name of readdirSync(RUNS)) {
    if (orphaned(name)) rmSync(join(RUNS, name), { recursive: true, force: true });
  }
}
