// NAT detection, the move to port 4500, keepalives, peers that move (RFC 7296 §2.23, RFC 3948); IPv6.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sameEndpoint } from '../../src/ike/step.js';
import { address, EAST, WEST } from './databases.js';
import { connected, newWorld } from './connected.js';
import { natBeforeEast } from './nat-box.js';

const nat = suite('NAT');

/** West has to take a peer from anywhere. */
const anywhere = { peer: { address: { address: address('0.0.0.0'), bits: 0 } } };

nat('in front of the initiator: both see it, IKE_AUTH and ESP go by port 4500', async () => {
  const world = newWorld({ west: anywhere });
  const box = natBeforeEast(world);
  await world.east.carry(world.east.engine.start());
  await world.run();
  for (const site of world.sites) assert.ok(site.established[0]!['natt-peer'], site.name);
  const [east, west] = [world.east.current(0)!, world.west.current(0)!];
  assert.ok(east.udpEncapsulation && west.udpEncapsulation);
  assert.ok(sameEndpoint(east.local, { address: EAST, port: 4500 }));
  assert.ok(sameEndpoint(east.remote, { address: WEST, port: 4500 }));
  assert.ok(sameEndpoint(west.remote, box.endpoint(4500)));
});

nat('who is behind it keeps its mapping alive, the other does not', async () => {
  const world = newWorld({ west: anywhere });
  natBeforeEast(world);
  await world.east.carry(world.east.engine.start());
  await world.run(101_000);
  assert.is(world.east.keepalives, 5);
  assert.is(world.west.keepalives, 0);
});

nat('a new mapping is followed after an authentic message, by IKE and by ESP', async () => {
  const world = newWorld({ east: { profile: { dpdInterval: 30 } }, west: anywhere });
  const box = natBeforeEast(world);
  await world.east.carry(world.east.engine.start());
  await world.run(1000);
  box.rebind();
  await world.run(40_000);
  assert.ok(sameEndpoint(world.west.current(0)!.remote, box.endpoint(4500)), 'by liveness check');
  box.rebind();
  const child = world.west.current(0)!.id;
  await world.west.carry(world.west.engine.moved(child, box.endpoint(4500)));
  assert.ok(sameEndpoint(world.west.current(0)!.remote, box.endpoint(4500)), 'by ESP');
});

nat('none: no encapsulation, and no moving about', async () => {
  const world = await connected();
  assert.not.ok(world.east.current(0)!.udpEncapsulation);
  assert.is(world.east.current(0)!.local.port, 500);
  const elsewhere = { address: address('203.0.113.5'), port: 500 };
  await world.west.carry(world.west.engine.moved(world.west.current(0)!.id, elsewhere));
  assert.ok(sameEndpoint(world.west.current(0)!.remote, { address: EAST, port: 500 }));
});

nat('nat-traversal=no says nothing about addresses', async () => {
  const off = { profile: { natTraversal: false } };
  const world = newWorld({ east: off, west: { ...anywhere, ...off } });
  await world.establish();
  assert.not.ok(world.east.current(0)!.udpEncapsulation);
});

nat('IPv6 between the gateways', async () => {
  const [east6, west6] = [address('2001:db8::1'), address('2001:db8::2')];
  const peer = (own: typeof east6, other: typeof east6) => ({
    peer: { address: { address: other, bits: 128 }, localAddress: own },
  });
  const world = newWorld({ east: peer(east6, west6), west: peer(west6, east6) });
  await world.establish();
  world.checkSettled();
  assert.is(world.east.established[0]!['remote-address'], '2001:db8::2');
});

nat.run();
