// The engine's own promises: our bugs cost one SA, claims of a NAT, policies it cannot serve.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localAgreement } from '../../src/crypto/agreement.js';
import type { Context } from '../../src/ike/context.js';
import { Engine } from '../../src/ike/engine.js';
import { databases, EAST } from '../exchanges/databases.js';
import { World } from '../exchanges/world.js';
import { storeOf } from '../certificates/pki.js';
import { Random } from '../wire/random.js';

const engine = suite('engine');

function contextOf(more: Partial<Context> = {}): Context {
  const random = new Random(1);
  let spi = 0x1000;
  return {
    now: () => 1_000_000,
    random: (bytes) => random.bytes(bytes),
    allocateSpi: () => ++spi,
    agreement: localAgreement,
    certificates: storeOf([]),
    localAddressFor: () => EAST,
    ...more,
  };
}

engine('a bug costs the SA it happened in, is reported, and the peer is called again', async () => {
  const agreement = { generate: () => Promise.reject(new TypeError('undefined is not a group')) };
  const one = new Engine(databases('east'), contextOf({ agreement }));
  const step = await one.start();
  const [event] = step.events.filter(({ topic }) => topic === 'ike.bug');
  assert.match(event!.text, /bug: undefined is not a group; the IKE SA is removed; please report/);
  assert.is(one.peers().length, 0);
  assert.ok(one.nextTimeout()! > 1_000_000);
});

engine('a claimed NAT makes both sides encapsulate', async () => {
  const world = new World((values, context) => {
    const udpEncapsulation = values.peers[0]!.name === 'west';
    const peers = values.peers.map((peer) => ({ ...peer, udpEncapsulation }));
    return new Engine({ ...values, peers }, context);
  });
  await world.establish();
  for (const site of world.sites) assert.ok(site.current(0)!.udpEncapsulation, site.name);
  assert.is(world.east.current(0)!.local.port, 4500);
  assert.is(world.east.keepalives, 0, 'nothing to keep alive');
});

engine('no identity, no route, no policy, a prefix: each is said, none is called', async () => {
  const good = databases('east');
  const said = async (values: typeof good, more?: Partial<Context>): Promise<string> => {
    const one = new Engine(values, contextOf(more));
    const step = await one.start();
    assert.is(step.send.length, 0);
    return step.events.map(({ text }) => text).join('\n');
  };
  assert.match(await said({ ...good, identities: [] }), /no identity: add one/);
  assert.match(await said({ ...good, policies: [] }), /no policy names this peer/);
  const [peer] = good.peers;
  const prefix = { ...peer!, address: { ...peer!.address, bits: 24 } };
  assert.match(await said({ ...good, peers: [prefix] }), /it has to call us/);
  const routed = { ...peer!, localAddress: undefined };
  const none = { localAddressFor: () => undefined };
  assert.match(await said({ ...good, peers: [routed] }, none), /no route to the peer/);
});

engine('policies and peers are told as RouterOS has them', async () => {
  const world = new World((values, context) => new Engine(values, context));
  assert.is(world.east.engine.policies()[0]!.state, 'no-phase2');
  await world.east.carry(world.east.engine.start());
  assert.is(world.east.engine.policies()[0]!.state, 'msg1-sent');
  assert.is(world.east.peers[0]!.state, 'message-1-sent');
  await world.run();
  const [policy] = world.east.engine.policies();
  assert.equal([policy!.state, policy!.count, policy!.remote!.port], ['established', 1, 500]);
  world.now += 61_000;
  const [peer] = world.west.peers;
  assert.equal([peer!.side, peer!.uptime, peer!['ph2-total']], ['responder', 61, 1]);
  assert.match(peer!.spii, /^[0-9a-f]{16}$/);
});

engine('no event of a whole life holds a secret or a key', async () => {
  const world = new World((values, context) => new Engine(values, context));
  await world.establish();
  await world.east.carry(world.east.engine.childExpired(world.east.current(0)!.id, 'soft'));
  await world.run();
  await world.east.carry(world.east.engine.shutdown());
  const text = JSON.stringify(world.sites.flatMap((site) => site.events));
  assert.not.match(text, /a secret of the tests/);
  for (const child of [...world.east.history, ...world.west.history]) {
    for (const key of [child.inbound.encryptionKey, child.outbound.encryptionKey]) {
      assert.not.ok(text.includes(Buffer.from(key).toString('hex')));
    }
  }
});

engine.run();
