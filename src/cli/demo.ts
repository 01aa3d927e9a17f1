// culvert demo: two gateways in two network namespaces, a tunnel, real traffic, the tables. The steps:
//   1. lay out the network               4. ICMP, UDP and TCP from host to host, both ways
//   2. start both gateways               5. print the tables a person would look at
//   3. wait until the tunnel stands      6. stop everything, and look that it is gone
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { addressBytes } from '../net/addressing.js';
import { ping } from '../net/echo.js';
import {
  buildSites,
  tunnelConfiguration,
  type Site,
  startGateway,
  startTraffic,
} from '../lab/sites.js';
import type { TcpResult, UdpResult } from '../lab/checked-traffic.js';
import { ask, UserError } from './socket.js';
import {
  formatActivePeers,
  formatInstalledSas,
  formatPolicies,
  formatStatistics,
} from './tables.js';
import { withNamespaces } from './unshared.js';

const ESTABLISHED_MS = 20_000;
const STOP_MS = 5_000;
const SECONDS = 4;
const CHECKED_BYTES = 16 * 1024 * 1024;

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('Bring up two gateways in namespaces of this machine and send traffic through.')
    .option('--verbose', "print the gateways' logs as well")
    .addHelpText('after', '\nExample:\n  culvert demo')
    .action(async (options: { verbose?: boolean }) => {
      await withNamespaces('the demo', () => demo(options.verbose === true));
    });
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function demo(verbose: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-demo-'));
  const children: ChildProcess[] = [];
  const log: string[] = [];
  try {
    const [west, east] = buildSites(directory);
    const note = (line: string): void => {
      log.push(line);
      if (verbose) say(line);
    };
    children.push(startGateway(east, tunnelConfiguration(east, west), directory, note));
    children.push(startGateway(west, tunnelConfiguration(west, east), directory, note));
    await established(west, children);
    await established(east, children);
    say(`The tunnel stands: ${west.network} ═ ${west.outer} ═══ ${east.outer} ═ ${east.network}\n`);
    children.push(...(await traffic(west, east)));
    await printTables(west);
    await stop(children);
  } catch (error) {
    if (!verbose) for (const line of log) say(line);
    throw error;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

async function established(site: Site, gateways: readonly ChildProcess[]): Promise<void> {
  const deadline = Date.now() + ESTABLISHED_MS;
  while (Date.now() < deadline) {
    if (gateways.some((child) => child.exitCode !== null)) break;
    const rows = await ask(site.socket, 'policy print').catch(() => []);
    if (rows.some((row) => row['ph2-state'] === 'established')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new UserError(`the tunnel did not come up at ${site.name}; the gateways said the above`);
}

async function traffic(west: Site, east: Site): Promise<ChildProcess[]> {
  const servers = [west, east].map((site) => startTraffic(site, ['serve', site.hostAddress]));
  await Promise.all(servers.map((server) => once(server.stdout!, 'data')));
  for (const [from, to] of [
    [west, east],
    [east, west],
  ] as const) {
    const addresses = [from.hostAddress, to.hostAddress] as const;
    const echoes = from.host.enter(() =>
      ping({ from: addressBytes(addresses[0]), to: addressBytes(addresses[1]), count: 5 }),
    );
    const udp = await client<UdpResult>(from, ['udp', ...addresses, '100']);
    const whole = await client<TcpResult>(from, ['tcp', ...addresses, '0', `${CHECKED_BYTES}`]);
    const fast = await client<TcpResult>(from, ['tcp', ...addresses, `${SECONDS}`, '0']);
    report(`${from.name} host → ${to.name} host`, echoes, udp, whole, fast);
  }
  return servers;
}

function report(
  title: string,
  echoes: ReturnType<typeof ping>,
  udp: UdpResult,
  whole: TcpResult,
  fast: TcpResult,
): void {
  const rate = (8 * fast.bytes) / fast.seconds / 1e6;
  const mean = echoes.times.reduce((sum, time) => sum + time, 0) / echoes.times.length;
  say(title);
  say(`  ICMP  ${echoes.received} of ${echoes.sent} replies, ${mean.toFixed(2)} ms`);
  say(`  UDP   ${udp.received} of ${udp.sent} echoes of 1000 bytes`);
  say(`  TCP   ${whole.bytes >> 20} MiB ${whole.intact ? 'arrived unchanged' : 'ARRIVED CHANGED'}`);
  say(`  TCP   ${rate.toFixed(0)} Mbit/s, one flow for ${SECONDS} s\n`);
  const good = whole.intact && fast.intact && udp.received >= 0.95 * udp.sent;
  if (echoes.received < echoes.sent || !good) throw new UserError(`${title}: traffic was lost`);
}

async function client<T>(site: Site, args: readonly string[]): Promise<T> {
  const child = startTraffic(site, args);
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new UserError(`${site.name} host: ${args.join(' ')} ended with ${code}`);
  return JSON.parse(output) as T;
}

/** At the western gateway, as `culvert … print` shows them. */
async function printTables(site: Site): Promise<void> {
  const { socket } = site;
  const width = process.stdout.columns ?? 0;
  const table = (command: string, text: string): void => say(`$ culvert ${command}\n${text}`);
  table('active-peers print', formatActivePeers(await ask(socket, 'active-peers print'), width));
  table('installed-sa print', formatInstalledSas(await ask(socket, 'installed-sa print'), width));
  table('policy print', formatPolicies(await ask(socket, 'policy print'), width));
  table('statistics print', formatStatistics(await ask(socket, 'statistics print')));
}

/** Gateways first, with time for their goodbyes; then what served behind them. */
async function stop(children: readonly ChildProcess[]): Promise<void> {
  const gateways = children.slice(0, 2);
  const closed = gateways.map((child) => once(child, 'close'));
  for (const child of gateways) child.kill('SIGTERM');
  const late = setTimeout(() => {
    for (const child of gateways) child.kill('SIGKILL');
  }, STOP_MS);
  const codes = await Promise.all(closed);
  clearTimeout(late);
  if (codes.some(([code]) => code !== 0)) throw new UserError('a gateway did not stop cleanly');
}
