// IKE_SA_INIT and IKE_AUTH between two engines: the plain case, cookies, another group, a forged or a
// wrong answer, the wrong secret, the wrong identity, nothing in common.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Datagram } from '../../src/ike/step.js';
import { encodeMessage, decodeMessage, formatMessage } from '../../src/wire/message.js';
import { N } from '../../src/wire/notifications.js';
import { IKE_SA_INIT } from '../../src/wire/numbers.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { makeEngine } from './engine.js';
import { World } from './world.js';

const first = suite('first exchange');

/** The messages sent so far, in the RFC's notation, the sender in front. */
const arrows = (world: World): string[] =>
  world.captured.map(({ from, datagram }) => {
    const arrow = from === world.east ? '-->' : '<--';
    return `${arrow} ${formatMessage(decodeMessage(datagram.bytes))}`;
  });
const NAT = 'N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP)';

first('two round trips make an IKE SA and its first child (RFC 7296 §1.2)', async () => {
  const world = new World(makeEngine);
  await world.establish();
  world.checkSettled();
  assert.equal(arrows(world), [
    `--> IKE_SA_INIT request 0 [SA KE Ni ${NAT}]`,
    `<-- IKE_SA_INIT response 0 [SA KE Nr ${NAT}]`,
    '--> IKE_AUTH request 1 [SK {…}]',
    '<-- IKE_AUTH response 1 [SK {…}]',
  ]);
  assert.equal(world.east.complaints(), []);
  assert.equal(world.west.complaints(), []);
  assert.match(world.east.peers[0]!.id, /west\.example/);
  assert.match(world.west.peers[0]!.id, /east\.example/);
});

first('under load, only who gets our mail is served: COOKIE (§2.6)', async () => {
  const world = new World(makeEngine, { settings: { cookieThreshold: 0 } });
  await world.establish();
  assert.equal(arrows(world).slice(0, 4), [
    `--> IKE_SA_INIT request 0 [SA KE Ni ${NAT}]`,
    '<-- IKE_SA_INIT response 0 [N(COOKIE)]',
    `--> IKE_SA_INIT request 0 [N(COOKIE) SA KE Ni ${NAT}]`,
    `<-- IKE_SA_INIT response 0 [SA KE Nr ${NAT}]`,
  ]);
});

first('a cookie of somebody else, an altered one and an old one are none', async () => {
  const world = new World(makeEngine, { settings: { cookieThreshold: 0 } });
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  await world.deliver();
  await world.deliver();
  const [withCookie] = world.heldFor(world.west);
  const { header, payloads } = decodeMessage(withCookie!.datagram.bytes);
  const [cookie, ...others] = payloads as PlainPayload[];
  assert.ok(cookie?.type === 'Notify' && cookie.notifyType === N.COOKIE);
  const answerTo = async (datagram: Datagram): Promise<string> => {
    const step = await world.west.engine.receive(datagram);
    assert.is(step.send.length, 1);
    return formatMessage(decodeMessage(step.send[0]!.bytes));
  };
  const refused = 'IKE_SA_INIT response 0 [N(COOKIE)]';
  const genuine = withCookie!.datagram;
  const data = Uint8Array.from(cookie.data, (byte, i) => (i === 9 ? byte ^ 1 : byte));
  const altered = encodeMessage(header, [{ ...cookie, data }, ...others]);
  assert.is(await answerTo({ ...genuine, bytes: altered }), refused);
  // The peer's address, but another port: whoever sits there did not get our cookie.
  const moved = { ...genuine, remote: { ...genuine.remote, port: 1024 } };
  assert.is(await answerTo(moved), refused);
  world.now += 600_000;
  assert.is(await answerTo(genuine), refused);
  assert.equal(world.west.peers, []);
});

first('the wrong guess of a group costs one round trip: INVALID_KE_PAYLOAD (§1.2)', async () => {
  const world = new World(makeEngine, {
    east: { profile: { dhGroup: ['ecp256', 'x25519'] } },
    west: { profile: { dhGroup: ['x25519'] } },
  });
  await world.establish();
  assert.equal(arrows(world).slice(0, 4), [
    `--> IKE_SA_INIT request 0 [SA KE Ni ${NAT}]`,
    '<-- IKE_SA_INIT response 0 [N(INVALID_KE_PAYLOAD)]',
    `--> IKE_SA_INIT request 0 [SA KE Ni ${NAT}]`,
    `<-- IKE_SA_INIT response 0 [SA KE Nr ${NAT}]`,
  ]);
});

first('a cookie and a wrong group together come to an end (§2.6.1)', async () => {
  const world = new World(makeEngine, {
    settings: { cookieThreshold: 0 },
    east: { profile: { dhGroup: ['ecp256', 'x25519'] } },
    west: { profile: { dhGroup: ['x25519'] } },
  });
  await world.establish();
  assert.ok(world.captured.length <= 10, `${world.captured.length} messages`);
});

first('an error that nobody vouches for does not stop the real answer (§2.21.1)', async () => {
  const errors = [N.NO_PROPOSAL_CHOSEN, N.INVALID_SYNTAX, N.AUTHENTICATION_FAILED];
  for (const notifyType of [...errors, N.INVALID_MAJOR_VERSION, N.INVALID_KE_PAYLOAD]) {
    const world = new World(makeEngine);
    world.holding = true;
    await world.east.carry(world.east.engine.start());
    await world.deliver();
    const [genuine] = world.heldFor(world.east);
    const { header } = decodeMessage(genuine!.datagram.bytes);
    const size = notifyType === N.INVALID_KE_PAYLOAD ? 2 : 0;
    const data = new Uint8Array(size).fill(255);
    const spi = new Uint8Array(0);
    const forged = encodeMessage(header, [{ type: 'Notify', protocol: 0, spi, notifyType, data }]);
    await world.east.carry(world.east.engine.receive({ ...genuine!.datagram, bytes: forged }));
    world.release();
    await world.run();
    world.checkSettled();
  }
});

first('a public value that is none does not stop the real answer', async () => {
  const world = new World(makeEngine);
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  await world.deliver();
  const [genuine] = world.heldFor(world.east);
  const { header, payloads } = decodeMessage(genuine!.datagram.bytes);
  // x25519: zero is of small order; one byte short is no value at all (RFC 6989 §2).
  for (const bad of [new Uint8Array(32), new Uint8Array(31).fill(9)]) {
    const forged = payloads.map((one) => (one.type === 'KE' ? { ...one, data: bad } : one));
    const bytes = encodeMessage(header, forged as PlainPayload[]);
    await world.east.carry(world.east.engine.receive({ ...genuine!.datagram, bytes }));
  }
  world.release();
  await world.run();
  world.checkSettled();
});

first('the responder refuses public values of no group, and keeps nothing', async () => {
  const world = new World(makeEngine);
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  const [request] = world.heldFor(world.west);
  const { header, payloads } = decodeMessage(request!.datagram.bytes);
  const one = new Uint8Array(32).fill(0, 0).with(0, 1);
  for (const data of [new Uint8Array(32), one, new Uint8Array(33), new Uint8Array(1)]) {
    const bad = payloads.map((payload) => (payload.type === 'KE' ? { ...payload, data } : payload));
    const bytes = encodeMessage(header, bad as PlainPayload[]);
    const step = await world.west.engine.receive({ ...request!.datagram, bytes });
    assert.ok(step.send.length <= 1);
    assert.equal(world.west.peers, [], 'a half-open SA');
  }
});

first(
  'a repeated request gets the same answer; another one with the same SPI does not',
  async () => {
    const world = new World(makeEngine);
    world.holding = true;
    await world.east.carry(world.east.engine.start());
    const [request] = world.heldFor(world.west);
    const once = await world.west.engine.receive(request!.datagram);
    const again = await world.west.engine.receive(request!.datagram);
    assert.equal(again.send, once.send);
    assert.is(world.west.peers.length, 1);
  },
);

/** What both ends say after a start that must fail. */
async function failing(options: ConstructorParameters<typeof World>[1]): Promise<World> {
  const world = new World(makeEngine, options);
  await world.east.carry(world.east.engine.start());
  await world.run(20_000);
  assert.is(world.east.established.length, 0);
  assert.is(world.west.established.length, 0);
  assert.is(world.east.children.size + world.west.children.size, 0);
  for (const site of world.sites) {
    assert.ok(site.complaints().length > 0, `${site.name} says nothing`);
    assert.not.match(JSON.stringify(site.events.map(({ text }) => text)), /secret of the tests/);
  }
  return world;
}

first('another secret: AUTHENTICATION_FAILED, and both logs say so (§2.21.2)', async () => {
  const secret = new TextEncoder().encode('another');
  const world = await failing({ west: { identity: { secret } } });
  assert.match(world.west.complaints().join(), /secret/);
  assert.match(world.east.complaints().join(), /AUTHENTICATION_FAILED/);
});

first('another identity than expected', async () => {
  const remoteId = { kind: 'fqdn', text: 'north.example' } as const;
  const world = await failing({ west: { identity: { remoteId } } });
  assert.match(world.west.complaints().join(), /east\.example/);
  await failing({ east: { identity: { remoteId } } });
});

first('no common algorithm: both logs say what was offered and what is allowed', async () => {
  const world = await failing({ west: { profile: { encAlgorithm: ['aes-256'] } } });
  const said = world.west.complaints().join();
  assert.match(said, /aes-128-gcm/);
  assert.match(said, /aes-256/);
  assert.ok(arrows(world).includes('<-- IKE_SA_INIT response 0 [N(NO_PROPOSAL_CHOSEN)]'));
});

first('IKE_SA_INIT of another major version is told so (§2.5)', async () => {
  const world = new World(makeEngine);
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  const [request] = world.heldFor(world.west);
  const bytes = Uint8Array.from(request!.datagram.bytes).with(17, 0x30);
  const step = await world.west.engine.receive({ ...request!.datagram, bytes });
  const { header, payloads } = decodeMessage(step.send[0]!.bytes);
  assert.is(header.exchangeType, IKE_SA_INIT);
  assert.ok(payloads[0]?.type === 'Notify');
  assert.is(payloads[0].notifyType, N.INVALID_MAJOR_VERSION);
  // A lower version is IKEv1: answered or not, it leaves nothing behind.
  const old = Uint8Array.from(request!.datagram.bytes).with(17, 0x10);
  assert.ok(
    (await world.west.engine.receive({ ...request!.datagram, bytes: old })).send.length <= 1,
  );
  assert.equal(world.west.peers, []);
});

first.run();
