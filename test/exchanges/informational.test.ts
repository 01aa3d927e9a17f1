// INFORMATIONAL: deletion, liveness, and what time does: retransmission, lifetimes, reconnection.
// Shows proposal.lifetime, proposal.lifebytes
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { both, connected, newWorld } from './connected.js';

const information = suite('INFORMATIONAL');

information('shutdown deletes everything at both ends and starts nothing', async () => {
  const world = await connected();
  // HDR, SK {D(IKE)} -->   <-- HDR, SK {}
  await world.east.carry(world.east.engine.shutdown());
  assert.is(world.east.children.size, 0, 'at once');
  await world.run(600_000);
  for (const site of world.sites) assert.is(site.peers.length + site.children.size, 0, site.name);
  assert.is(world.log.length, 2);
});

information('a delete waits for the answer to the request before it (§2.3)', async () => {
  const world = await connected();
  const start = world.log.length;
  let lost = 0;
  world.filter = (from) => from !== world.east || lost++ > 0;
  // HDR, SK {D(ESP)} -->X   then the end is wished for: no second request goes out before its answer
  await world.east.carry(world.east.engine.flush());
  await world.east.carry(world.east.engine.shutdown());
  assert.is(world.east.children.size, 0, 'nothing is carried any more');
  await world.run(10_000);
  assert.equal(world.log.slice(start), [
    'east: INFORMATIONAL request 2',
    'east: INFORMATIONAL request 2',
    'west: INFORMATIONAL response 2',
    'east: INFORMATIONAL request 3',
    'west: INFORMATIONAL response 3',
  ]);
  for (const site of world.sites) assert.is(site.peers.length, 0, `${site.name} has none left`);
});

information('kill-connections: the peer is called again', async () => {
  const world = await connected();
  const before = world.east.established[0]!.spii;
  const step = await world.east.engine.killConnections();
  assert.is(step.killed, 1);
  await world.east.carry(Promise.resolve(step));
  await world.run(10_000);
  world.checkSettled();
  assert.is.not(world.east.established[0]!.spii, before);
});

information('kill-connections of one: by its identity as it is shown, or by an SPI', async () => {
  const world = await connected();
  const { engine, established } = world.west;
  const [{ spii, spir, id }] = established as [(typeof established)[0]];
  const other = `${spii.slice(0, 15)}${spii.endsWith('0') ? '1' : '0'}`;
  for (const none of [{ id: 'fqdn:other.example' }, { spi: other }, { peer: 'nobody', id }]) {
    assert.is((await engine.killConnections(none)).killed, 0, JSON.stringify(none));
  }
  assert.is((await engine.killConnections({ peer: 'east', id, spi: `0x${spir}` })).killed, 1);
  assert.is(world.west.established.length, 0);
});

information('kill-connections of some: by both SPIs, as active-peers shows them', async () => {
  const world = await connected();
  const { engine, established } = world.west;
  const [{ spii, spir }] = established as [(typeof established)[0]];
  for (const connections of ['', `${spir}-${spii}`, `${spii}-${spii}`, `${spii}`]) {
    assert.is((await engine.killConnections({ connections })).killed, 0, connections);
  }
  const connections = `${spir}-${spii},${spii}-${spir}`;
  assert.is((await engine.killConnections({ connections })).killed, 1);
  assert.is(world.west.established.length, 0);
});

information('the responder deletes: the initiator calls again', async () => {
  const world = await connected();
  await world.west.carry(world.west.engine.killConnections());
  await world.run(10_000);
  world.checkSettled();
});

information('flush deletes children at both ends; traffic asks for new ones', async () => {
  const world = await connected();
  const step = await world.east.engine.flush();
  assert.is(step.flushed, 1);
  await world.east.carry(Promise.resolve(step));
  await world.run();
  assert.is(world.west.children.size, 0);
  assert.is(world.west.established.length, 1, 'the IKE SA stays');
  await world.east.carry(world.east.engine.acquire(0));
  await world.run();
  world.checkSettled();
});

information('a hard limit removes the child and tells the peer', async () => {
  const world = await connected();
  await world.east.carry(world.east.engine.childExpired(world.east.current(0)!.id, 'hard'));
  await world.run();
  assert.is(world.east.children.size + world.west.children.size, 0);
});

information(
  'liveness: asked after dpd-interval of silence, not while there is traffic',
  async () => {
    const world = await connected({ east: { profile: { dpdInterval: 10 } } });
    await world.run(9000);
    assert.equal(world.log, []);
    await world.east.carry(world.east.engine.trafficSeen(world.east.current(0)!.id, world.now));
    await world.run(9000);
    assert.equal(world.log, [], 'traffic is proof of life');
    await world.run(2000);
    // HDR, SK {} -->   <-- HDR, SK {}
    assert.equal(world.log, ['east: INFORMATIONAL request 2', 'west: INFORMATIONAL response 2']);
  },
);

information(
  'a dead peer: everything goes, the log says so, it is called until it is back',
  async () => {
    const world = await connected({
      east: { profile: { dpdInterval: 10, dpdMaximumFailures: 3 } },
    });
    world.filter = () => false;
    await world.run(10_000 + 7_000 + 1000);
    assert.is(world.east.children.size, 0);
    assert.match(world.east.complaints().join('\n'), /peer is dead: no answer to 3 transmissions/);
    await world.run(300_000);
    assert.is(world.east.established.length, 0);
    world.filter = () => true;
    await world.run(240_000);
    assert.is(world.east.established.length, 1);
    world.checkTraffic();
  },
);

information('retransmissions are the same bytes, 1, 2, 4 … s apart', async () => {
  const world = newWorld();
  const at: number[] = [];
  const bytes: Uint8Array[] = [];
  world.filter = (_from, datagram) => {
    at.push(world.now);
    bytes.push(datagram.bytes);
    return false;
  };
  await world.east.carry(world.east.engine.start());
  await world.run(62_000);
  assert.equal(
    at.slice(1).map((time, i) => time - at[i]!),
    [1000, 2000, 4000, 8000, 16_000, 30_000],
  );
  for (const copy of bytes) assert.equal(copy, bytes[0]);
  await world.run(31_000);
  assert.match(
    world.east.complaints().join('\n'),
    /does not answer ike-sa-init after 7 transmissions/,
  );
});

information('a link that loses, doubles and reorders ends as a good one does', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const link = { loss: 0.3, duplication: 0.3, delayMs: 700 };
    const site = { policies: 2, profile: { lifetime: 3600 }, proposal: { lifetime: 1800 } };
    const world = newWorld({ seed, link, ...both(site) });
    await world.east.carry(world.east.engine.start());
    await world.run(7_200_000);
    world.link = {};
    await world.run(300_000);
    world.checkTraffic([0, 1]);
  }
});

information('a byte limit is a share of lifebytes', async () => {
  const world = await connected(both({ proposal: { lifebytes: 1000 } }));
  const { lifetime } = world.east.current(0)!;
  assert.is(lifetime.hardBytes, 1000);
  assert.ok(lifetime.softBytes >= 700 && lifetime.softBytes <= 800);
});

information.run();
