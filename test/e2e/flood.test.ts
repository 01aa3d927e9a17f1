// A gateway with a tunnel and clients from anywhere, as a user starts it, and first messages by the hundred
// thousand from forged addresses: the tunnel carries, honest clients are let in, nothing of the flood stays.
// Two hundred clients behind one address at once, before the flood and in the middle of it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { callers, startCallers } from '../../src/bench/callers.js';
import type { FloodKind, FloodResult } from '../../src/lab/flood.js';
import { stopAll } from '../../src/lab/processes.js';
import type { Site } from '../../src/lab/sites.js';
import { buildStrangers, STRANGE, type Strangers, startFlood } from '../../src/lab/strangers.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { demoGround, echo, echoes, type Gateway, type Pair, until, withPair } from './pair.js';

const flood = suite('flood');
const SECRET = 'a secret of the clients that is long enough';
const CLIENTS = '198.18.128.0/17';
const THRESHOLD = 20;
const MESSAGES = 100_000;
const RATE = 25_000;
const CROWD = 200;
const MOST_GROWTH_MB = 64;

function configuration(site: Site, remote: Site): object {
  const clients = site.name === 'east';
  return {
    settings: { 'ddos-cookie-threshold': THRESHOLD },
    profile: [{ name: 'default', 'dh-group': 'x25519', 'enc-algorithm': 'aes-128-gcm' }],
    proposal: [{ name: 'default', 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'none' }],
    peer: [
      { name: remote.name, address: `${remote.outer}/32`, passive: clients },
      ...(clients ? [{ name: 'clients', address: '0.0.0.0/0', passive: true }] : []),
    ],
    identity: [
      { peer: remote.name, secret: 'a secret of the two' },
      ...(clients ? [{ peer: 'clients', secret: SECRET, 'remote-id': 'ignore' }] : []),
    ],
    policy: [
      { 'src-address': site.network, 'dst-address': remote.network, peer: remote.name },
      ...(clients
        ? [{ 'src-address': site.network, 'dst-address': CLIENTS, peer: 'clients' }]
        : []),
    ],
  };
}

const taskOf = (strangers: Strangers, east: Site, clients: number) => ({
  local: strangers.address,
  remote: east.outer,
  clients,
  atOnce: clients,
  proof: { secret: SECRET },
  theirs: east.network,
  ours: CLIENTS,
  apart: true,
});

const counter = async (gateway: Gateway, name: string): Promise<number> =>
  ((await gateway.ask('statistics print', {})) as unknown as Record<string, number>)[name]!;

const megabytes = ({ process }: Gateway): number => {
  const status = readFileSync(`/proc/${process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
};

const established = async (gateway: Gateway) =>
  (await gateway.ask('active-peers print')).filter(({ state }) => state === 'established');

interface Stage {
  readonly pair: Pair;
  readonly east: Gateway;
  readonly strangers: Strangers;
}

async function withStrangers(body: (stage: Stage) => Promise<void>): Promise<void> {
  let strangers: Strangers | undefined;
  const ground = (directory: string) => {
    const demo = demoGround(directory);
    strangers = buildStrangers(demo.east);
    return { ...demo, close: () => strangers?.namespace.close() };
  };
  await withPair(
    async (pair) => {
      const east = await pair.start(pair.east, configuration(pair.east, pair.west));
      const west = await pair.start(pair.west, configuration(pair.west, pair.east));
      await west.established();
      await until('echoes', () => echo(pair.west, pair.east, 4, 1000) || undefined);
      await body({ pair, east, strangers: strangers! });
    },
    { ground },
  );
}

/** Sends it all, and does `work` meanwhile. */
async function under(
  { pair, strangers }: Stage,
  kinds: readonly FloodKind[],
  work: () => Promise<void>,
): Promise<void> {
  const said: string[] = [];
  const shape = { count: MESSAGES, rate: RATE, sources: STRANGE };
  const child = startFlood(strangers, { to: pair.east.outer, port: 500, kinds, ...shape }, said);
  const ended = once(child, 'close');
  try {
    await work();
    await ended;
    assert.is(child.exitCode, 0, said.join(''));
    assert.is((JSON.parse(said.join('')) as FloodResult).sent, MESSAGES);
  } finally {
    await stopAll([child]);
  }
}

flood(
  `${CROWD} clients behind one address at once, and as many under ${MESSAGES} forged ones`,
  () =>
    withStrangers(async (stage) => {
      const { pair, east, strangers } = stage;
      const crowd = await startCallers(strangers.namespace, taskOf(strangers, pair.east, CROWD));
      try {
        assert.is(crowd.established, CROWD);
        assert.is((await established(east)).length, 1 + CROWD);
        await flooded(stage);
      } finally {
        await stopAll([crowd.process]);
      }
    }),
);

/** As many more in the middle of a flood. */
async function flooded(stage: Stage): Promise<void> {
  const { pair, east, strangers } = stage;
  const before = megabytes(east);
  const lines = east.log.length;
  const cookies = await counter(east, 'cookies');
  const task = { ...taskOf(strangers, pair.east, CROWD), firstClient: CROWD };
  const kinds: readonly FloodKind[] = ['first', 'first', 'first', 'cookie', 'garbage', 'forged'];
  await under(stage, kinds, async () => {
    const begun = async () => (await counter(east, 'cookies')) > cookies + CROWD || undefined;
    await until('cookies to be asked for', begun, () => east.log);
    const called = await callers(strangers.namespace, task);
    assert.is(called.established, CROWD, 'honest clients');
    assert.is(echoes(pair.west, pair.east, 4, 10), 10, 'the tunnel');
  });
  assert.is((await established(east)).length, 1 + 2 * CROWD);
  const halfOpen = (await east.ask('active-peers print')).filter(
    ({ state }) => state === 'message-2-sent',
  );
  assert.ok(halfOpen.length <= THRESHOLD, `${halfOpen.length} half-open`);
  assert.ok(megabytes(east) - before < MOST_GROWTH_MB, `${before} to ${megabytes(east)} MB`);
  const said = east.log.length - lines;
  assert.ok(said < 2 * CROWD + 200, `${said} lines in the log`);
  const answered = (await counter(east, 'cookies')) - cookies;
  assert.ok(answered > MESSAGES / 20, `${answered} cookies`);
}

if (ownNamespaces()) flood.run();
