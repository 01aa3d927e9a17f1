// 100,000 mutated messages into live engines: an established pair, an initiator waiting for either
// answer, a responder waiting for IKE_AUTH. Nothing is thrown, no SA comes, goes or changes before a
// message is authentic, answers are few and small, memory stays flat, and the pair still works after.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Datagram } from '../../src/ike/step.js';
import { runs, seedOf } from '../helpers/fuzzing.js';
import { heapAfterCollection } from '../wire/heap.js';
import { mutate } from '../wire/mutations.js';
import type { Random } from '../wire/random.js';
import { messages } from '../vectors/ike-strongswan.js';
import { makeEngine } from './engine.js';
import type { Site } from './site.js';
import { World } from './world.js';

const fuzz = suite('exchange fuzz');
const ESTABLISHED = runs(70_000);
const WORLDS = runs(100); // three half-way situations in each
const PER_SITUATION = 100;
/** An answer to IKE_SA_INIT may be larger than a request that left out NAT detection. */
const ANSWER_SLACK = 256;
const SETTINGS = { cookieThreshold: 20, halfOpenLimit: 60 };

/** A mutation that is one: some leave a message as it was. */
function mutation(random: Random, genuine: Uint8Array): Uint8Array {
  for (;;) {
    const bytes = mutate(random, genuine);
    if (Buffer.compare(bytes, genuine) !== 0) return bytes;
  }
}

/** Gives the site bytes from where its peer is; they may provoke one small answer and nothing else. */
async function inject(site: Site, like: Datagram, bytes: Uint8Array): Promise<void> {
  const step = await site.engine.receive({ ...like, bytes });
  site.noteSpis(step);
  assert.is(step.send.length <= 1, true, 'more than one answer');
  for (const answer of step.send) {
    assert.ok(answer.bytes.length <= bytes.length + ANSWER_SLACK, 'a large answer');
  }
  assert.equal([step.install, step.remove, step.activate, step.standby], [[], [], [], []]);
  assert.is(step.move.length, 0, 'an endpoint moved');
  assert.ok(step.events.length <= 3, 'a flood of log lines');
}

/** What came from the other end, as it arrived at this one. */
function received(world: World, site: Site): Datagram[] {
  return world.captured
    .filter(({ from }) => from !== site)
    .map(({ datagram }) => ({ ...datagram, local: datagram.remote, remote: datagram.local }));
}

/** An established pair that has rekeyed, so that there are messages of every kind. */
async function busyPair(): Promise<World> {
  const world = new World(makeEngine, { seed: seedOf(7), settings: SETTINGS });
  await world.establish();
  const [child] = [...world.east.children.keys()];
  await world.east.carry(world.east.engine.childExpired(child!, 'soft'));
  await world.run();
  world.checkSettled();
  return world;
}

const established = (site: Site): unknown => {
  const { peers, children } = site.snapshot();
  return { peers: peers.filter((peer) => peer.state === 'established'), children };
};

fuzz(`${ESTABLISHED} messages into an established pair change nothing`, async () => {
  const world = await busyPair();
  const { random } = world;
  const before = world.sites.map(established);
  const originals = new Map(world.sites.map((site) => [site, received(world, site)]));
  for (let i = 0; i < ESTABLISHED; i++) {
    const site = random.pick(world.sites);
    const genuine = random.pick(originals.get(site)!);
    const foreign = random.pick(messages).bytes;
    await inject(site, genuine, mutation(random, random.chance(0.9) ? genuine.bytes : foreign));
    // Time passes, so that half-open SAs come to their end as well.
    if (i % 1000 === 999) {
      world.filter = () => false;
      await world.run(5000);
      world.filter = () => true;
      assert.equal(world.sites.map(established), before);
      assert.ok(site.peers.length <= SETTINGS.halfOpenLimit + 1, `${site.peers.length} SAs`);
    }
  }
  const [child] = [...world.west.children.keys()];
  await world.west.carry(world.west.engine.childExpired(child!, 'soft'));
  await world.run();
  world.checkTraffic();
});

fuzz('memory is flat over a flood', async () => {
  const world = await busyPair();
  const { random } = world;
  const originals = received(world, world.west);
  const flood = random.list(2000, 2000, () => {
    const like = random.pick(originals);
    return { like, bytes: mutation(random, like.bytes) };
  });
  world.filter = () => false;
  const round = async (): Promise<number> => {
    for (const { like, bytes } of flood) await inject(world.west, like, bytes);
    await world.run(60_000);
    for (const site of world.sites) site.events.length = 0;
    world.captured.length = 0;
    world.log.length = 0;
    return heapAfterCollection();
  };
  for (let i = 0; i < 3; i++) await round();
  const first = await round();
  for (let i = 0; i < 5; i++) await round();
  const grown = (await round()) - first;
  assert.ok(grown < 2 ** 20, `${grown} bytes`);
});

/** Mutations of what the site is about to receive, then the real thing. */
async function harass(world: World, site: Site): Promise<void> {
  const [expected] = world.heldFor(site);
  assert.ok(expected, `${site.name} expects nothing`);
  const genuine = expected!.datagram;
  for (let i = 0; i < PER_SITUATION; i++) {
    await inject(site, genuine, mutation(world.random, genuine.bytes));
  }
  assert.is(site.established.length, 0, 'established by a forgery');
}

fuzz(
  `${3 * WORLDS * PER_SITUATION} messages half-way establish nothing and prevent nothing`,
  async () => {
    for (let run = 1; run <= WORLDS; run++) {
      const world = new World(makeEngine, { seed: seedOf(run), settings: SETTINGS });
      world.holding = true;
      await world.east.carry(world.east.engine.start());
      // HDR, SAi1, KEi, Ni -->
      await world.deliver();
      //                         <-- HDR, SAr1, KEr, Nr
      await harass(world, world.east);
      if (world.heldFor(world.east).length > 0) await world.deliver(world.heldFor(world.east)[0]);
      if (world.heldFor(world.west).length > 0) {
        // HDR, SK {IDi, AUTH, SAi2, TSi, TSr} -->
        await harass(world, world.west);
        await world.deliver(world.heldFor(world.west)[0]);
        //                       <-- HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
        if (world.heldFor(world.east).length > 0) await harass(world, world.east);
      }
      world.release();
      await world.run(300_000);
      world.checkTraffic();
    }
  },
);

fuzz.run();
