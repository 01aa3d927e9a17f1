// Transport mode in IKEv2 (RFC 7296 §1.3.1): asked for, granted, declined, refused; and the addresses
// behind a NAT (§2.23.1).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Policy } from '../../src/policy/database.js';
import { formatSelector } from '../../src/policy/selector.js';
import { both, connected, newWorld } from './connected.js';
import { address, EAST, type SiteOptions, WEST } from './databases.js';
import { NAT_ADDRESS, natBeforeEast } from './nat-box.js';
import type { Site } from './site.js';
import type { World } from './world.js';

const transport = suite('transport mode');
const host = (value: typeof EAST): Policy['src'] => ({ address: value, bits: 32 });
const BETWEEN = {
  east: { src: host(EAST), dst: host(WEST) },
  west: { src: host(WEST), dst: host(EAST) },
};

/** Policies between the hosts' own addresses, in transport mode unless said otherwise. */
const hosts = (
  east: Partial<Policy> = {},
  west: Partial<Policy> = east,
  more: SiteOptions = {},
): { east: SiteOptions; west: SiteOptions } => ({
  east: { ...more, policy: { ...BETWEEN.east, tunnel: false, ...east } },
  west: { ...more, policy: { ...BETWEEN.west, tunnel: false, ...west } },
});

const selectorsOf = (site: Site): string[] => {
  const { localSelectors, remoteSelectors } = site.current(0)!;
  return [...localSelectors, ...remoteSelectors].map(formatSelector);
};
const modes = (world: World): (string | undefined)[] =>
  world.sites.map((site) => site.current(0)?.mode);

transport('in IKE_AUTH, after a rekey by either side, and after one of the IKE SA', async () => {
  const world = await connected(hosts());
  world.checkSettled();
  assert.equal(modes(world), ['transport', 'transport']);
  assert.equal(selectorsOf(world.east), ['192.0.2.1', '192.0.2.2']);
  for (const site of world.sites) {
    const before = site.current(0)!;
    await site.carry(site.engine.childExpired(before.id, 'soft'));
    await world.run(5000);
    assert.is.not(site.current(0)!.id, before.id);
    assert.equal(modes(world), ['transport', 'transport']);
    assert.is(site.current(0)!.original, undefined);
  }
  world.checkSettled();
});

transport(
  'a further child by CREATE_CHILD_SA; ports and protocol of the policy are kept',
  async () => {
    const world = await connected({
      ...hosts({ protocol: 17, dstPort: 53 }, { protocol: 17, srcPort: 53 }),
    });
    assert.equal(selectorsOf(world.east), [
      '192.0.2.1 protocol 17',
      '192.0.2.2 protocol 17 port 53',
    ]);
    const { id } = world.east.current(0)!;
    await world.east.carry(world.east.engine.flush());
    await world.run(5000);
    await world.east.carry(world.east.engine.acquire(0));
    await world.run(1000);
    assert.is.not(world.east.current(0)!.id, id);
    assert.equal(modes(world), ['transport', 'transport']);
  },
);

transport('a wider policy: the SA is for the two ends alone', async () => {
  const wide = { dst: { address: address('0.0.0.0'), bits: 0 } };
  const world = await connected(hosts({}, wide));
  assert.equal(selectorsOf(world.west), ['192.0.2.2', '192.0.2.1']);
});

transport('asked for and declined: tunnel mode is not taken instead, it is closed', async () => {
  const world = newWorld(hosts({}, { tunnel: true }));
  await world.east.carry(world.east.engine.start());
  await world.run(10_000);
  assert.is(world.east.children.size, 0);
  assert.is(world.west.children.size, 0, 'the peer heard of it');
  assert.is(world.west.history[0]!.mode, 'tunnel');
  assert.is(world.east.established.length, 1, 'the IKE SA stands');
  assert.match(
    world.east.complaints().join(),
    /policy 0, which has tunnel=no: it is closed; .*set tunnel/,
  );
  // asked again later by traffic, now in an exchange of its own
  await world.run(3_600_000);
  await world.east.carry(world.east.engine.acquire(0));
  await world.run(10_000);
  assert.ok(world.west.history.length > 1);
  assert.is(world.east.children.size + world.west.children.size, 0);
});

transport('tunnel mode asked for, tunnel=no here: refused with what to change', async () => {
  const world = newWorld(hosts({ tunnel: true }, {}));
  await world.east.carry(world.east.engine.start());
  await world.run(10_000);
  assert.is(world.east.children.size + world.west.children.size, 0);
  assert.match(
    world.west.complaints().join(),
    /asks for tunnel mode; policy 0 has tunnel=no; .*set tunnel here/,
  );
  assert.match(world.east.complaints().join(), /NO_PROPOSAL_CHOSEN/);
});

transport('per policy: one of each to the same peer', async () => {
  const world = await connected(
    both({
      policies: 3,
      eachPolicy: (policy, side) =>
        policy.id === 1 ? { ...policy, ...BETWEEN[side], tunnel: false } : policy,
    }),
  );
  await world.run(10_000);
  assert.equal(
    [0, 1, 2].map((id) => world.east.current(id)?.mode),
    ['tunnel', 'transport', 'tunnel'],
  );
  world.checkSettled([0, 1, 2]);
});

// ---- NAT -----------------------------------------------------------------------------------------

const anywhere = { address: { address: address('0.0.0.0'), bits: 0 } };
const behindNat = (): World => {
  const { east, west } = hosts({}, { dst: host(NAT_ADDRESS) });
  return newWorld({ east, west: { ...west, peer: anywhere } });
};

transport(
  'NAT in front of the initiator: each side has its own addresses, and knows the other ones',
  async () => {
    const world = behindNat();
    natBeforeEast(world);
    await world.east.carry(world.east.engine.start());
    await world.run();
    assert.equal(modes(world), ['transport', 'transport']);
    assert.equal(selectorsOf(world.east), ['192.0.2.1', '192.0.2.2']);
    assert.equal(selectorsOf(world.west), ['192.0.2.2', '203.0.113.9']);
    assert.equal(world.west.current(0)!.original, { local: WEST, remote: EAST });
    assert.equal(world.east.current(0)!.original, { local: NAT_ADDRESS, remote: WEST });
  },
);

transport('NAT in front of the initiator: rekeyed from either side', async () => {
  const world = behindNat();
  natBeforeEast(world);
  await world.east.carry(world.east.engine.start());
  await world.run();
  for (const site of world.sites) {
    const { id } = site.current(0)!;
    await site.carry(site.engine.childExpired(id, 'soft'));
    await world.run(5000);
    assert.is.not(site.current(0)!.id, id, site.name);
    assert.equal(modes(world), ['transport', 'transport']);
    assert.equal(world.west.current(0)!.original, { local: WEST, remote: EAST }, site.name);
    assert.equal(world.east.current(0)!.original, { local: NAT_ADDRESS, remote: WEST }, site.name);
    assert.equal(selectorsOf(world.west), ['192.0.2.2', '203.0.113.9']);
  }
});

transport('NAT: in tunnel mode addresses are what they say', async () => {
  const world = newWorld({ ...both({}), west: { peer: anywhere } });
  natBeforeEast(world);
  await world.east.carry(world.east.engine.start());
  await world.run();
  for (const site of world.sites) assert.is(site.current(0)!.original, undefined);
});

transport.run();
