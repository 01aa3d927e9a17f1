// The first messages of two engines as the RFC draws them, and what a stranger can do to them: cookies
// of somebody else, errors that nobody vouches for, public values that are none, other versions.
// Shows peer.exchange-mode
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Datagram } from '../../src/ike/step.js';
import { encodeMessage, decodeMessage, formatMessage } from '../../src/wire/message.js';
import { N } from '../../src/wire/notifications.js';
import { IKE_SA_INIT } from '../../src/wire/numbers.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { makeEngine } from './engine.js';
import { World } from './world.js';

const forged = suite('forged first messages');

/** The messages sent so far, in the RFC's notation, the sender in front. */
const arrows = (world: World): string[] =>
  world.captured.map(({ from, datagram }) => {
    const arrow = from === world.east ? '-->' : '<--';
    return `${arrow} ${formatMessage(decodeMessage(datagram.bytes))}`;
  });
const NAT =
  'N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) N(IKEV2_FRAGMENTATION_SUPPORTED)';
const REDIRECT = 'N(REDIRECT_SUPPORTED)';
const CHILDLESS = 'N(CHILDLESS_IKEV2_SUPPORTED)';

forged('two round trips make an IKE SA and its first child (RFC 7296 §1.2)', async () => {
  const world = new World(makeEngine);
  await world.establish();
  world.checkSettled();
  assert.equal(arrows(world), [
    `--> IKE_SA_INIT request 0 [SA KE Ni ${NAT} ${REDIRECT}]`,
    `<-- IKE_SA_INIT response 0 [SA KE Nr ${NAT} ${CHILDLESS}]`,
    '--> IKE_AUTH request 1 [SK {…}]',
    '<-- IKE_AUTH response 1 [SK {…}]',
  ]);
  assert.equal(world.east.complaints(), []);
  assert.equal(world.west.complaints(), []);
  assert.match(world.east.peers[0]!.id, /west\.example/);
  assert.match(world.west.peers[0]!.id, /east\.example/);
});

forged('under load, only who gets our mail is served: COOKIE (§2.6)', async () => {
  const world = new World(makeEngine, { settings: { cookieThreshold: 0 } });
  await world.establish();
  assert.equal(arrows(world).slice(0, 4), [
    `--> IKE_SA_INIT request 0 [SA KE Ni ${NAT} ${REDIRECT}]`,
    '<-- IKE_SA_INIT response 0 [N(COOKIE)]',
    `--> IKE_SA_INIT request 0 [N(COOKIE) SA KE Ni ${NAT} ${REDIRECT}]`,
    `<-- IKE_SA_INIT response 0 [SA KE Nr ${NAT} ${CHILDLESS}]`,
  ]);
});

forged('a cookie of somebody else, an altered one and an old one are none', async () => {
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

forged('an error that nobody vouches for does not stop the real answer (§2.21.1)', async () => {
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

forged('a public value that is none does not stop the real answer', async () => {
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

forged('the responder refuses public values of no group, and keeps nothing', async () => {
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

forged('IKE_SA_INIT of another major version is told so (§2.5)', async () => {
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

forged.run();
