// What the real peers need from Debian. Missing packages are installed where this is root on a
// machine with apt; otherwise the suites print `SKIP reason` and end.
import { existsSync } from 'node:fs';
import { run } from './command.js';

/** A file that shows the package is there, and the package. */
const TOOLS = [
  ['/usr/sbin/ip', 'iproute2'],
  ['/usr/bin/ping', 'iputils-ping'],
  ['/usr/bin/tcpdump', 'tcpdump'],
  ['/usr/sbin/nft', 'nftables'],
  ['/usr/bin/iperf3', 'iperf3'],
] as const;
const STRONGSWAN = [
  ['/usr/lib/ipsec/charon', 'strongswan-charon'],
  ['/usr/bin/openssl', 'openssl'],
  ['/usr/sbin/swanctl', 'strongswan-swanctl'],
  ['/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so', 'libcharon-extra-plugins'],
  ['/usr/lib/ipsec/plugins/libstrongswan-chapoly.so', 'libstrongswan-extra-plugins'],
  ['/usr/lib/ipsec/plugins/libstrongswan-openssl.so', 'libstrongswan-standard-plugins'],
] as const;
const EAP = [
  ['/usr/lib/ipsec/plugins/libstrongswan-eap-tls.so', 'libcharon-extra-plugins'],
  ['/usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so', 'libcharon-extauth-plugins'],
] as const;
const KERNEL = [
  ['/usr/bin/linux.uml', 'user-mode-linux'],
  ['/usr/sbin/ethtool', 'ethtool'],
  ['/usr/sbin/modprobe', 'kmod'],
] as const;

/** A judge of captures, and a terminal that can be read. */
const WATCHING = [
  ['/usr/bin/tshark', 'tshark'],
  ['/usr/bin/tmux', 'tmux'],
] as const;
const FREERADIUS = [
  ['/usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so', 'libcharon-extauth-plugins'],
  ['/usr/sbin/freeradius', 'freeradius'],
  ['/usr/bin/radclient', 'freeradius-utils'],
] as const;

export type Peer = 'strongswan' | 'eap' | 'kernel' | 'freeradius' | 'watching';

/** undefined: all there. Otherwise the reason to skip; it has been printed as a `SKIP` line. */
export async function prepare(...peers: Peer[]): Promise<string | undefined> {
  const reason = await obstacle(peers);
  if (reason !== undefined) console.log(`SKIP ${reason}`);
  return reason;
}

async function obstacle(peers: readonly Peer[]): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the real peers need Linux';
  if (process.getuid?.() !== 0) return 'the real peers need root for their network namespaces';
  if (!existsSync('/dev/net/tun')) return 'this machine has no /dev/net/tun';
  const wanted = [
    ...TOOLS,
    ...STRONGSWAN,
    ...(peers.includes('eap') ? EAP : []),
    ...(peers.includes('kernel') ? KERNEL : []),
    ...(peers.includes('freeradius') ? FREERADIUS : []),
    ...(peers.includes('watching') ? WATCHING : []),
  ];
  const missing = (): string[] =>
    wanted.filter(([file]) => !existsSync(file)).map(([, name]) => name);
  if (missing().length > 0) await install(missing());
  const still = missing();
  if (still.length > 0) return `Debian's packages are missing: ${still.join(' ')}`;
  const trial = `cv${process.pid}-0-trial`;
  const { status, output } = await run(undefined, ['ip', 'netns', 'add', trial]);
  await run(undefined, ['ip', 'netns', 'del', trial]);
  return status === 0 ? undefined : `no network namespace can be made here: ${output.trim()}`;
}

async function install(names: readonly string[]): Promise<void> {
  if (!existsSync('/usr/bin/apt-get')) return;
  console.log(`installing Debian's packages for the real peers: ${names.join(' ')}`);
  const apt = (...args: string[]) =>
    run(undefined, ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', ...args]);
  await apt('update');
  const { status, output } = await apt('install', '-y', '--no-install-recommends', ...names);
  if (status !== 0) console.log(output);
}
