// Both sides call, or traffic asks for what is refused: nothing doubles, nothing is hammered.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { newWorld } from './connected.js';

const double = suite('calling');

double('both sides call at once: one IKE SA remains, with every child', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const world = newWorld({
      seed,
      east: { policies: 3 },
      west: { policies: 3, peer: { passive: false } },
      link: { delayMs: 50 },
    });
    await world.east.carry(world.east.engine.start());
    await world.west.carry(world.west.engine.start());
    await world.run(120_000);
    assert.is(world.east.peers.length, 1, `seed ${seed}`);
    assert.is(world.west.peers.length, 1, `seed ${seed}`);
    world.checkTraffic([0, 1, 2]);
  }
});

double('a refused secret is not tried with every packet', async () => {
  const secret = new TextEncoder().encode('another');
  const world = newWorld({ east: { identity: { secret }, peer: { passive: true } } });
  for (let second = 0; second < 60; second++) {
    await world.east.carry(world.east.engine.acquire(0));
    await world.run(1000);
  }
  const calls = world.log.filter((line) => line === 'east: IKE_AUTH request 1').length;
  assert.ok(calls >= 3 && calls <= 7, `${calls} calls in a minute`);
});

double('a refused child is not asked for with every packet', async () => {
  const world = newWorld({ west: { policies: 0 } });
  await world.east.carry(world.east.engine.start());
  for (let second = 0; second < 60; second++) {
    await world.east.carry(world.east.engine.acquire(0));
    await world.run(1000);
  }
  const asked = world.log.filter((line) => line.startsWith('east: CREATE_CHILD_SA')).length;
  assert.ok(asked >= 1 && asked <= 4, `${asked} in a minute`);
});

double.run();
