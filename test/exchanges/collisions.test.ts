// Both ends want something at once (RFC 7296 §2.8.1, §2.8.2, §2.25), and the messages arrive in any
// order, one of them lost. After every single message, a packet that either end would send is one the
// other can open; when all is quiet, both ends have the same SAs. Each case has some hundred orders
// with every choice of nonces; a seeded sample of them runs here, all with CULVERT_ALL_ORDERS=1.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeHeader } from '../../src/wire/header.js';
import { notify } from '../../src/ike/exchange.js';
import { N } from '../../src/wire/notifications.js';
import { CREATE_CHILD_SA, INFORMATIONAL } from '../../src/wire/numbers.js';
import { Random } from '../wire/random.js';
import { EAST } from './databases.js';
import { makeEngine } from './engine.js';
import { type Choose, everyChoice, someChoices } from './explore.js';
import { Insider } from './insider.js';
import type { Site } from './site.js';
import { World, type WorldOptions } from './world.js';

const collisions = suite('collisions');
const SEEDS = [1, 2, 3, 4];
const SAMPLE = 20;

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

/**
 * Delivers held messages, whichever is chosen: one may overtake another of the same direction, and
 * one of all may be lost, to be asked for again when time goes on.
 */
async function deliverAll(world: World, choose: Choose, check: () => void): Promise<void> {
  for (let losses = 1; world.held.length > 0; ) {
    const { length } = world.held;
    const options = losses > 0 ? 2 * length : length;
    const chosen = options > 1 ? choose(options) : 0;
    if (chosen < length) {
      await world.deliver(world.held[chosen]);
    } else {
      world.held.splice(chosen - length, 1);
      losses--;
    }
    check();
  }
}

/** For several seeds, since nonces decide who wins. */
async function orders({ options, act, always = true, settled }: Case): Promise<number> {
  let runs = 0;
  for (const seed of SEEDS) {
    const scenario = async (choose: Choose): Promise<void> => {
      const world = new World(makeEngine, { ...options, seed });
      await world.establish();
      world.holding = true;
      await act(world);
      for (const site of world.sites) assert.is(world.heldFor(site).length, 1, 'both ask');
      await deliverAll(world, choose, () => {
        if (always) world.checkTraffic();
      });
      world.release();
      // Long enough for an SA that the other end never heard of to be given up.
      await world.run(300_000);
      try {
        settled(world);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${world.log.join('\n')}`);
      }
    };
    runs += process.env.CULVERT_ALL_ORDERS
      ? await everyChoice(scenario)
      : await someChoices(scenario, SAMPLE, new Random(seed));
  }
  return runs;
}

// IKE_SA lifetime 1000 s, soft at 800 s; children live on. No chance in the timers.
const SHORT_IKE: WorldOptions = {
  east: { profile: { lifetime: 1000 } },
  west: { profile: { lifetime: 1000 } },
  settings: { softShare: 0.8, softJitter: 0 },
};
/** Lets both ends reach the moment at which their IKE SA is to be replaced. */
function toSoftLifetime(world: World): void {
  world.now += 801_000;
}

/**
 * West gives east 1000 s (RFC 4478): the notification takes the place of a request of its own, so that both
 * ends go on with the message IDs they have.
 */
async function limit(world: World): Promise<void> {
  let messageId = -1;
  world.filter = (_, { bytes }) => {
    messageId = decodeHeader(bytes).messageId;
    return false;
  };
  await world.west.carry(world.west.engine.probe(EAST, 600));
  world.filter = () => true;
  const insider = new Insider(world, world.east);
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, 1000);
  const asked = { exchangeType: INFORMATIONAL, messageId };
  await insider.send(insider.build(asked, [notify(N.AUTH_LIFETIME, data)]));
  await world.run(10);
}

/** East authenticates anew while west does something under the IKE SA that stands. */
const reauthenticating = (what: (world: World) => Promise<unknown>): Case['act'] => {
  return async (world) => {
    world.holding = false;
    await limit(world);
    world.holding = true;
    toSoftLifetime(world);
    await tick(world, world.east);
    await what(world);
  };
};
const WEST_SHORT: WorldOptions = { ...SHORT_IKE, east: {} };

const CASES: Readonly<Record<string, Case>> = {
  // IKE_SA_INIT -->  <-- CREATE_CHILD_SA {N(REKEY_SA), SA, Ni, TSi, TSr}
  'one end authenticates anew, the other rekeys the child (RFC 4478)': {
    act: reauthenticating(({ west }) => rekey(west)),
    settled: (world) => world.checkSettled(),
  },
  // IKE_SA_INIT -->  <-- CREATE_CHILD_SA {SA, Ni, KEi}
  'one end authenticates anew, the other rekeys the IKE SA': {
    options: WEST_SHORT,
    act: reauthenticating((world) => tick(world, world.west)),
    settled: (world) => world.checkSettled(),
  },
  // IKE_SA_INIT -->  <-- INFORMATIONAL {D}
  'one end authenticates anew, the other deletes the child': {
    act: reauthenticating(({ west }) => expire(west)),
    always: false,
    settled: (world) => world.checkMirrored(),
  },
  // IKE_SA_INIT -->  <-- INFORMATIONAL {D(IKE)}
  'one end authenticates anew beside the IKE SA that the other deletes': {
    act: reauthenticating(({ west }) => west.carry(west.engine.killConnections())),
    always: false,
    settled: (world) => world.checkMirrored(),
  },
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
      toSoftLifetime(world);
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
      toSoftLifetime(world);
      await tick(world, world.east);
    },
    settled: (world) => world.checkSettled(),
  },
  // CREATE_CHILD_SA {SA, Ni, KEi} -->  <-- INFORMATIONAL {D}
  'one end rekeys the IKE SA, the other deletes the child (§2.25.2)': {
    options: SHORT_IKE,
    act: async (world) => {
      await expire(world.west);
      toSoftLifetime(world);
      await tick(world, world.east);
    },
    always: false,
    settled: (world) => world.checkMirrored(),
  },
  // CREATE_CHILD_SA {SA, Ni, KEi} -->  <-- INFORMATIONAL {D(IKE)}
  'one end rekeys the IKE SA that the other deletes (§2.25.2)': {
    options: SHORT_IKE,
    act: async (world) => {
      toSoftLifetime(world);
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
  collisions(`${story}, in any order`, async () => {
    const runs = await orders(scenario);
    console.log(`${story}: ${runs} orders`);
  });
}

/** What a captured CREATE_CHILD_SA message says: its nonce and the SPI of the one who sent it. */
function halves(world: World): { id: string; nonce: Uint8Array; spi: number }[] {
  const readers = new Map(world.sites.map((site) => [site, new Insider(world, site)]));
  return world.captured.flatMap(({ from, datagram }) => {
    const { exchangeType, flags, messageId } = decodeHeader(datagram.bytes);
    if (exchangeType !== CREATE_CHILD_SA) return [];
    const { inner } = readers.get(from)!.open(datagram);
    const nonce = inner.find((payload) => payload.type === 'Nonce');
    const sa = inner.find((payload) => payload.type === 'SA');
    assert.ok(nonce?.type === 'Nonce' && sa?.type === 'SA');
    const { spi } = sa.proposals[0]!;
    const asker = flags.response ? world.other(from) : from;
    const id = `${asker.name} ${messageId}`;
    return [{ id, nonce: nonce.data, spi: new DataView(Uint8Array.from(spi).buffer).getUint32(0) }];
  });
}

collisions('the exchange with the lowest of the four nonces loses (§2.8.1)', async () => {
  const winners = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) {
    const world = new World(makeEngine, { seed });
    await world.establish();
    world.holding = true;
    await rekey(world.east);
    await rekey(world.west);
    world.release();
    await world.run(10_000);
    world.checkSettled();
    const all = halves(world);
    assert.is(all.length, 4);
    const lowest = all.reduce((a, b) => (Buffer.compare(a.nonce, b.nonce) < 0 ? a : b));
    const kept = all.filter(({ id }) => id !== lowest.id).map(({ spi }) => spi);
    const { inbound, outbound } = world.east.current(0)!;
    assert.equal([inbound.spi, outbound.spi].sort(), kept.sort(), `seed ${seed}`);
    winners.add(all.find(({ id }) => id !== lowest.id)!.id);
  }
  assert.is(winners.size, 2, 'one end always wins');
});

collisions.run();
