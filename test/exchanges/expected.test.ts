// What the data plane hears of SPIs: which inbound ones an SA may come for while an answer is under way,
// and which IKE SAs stand. However a negotiation ends, nothing is expected afterwards.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../../src/policy/address.js';
import { both, connected } from './connected.js';
import { address, EAST, WEST } from './databases.js';
import { makeEngine } from './engine.js';
import { World } from './world.js';

const expected = suite('exchanges/expected');

expected('IKE_AUTH: what we offered is expected from the peer until its SA is there', async () => {
  const world = new World(makeEngine);
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  await world.deliver();
  await world.deliver();
  const [[spi, from]] = [...world.east.expected] as [[number, string]];
  assert.is(from, formatAddress(WEST));
  assert.equal([...world.west.expected], []);
  await world.deliver();
  // the peer may send from here on, and we have not read its answer
  assert.is(world.west.current(0)!.outbound.spi, spi);
  assert.is(world.east.expected.size, 1);
  await world.deliver();
  assert.is(world.east.inbound(spi)?.inbound.spi, spi);
  assert.is(world.east.expected.size, 0);
});

for (const [what, filter] of Object.entries({
  'no answer comes': () => false,
  'the peer forgets it': (text: string) => !text.startsWith('west: IKE_AUTH'),
})) {
  expected(`IKE_AUTH, ${what}: expected no more`, async () => {
    const world = new World(makeEngine);
    let seen = 0;
    world.filter = () => {
      seen = Math.max(seen, world.east.expected.size);
      const sent = world.log.at(-1)!;
      return sent.includes('IKE_SA_INIT') || filter(sent);
    };
    await world.east.carry(world.east.engine.start());
    await world.run(3_600_000);
    assert.is(seen, 1);
    assert.is(world.east.established.length, 0);
    await world.east.carry(world.east.engine.shutdown());
    await world.run(60_000);
    assert.is(world.east.expected.size, 0);
    assert.equal([...world.east.ikeSpis], []);
  });
}

expected('CREATE_CHILD_SA: refused, asked again, made: each offer ends', async () => {
  const unlike = { proposal: { pfsGroup: 'x25519' } };
  const world = await connected({ ...both(unlike), west: { proposal: { pfsGroup: 'ecp256' } } });
  const { east } = world;
  const seen = new Set<number>();
  world.filter = () => {
    for (const spi of east.expected.keys()) seen.add(spi);
    return true;
  };
  await east.carry(east.engine.childExpired(east.current(0)!.id, 'soft'));
  await world.run();
  assert.ok(seen.size > 0);
  assert.is(east.expected.size, 0);
  const good = await connected();
  await good.west.carry(good.west.engine.childExpired(good.west.current(0)!.id, 'soft'));
  await good.run();
  assert.is(good.west.history.length, 2);
  assert.is(good.west.expected.size, 0);
});

expected('the peer moves before it has answered: expected from where it is now', async () => {
  const elsewhere = address('192.0.2.77');
  const roaming = { mobike: true, localAddress: undefined };
  const anywhere = { address: { address: address('0.0.0.0'), bits: 0 } };
  const world = await connected({
    east: { peer: roaming },
    west: { peer: { ...roaming, ...anywhere } },
  });
  const { west, east } = world;
  world.holding = true;
  await west.carry(west.engine.childExpired(west.current(0)!.id, 'soft'));
  const [spi] = west.expected.keys();
  assert.is(west.expected.get(spi!), formatAddress(EAST));
  world.routes.east = elsewhere;
  await east.carry(east.engine.addressesChanged([elsewhere]));
  await world.deliver(world.heldFor(west)[0]);
  assert.is(west.expected.get(spi!), formatAddress(elsewhere));
  world.release();
  await world.run(5000);
  assert.is(west.expected.size, 0);
});

expected('IKE SPIs: of all IKE SAs that stand, and of no other', async () => {
  const world = await connected(both({ profile: { lifetime: 3600 } }));
  const check = (): void => {
    for (const site of world.sites) {
      assert.is(site.ikeSpis.size, site.peers.length);
      for (const { spii, spir } of site.peers) {
        const ours = [spii, spir].filter((spi) => site.ikeSpis.has(BigInt(`0x${spi}`)));
        assert.is(ours.length, 1, 'one of the two');
        assert.not(world.other(site).ikeSpis.has(BigInt(`0x${ours[0]}`)), 'the other is theirs');
      }
    }
  };
  const first = world.east.peers[0]!.spii;
  for (let i = 0; i < 20; i++) {
    check();
    await world.run(600_000); // through replacements of the IKE SA
  }
  assert.is.not(world.east.peers[0]!.spii, first);
  await world.east.carry(world.east.engine.killConnections());
  await world.run();
  check();
});

expected.run();
