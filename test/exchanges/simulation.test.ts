// Both ends do whatever they may, at any moment, over a link that loses, doubles and reorders, while their
// clock is set forward and back: replace children and IKE SAs, close and call again, move. However it went, once
// the link is good and they are left alone both have the same SAs, and every policy has one that carries both
// ways. And each single message of each exchange is lost, in turn.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../wire/random.js';
import { address, type SiteOptions } from './databases.js';
import { makeEngine } from './engine.js';
import type { Site } from './site.js';
import { World, type WorldOptions } from './world.js';

const simulation = suite('exchanges/simulation');
/** A few each time; more by hand. */
const RUNS = Number(process.env.CULVERT_SIMULATIONS ?? 8);
const TURNS = 40;
const POLICIES = [0, 1];
const MINUTE = 60_000;
const EASTS = ['192.0.2.1', '192.0.2.11', '192.0.2.12'].map(address);

const SITE: SiteOptions = {
  policies: POLICIES.length,
  profile: { lifetime: 1200, dpdInterval: 60, dhGroup: ['x25519'] },
  proposal: { lifetime: 400, pfsGroup: 'x25519' },
};
const OPTIONS: WorldOptions = {
  east: { ...SITE, peer: { mobike: true, localAddress: undefined } },
  west: {
    ...SITE,
    peer: {
      mobike: true,
      localAddress: undefined,
      address: { address: address('0.0.0.0'), bits: 0 },
    },
  },
  settings: { transmissions: 12 },
};

/** One of the things that may happen. */
type Act = (world: World, site: Site, random: Random) => Promise<unknown>;

const expire =
  (limit: 'soft' | 'hard'): Act =>
  async (_, site, random) => {
    const ids = [...site.children.keys()];
    if (ids.length === 0) return;
    await site.carry(site.engine.childExpired(ids[random.between(0, ids.length - 1)]!, limit));
  };

const ACTS: readonly Act[] = [
  ...[1, 2, 3, 4].map(() => expire('soft')),
  expire('hard'),
  async (_, site, random) => {
    if (random.chance(0.3)) await site.carry(site.engine.killConnections());
  },
  async (_, site, random) => site.carry(site.engine.acquire(random.between(0, 1))),
  async (_, site) => site.carry(site.engine.flush()),
  async (world, _, random) => {
    const to = EASTS[random.between(0, EASTS.length - 1)]!;
    world.routes.east = to;
    await world.east.carry(world.east.engine.addressesChanged([to]));
  },
  async (world, _, random) => {
    world.now += random.between(-2000, 30_000);
  },
  // long enough for what has a lifetime
  async (world, _, random) => world.run(random.between(1, 500_000)),
];

/** Some time alone, on a good link; then traffic asks for what is missing. */
async function settle(world: World): Promise<void> {
  world.link = {};
  await world.run(40 * MINUTE);
  for (const site of world.sites) {
    for (const policy of POLICIES) {
      if (!site.current(policy)) await site.carry(site.engine.acquire(policy));
    }
    await world.run(10 * MINUTE);
  }
}

function checkConsistent(world: World): void {
  world.checkTraffic(POLICIES);
  world.checkMirrored();
  for (const site of world.sites) {
    const { peers } = site;
    assert.ok(
      peers.every(({ state }) => state === 'established'),
      peers.map(({ state }) => state).join(),
    );
    assert.equal(
      peers.flatMap(({ children }) => children).sort(),
      [...site.children.keys()].sort(),
    );
    assert.is(site.ikeSpis.size, peers.length);
    assert.is(site.expected.size, 0, 'an answer is awaited for ever');
    const bugs = site.events.filter(({ topic }) => topic === 'ike.bug');
    assert.equal(bugs, []);
  }
}

simulation(`${RUNS} lives of two gateways end in the same SAs on both`, async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const random = new Random(1000 + seed);
    const world = new World(makeEngine, { ...OPTIONS, seed });
    await world.east.carry(world.east.engine.start());
    await world.run(1000);
    world.link = { loss: random.between(0, 30) / 100, duplication: 0.2, delayMs: 800 };
    for (let turn = 0; turn < TURNS; turn++) {
      const site = world.sites[random.between(0, 1)]!;
      await ACTS[random.between(0, ACTS.length - 1)]!(world, site, random);
      if (random.chance(0.5)) await world.run(random.between(1, 3000));
    }
    await settle(world);
    try {
      checkConsistent(world);
    } catch (error) {
      const story = world.log.slice(-40).join('\n');
      throw new Error(`seed ${seed}: ${(error as Error).message}\n${story}`, { cause: error });
    }
  }
});

/** What is asked for, on a pair that stands; an hour follows, in which everything is replaced by time. */
const EXCHANGES: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  'the first exchanges': async ({ east }) => east.carry(east.engine.start()),
  'a child replaced by the initiator': async (world) =>
    expire('soft')(world, world.east, world.random),
  'a child replaced by the responder': async (world) =>
    expire('soft')(world, world.west, world.random),
  'a child closed': async (world) => expire('hard')(world, world.west, world.random),
  'the IKE SA closed': async ({ west }) => west.carry(west.engine.killConnections()),
  'the IKE SA replaced': async (world) => world.run(1_000_000),
};

for (const [what, act] of Object.entries(EXCHANGES)) {
  simulation(`${what}: each message lost, in turn`, async () => {
    const first = what === 'the first exchanges';
    const during = async (lost: number): Promise<number> => {
      const world = new World(makeEngine, { ...OPTIONS, seed: 7 });
      if (!first) {
        await world.east.carry(world.east.engine.start());
        await world.run(2000);
      }
      let seen = 0;
      world.filter = () => seen++ !== lost;
      await act(world);
      await world.run(100);
      const sent = seen;
      await settle(world);
      try {
        checkConsistent(world);
      } catch (error) {
        throw new Error(`message ${lost}: ${(error as Error).message}\n${world.log.join('\n')}`);
      }
      return sent;
    };
    const messages = await during(-1);
    assert.ok(messages >= 2, `${messages} messages`);
    for (let lost = 0; lost < messages; lost++) await during(lost);
  });
}

simulation.run();
