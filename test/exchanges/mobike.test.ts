// MOBIKE (RFC 4555): who changes its address takes the IKE SA and the children along; ESP follows once
// the new place has answered; nobody else can lead it anywhere.
// Shows peer.mobike
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Datagram } from '../../src/ike/step.js';
import { type Address, formatAddress, sameAddress } from '../../src/policy/address.js';
import { N } from '../../src/wire/notifications.js';
import { INFORMATIONAL } from '../../src/wire/numbers.js';
import { notify } from '../../src/ike/exchange.js';
import { newWorld } from './connected.js';
import { address, EAST, WEST } from './databases.js';
import { Insider } from './insider.js';
import { natBeforeEast } from './nat-box.js';
import type { World, WorldOptions } from './world.js';

const mobike = suite('MOBIKE');

const NEW = address('198.51.100.7');
const OTHER = address('198.51.100.8');
const FAR = address('203.0.113.77');
/** Each takes the other from anywhere, and the route says which address is its own. */
const roaming = (more: object = {}) => ({
  peer: { mobike: true, localAddress: undefined, ...more },
});
const OPTIONS: WorldOptions = {
  east: roaming(),
  west: roaming({ address: { address: address('0.0.0.0'), bits: 0 } }),
};

/** A network that carries only from and to addresses that are there. */
function obeyAddresses(world: World): void {
  world.filter = (from, { local, remote }: Datagram) => {
    const [own, other] =
      from === world.east ? (['east', 'west'] as const) : (['west', 'east'] as const);
    const at = (side: 'east' | 'west', one: Address) =>
      world.routes[side] !== undefined && sameAddress(world.routes[side]!, one);
    return at(own, local.address) && at(other, remote.address);
  };
}

async function up(options: WorldOptions = OPTIONS): Promise<World> {
  const world = newWorld(options);
  obeyAddresses(world);
  await world.establish();
  world.log.length = 0;
  return world;
}

async function move(world: World, side: 'east' | 'west', to: Address): Promise<void> {
  world.routes[side] = to;
  await world[side].carry(world[side].engine.addressesChanged([to]));
}

const at = (world: World, side: 'east' | 'west') => {
  const child = world[side].current(0)!;
  return `${formatAddress(child.local.address)} ${formatAddress(child.remote.address)}`;
};

mobike('the initiator moves: UPDATE_SA_ADDRESSES, then COOKIE2, then ESP', async () => {
  const world = await up();
  assert.is(world.east.current(0)!.local.port, 4500);
  await move(world, 'east', NEW);
  assert.is(at(world, 'east'), '198.51.100.7 192.0.2.2');
  assert.is(at(world, 'west'), '192.0.2.2 192.0.2.1');
  await world.run(500);
  assert.is(at(world, 'west'), '192.0.2.2 198.51.100.7');
  assert.equal(world.log, [
    'east: INFORMATIONAL request 2',
    'west: INFORMATIONAL response 2',
    'west: INFORMATIONAL request 0',
    'east: INFORMATIONAL response 0',
  ]);
  for (const site of world.sites) assert.not.ok(site.current(0)!.udpEncapsulation);
  world.checkSettled();
  assert.is(world.west.established[0]!['remote-address'], '198.51.100.7');
  await world.east.carry(world.east.engine.childExpired(1, 'soft'));
  await world.run();
  world.checkSettled();
  assert.equal([...world.east.complaints(), ...world.west.complaints()], []);
});

mobike('again and again, while the network is away and while the last is under way', async () => {
  const world = await up();
  for (let round = 0; round < 20; round++) {
    await move(world, 'east', round % 2 === 0 ? NEW : OTHER);
    if (round % 3 === 0) await world.run(round * 100);
  }
  await world.run(5000);
  world.checkSettled();
  world.routes.east = undefined; // no network
  await world.east.carry(world.east.engine.addressesChanged([]));
  await world.run(20_000);
  await move(world, 'east', NEW);
  await world.run(5000);
  world.checkSettled();
  assert.is(world.east.history.length, 1, 'a new child was made');
});

mobike(
  'with a request under way that the old place lost: it goes out from the new one',
  async () => {
    const world = await up();
    world.routes.east = undefined;
    await world.east.carry(world.east.engine.childExpired(1, 'soft'));
    await world.run(12_000);
    await move(world, 'east', NEW);
    await world.run(1000);
    world.checkSettled();
  },
);

mobike('an IKE SA that replaced another moves too', async () => {
  const world = await up();
  await world.run(36_000_000 * 0.85);
  await move(world, 'east', NEW);
  await world.run(1000);
  world.checkSettled();
  assert.is(at(world, 'west'), '192.0.2.2 198.51.100.7');
});

mobike('behind a NAT: ESP goes into UDP, and what maps it anew is found', async () => {
  const dpd = { profile: { dpdInterval: 30 } };
  const world = newWorld({ east: { ...OPTIONS.east, ...dpd }, west: OPTIONS.west! });
  await world.establish();
  const box = natBeforeEast(world);
  world.routes.east = NEW;
  await world.east.carry(world.east.engine.addressesChanged([NEW, EAST]));
  await world.run(1000);
  for (const site of world.sites) assert.ok(site.current(0)!.udpEncapsulation, site.name);
  assert.equal(world.west.current(0)!.remote, box.endpoint(4500));
  await world.run(60_000);
  assert.ok(world.east.keepalives >= 2);
  box.rebind();
  await world.run(60_000);
  assert.equal(world.west.current(0)!.remote, box.endpoint(4500));
  assert.equal(world.east.established.length, 1);
});

mobike(
  'a host of a thousand addresses tells some of them: its peer reads the message',
  async () => {
    const world = newWorld(OPTIONS);
    const many = Array.from({ length: 1000 }, (_, n) => address(`2001:db8:e::${n.toString(16)}`));
    await world.west.carry(world.west.engine.addressesChanged([...many, WEST]));
    await world.establish();
    assert.equal(world.east.complaints(), []);
  },
);

mobike('only to where the peer entry lets it be: refused, and called anew', async () => {
  const world = await up({ ...OPTIONS, west: roaming() });
  const before = world.west.snapshot();
  world.filter = () => true;
  await move(world, 'east', FAR);
  await world.run(20);
  assert.ok(world.west.complaints().some((text) => /203\.0\.113\.77: UNACCEPTABLE/.test(text)));
  assert.ok(world.east.complaints().some((text) => /UNACCEPTABLE_ADDRESSES/.test(text)));
  assert.ok(before.children.length > 0 && world.west.children.size === 0);
});

mobike('who cannot give the cookie back loses the IKE SA, and ESP never went there', async () => {
  const world = await up();
  const insider = new Insider(world, world.west);
  world.filter = () => false;
  const update = insider.build({ exchangeType: INFORMATIONAL, messageId: 2 }, [
    notify(N.UPDATE_SA_ADDRESSES),
  ]);
  const from = { address: FAR, port: 4500 };
  const datagram = { local: { address: WEST, port: 4500 }, remote: from, bytes: update };
  const { send, move: moved } = await world.west.carry(world.west.engine.receive(datagram));
  assert.is(send.length, 2);
  assert.ok(send.every(({ remote }) => sameAddress(remote.address, FAR)));
  assert.equal(moved, []);
  const { inner } = insider.open(send[1]);
  assert.ok(inner[0]?.type === 'Notify' && inner[0].notifyType === N.COOKIE2);
  const wrong = insider.build({ exchangeType: INFORMATIONAL, messageId: 0, response: true }, [
    notify(N.COOKIE2, new Uint8Array(16)),
  ]);
  await world.west.carry(world.west.engine.receive({ ...datagram, bytes: wrong }));
  assert.equal([world.west.established.length, world.west.children.size], [0, 0]);
});

mobike('the responder moves and says so: the initiator goes after it', async () => {
  const anywhere = { address: { address: address('192.0.2.2'), bits: 32 } };
  const world = await up({ east: roaming(anywhere), west: OPTIONS.west! });
  await move(world, 'west', OTHER);
  await world.run(3000);
  assert.is(at(world, 'east'), '192.0.2.1 198.51.100.8');
  assert.is(at(world, 'west'), '198.51.100.8 192.0.2.1');
  world.checkSettled();
});

mobike(
  'one side without it: an address that is gone ends the IKE SA, and another is made',
  async () => {
    const world = await up({
      east: OPTIONS.east!,
      west: { peer: { ...OPTIONS.west!.peer, mobike: false } },
    });
    await move(world, 'east', NEW);
    await world.run(10_000);
    assert.ok(world.east.complaints().some((text) => /is gone: calling again/.test(text)));
    assert.is(at(world, 'east'), '198.51.100.7 192.0.2.2');
    assert.is(world.east.established.length, 1);
    // While both addresses are there nothing has to move.
    const spi = world.east.established[0]!.spii;
    world.routes.east = OTHER;
    await world.east.carry(world.east.engine.addressesChanged([NEW, OTHER]));
    assert.is(world.east.established[0]!.spii, spi);
  },
);

/** West has a second address and says so; east looks every ten seconds whether it is there. */
async function multihomed(more: readonly Address[] = [OTHER]): Promise<World> {
  const dpd = { profile: { dpdInterval: 10, dpdMaximumFailures: 3 } };
  const world = newWorld({ east: { ...OPTIONS.east, ...dpd }, west: OPTIONS.west! });
  await world.west.carry(world.west.engine.addressesChanged([WEST, ...more]));
  await world.establish();
  return world;
}

/** Nothing gets to or from these. */
function dead(world: World, ...gone: readonly Address[]): void {
  world.filter = (_, { local, remote }) =>
    !gone.some((one) => sameAddress(one, local.address) || sameAddress(one, remote.address));
}

mobike(
  'the peer is dead at one of its addresses: to the other, with all SAs, and back',
  async () => {
    const world = await multihomed();
    for (const [gone, there] of [
      [WEST, '198.51.100.8'],
      [OTHER, '192.0.2.2'],
    ] as const) {
      dead(world, gone);
      await world.run(60_000);
      assert.is(at(world, 'east'), `192.0.2.1 ${there}`);
      assert.is(at(world, 'west'), `${there} 192.0.2.1`);
      world.checkSettled();
    }
    assert.is(world.east.history.length, 1, 'a new child was made');
    assert.match(
      world.east.complaints()[0]!,
      /does not answer at 192\.0\.2\.2: trying 198\.51\.100\.8/,
    );
  },
);

mobike('an address behind the tunnel is tried after the others', async () => {
  const world = await multihomed([address('198.19.0.1'), OTHER]);
  dead(world, WEST);
  await world.run(60_000);
  assert.is(at(world, 'east'), '192.0.2.1 198.51.100.8');
});

mobike('a request of another kind waits: it goes to the other address', async () => {
  const world = await multihomed();
  dead(world, WEST);
  await world.east.carry(world.east.engine.childExpired(1, 'soft'));
  await world.run(120_000);
  assert.is(at(world, 'east'), '192.0.2.1 198.51.100.8');
  world.checkSettled();
  assert.is(world.east.history.length, 2);
});

mobike('the peer is dead everywhere: given up when all addresses have been tried', async () => {
  const world = await multihomed([OTHER, FAR]);
  dead(world, WEST, OTHER, FAR);
  await world.run(120_000);
  const places = world.captured
    .filter(({ from }) => from === world.east)
    .map(({ datagram }) => formatAddress(datagram.remote.address));
  for (const one of ['198.51.100.8', '203.0.113.77']) {
    assert.is(places.filter((place) => place === one).length, 4, one);
  }
  assert.is(world.east.children.size, 0);
  assert.ok(world.east.complaints().some((text) => /peer is dead/.test(text)));
});

mobike('another address comes while the IKE SA stands, or goes: the peer is told', async () => {
  const world = await multihomed([]);
  await world.west.carry(world.west.engine.addressesChanged([WEST, OTHER]));
  await world.run(1000);
  dead(world, WEST);
  await world.run(60_000);
  assert.is(at(world, 'east'), '192.0.2.1 198.51.100.8');
  await world.west.carry(world.west.engine.addressesChanged([OTHER]));
  await world.run(1000);
  dead(world, WEST, OTHER);
  await world.run(60_000);
  assert.is(world.east.children.size, 0);
});

mobike('an IKE SA that replaced another knows the addresses, too', async () => {
  const world = await multihomed();
  await world.run(36_000_000 * 0.85);
  dead(world, WEST);
  await world.run(60_000);
  assert.is(at(world, 'east'), '192.0.2.1 198.51.100.8');
  world.checkSettled();
});

mobike.run();
