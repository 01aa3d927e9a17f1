// Both ends want something at once (RFC 7296 §2.8.1, §2.8.2, §2.25): every order in which the messages
// can arrive, each run from the start. After every single message, a packet that either end would send
// is one the other can open; when all is quiet, both ends have the same SAs.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeEngine } from './engine.js';
import { type Choose, explore } from './explore.js';
import type { Site } from './site.js';
import { World, type WorldOptions } from './world.js';

const collisions = suite('collisions');
const MOST = 400;

interface Case {
  readonly options?: WorldOptions;
  /** What both ends do at once, on an established pair. */
  readonly act: (world: World) => Promise<void>;
  /** Whether traffic must flow after every single message. */
  readonly always?: boolean;
  /** What holds when all is quiet. */
  readonly settled: (world: World) => void;
}

const firstChild = (site: Site): number => [...site.children.keys()][0]!;
const rekey = (site: Site) => site.carry(site.engine.childExpired(firstChild(site), 'soft'));
const expire = (site: Site) => site.carry(site.engine.childExpired(firstChild(site), 'hard'));
const tick = (world: World, site: Site) => site.carry(site.engine.tick(world.now));

/** Delivers held messages, one direction first-in first-out, whichever direction is chosen. */
async function deliverAll(world: World, choose: Choose, check: () => void): Promise<void> {
  while (world.held.length > 0) {
    const queues = world.sites.map((site) => world.heldFor(site)).filter((q) => q.length > 0);
    await world.deliver(queues[queues.length > 1 ? choose(queues.length) : 0]![0]);
    check();
  }
}

async function everyOrder({ options, act, always = true, settled }: Case): Promise<number> {
  let seed = 0;
  return explore(async (choose) => {
    // The nonces decide who wins, so half of the runs are the other way round.
    const world = new World(makeEngine, { ...options, seed: 1 + (seed++ % 8) });
    await world.establish();
    world.holding = true;
    await act(world);
    await deliverAll(world, choose, () => {
      if (always) world.checkTraffic();
    });
    world.release();
    await world.run(20_000);
    try {
      settled(world);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${world.log.join('\n')}`);
    }
  }, MOST);
}

// IKE_SA lifetime 100 s, soft at 80 s; children live on. No chance in the timers.
const SHORT_IKE: WorldOptions = {
  east: { profile: { lifetime: 100 } },
  west: { profile: { lifetime: 100 } },
  settings: { softShare: 0.8, softJitter: 0 },
};
/** Lets both ends reach the moment at which their IKE SA is to be replaced. */
async function toSoftLifetime(world: World): Promise<void> {
  const due = Math.max(...world.sites.map((site) => site.engine.nextTimeout() ?? 0));
  world.now = Math.max(world.now, due);
}

const CASES: Readonly<Record<string, Case>> = {
  // CREATE_CHILD_SA {N(REKEY_SA), SA, Ni, TSi, TSr} -->  <-- CREATE_CHILD_SA {N(REKEY_SA), …}
  'both ends rekey the child (§2.8.1)': {
    act: async ({ east, west }) => {
      await rekey(east);
      await rekey(west);
    },
    settled: (world) => world.checkSettled(),
  },
  // CREATE_CHILD_SA {N(REKEY_SA), SA, Ni, KEi, …} -->  <-- CREATE_CHILD_SA {N(REKEY_SA), …, KEi}
  'both ends rekey the child, with PFS': {
    options: {
      east: { proposal: { pfsGroup: 'x25519' } },
      west: { proposal: { pfsGroup: 'x25519' } },
    },
    act: async ({ east, west }) => {
      await rekey(east);
      await rekey(west);
    },
    settled: (world) => world.checkSettled(),
  },
  // CREATE_CHILD_SA {N(REKEY_SA), …} -->  <-- INFORMATIONAL {D}
  'one end rekeys the child that the other deletes (§2.25.1)': {
    act: async ({ east, west }) => {
      await rekey(east);
      await expire(west);
    },
    always: false,
    settled: (world) => world.checkMirrored(),
  },
  // INFORMATIONAL {D} -->  <-- INFORMATIONAL {D}
  'both ends delete the child (§1.4.1)': {
    act: async ({ east, west }) => {
      await expire(east);
      await expire(west);
    },
    always: false,
    settled: (world) => world.checkMirrored(),
  },
  // CREATE_CHILD_SA {SA, Ni, KEi} -->  <-- CREATE_CHILD_SA {SA, Ni, KEi}
  'both ends rekey the IKE SA (§2.8.2)': {
    options: SHORT_IKE,
    act: async (world) => {
      await toSoftLifetime(world);
      await tick(world, world.east);
      await tick(world, world.west);
    },
    settled: (world) => world.checkSettled(),
  },
  // CREATE_CHILD_SA {SA, Ni, KEi} -->  <-- CREATE_CHILD_SA {N(REKEY_SA), SA, Ni, TSi, TSr}
  'one end rekeys the IKE SA, the other the child (§2.25.2)': {
    options: SHORT_IKE,
    act: async (world) => {
      await rekey(world.west);
      await toSoftLifetime(world);
      await tick(world, world.east);
    },
    settled: (world) => world.checkSettled(),
  },
  // CREATE_CHILD_SA {SA, Ni, KEi} -->  <-- INFORMATIONAL {D}
  'one end rekeys the IKE SA, the other deletes the child (§2.25.2)': {
    options: SHORT_IKE,
    act: async (world) => {
      await expire(world.west);
      await toSoftLifetime(world);
      await tick(world, world.east);
    },
    always: false,
    settled: (world) => world.checkMirrored(),
  },
  // CREATE_CHILD_SA {SA, Ni, KEi} -->  <-- INFORMATIONAL {D(IKE)}
  'one end rekeys the IKE SA that the other deletes (§2.25.2)': {
    options: SHORT_IKE,
    act: async (world) => {
      await toSoftLifetime(world);
      await tick(world, world.east);
      await world.west.carry(world.west.engine.killConnections());
    },
    always: false,
    settled: (world) => world.checkMirrored(),
  },
  // INFORMATIONAL {D(IKE)} -->  <-- INFORMATIONAL {D(IKE)}
  'both ends delete the IKE SA (§1.4.1)': {
    act: async ({ east, west }) => {
      await east.carry(east.engine.killConnections());
      await west.carry(west.engine.killConnections());
    },
    always: false,
    settled: (world) => world.checkMirrored(),
  },
};

for (const [story, scenario] of Object.entries(CASES)) {
  collisions(`${story}, in every order`, async () => {
    const orders = await everyOrder(scenario);
    assert.ok(orders > 1, 'the two ends never met');
  });
}

collisions.run();
