// The IKE SA replaced: children move, message IDs start again, the old one goes.
// Shows profile.lifetime
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { both, connected } from './connected.js';

const rekey = suite('IKE SA replacement');
const DAY = 86_400_000;

for (const dhGroup of ['x25519', 'modp2048', 'ecp384']) {
  rekey(`at the soft lifetime, ${dhGroup}`, async () => {
    const world = await connected(both({ profile: { dhGroup: [dhGroup], lifetime: 3600 } }));
    const [before] = world.east.established;
    const child = world.east.current(0)!.id;
    await world.run(0.82 * 3600_000);
    world.checkSettled();
    const [after] = world.east.established;
    assert.is.not(after!.spii, before!.spii);
    assert.is(world.east.current(0)!.id, child, 'the child is the same');
    assert.is(after!.id, 'fqdn:west.example');
    // CREATE_CHILD_SA {SA, Ni, KEi} -->  <-- {SA, Nr, KEr}, then INFORMATIONAL {D} -->
    const requests = world.log.filter((line) => line.includes('request'));
    assert.is(requests.length % 2, 0, requests.join());
  });
}

rekey('the new IKE SA works: children are replaced under it', async () => {
  const world = await connected(both({ profile: { lifetime: 3600 } }));
  await world.run(0.82 * 3600_000);
  await world.west.carry(world.west.engine.childExpired(world.west.current(0)!.id, 'soft'));
  await world.run();
  world.checkSettled();
  assert.is(world.west.history.length, 2);
});

rekey('a day of short lifetimes: always one IKE SA, one child, traffic both ways', async () => {
  const world = await connected(both({ profile: { lifetime: 3600 }, proposal: { lifetime: 900 } }));
  for (let hour = 0; hour < 24; hour++) {
    await world.run(DAY / 24);
    world.checkTraffic();
    assert.is(world.east.established.length, 1);
  }
  assert.equal(world.east.complaints(), []);
  assert.equal(world.west.complaints(), []);
});

rekey.run();
