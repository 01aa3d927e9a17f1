// What a flood of first messages from forged addresses costs: a tunnel under TCP between two gateways, and
// beside it, in windows that take turns, nothing, the same flood to a port where the kernel drops it, and
// the flood itself. The generator takes as much of the machine in both, so what differs is ours.
//   1. the tunnel under load, window by window   2. without load: processor time of a message
//   3. clients that are honest call while it goes on: who gets in, how long it takes
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { IKE_PORT } from '../ike/parts/nat.js';
import { attachProgram, takeNothing } from '../net/bpf.js';
import { allocate, bindSocket, check, close, socket } from '../net/libc.js';
import { AF_INET, SO_ATTACH_FILTER, SOCK_CLOEXEC, SOCK_DGRAM } from '../net/linux.js';
import type { FloodKind, FloodResult } from '../lab/flood.js';
import type { Ground, Peer } from '../lab/peer.js';
import { processorSeconds, stopAll } from '../lab/processes.js';
import { type Site, startGateway, tunnelConfiguration } from '../lab/sites.js';
import { buildStrangers, STRANGE, type Strangers, startFlood } from '../lab/strangers.js';
import { openTunnel, type Tunnel } from '../lab/tunnel.js';
import { callers } from './callers.js';
import type { Generator } from './generator.js';
import type { Progress, Row } from './row.js';
import { median, medianRatio } from './statistics.js';

export interface FloodEffort {
  readonly rounds: number;
  /** Of a window. */
  readonly seconds: number;
  /** Messages a second. */
  readonly rate: number;
  readonly kinds: readonly FloodKind[];
  readonly clients: number;
  readonly generator: Generator;
}

const SECRET = 'a secret of the bench that is long enough';
/** Where nothing but the kernel takes part. */
const DROPPED_PORT = 9;
const SETTLE_MS = 300;
const CLIENTS = '198.18.128.0/17';

/** Both gateways; east takes clients from anywhere, too. */
const open: Peer = {
  name: 'culvert',
  version: () => 'culvert',
  missing: () => undefined,
  carries: () => true,
  async start({ west, east, directory, log }: Ground) {
    const start = (site: Site, configuration: object) =>
      startGateway(site, configuration, directory, (line) => void log.push(`${line}\n`));
    const level = { log: { level: 'warning' } };
    const own = tunnelConfiguration(east, west, true) as Record<'peer' | 'identity' | 'policy', []>;
    const clients = {
      peer: [{ name: 'clients', address: '0.0.0.0/0', passive: true }],
      identity: [{ peer: 'clients', secret: SECRET, 'remote-id': 'ignore' }],
      policy: [{ 'src-address': east.network, 'dst-address': CLIENTS, peer: 'clients' }],
    };
    const configuration = {
      ...level,
      // an IKE suite and a child's for callers.ts beside the defaults
      profile: [{ name: 'default', 'dh-group': 'x25519', 'enc-algorithm': 'aes-128-gcm' }],
      proposal: [{ name: 'default', 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'none' }],
      peer: [...own.peer, ...clients.peer],
      identity: [...own.identity, ...clients.identity],
      policy: [...own.policy, ...clients.policy],
    };
    const { profile, proposal } = configuration;
    return [
      start(east, configuration),
      start(west, { ...tunnelConfiguration(west, east, true), ...level, profile, proposal }),
    ];
  },
};

type Window = 'quiet' | 'dropped' | 'flooded';
const WINDOWS: readonly Window[] = ['quiet', 'dropped', 'flooded'];

export async function runFlood(effort: FloodEffort, progress: Progress): Promise<Row[]> {
  progress('bringing the tunnel up');
  const tunnel = await openTunnel(open, { enc: 'aes-128-gcm' });
  const strangers = buildStrangers(tunnel.east);
  const shut = dropAt(tunnel.east);
  try {
    return await Promise.race([measure({ tunnel, strangers }, effort, progress), tunnel.failure]);
  } finally {
    close(shut);
    await tunnel.close();
    strangers.namespace.close();
  }
}

interface Place {
  readonly tunnel: Tunnel;
  readonly strangers: Strangers;
}

async function measure(place: Place, effort: FloodEffort, progress: Progress): Promise<Row[]> {
  const { seconds, rate, generator } = effort;
  const mbits: Record<Window, number[]> = { quiet: [], dropped: [], flooded: [] };
  const offered: number[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    for (let turn = 0; turn < WINDOWS.length; turn++) {
      const window = WINDOWS[(round + turn) % WINDOWS.length]!;
      const done = await under(window, place, effort, async () => {
        const { bytes, seconds: took } = await generator.stream(place.tunnel, 1, seconds);
        return (8 * bytes) / took / 1e6;
      });
      mbits[window].push(done.result);
      if (done.flood) offered.push(done.flood.sent / done.flood.seconds);
      progress(`round ${round + 1}, ${window}: ${done.result.toFixed(0)} Mbit/s`);
    }
  }
  const spent = await idleCost(place, effort);
  progress(`${effort.clients} clients call under the flood`);
  const { result: called } = await under('flooded', place, effort, () => call(place, effort));
  const row = (name: string, unit: string, value: number): Row => ({ name, unit, value });
  return [
    row('messages offered', '/s', median(offered)),
    ...WINDOWS.map((window) => row(`tunnel, ${window}`, 'Mbit/s', median(mbits[window]))),
    row('flooded by dropped', '', medianRatio(mbits.flooded, mbits.dropped)),
    row('flooded by quiet', '', medianRatio(mbits.flooded, mbits.quiet)),
    row('processor time of a message', 'us', 1e6 * spent),
    row(`clients let in, of ${effort.clients}, at ${rate}/s`, '', called.established),
    row('time of all of them', 's', called.seconds),
  ];
}

/** Does the work while a flood goes on, which begins before it and ends with it. */
async function under<T>(
  window: Window,
  { tunnel, strangers }: Place,
  { rate, seconds, kinds }: FloodEffort,
  work: () => Promise<T>,
): Promise<{ result: T; flood?: FloodResult }> {
  if (window === 'quiet') return { result: await work() };
  const said: string[] = [];
  const port = window === 'flooded' ? IKE_PORT : DROPPED_PORT;
  const count = Math.ceil(rate * (seconds + (2 * SETTLE_MS) / 1000));
  const task = { to: tunnel.east.outer, port, count, rate, kinds, sources: STRANGE };
  const child = startFlood(strangers, task, said);
  const ended = once(child, 'close');
  try {
    await sleep(SETTLE_MS);
    const result = await work();
    await ended;
    if (child.exitCode !== 0) throw new Error(`the flood ended: ${said.join('')}`);
    return { result, flood: JSON.parse(said.join('')) as FloodResult };
  } finally {
    await stopAll([child]);
  }
}

/** Processor seconds of a message at the gateway that has nothing else to do. */
async function idleCost(place: Place, effort: FloodEffort): Promise<number> {
  const [east] = place.tunnel.gateways;
  const rest = async (): Promise<number> => {
    const before = processorSeconds([east!]);
    await sleep(1000 * effort.seconds);
    return processorSeconds([east!]) - before;
  };
  const quiet = await rest();
  const before = processorSeconds([east!]);
  const { flood } = await under('flooded', place, effort, () => sleep(1000 * effort.seconds));
  return (processorSeconds([east!]) - before - quiet) / flood!.sent;
}

const call = ({ tunnel, strangers }: Place, { clients }: FloodEffort) =>
  callers(strangers.namespace, {
    local: strangers.address,
    remote: tunnel.east.outer,
    clients,
    atOnce: 1,
    proof: { secret: SECRET },
    theirs: tunnel.east.network,
    ours: CLIENTS,
  });

/** A socket that the kernel drops everything for. */
function dropAt({ gateway }: Site): number {
  return gateway.enter(() => {
    const subject = `UDP port ${DROPPED_PORT}`;
    const fd = check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket', subject);
    attachProgram(fd, SO_ATTACH_FILTER, takeNothing());
    const name = allocate(16);
    name.view.setUint16(0, AF_INET, true);
    name.view.setUint16(2, DROPPED_PORT);
    check(bindSocket(fd, name.at, 16), 'bind', subject);
    return fd;
  });
}
