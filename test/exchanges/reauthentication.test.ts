// Authentication anew, make before break (RFC 4478): at no moment is a policy without an SA, further
// children go along, and what fails leaves the old IKE SA standing.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notify } from '../../src/ike/exchange.js';
import { N } from '../../src/wire/notifications.js';
import { INFORMATIONAL } from '../../src/wire/numbers.js';
import { both, connected } from './connected.js';
import { Insider } from './insider.js';
import type { World, WorldOptions } from './world.js';

const reauthentication = suite('reauthentication');

/** West, by its own keys, gives east that many seconds. */
async function limited(seconds: number, options: WorldOptions = {}): Promise<World> {
  const world = await connected(options);
  await world.run(100);
  const insider = new Insider(world, world.east);
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, seconds);
  const message = { exchangeType: INFORMATIONAL, messageId: 0 };
  await insider.send(insider.build(message, [notify(N.AUTH_LIFETIME, data)]));
  world.log.length = 0;
  return world;
}

/** In steps, with an SA at both ends after each. */
async function runCovered(world: World, ms: number, policies: readonly number[]): Promise<void> {
  for (let at = 0; at < ms; at += 5) {
    await world.run(5);
    for (const policy of policies) {
      for (const site of world.sites) assert.ok(site.current(policy), `${site.name} at ${at} ms`);
      for (const site of world.sites) {
        const { spi } = site.current(policy)!.outbound;
        assert.ok(world.other(site).inbound(spi), `${site.name} sends into the void at ${at} ms`);
      }
    }
  }
}

reauthentication('before the time is over another IKE SA takes over all children', async () => {
  const policies = [0, 1, 2];
  const world = await limited(10, { ...both({ policies: 3 }), link: { delayMs: 1 } });
  const before = world.east.established[0]!.spii;
  await runCovered(world, 10_000, policies);
  assert.ok(world.log.includes('east: IKE_SA_INIT request 0'));
  assert.is.not(world.east.established[0]!.spii, before);
  world.checkSettled(policies);
  assert.equal([...world.east.complaints(), ...world.west.complaints()], []);
  for (const site of world.sites) assert.is(site.lingered.size, 3, site.name);
  // One time only: the new IKE SA was given no limit.
  world.log.length = 0;
  await world.run(60_000);
  assert.not.ok(world.log.some((line) => line.includes('IKE_SA_INIT')));
});

reauthentication(
  'over a slow link that loses: the old one stands until the new one has all',
  async () => {
    for (const seed of [1, 2, 3, 4]) {
      const link = { delayMs: 300, loss: 0.2 };
      const world = await limited(60, {
        ...both({ policies: 2 }),
        seed,
        settings: { transmissions: 25 },
      });
      world.link = link;
      await runCovered(world, 50_000, [0, 1]);
      world.link = {};
      await runCovered(world, 60_000, [0, 1]);
      world.checkTraffic([0, 1]);
      world.checkMirrored();
      assert.is(world.east.established.length, 1);
    }
  },
);

reauthentication('an attempt that fails is made again while the old IKE SA stands', async () => {
  const world = await limited(100);
  const [old] = world.east.established;
  world.filter = (_, { bytes }) => bytes[18] !== 34; // no IKE_SA_INIT gets through
  await runCovered(world, 200_000, [0]);
  assert.is(world.east.established[0]!.spii, old!.spii);
  world.filter = () => true;
  await runCovered(world, 120_000, [0]);
  assert.is.not(world.east.established[0]!.spii, old!.spii);
  world.checkSettled();
});

reauthentication('the replacement of the IKE SA in between keeps the time', async () => {
  const world = await limited(3000, both({ profile: { lifetime: 1000 } }));
  await world.run(2900_000);
  const inits = world.log.filter((line) => line === 'east: IKE_SA_INIT request 0');
  assert.is(inits.length, 1);
  world.checkSettled();
});

reauthentication.run();
