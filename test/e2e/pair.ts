// Two gateways as a user starts them, `culvert run FILE` each, in the demo's network, with a capture of
// the link between them from before the start until after the stop.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { buildSites, type Site, startGateway, startTraffic } from '../../src/lab/sites.js';
import type { TcpResult, UdpResult } from '../../src/lab/checked-traffic.js';
import { ask } from '../../src/cli/socket.js';
import type { ControlCommand, ControlResult } from '../../src/daemon/control.js';
import { addressBytes } from '../../src/net/addressing.js';
import type { ClearCapture } from '../helpers/capture.js';
import { ping } from '../../src/net/echo.js';
import { linkIndex, listLinks } from '../../src/net/links.js';
import { NfTables } from '../../src/net/nf-tables.js';
import { release } from '../../src/net/release.js';
import { listRoutes, routeText } from '../../src/net/routes.js';
import { listRules, ruleText } from '../../src/net/rules.js';
import { captureClear } from '../helpers/namespaces.js';
import { insertRouter } from './narrow.js';

const WAIT_MS = 30_000;

export interface Gateway {
  readonly site: Site;
  readonly process: ChildProcess;
  readonly log: string[];
  ask<C extends ControlCommand>(command: C, args?: object): Promise<ControlResult<C>>;
  /** Until a line of the log matches. */
  logged(pattern: RegExp): Promise<string>;
  established(): Promise<void>;
  /** Writes the file anew that the gateway was started with. */
  rewrite(text: string): void;
}

export interface Pair {
  readonly west: Site;
  readonly east: Site;
  readonly capture: ClearCapture;
  /** What was seen in the clear until now, of either family. */
  seen(): readonly string[];
  start(site: Site, configuration: object): Promise<Gateway>;
  stop(gateway: Gateway, signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Polls until `look` gives something; fails with the logs' end when patience ends. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  logs: () => readonly string[] = () => [],
  patienceMs = WAIT_MS,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (let waitMs = 10; Date.now() < deadline; waitMs = Math.min(1.5 * waitMs, 200)) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  throw new Error(`gave up waiting for ${what}\n${logs().slice(-40).join('\n')}`);
}

/** Two sites, and what watches for packets in the clear between them. */
export interface Ground {
  readonly west: Site;
  readonly east: Site;
  readonly capture: ClearCapture;
  seen?(): readonly string[];
  /** What was seen and must not have been. */
  offenders(): readonly string[];
  close?(): void;
}

export interface PairOptions {
  /** A router on the way, whose second link carries only so much. */
  readonly mtu?: number;
  /** It drops what is larger without a word. */
  readonly silent?: boolean;
  /** Instead of the demo's network. */
  readonly ground?: (directory: string) => Ground;
}

export function demoGround(directory: string, mtu?: number, silent = false): Ground {
  const [west, east] = buildSites(directory);
  const router = mtu === undefined ? undefined : insertRouter(west, east, mtu, silent);
  const capture = captureClear(west.gateway, 'wan', [west.network, east.network]);
  const capture6 = captureClear(west.gateway, 'wan', [west.network6, east.network6]);
  const offenders = (): string[] => [...capture.finish(), ...capture6.finish()];
  const seen = (): string[] => [...capture.packets(), ...capture6.packets()];
  return { west, east, capture, seen, offenders, close: () => router?.close() };
}

/** Runs `body` between two sites; afterwards nothing was seen in the clear and nothing is left. */
export async function withPair(
  body: (pair: Pair) => Promise<void>,
  { mtu, silent = false, ground: makeGround }: PairOptions = {},
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-e2e-'));
  const ground = makeGround?.(directory) ?? demoGround(directory, mtu, silent);
  const { west, east, capture } = ground;
  const before = [west, east].map(hostState);
  const running = new Set<Gateway>();
  const pair: Pair = {
    west,
    east,
    capture,
    seen: () => ground.seen?.() ?? capture.packets(),
    async start(site, configuration) {
      const gateway = launch(site, configuration, directory);
      running.add(gateway);
      const answers = () =>
        gateway.ask('policy print').then(
          () => true,
          () => undefined,
        );
      const ended = () => (gateway.process.exitCode === null ? undefined : true);
      const up = async () => ended() ?? (await answers());
      await until(`${site.name} to answer`, up, () => gateway.log);
      if (ended()) throw new Error(`${site.name} ended:\n${gateway.log.join('\n')}`);
      return gateway;
    },
    async stop(gateway, signal = 'SIGTERM') {
      running.delete(gateway);
      const closed = once(gateway.process, 'close');
      gateway.process.kill(signal);
      await closed;
      if (signal === 'SIGTERM') assert.is(gateway.process.exitCode, 0, gateway.log.join('\n'));
    },
  };
  try {
    await body(pair);
    for (const gateway of [...running]) await pair.stop(gateway);
    // The default leaves a stopped host closed.
    for (const { gateway } of [west, east]) gateway.enter(() => release('culvert0'));
    assert.equal([west, east].map(hostState), before, 'routes, rules and links are as before');
    assert.equal(ground.offenders(), []);
  } finally {
    for (const { process } of running) process.kill('SIGKILL');
    for (const { gateway, host } of [west, east]) {
      for (const ns of new Set([gateway, host])) ns.close();
    }
    ground.close?.();
    rmSync(directory, { recursive: true, force: true });
  }
}

function launch(site: Site, configuration: object, directory: string): Gateway {
  const log: string[] = [];
  const process = startGateway(site, configuration, directory, (line) => log.push(line));
  const self: Gateway = {
    site,
    process,
    log,
    ask: (command, args = {}) => ask(site.socket, command, args as never),
    logged: (pattern) =>
      until(
        `${site.name} to log ${pattern}`,
        () => log.find((line) => pattern.test(line)),
        () => log,
      ),
    rewrite: (text) => writeFileSync(join(directory, `${site.name}.json`), text),
    established: async () => {
      const look = async () =>
        (await self.ask('policy print')).some((row) => row['ph2-state'] === 'established') ||
        undefined;
      await until(`${site.name} to have an SA`, look, () => log);
    },
  };
  return self;
}

/** Everything the gateway may have changed on its host, as text. */
export function hostState({ gateway }: Site): string[] {
  const filters = gateway.enter(() => new NfTables());
  const tables = filters.list();
  filters.close();
  return gateway.configure((netlink) => {
    const index = linkIndex(netlink, 'lo');
    return [
      `lo is ${index}`,
      ...tables,
      ...listLinks(netlink).map(({ name }) => name),
      ...listRules(netlink).map(ruleText),
      // Link-local routes come by themselves, some time after a link is up.
      ...listRoutes(netlink)
        .map(routeText)
        .filter((text) => !text.startsWith('fe80:')),
    ];
  });
}

/** ICMP from host to host; how many replies came. */
export function echoes(from: Site, to: Site, family: 4 | 6, count = 3, size = 56): number {
  const [source, target] =
    family === 4 ? [from.hostAddress, to.hostAddress] : [from.hostAddress6, to.hostAddress6];
  const options = { from: addressBytes(source), to: addressBytes(target), count, size };
  return from.host.enter(() => ping({ ...options, timeoutMs: 1000 })).received;
}

/** Whether one echo comes back within the time. */
export function echo(from: Site, to: Site, family: 4 | 6, timeoutMs: number): boolean {
  const [source, target] =
    family === 4 ? [from.hostAddress, to.hostAddress] : [from.hostAddress6, to.hostAddress6];
  const options = { from: addressBytes(source), to: addressBytes(target), count: 1, timeoutMs };
  return from.host.enter(() => ping(options)).received === 1;
}

/**
 * TCP and UDP from host to host: everything arrives, unchanged. `listens`: the called host under its
 * own address, where a NAT gives it another.
 */
export async function carries(from: Site, to: Site, family: 4 | 6, listens = to): Promise<void> {
  const [source, target] =
    family === 4 ? [from.hostAddress, to.hostAddress] : [from.hostAddress6, to.hostAddress6];
  const own = family === 4 ? listens.hostAddress : listens.hostAddress6;
  const server = startTraffic(listens, ['serve', own]);
  try {
    await once(server.stdout!, 'data');
    const tcp = await client<TcpResult>(from, ['tcp', source, target, '0', `${4 << 20}`]);
    assert.ok(tcp.intact, `${from.name} to ${to.name}: TCP over IPv${family}`);
    const udp = await client<UdpResult>(from, ['udp', source, target, '20']);
    assert.is(udp.received, 20, `${from.name} to ${to.name}: UDP over IPv${family}`);
  } finally {
    server.kill('SIGKILL');
  }
}

async function client<T>(site: Site, args: readonly string[]): Promise<T> {
  const child = startTraffic(site, args);
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  assert.is(code, 0, args.join(' '));
  return JSON.parse(output) as T;
}
