// Other databases for running engines: what the change does not touch keeps its SAs, the rest goes
// with a DELETE and comes back as configured.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Databases } from '../../src/policy/database.js';
import { reconcile } from '../../src/policy/reconcile.js';
import { both, connected, newWorld } from './connected.js';
import { databases, type SiteOptions } from './databases.js';
import type { Site } from './site.js';
import type { World } from './world.js';

const change = suite('reconfigure');

/** Both sites get new databases; which policies stay is what the daemon would find. */
async function reconfigure(world: World, before: SiteOptions, after: SiteOptions): Promise<void> {
  for (const side of ['west', 'east'] as const) {
    await apply(world[side], databases(side, before), databases(side, after));
  }
  await world.run();
}

const apply = (site: Site, before: Databases, after: Databases): Promise<unknown> =>
  site.carry(site.engine.reconfigure(reconcile(before, after, before.policies.length)));

const spis = (site: Site): number[] =>
  [...site.children.values()].map(({ sa }) => sa.inbound.spi).sort((a, b) => a - b);

change('the same databases: no message, the same SAs', async () => {
  const world = await connected(both({ policies: 2 }));
  const before = [spis(world.east), spis(world.west)];
  await reconfigure(world, { policies: 2 }, { policies: 2 });
  assert.equal([spis(world.east), spis(world.west)], before);
  assert.equal(world.log, []);
});

change('a policy more: its child joins the others', async () => {
  const world = await connected(both({ policies: 2 }));
  const before = spis(world.east);
  await reconfigure(world, { policies: 2 }, { policies: 3 });
  assert.is(world.east.children.size, 3);
  assert.ok(before.every((spi) => spis(world.east).includes(spi)));
  world.checkSettled([0, 1, 2]);
});

change('a policy less: its child goes, the others stay', async () => {
  const world = await connected(both({ policies: 3 }));
  const before = spis(world.east);
  await reconfigure(world, { policies: 3 }, { policies: 2 });
  assert.is(world.east.children.size, 2);
  assert.is(world.west.children.size, 2);
  assert.ok(spis(world.east).every((spi) => before.includes(spi)));
  assert.ok(
    world.log.every((line) => !line.includes('IKE_SA_INIT')),
    world.log.join(),
  );
});

change('a policy goes while its replacement is on the way: nothing of it is left', async () => {
  const world = await connected(both({ policies: 2 }));
  const doomed = world.east.current(1)!;
  world.holding = true;
  await world.east.carry(world.east.engine.childExpired(doomed.id, 'soft'));
  const [before, after] = [{ policies: 2 }, { policies: 1 }];
  await apply(world.east, databases('east', before), databases('east', after));
  world.release();
  await world.run();
  await apply(world.west, databases('west', before), databases('west', after));
  await world.run();
  assert.equal(
    [...world.east.children.values(), ...world.west.children.values()].map(({ sa }) => sa.policy),
    [0, 0],
  );
});

change('another secret on both sides: the old IKE SA is deleted, a new one comes up', async () => {
  const world = await connected();
  const before = spis(world.east);
  const identity = { secret: new TextEncoder().encode('another secret of the tests') };
  await reconfigure(world, {}, { identity });
  await world.run(10_000);
  assert.is(world.east.peers.filter(({ state }) => state === 'established').length, 1);
  assert.ok(spis(world.east).every((spi) => !before.includes(spi)));
  assert.ok(
    world.log.some((line) => line.includes('INFORMATIONAL')),
    'the peer was told',
  );
  world.checkSettled();
});

change('a peer that is no more is left, and not called again', async () => {
  const world = await connected();
  const before = databases('east');
  await apply(world.east, before, {
    peers: [],
    identities: [],
    users: [],
    policies: [],
    templates: [],
    pools: [],
  });
  await world.run(300_000);
  assert.equal(world.east.peers, []);
  assert.is(world.east.children.size, 0);
  assert.ok(!world.log.some((line) => line.includes('IKE_SA_INIT')), world.log.join());
});

change('a peer that was never there is called', async () => {
  const world = newWorld();
  const none = { peers: [], identities: [], users: [], policies: [], templates: [], pools: [] };
  for (const side of ['west', 'east'] as const) await apply(world[side], databases(side), none);
  await world.run();
  assert.equal(world.log, []);
  await apply(world.west, none, databases('west'));
  await apply(world.east, none, databases('east'));
  await world.run();
  assert.is(world.east.peers[0]?.state, 'established');
});

change('a call under way for a policy that is no more begins again for another', async () => {
  const world = newWorld(both({ policies: 2 }));
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  const one = databases('east', { policies: 2 });
  await apply(world.east, one, { ...one, policies: one.policies.slice(1) });
  world.release();
  await world.run(5000);
  assert.is(world.east.children.size, 1);
  assert.is(world.east.current(1)?.policy, 1);
});

change.run();
