// The same pair on a bad link: messages lost, doubled, late and out of order, by twenty seeds. Only the
// asker repeats (RFC 7296 §2.1), a repeated request is answered from memory (§2.1), one request at a
// time is under way (§2.3); and through hours of rekeying the tunnel is there at every look.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeHeader } from '../../src/wire/header.js';
import { Encrypted } from '../../src/wire/payloads/encrypted.js';
import { makeEngine } from './engine.js';
import type { Site } from './site.js';
import { type LinkOptions, World, type WorldOptions } from './world.js';

const lossy = suite('lossy link');
const HOUR = 3_600_000;
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

const LIFETIMES = { profile: { lifetime: 1800, dpdInterval: 30 }, proposal: { lifetime: 600 } };
const world = (seed: number, link: LinkOptions, options: WorldOptions = {}): World =>
  new World(makeEngine, { seed, link, east: LIFETIMES, west: LIFETIMES, ...options });

/** Runs until both ends are up, for at most some minutes. */
async function comeUp(pair: World): Promise<void> {
  await pair.east.carry(pair.east.engine.start());
  for (let i = 0; i < 60 && !pair.sites.every((site) => site.current(0)); i++) await pair.run(5000);
  pair.checkTraffic();
}

/** How many children an hour the lifetimes ask for, and some more for collisions. */
const childrenOf = (site: Site): number => site.history.length;

lossy('a link that only doubles and reorders loses nothing', async () => {
  for (const seed of SEEDS) {
    const pair = world(seed, { duplication: 0.5, delayMs: 400 });
    await comeUp(pair);
    await pair.run(HOUR);
    pair.checkSettled();
    assert.ok(
      childrenOf(pair.east) >= 6 && childrenOf(pair.east) <= 30,
      `${childrenOf(pair.east)}`,
    );
    assert.equal(pair.east.complaints(), []);
    assert.equal(pair.west.complaints(), []);
  }
});

/** With a third lost each way, fewer repetitions than these would give up by chance. */
const PATIENT = { ...LIFETIMES, profile: { ...LIFETIMES.profile, dpdMaximumFailures: 25 } };
const SETTINGS = { transmissions: 25, replacedMs: 900_000 };
const patient: WorldOptions = { east: PATIENT, west: PATIENT, settings: SETTINGS };

lossy('a third of the messages lost: hours of rekeying, and the tunnel is there', async () => {
  for (const seed of SEEDS) {
    const pair = world(seed, { loss: 0.33, duplication: 0.2, delayMs: 300 }, patient);
    await comeUp(pair);
    for (let minute = 0; minute < 180; minute++) {
      await pair.run(60_000);
      for (const site of pair.sites) {
        assert.ok(site.current(0), `seed ${seed}: ${site.name} has no SA in minute ${minute}`);
      }
    }
    pair.link = {};
    await pair.run(600_000);
    pair.checkTraffic();
    pair.checkMirrored();
  }
});

lossy('only the asker repeats, and with the same bytes', async () => {
  for (const seed of SEEDS) {
    const pair = world(seed, { loss: 0.4 }, patient);
    const seen = new Map<string, string>();
    pair.filter = (from, { bytes }) => {
      const { spiInitiator, nextPayload, messageId, flags } = decodeHeader(bytes);
      // IKE_SA_INIT and words about unknown SPIs have no keys to hurt.
      if (nextPayload !== Encrypted.number) return true;
      const key = [from.name, spiInitiator, flags.response, messageId].join();
      const text = Buffer.from(bytes).toString('hex');
      assert.is(text, seen.get(key) ?? text, `${key} changed`);
      seen.set(key, text);
      return true;
    };
    await comeUp(pair);
    await pair.run(HOUR);
  }
});

lossy(
  'no message gets an answer: the initiator gives up, says so, and begins again later',
  async () => {
    const pair = world(1, { loss: 1 });
    await pair.east.carry(pair.east.engine.start());
    await pair.run(100_000);
    assert.ok(pair.east.complaints().length > 0, 'nothing was said');
    assert.is(pair.east.established.length, 0);
    const sent = pair.east.sent;
    assert.ok(sent >= 5 && sent <= 12, `${sent} messages in 100 s`);
    pair.link = {};
    await pair.run(240_000);
    pair.checkTraffic();
  },
);

lossy('the peer dies: liveness finds it, the SAs go, and it comes back by itself', async () => {
  const pair = world(3, {});
  await comeUp(pair);
  pair.filter = (from) => from !== pair.west;
  await pair.run(400_000);
  assert.is(pair.east.children.size, 0, 'children of a dead peer');
  pair.filter = () => true;
  await pair.run(300_000);
  pair.checkTraffic();
});

lossy.run();
