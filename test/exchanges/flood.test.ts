// A flood of first messages, counted and not timed: what it may cost (RFC 7296 §2.6), that what stands
// goes on, that others get in; from forged addresses, from one that is real, from a crowd behind a NAT.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine } from '../../src/ike/engine.js';
import { HalfOpen } from '../../src/ike/half-open.js';
import { newIkeSa } from '../../src/ike/sa.js';
import type { Datagram, Endpoint } from '../../src/ike/step.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { decodeMessage, encodeMessage } from '../../src/wire/message.js';
import { N } from '../../src/wire/notifications.js';
import { storeOf } from '../certificates/pki.js';
import { Random } from '../wire/random.js';
import { address, databases, WEST } from './databases.js';
import { newWorld } from './connected.js';
import type { World } from './world.js';

const flood = suite('flood');

const anywhere = { peer: { address: { address: address('0.0.0.0'), bits: 0 } } };
const at = (value: number, port = 500): Endpoint => ({
  address: { family: 4, value: BigInt(value) },
  port,
});

/** First messages like east's, each of another SPI and nonce. */
class Flood {
  readonly #random = new Random(99);
  #bare: Uint8Array | undefined;
  readonly #template: { header: ReturnType<typeof decodeMessage>['header']; rest: PlainPayload[] };

  constructor(first: Datagram) {
    const { header, payloads } = decodeMessage(first.bytes);
    const rest = (payloads as PlainPayload[]).filter(({ type }) => type !== 'Nonce');
    this.#template = { header, rest };
  }

  next(remote: Endpoint, cookie?: Uint8Array, from?: Uint8Array): Datagram {
    const { header, rest } = this.#template;
    const spiInitiator = from
      ? decodeMessage(from).header.spiInitiator
      : (BigInt(this.#random.word()) << 32n) | BigInt(this.#random.word() || 1);
    const nonce: PlainPayload = { type: 'Nonce', data: new Uint8Array(32).fill(3) };
    const shown: PlainPayload[] = cookie
      ? [
          {
            type: 'Notify',
            protocol: 0,
            notifyType: N.COOKIE,
            spi: new Uint8Array(0),
            data: cookie,
          },
        ]
      : [];
    if (!cookie && this.#bare) {
      const bytes = this.#bare.slice();
      new DataView(bytes.buffer).setBigUint64(0, spiInitiator);
      return { local: { address: WEST, port: 500 }, remote, bytes };
    }
    const bytes = encodeMessage({ ...header, spiInitiator }, [...shown, ...rest, nonce]);
    if (!cookie) this.#bare = bytes;
    return { local: { address: WEST, port: 500 }, remote, bytes };
  }
}

async function established(settings = {}): Promise<{ world: World; flood: Flood }> {
  const dpd = { profile: { dpdInterval: 30 } };
  const world = newWorld({ east: dpd, west: { ...anywhere, ...dpd }, settings });
  await world.establish();
  return { world, flood: new Flood(world.captured[0]!.datagram) };
}

const cookieIn = (datagram: Datagram | undefined): Uint8Array | undefined => {
  const [first] = datagram ? decodeMessage(datagram.bytes).payloads : [];
  return first?.type === 'Notify' && first.notifyType === N.COOKIE ? first.data : undefined;
};

/** What west has sent to further clients and they have not read: a Step may hold the answer to another. */
const unread: Datagram[] = [];

/** Takes what is for this client. */
function readFor({ address, port }: Endpoint): Datagram[] {
  const ours = unread.filter(
    ({ remote }) =>
      remote.address.value === address.value && (port === 500 || remote.port === port),
  );
  for (const datagram of ours) unread.splice(unread.indexOf(datagram), 1);
  return ours;
}

/** A further client of west, under the clock of `world`; sends and hears through `west`. */
async function callFrom(world: World, from: Endpoint): Promise<boolean> {
  const random = new Random(1234 + Number(from.address.value & 0xffffn) + from.port);
  const context = {
    now: () => world.now,
    random: (bytes: number) => random.bytes(bytes),
    allocateSpi: () => random.word() | 0x100,
    agreement: (await import('../../src/crypto/agreement.js')).localAgreement,
    certificates: storeOf([]),
    localAddressFor: () => from.address,
  };
  const peer = { localAddress: from.address, sendInitialContact: false };
  const engine = new Engine(databases('east', { peer }), context);
  let queue = [...(await engine.start()).send];
  for (let turn = 0; turn < 10 && queue.length > 0; turn++) {
    for (const { local, remote, bytes } of queue) {
      const port = from.port === 500 ? local.port : from.port;
      const there = { local: remote, remote: { ...local, port }, bytes };
      unread.push(...(await world.west.carry(world.west.engine.receive(there))).send);
    }
    queue = [];
    for (const { local, remote, bytes } of readFor(from)) {
      const here = { local: { address: remote.address, port: 500 }, remote: local, bytes };
      queue.push(...(await engine.receive(here)).send);
    }
  }
  return engine.peers().some(({ state }) => state === 'established');
}

flood(
  '100,000 from forged addresses: 30 cost a key, the rest a cookie; others get in',
  async () => {
    const { world, flood: attack } = await established();
    const kept = world.secrets.length;
    const random = new Random(5);
    let entered = 0;
    for (let i = 0; i < 100_000; i++) {
      const datagram = attack.next(
        at(0xcb007100 + random.between(0, 0xff), random.between(1024, 65_535)),
      );
      const { send, events } = await world.west.engine.receive(datagram);
      assert.is(send.length, 1);
      if (i >= 30) assert.ok(send[0]!.bytes.length < datagram.bytes.length / 2, 'an amplifier');
      assert.ok(events.length <= 5);
      if (i % 20_000 === 10_000) {
        world.now += 1000;
        await world.run();
        if (await callFrom(world, at(0xc6336401 + entered))) entered++;
      }
    }
    assert.is(entered, 5);
    // Half-open ones, and the clients that got in.
    assert.is(world.secrets.length - kept, 30 + entered);
    assert.ok(world.west.peers.length <= 1 + 30 + entered);
    assert.is(world.west.established.length, 1 + entered);
    await world.run(120_000);
    // The further clients are deaf by now; what stood before the flood stands.
    assert.equal(
      world.west.peers.map(({ state }) => state),
      ['established'],
    );
    assert.ok(world.log.includes('east: INFORMATIONAL request 2'), 'no liveness check');
    assert.ok(world.west.complaints().length <= 60, `${world.west.complaints().length} lines`);
  },
);

flood('from one real address, with good cookies: it displaces itself, nobody else', async () => {
  const { world, flood: attack } = await established({ halfOpenLimit: 50, cookieThreshold: 10 });
  const attacker = at(0xcb007105);
  const begin = async (from: Endpoint): Promise<void> => {
    const bare = attack.next(from);
    const cookie = cookieIn((await world.west.engine.receive(bare)).send[0]);
    if (cookie)
      await world.west.carry(world.west.engine.receive(attack.next(from, cookie, bare.bytes)));
  };
  // Slow but honest: under way since before the attack.
  for (let i = 0; i < 5; i++) await begin(at(0xc6336440 + i));
  for (let i = 0; i < 500; i++) {
    await begin({ ...attacker, port: 2000 + i });
    const half = world.west.peers.filter(({ state }) => state === 'message-2-sent');
    assert.ok(half.length <= 50, `${half.length} half-open`);
  }
  const waiting = new Set(world.west.peers.map((peer) => peer['remote-address']));
  for (let i = 0; i < 5; i++) assert.ok(waiting.has(`198.51.100.${64 + i}`));
  assert.ok(await callFrom(world, at(0xc6336401)), 'another client');
  assert.ok(await callFrom(world, { ...attacker, port: 60_000 }), 'a client behind the same NAT');
});

flood('from one /64 of IPv6: its addresses are one, and displace each other', () => {
  const half = new HalfOpen();
  const from = (value: bigint) => {
    const [peer] = databases('west').peers;
    const end = { address: { family: 6, value }, port: 500 } as const;
    const birth = { serial: 1, peer: peer!, local: end, remote: end, spiResponder: value };
    return newIkeSa({ ...birth, side: 'responder', state: 'listening', spiInitiator: value }, 0);
  };
  const net = 0x20010db8_00000001n << 64n;
  const honest = from((net + (7n << 64n)) | 1n);
  half.add(honest);
  for (let i = 1n; i <= 20n; i++) half.add(from(net | i));
  for (let i = 1n; i < 20n; i++) assert.is(half.expel()?.spiInitiator, net | i);
  assert.is(half.expel(), honest);
});

flood('from addresses of no peer: all who call must show theirs for a while', async () => {
  const world = newWorld({});
  await world.establish();
  const { engine } = world.west;
  const attack = new Flood(world.captured[0]!.datagram);
  const strange = (i: number) => attack.next(at(0xcb007100 + (i & 0xff), 2000 + i));
  for (let i = 0; i < 50; i++) await engine.receive(strange(i));
  assert.is(engine.cookies().demanded, false, 'a few are nobody to mind');
  await engine.receive(strange(50));
  assert.is(engine.cookies().demanded, true);
  world.now += 9000;
  assert.is(engine.cookies().demanded, true);
  world.now += 1001;
  assert.is(engine.cookies().demanded, false);
  for (let i = 0; i < 60; i++) {
    await engine.receive(strange(i));
    if (i % 20 === 19) world.now += 1000;
  }
  assert.is(engine.cookies().demanded, false, 'not within one second');
  const bytes = new Uint8Array(100).fill(1);
  for (let i = 0; i < 60; i++) await engine.receive({ ...strange(i), bytes });
  assert.is(engine.cookies().demanded, true, 'nor is what is no message');
});

flood('two hundred clients behind one address at once: all are let in', async () => {
  const { world } = await established();
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, i) => callFrom(world, at(0xcb007109, 10_000 + i))),
  );
  assert.ok(results.every(Boolean));
});

flood('while an IKE SA waits for something, what comes for it is kept within bounds', async () => {
  const world = newWorld({});
  const { localAgreement } = await import('../../src/crypto/agreement.js');
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const engine = new Engine(databases('west'), {
    now: () => world.now,
    random: (bytes) => world.random.bytes(bytes),
    allocateSpi: () => world.random.word() | 0x100,
    agreement: { generate: (group) => gate.then(() => localAgreement.generate(group)) },
    certificates: storeOf([]),
    localAddressFor: () => WEST,
  });
  world.filter = () => false;
  await world.east.carry(world.east.engine.start());
  const { bytes, local, remote } = world.captured[0]!.datagram;
  const first = { bytes, local: remote, remote: local };
  const turns = Array.from({ length: 5000 }, () => engine.receive(first));
  // What is refused is so at once; what waits is answered when the first is.
  let settled = 0;
  for (const turn of turns) void turn.then(() => settled++);
  await new Promise(setImmediate);
  const waiting = turns.length - settled;
  assert.ok(waiting > 0 && waiting < 300, `${waiting} wait`);
  open();
  const answers = (await Promise.all(turns)).flatMap(({ send }) => send);
  assert.is(answers.length, waiting, 'the answer, and as many repetitions as waited');
  const later = await engine.receive(first);
  assert.is(later.send.length, 1, 'there is room again');
});

flood('what a message costs does not grow with the number of IKE SAs', async () => {
  let reads = 0;
  const profile = {
    get dpdInterval() {
      reads++;
      return 30;
    },
  };
  const costs: number[] = [];
  const world = newWorld({ west: { ...anywhere } });
  const [peer] = databases('west', anywhere).peers;
  const counted = Object.defineProperties(
    { ...peer!.profile },
    Object.getOwnPropertyDescriptors(profile),
  );
  const engine = new Engine(
    { ...databases('west', anywhere), peers: [{ ...peer!, profile: counted }] },
    {
      now: () => world.now,
      random: (bytes) => world.random.bytes(bytes),
      allocateSpi: () => world.random.word() | 0x100,
      agreement: (await import('../../src/crypto/agreement.js')).localAgreement,
      certificates: storeOf([]),
      localAddressFor: () => WEST,
      settings: { cookieThreshold: 10_000, halfOpenLimit: 10_000 },
    },
  );
  world.west.engine.receive = engine.receive.bind(engine);
  world.filter = () => false;
  await world.east.carry(world.east.engine.start());
  const attack = new Flood(world.captured[0]!.datagram);
  for (let i = 0; i < 1000; i++) {
    if (i === 10 || i === 990) reads = 0;
    await engine.receive(attack.next(at(0xcb007100 + (i & 0xff), 2000 + i)));
    engine.nextTimeout();
    if (i === 19 || i === 999) costs.push(reads);
  }
  assert.ok(costs[1]! <= costs[0]! + 2 && costs[0]! <= 40, `${costs}`);
});

flood.run();
