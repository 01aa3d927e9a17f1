// AH in IKEv2 (RFC 7296 §3.3): negotiated, rekeyed, deleted under its own protocol number; not through
// a NAT, and not where the peer means ESP.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SiteOptions } from './databases.js';
import { address } from './databases.js';
import { both, connected, newWorld } from './connected.js';
import { natBeforeEast } from './nat-box.js';

const ah = suite('AH');
const AH: SiteOptions = {
  policy: { protection: 'ah' },
  proposal: { encAlgorithms: ['aes-128-gcm'], authAlgorithms: ['null', 'sha512', 'sha256'] },
};

ah(
  'an SA of integrity alone; rekeyed by either side, with a key exchange, and deleted',
  async () => {
    const { proposal } = AH;
    const world = await connected(
      both({ ...AH, proposal: { ...proposal, pfsGroup: 'x25519', esn: 'require' } }),
    );
    for (const site of world.sites) {
      const sa = site.current(0)!;
      assert.equal(
        [sa.protocol, sa.encryption, sa.integrity, sa.esn],
        ['ah', 'null', 'sha512', true],
      );
      assert.equal([sa.inbound.encryptionKey.length, sa.inbound.integrityKey.length], [0, 64]);
      await site.carry(site.engine.childExpired(sa.id, 'soft'));
      await world.run(5000);
      assert.is.not(site.current(0)!.id, sa.id);
      world.checkSettled();
    }
    await world.east.carry(world.east.engine.flush());
    await world.run(5000);
    assert.is(world.west.children.size, 0, 'west heard of it');
  },
);

ah('beside ESP under one IKE SA, each deleted as what it is', async () => {
  const world = await connected(
    both({
      ...AH,
      policy: {},
      policies: 2,
      eachPolicy: (policy) => ({
        ...policy,
        protection: policy.id === 0 ? 'esp' : 'ah',
        proposal: {
          ...policy.proposal,
          authAlgorithms: policy.id === 0 ? ['null'] : ['sha256'],
        },
      }),
    }),
  );
  await world.run(5000);
  world.checkSettled([0, 1]);
  assert.equal(
    [0, 1].map((id) => world.west.current(id)!.protocol),
    ['esp', 'ah'],
  );
  await world.west.carry(world.west.engine.flush());
  await world.run(5000);
  assert.is(world.east.children.size, 0);
});

ah('the peer means ESP: no proposal, and the log says what each has', async () => {
  const world = newWorld({
    east: AH,
    west: { proposal: { encAlgorithms: ['aes-128-cbc'], authAlgorithms: ['sha256'] } },
  });
  await world.east.carry(world.east.engine.start());
  await world.run(5000);
  assert.is(world.east.children.size + world.west.children.size, 0);
  assert.match(world.west.complaints().join(), /the peer offers AH only \(ipsec-protocols\)/);
});

ah('a NAT in between: not asked for, not granted, and why', async () => {
  const anywhere = { peer: { address: { address: address('0.0.0.0'), bits: 0 } } };
  const world = newWorld({ east: AH, west: { ...AH, ...anywhere } });
  natBeforeEast(world);
  await world.east.carry(world.east.engine.start());
  await world.run(2000);
  assert.is(world.east.children.size + world.west.children.size, 0);
  assert.match(
    world.east.complaints().join(),
    /ipsec-protocols=ah, but there is a NAT.*use ipsec-protocols=esp/,
  );
});

ah.run();
