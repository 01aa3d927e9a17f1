// CREATE_CHILD_SA: further children, replacement with and without a key exchange of its own.
// Shows peer.passive, proposal.esn
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { both, connected, newWorld } from './connected.js';
import type { World } from './world.js';

const create = suite('CREATE_CHILD_SA');

async function rekeyFirst(world: World, site = world.east): Promise<void> {
  await site.carry(site.engine.childExpired(site.current(0)!.id, 'soft'));
  await world.run();
}

create('every policy gets a child of its own, one request after the other', async () => {
  const world = newWorld(both({ policies: 3 }));
  await world.establish();
  world.checkSettled([0, 1, 2]);
  assert.is(world.log.filter((line) => line.startsWith('east: CREATE_CHILD_SA request')).length, 2);
});

create('acquire asks once, however often packets ask', async () => {
  const world = await connected({
    east: { policies: 2, peer: { passive: true } },
    west: { policies: 2 },
  }).catch(() => undefined);
  assert.is(world, undefined, 'a passive peer is not called by start');
  const traffic = newWorld({
    east: { policies: 2, peer: { passive: true } },
    west: { policies: 2 },
  });
  for (let i = 0; i < 5; i++) await traffic.east.carry(traffic.east.engine.acquire(1));
  await traffic.run();
  traffic.checkSettled([1]);
});

for (const pfsGroup of [undefined, 'ecp256', 'modp2048']) {
  create(
    `replacement, pfs-group=${pfsGroup ?? 'none'}: new keys, no gap, the old one goes`,
    async () => {
      const world = await connected(both({ proposal: { pfsGroup } }));
      const old = world.east.current(0)!;
      world.holding = true;
      await world.east.carry(world.east.engine.childExpired(old.id, 'soft'));
      // HDR, SK {N(REKEY_SA), SA, Ni, [KEi,] TSi, TSr} -->
      await world.deliver();
      assert.is(world.west.children.size, 2, 'west receives on both');
      assert.is(world.west.current(0)!.inbound.spi, old.outbound.spi, 'and still sends on the old');
      //   <-- HDR, SK {SA, Nr, [KEr,] TSi, TSr}
      await world.deliver();
      world.checkTraffic();
      const made = world.east.current(0)!;
      assert.is.not(made.id, old.id);
      assert.not.equal(made.outbound.encryptionKey, old.outbound.encryptionKey);
      // HDR, SK {D} -->   <-- HDR, SK {D}
      world.release();
      await world.run();
      world.checkSettled();
      // what either sent through the old one before it knew may still come
      assert.equal([...world.east.lingered], [old.id]);
      assert.is(world.west.lingered.size, 1);
    },
  );
}

create(
  'a child that nothing takes the place of receives nothing more once it is closed',
  async () => {
    const world = await connected();
    await world.east.carry(world.east.engine.childExpired(world.east.current(0)!.id, 'hard'));
    await world.run();
    assert.is(world.east.lingered.size + world.west.lingered.size, 0);
    await world.west.carry(world.west.engine.killConnections());
    await world.run();
    assert.is(world.east.lingered.size + world.west.lingered.size, 0);
  },
);

create('the responder sends on the new SA as soon as the initiator has', async () => {
  const world = await connected();
  const old = world.west.current(0)!;
  world.holding = true;
  await world.east.carry(world.east.engine.childExpired(world.east.current(0)!.id, 'soft'));
  await world.deliver();
  const made = [...world.west.children.keys()].find((id) => id !== old.id)!;
  await world.west.carry(world.west.engine.trafficSeen(made, world.now));
  assert.is(world.west.current(0)!.id, made);
});

create('the responder replaces as well', async () => {
  const world = await connected();
  await rekeyFirst(world, world.west);
  world.checkSettled();
  assert.is(world.west.history.length, 2);
});

create('pfs-group=none accepts a peer that insists on a key exchange', async () => {
  const world = await connected({ east: { proposal: { pfsGroup: 'x25519' } } });
  await rekeyFirst(world);
  world.checkSettled();
  assert.is(world.east.history.length, 2);
});

create(
  'compatible-with=windows: a child is replaced without a key exchange, whoever asks',
  async () => {
    const world = await connected({
      east: {
        proposal: { pfsGroup: undefined, authAlgorithms: ['sha1'], encAlgorithms: ['aes-256-cbc'] },
      },
      west: {
        peer: { compatibleWith: ['windows'] },
        proposal: {
          pfsGroup: 'modp2048',
          encAlgorithms: ['aes-128-gcm'],
          authAlgorithms: ['null'],
        },
      },
    });
    for (const site of [world.east, world.west]) await rekeyFirst(world, site);
    world.checkSettled();
    assert.is(world.east.history.length, 3);
    assert.ok(world.east.history.every(({ integrity }) => integrity === 'sha1'));
    assert.equal(world.west.complaints(), []);
  },
);

create('compatible-with: what a peer refuses is asked for with the next key exchange', async () => {
  const world = await connected({
    east: { proposal: { pfsGroup: 'modp1024' } },
    west: {
      peer: { compatibleWith: ['windows', 'routeros'] },
      proposal: { pfsGroup: 'modp2048' },
    },
  });
  for (const site of [world.west, world.east]) await rekeyFirst(world, site);
  world.checkSettled();
  assert.is(world.east.history.length, 3);
  assert.equal(world.west.complaints(), []);
  const asked = world.log.filter((line) => line.startsWith('west: CREATE_CHILD_SA request'));
  assert.is(asked.length, 2, 'first without, as windows does, then as routeros does');
});

create('another PFS group than ours: refused, told why, the old child stays', async () => {
  const world = await connected({
    east: { proposal: { pfsGroup: 'ecp256' } },
    west: { proposal: { pfsGroup: 'modp2048' } },
  });
  await rekeyFirst(world);
  world.checkSettled();
  assert.is(world.east.history.length, 1);
  assert.match(world.east.complaints().join('\n'), /NO_PROPOSAL_CHOSEN to the replacement/);
  assert.match(world.west.complaints().join('\n'), /no common key exchange group: .*\(pfs-group\)/);
});

create('a peer that guesses another group is asked again', async () => {
  const world = await connected({
    east: { profile: { dhGroup: ['x25519', 'ecp256'] }, proposal: { pfsGroup: 'ecp256' } },
    west: { profile: { dhGroup: ['x25519'] }, proposal: { pfsGroup: 'ecp256' } },
  });
  await rekeyFirst(world);
  world.checkSettled();
});

create('esn is agreed', async () => {
  const world = await connected(both({ proposal: { esn: 'yes' } }));
  assert.ok(world.east.current(0)!.esn);
  const one = await connected({ east: { proposal: { esn: 'yes' } } });
  assert.not.ok(one.east.current(0)!.esn);
});

create.run();
