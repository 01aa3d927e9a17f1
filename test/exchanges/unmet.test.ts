// Packets wait in the data plane for an SA that they made the engine ask for: when none is to be had, the
// step says so, for every policy that it concerns.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { newWorld } from './connected.js';
import type { World, WorldOptions } from './world.js';

const unmet = suite('unmet');
const passive = (west: WorldOptions['west'] = {}): World =>
  newWorld({ east: { policies: 2, peer: { passive: true } }, west: { policies: 2, ...west } });

/** The policies that east's engine gave up, step by step, while the world runs to its end. */
function givenUp({ east }: World): number[] {
  const found: number[] = [];
  const carry = east.carry.bind(east);
  east.carry = async (pending) => {
    const step = await carry(pending);
    found.push(...step.unmet);
    return step;
  };
  return found;
}

unmet('an SA that comes up: nothing is given up', async () => {
  const world = passive();
  const found = givenUp(world);
  await world.east.carry(world.east.engine.acquire(1));
  await world.run();
  world.checkSettled([1]);
  assert.equal(found, []);
});

unmet('the peer refuses the child alone', async () => {
  const world = passive({ proposal: { encAlgorithms: ['aes-256-gcm'] } });
  const found = givenUp(world);
  await world.east.carry(world.east.engine.acquire(1));
  await world.run();
  assert.equal(found, [1]);
  // asked again a moment later: not yet
  await world.east.carry(world.east.engine.acquire(1));
  assert.equal(found, [1, 1]);
});

unmet('the peer refuses us, or does not answer: no policy of its can have one', async () => {
  for (const wrong of ['secret', 'silence'] as const) {
    const world = passive(wrong === 'secret' ? { identity: { secret: new Uint8Array(9) } } : {});
    if (wrong === 'silence') world.link = { ...world.link, loss: 1 };
    const found = givenUp(world);
    await world.east.carry(world.east.engine.acquire(0));
    await world.run(600_000);
    assert.equal([...new Set(found)].sort(), [0, 1], wrong);
  }
});

unmet('no such policy, or a peer that cannot be called', async () => {
  const world = passive();
  const found = givenUp(world);
  await world.east.carry(world.east.engine.acquire(7));
  assert.equal(found, [7]);
});

unmet.run();
