// Redirect, as client (RFC 5685): before authentication only with our nonce, afterwards beside what
// stands, and never about without end.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { newLink } from '../../src/ike/connection.js';
import { type Exchange, notify } from '../../src/ike/exchange.js';
import { newIkeSa } from '../../src/ike/sa.js';
import { emptyStep } from '../../src/ike/step.js';
import { redirection } from '../../src/ike/v2/redirect.js';
import { type Address, formatAddress, sameAddress, toBytes } from '../../src/policy/address.js';
import { decodeMessage, encodeMessage } from '../../src/wire/message.js';
import { N } from '../../src/wire/notifications.js';
import { IKE_AUTH, INFORMATIONAL } from '../../src/wire/numbers.js';
import { entryOf, issue, storeOf } from '../certificates/pki.js';
import { BY_EAP, CAROL, EAP_LOCAL } from './identities.js';
import { newWorld } from './connected.js';
import { address, databases, WEST } from './databases.js';
import { Insider } from './insider.js';
import type { World, WorldOptions } from './world.js';

const redirect = suite('redirect');

const ELSEWHERE = address('198.51.100.9');
/** West is one process at both addresses. */
const OPTIONS: WorldOptions = { west: { peer: { localAddress: undefined } } };
const NAME = 'gw2.example.org';
/** §7.2: the type of the identity, its length, the identity. */
const identity = (type: number, bytes: Uint8Array): Uint8Array =>
  Uint8Array.of(type, bytes.length, ...bytes);
const BY_ADDRESS = identity(1, toBytes(ELSEWHERE));
const byName = (name = NAME): Uint8Array => identity(3, Buffer.from(name));
const target = (nonce: Uint8Array = new Uint8Array(0), where = BY_ADDRESS) =>
  notify(N.REDIRECT, Uint8Array.of(...where, ...nonce));

/** Answers east's newest IKE_SA_INIT in west's place. */
async function answerFirst(world: World, nonce?: Uint8Array, where?: Uint8Array): Promise<void> {
  const sent = world.captured.filter(({ from }) => from === world.east).at(-1)!.datagram;
  const { header, payloads } = decodeMessage(sent.bytes);
  const own = payloads.find((payload) => payload.type === 'Nonce');
  assert.ok(own?.type === 'Nonce');
  const flags = { initiator: false, response: true, version: false };
  const bytes = encodeMessage({ ...header, flags }, [target(nonce ?? own.data, where)]);
  await world.east.carry(
    world.east.engine.receive({ local: sent.local, remote: sent.remote, bytes }),
  );
}

async function called(options: WorldOptions = OPTIONS): Promise<World> {
  const world = newWorld(options);
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

// ---- a name in place of an address --------------------------------------------------------------

const asked: string[] = [];
const resolve = async (name: string): Promise<Address[]> => {
  asked.push(name);
  if (name !== NAME) throw new Error('ENOTFOUND');
  return [ELSEWHERE];
};
const NAMED: WorldOptions = { ...OPTIONS, context: { east: { resolve } } };
const remotes = ({ captured, east }: World): string[] =>
  captured
    .filter(({ from }) => from === east)
    .map(({ datagram }) => formatAddress(datagram.remote.address));

redirect('before authentication by name: it is looked up, and called', async () => {
  const world = await called(NAMED);
  await answerFirst(world, undefined, byName());
  assert.equal(remotes(world), ['192.0.2.2', '198.51.100.9']);
  world.filter = () => true;
  await world.run(5000);
  world.checkSettled();
});

redirect('a name that is none, or that nobody knows: we go on asking whom we called', async () => {
  const world = await called(NAMED);
  asked.length = 0;
  for (const name of ['', 'a b', '-.example', 'a'.repeat(254), 'x\u0000y', 'nowhere.example']) {
    await answerFirst(world, undefined, byName(name.slice(0, 255)));
  }
  assert.equal(asked, ['nowhere.example']);
  assert.ok(remotes(world).every((remote) => remote === '192.0.2.2'));
  await world.run(200_000);
  assert.match(
    world.east.complaints().join(),
    /sends us on to nowhere.example, .* found: ENOTFOUND/,
  );
});

redirect('an IPv6 gateway: where we may call by IPv6', async () => {
  const six = address('2001:db8::9');
  const where = identity(2, toBytes(six));
  const fixed = await called();
  await answerFirst(fixed, undefined, where);
  assert.equal(remotes(fixed), ['192.0.2.2']);
  const localAddressFor = ({ family }: Address) =>
    address(family === 6 ? '2001:db8::1' : '192.0.2.1');
  const free = await called({
    ...OPTIONS,
    east: { peer: { localAddress: undefined } },
    context: { east: { localAddressFor } },
  });
  await answerFirst(free, undefined, where);
  assert.equal(remotes(free), ['192.0.2.2', '2001:db8::9']);
});

// ---- with IKE_AUTH ---------------------------------------------------------------------------------

/** West's answer to IKE_AUTH, sent by it in truth, but with a redirect in place of the child (§6). */
async function redirectedInAuth(world: World, where: Uint8Array): Promise<void> {
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  for (let turn = 0; turn < 3; turn++) await world.deliver();
  const [genuine] = world.heldFor(world.east);
  const { inner } = new Insider(world, world.west).open(genuine!.datagram);
  const proof = inner.filter(({ type }) => ['IDr', 'CERT', 'AUTH'].includes(type));
  const insider = new Insider(world, world.east);
  const message = { exchangeType: IKE_AUTH, messageId: 1, response: true };
  const bytes = insider.build(message, [...proof, target(undefined, where)]);
  world.held.splice(world.held.indexOf(genuine!), 1);
  await world.east.carry(world.east.engine.receive({ ...genuine!.datagram, bytes }));
  world.release();
}

for (const [name, where] of [
  ['address', BY_ADDRESS],
  ['name', byName()],
] as const) {
  redirect(`with IKE_AUTH, by ${name}: the IKE SA stands until the other one does`, async () => {
    const world = newWorld(NAMED);
    await redirectedInAuth(world, where);
    await world.run(5000);
    world.checkSettled();
    assert.is(world.east.established[0]!['remote-address'], '198.51.100.9');
    assert.match(world.east.events.map(({ text }) => text).join('\n'), /peer sends us to /);
  });
}

redirect('with IKE_AUTH to nowhere: said, and the child is asked for where we are', async () => {
  const world = newWorld(NAMED);
  await redirectedInAuth(world, byName('nowhere.example'));
  await world.run(1000);
  assert.match(world.east.complaints().join(), /nowhere.example, which cannot be found: ENOTFOUND/);
  assert.is(world.east.established[0]!['remote-address'], '192.0.2.2');
  await world.run(300_000);
  assert.is(world.east.children.size, 1);
});

redirect(
  'before EAP: the gateway has proved itself, and is left without a word of ours',
  async () => {
    const ca = issue({ cn: 'CA', ca: true });
    const own = issue({ cn: 'west', san: 'DNS:west.example' }, ca);
    const trusted = entryOf('ca', ca, { trusted: true });
    const world = newWorld({
      ...NAMED,
      east: {
        certificates: storeOf([trusted]),
        identities: (shared) => [
          {
            ...shared,
            ...BY_EAP,
          },
        ],
      },
      west: {
        ...OPTIONS.west,
        users: [CAROL],
        certificates: storeOf([entryOf('own', own, { own: true }), trusted]),
        identities: (shared) => [
          {
            ...shared,
            ...EAP_LOCAL,
          },
        ],
      },
    });
    await redirectedInAuth(world, BY_ADDRESS);
    assert.is(world.east.peers.length, 1);
    await world.run(200_000);
    world.checkSettled();
    assert.is(world.east.established[0]!['remote-address'], '198.51.100.9');
  },
);

redirect('it is for who called, whichever side has replaced the IKE SA since (§5)', async () => {
  const [peer] = databases('east').peers;
  const local = { address: WEST, port: 500 };
  const birth = { serial: 1, peer: peer!, state: 'established', local, remote: local } as const;
  const spis = { spiInitiator: 1n, spiResponder: 2n };
  for (const side of ['initiator', 'responder'] as const) {
    for (const caller of [true, false]) {
      const sa = { ...newIkeSa({ ...birth, ...spis, side }, 0), caller };
      const links = new Map([[peer!.name, newLink(peer!)]]);
      const context = { now: () => 0, localAddressFor: () => WEST };
      const world = { links, context, closing: false } as unknown as Exchange['world'];
      const asked = { world, sa, step: emptyStep(), payloads: [target()] };
      const gateway = await redirection(asked as unknown as Exchange);
      assert.is(gateway !== undefined, caller, `${side}, ${caller ? 'called' : 'was called'}`);
    }
  }
});

redirect.run();
