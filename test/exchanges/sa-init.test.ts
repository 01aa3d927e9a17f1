// IKE_SA_INIT: every group and cipher, cookies, another group, nothing in common, repetitions.
// Shows peer.port, settings.ddos-cookie-threshold
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENCRYPTION } from '../../src/algorithms/encryption.js';
import { GROUP } from '../../src/algorithms/group.js';
import { INTEGRITY } from '../../src/algorithms/integrity.js';
import { both, newWorld } from './connected.js';

const init = suite('IKE_SA_INIT');

for (const { name } of GROUP) {
  init(`group ${name}`, async () => {
    const world = newWorld(both({ profile: { dhGroup: [name] } }));
    await world.establish();
    assert.ok(world.east.established[0]!.suite.endsWith(name));
  });
}
for (const row of ENCRYPTION.filter(({ profile }) => profile)) {
  for (const hash of INTEGRITY.filter(({ profile }) => profile)) {
    init(`${row.name} with ${hash.name}`, async () => {
      const profile = { encAlgorithm: [row.profile!], hashAlgorithm: [hash.name] };
      const world = newWorld(both({ profile }));
      await world.establish();
      assert.is(world.east.established[0]!.suite, `${row.name}/${hash.name}/x25519`);
    });
  }
}
for (const row of ENCRYPTION.filter(({ proposal }) => proposal)) {
  for (const mac of INTEGRITY.filter(({ proposal }) => proposal)) {
    if (row.aead !== (mac.keyBytes === 0)) continue;
    init(`ESP ${row.name} with ${mac.name}`, async () => {
      const proposal = { encAlgorithms: [row.proposal!], authAlgorithms: [mac.name] };
      const world = newWorld(both({ proposal }));
      await world.establish();
      const child = world.east.current(0)!;
      assert.equal([child.encryption, child.integrity], [row.name, mac.name]);
      assert.is(child.inbound.encryptionKey.length, row.keyBytes);
      assert.is(child.inbound.salt.length, row.saltBytes);
      assert.is(child.inbound.integrityKey.length, mac.keyBytes);
    });
  }
}

init('a responder under load asks for a cookie, and has no state until it comes back', async () => {
  const world = newWorld({ settings: { cookieThreshold: 0 } });
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  // HDR, SAi1, KEi, Ni --> N(COOKIE)
  await world.deliver();
  assert.is(world.west.peers.length, 0);
  world.release();
  await world.run();
  world.checkSettled();
  assert.equal(world.log, [
    'east: IKE_SA_INIT request 0',
    'west: IKE_SA_INIT response 0',
    'east: IKE_SA_INIT request 0',
    'west: IKE_SA_INIT response 0',
    'east: IKE_AUTH request 1',
    'west: IKE_AUTH response 1',
  ]);
});

init(
  'INVALID_KE_PAYLOAD: the initiator starts again with the group the responder chose',
  async () => {
    const world = newWorld({
      east: { profile: { dhGroup: ['x25519', 'modp2048', 'ecp256'] } },
      west: { profile: { dhGroup: ['ecp256', 'x25519'] } },
    });
    await world.establish();
    world.checkSettled();
    assert.ok(world.east.established[0]!.suite.endsWith('ecp256'));
    assert.is(world.log.filter((line) => line === 'east: IKE_SA_INIT request 0').length, 2);
  },
);

init('prf-algorithm: another function than that of hash-algorithm', async () => {
  const profile = { encAlgorithm: ['aes-128'], hashAlgorithm: ['sha256'], prfAlgorithm: 'sha512' };
  const world = newWorld(both({ profile }));
  await world.establish();
  world.checkSettled();
  assert.is(world.east.established[0]!.suite, 'aes-128-cbc/sha256/sha512/x25519');
  const other = newWorld({
    east: { profile },
    west: { profile: { ...profile, prfAlgorithm: 'sha256' } },
  });
  await other.east.carry(other.east.engine.start());
  await other.run();
  assert.is(other.west.peers.length, 0);
  assert.match(other.west.complaints().join(), /peer offers .*sha512/);
});

init('cookie and another group one after the other', async () => {
  const world = newWorld({
    east: { profile: { dhGroup: ['x25519', 'ecp256'] } },
    west: { profile: { dhGroup: ['ecp256'] } },
    settings: { cookieThreshold: 0 },
  });
  await world.establish();
  assert.ok(world.east.established[0]!.suite.endsWith('ecp256'));
});

init(
  'nothing in common: both logs say what is offered, what is allowed, what to change',
  async () => {
    const world = newWorld({
      east: { profile: { dhGroup: ['modp1024'] } },
      west: { profile: { dhGroup: ['modp2048', 'ecp256'] } },
    });
    await world.east.carry(world.east.engine.start());
    await world.run();
    assert.is(world.west.peers.length, 0, 'west keeps nothing');
    assert.match(
      world.west.complaints().join('\n'),
      /peer offers aes-128-gcm\/sha256\/modp1024; profile 'default' allows .*modp2048,ecp256.*no common key exchange group: peer offers modp1024; we allow modp2048, ecp256 \(dh-group\)/,
    );
    assert.match(world.east.complaints().join('\n'), /NO_PROPOSAL_CHOSEN: we offered .*modp1024/);
  },
);

init('a repeated first message gets the same answer and no second SA', async () => {
  const world = newWorld();
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  const [first] = world.held;
  await world.deliver();
  const answer = world.held[0]!.datagram.bytes;
  await world.west.carry(world.west.engine.receive(first!.datagram));
  assert.is(world.west.peers.length, 1);
  assert.equal(world.held[1]!.datagram.bytes, answer);
});

init('half-open SAs are bounded and forgotten', async () => {
  const world = newWorld({ settings: { halfOpenLimit: 1 } });
  world.filter = (from) => from === world.east;
  await world.east.carry(world.east.engine.start());
  await world.east.carry(world.east.engine.killConnections());
  await world.run(10_000);
  assert.is(world.west.peers.length, 1, 'the second first message is dropped');
  world.filter = () => false;
  await world.run(60_000);
  assert.is(world.west.peers.length, 0);
});

init('the first message goes to the port of the peer', async () => {
  const world = newWorld({ east: { peer: { port: 4001 } } });
  const step = await world.east.engine.start();
  assert.equal(
    step.send.map(({ remote }) => remote.port),
    [4001],
  );
});

init('a stranger gets nothing but a refusal', async () => {
  const world = newWorld({ west: { peer: { localAddress: undefined } } });
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  const { datagram } = world.held.shift()!;
  const stranger = { address: { family: 4 as const, value: 0xcb007101n }, port: 500 };
  const step = await world.west.carry(world.west.engine.receive({ ...datagram, remote: stranger }));
  assert.is(world.west.peers.length, 0);
  assert.is(step.send.length, 1);
  assert.match(world.west.complaints()[0]!, /203\.0\.113\.1 wants an IKE SA/);
});

init.run();
