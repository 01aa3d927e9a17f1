// Redirect, as client (RFC 5685): before authentication only with our nonce, afterwards beside what
// stands, and never about without end.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notify } from '../../src/ike/exchange.js';
import { formatAddress, sameAddress, toBytes } from '../../src/policy/address.js';
import { decodeMessage, encodeMessage } from '../../src/wire/message.js';
import { N } from '../../src/wire/notifications.js';
import { INFORMATIONAL } from '../../src/wire/numbers.js';
import { newWorld } from './connected.js';
import { address, WEST } from './databases.js';
import { Insider } from './insider.js';
import type { World, WorldOptions } from './world.js';

const redirect = suite('redirect');

const ELSEWHERE = address('198.51.100.9');
/** West is one process at both addresses. */
const OPTIONS: WorldOptions = { west: { peer: { localAddress: undefined } } };
const target = (nonce: Uint8Array = new Uint8Array(0)) => {
  const bytes = toBytes(ELSEWHERE);
  return notify(N.REDIRECT, Uint8Array.of(1, bytes.length, ...bytes, ...nonce));
};

/** Answers east's newest IKE_SA_INIT in west's place. */
async function answerFirst(world: World, nonce?: Uint8Array): Promise<void> {
  const sent = world.captured.filter(({ from }) => from === world.east).at(-1)!.datagram;
  const { header, payloads } = decodeMessage(sent.bytes);
  const own = payloads.find((payload) => payload.type === 'Nonce');
  assert.ok(own?.type === 'Nonce');
  const flags = { initiator: false, response: true, version: false };
  const bytes = encodeMessage({ ...header, flags }, [target(nonce ?? own.data)]);
  await world.east.carry(
    world.east.engine.receive({ local: sent.local, remote: sent.remote, bytes }),
  );
}

async function called(): Promise<World> {
  const world = newWorld(OPTIONS);
  world.filter = () => false;
  await world.east.carry(world.east.engine.start());
  return world;
}

redirect('before authentication: the other gateway is called, and told who sent us', async () => {
  const world = await called();
  await answerFirst(world);
  const { remote, bytes } = world.captured.at(-1)!.datagram;
  assert.is(formatAddress(remote.address), '198.51.100.9');
  const told = decodeMessage(bytes).payloads.find(
    (payload) => payload.type === 'Notify' && payload.notifyType === N.REDIRECTED_FROM,
  );
  assert.ok(told?.type === 'Notify');
  assert.equal([...told.data], [1, 4, ...toBytes(WEST)]);
  world.filter = () => true;
  await world.run(5000);
  world.checkSettled();
  assert.is(world.east.established[0]!['remote-address'], '198.51.100.9');
});

redirect('without our nonce nobody sends us anywhere', async () => {
  const world = await called();
  for (const nonce of [new Uint8Array(0), new Uint8Array(32)]) await answerFirst(world, nonce);
  assert.ok(world.captured.every(({ datagram }) => sameAddress(datagram.remote.address, WEST)));
  world.filter = () => true;
  await world.run(5000);
  world.checkSettled();
});

redirect('five times in five minutes, then we stay (§4)', async () => {
  const world = await called();
  for (let i = 0; i < 5; i++) await answerFirst(world);
  const calls = world.captured.length;
  await answerFirst(world);
  assert.is(world.captured.length, calls);
  assert.is(world.east.peers.length, 1);
});

redirect('an established peer sends us on: made there before it is broken here', async () => {
  const world = newWorld(OPTIONS);
  await world.establish();
  await world.run(100);
  const insider = new Insider(world, world.east);
  const message = { exchangeType: INFORMATIONAL, messageId: 0 };
  await insider.send(insider.build(message, [target()]));
  for (let at = 0; at < 2000; at += 5) {
    await world.run(5);
    for (const site of world.sites) {
      const { spi } = site.current(0)!.outbound;
      assert.ok(world.other(site).inbound(spi), `${site.name} at ${at} ms`);
    }
  }
  world.checkSettled();
  assert.is(world.east.established[0]!['remote-address'], '198.51.100.9');
  assert.equal(world.east.complaints(), []);
});

redirect.run();
