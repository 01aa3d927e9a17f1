// One tunnel of the bench: two sites, a peer's gateways, a load generator in each host. It stands
// when an echo comes back from the far host, whatever the peer is.
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressBytes } from '../net/addressing.js';
import { ping } from '../net/echo.js';
import { Agent } from './agent.js';
import type { Peer, Proposal } from './peer.js';
import { atExit, eventually, isRunning, spawnLogged, stopAll } from './processes.js';
import { buildSites, type Site } from './sites.js';

export interface Tunnel {
  readonly west: Site;
  readonly east: Site;
  /** The load generators: west sends, east receives. */
  readonly from: Agent;
  readonly to: Agent;
  readonly gateways: readonly ChildProcess[];
  /** Starts a further process in a host, which ends with the tunnel; its words go to `log`. */
  spawn(site: Site, argv: readonly [string, ...string[]], log: string[]): ChildProcess;
  /** Rejects when a gateway ends by itself, with what it said. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

export const PORT = 5201;
const ESTABLISHED_SECONDS = 20;
const SAID_LINES = 30;

export async function openTunnel(peer: Peer, proposal: Proposal): Promise<Tunnel> {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-bench-'));
  const forget = atExit(() => rmSync(directory, { recursive: true, force: true }));
  const log: string[] = [];
  const gateways: ChildProcess[] = [];
  const helpers: ChildProcess[] = [];
  let closing = false;
  const [west, east] = buildSites(directory);
  const [from, to] = [new Agent(west), new Agent(east)];
  const close = async (): Promise<void> => {
    closing = true;
    await stopAll([...gateways, from.process, to.process, ...helpers]);
    for (const { gateway, host } of [west, east]) {
      gateway.close();
      host.close();
    }
    rmSync(directory, { recursive: true, force: true });
    forget();
  };
  try {
    gateways.push(...(await peer.start({ west, east, directory, log }, proposal)));
    await eventually(
      'the tunnel to carry an echo',
      () => {
        const ended = gateways.find((child) => !isRunning(child));
        if (ended) throw new Error(`a gateway ended with status ${ended.exitCode}`);
        return echoes(west, east);
      },
      ESTABLISHED_SECONDS,
    );
    await to.ask('serve', { address: east.hostAddress, port: PORT });
  } catch (error) {
    await close();
    throw withLog(peer, error instanceof Error ? error.message : String(error), log);
  }
  const failure = new Promise<never>((_, reject) => {
    for (const child of gateways) {
      const fail = (how: number | string): void =>
        reject(withLog(peer, `a gateway ended with ${how}`, log));
      child.on('close', (code, signal) => closing || fail(signal ?? `status ${code}`));
    }
  });
  const spawn: Tunnel['spawn'] = (site, argv, log) => {
    if (closing) throw new Error(`${peer.name}: the tunnel is closed`);
    const child = spawnLogged(site.host, argv, log);
    helpers.push(child);
    return child;
  };
  // Who measures awaits it; between two measurements nobody does.
  failure.catch(() => undefined);
  return { west, east, from, to, gateways, spawn, failure, close };
}

function withLog(peer: Peer, message: string, log: readonly string[]): Error {
  const said = log.join('').split('\n').slice(-SAID_LINES).join('\n');
  return new Error(`${peer.name}: ${message}\n${said}`);
}

function echoes(from: Site, to: Site): boolean {
  const addresses = { from: addressBytes(from.hostAddress), to: addressBytes(to.hostAddress) };
  return from.host.enter(() => ping({ ...addresses, count: 1, timeoutMs: 200 })).received === 1;
}
