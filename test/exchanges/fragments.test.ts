// Messages in fragments (RFC 7383): every encrypted exchange, more than 16 of them, down to 576 bytes and
// far below; sets that lose, double and reorder; fragments of a stranger, of an insider, without end.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../../src/wire/message.js';
import { encodeChain, type PlainPayload } from '../../src/wire/chain.js';
import { N } from '../../src/wire/notifications.js';
import { CREATE_CHILD_SA, IKE_AUTH, INFORMATIONAL } from '../../src/wire/numbers.js';
import type { EncryptedFragmentPayload } from '../../src/wire/payloads/encrypted.js';
import { both, connected, newWorld } from './connected.js';
import { address } from './databases.js';
import { Insider } from './insider.js';
import type { World, WorldOptions } from './world.js';

const fragments = suite('fragments');

const sized = (fragmentSize: number): WorldOptions => both({ profile: { fragmentSize } });
/** 28 bytes of IPv4 and UDP, 4 of marker, 60 of IKE around 40 of the chain. */
const TINY = 132;
/** Eight bytes of the chain. */
const SMALLEST = 101;
/** A notification nobody knows, to make a message as large as a test wants it. */
const filler = (bytes: number): PlainPayload => ({
  type: 'Notify',
  protocol: 0,
  notifyType: 60_000,
  spi: new Uint8Array(0),
  data: new Uint8Array(bytes).fill(7),
});

const fragmentOf = (bytes: Uint8Array): EncryptedFragmentPayload | undefined => {
  const last = decodeMessage(bytes).payloads.at(-1);
  return last?.type === 'EncryptedFragment' ? last : undefined;
};
const sent = (world: World, exchange: number) =>
  world.captured
    .map(({ datagram }) => decodeMessage(datagram.bytes))
    .filter(({ header }) => header.exchangeType === exchange);

fragments(
  'every encrypted exchange, both ways, more than 16 fragments, none too large',
  async () => {
    const world = await connected(sized(SMALLEST));
    await world.east.carry(world.east.engine.childExpired(1, 'soft'));
    await world.run();
    world.checkSettled();
    await world.run(36_000_000 * 0.85); // the IKE SA is replaced
    world.checkSettled();
    assert.ok(sent(world, CREATE_CHILD_SA).length > 0);
    await world.west.carry(world.west.engine.flush());
    await world.run();
    for (const exchange of [IKE_AUTH, CREATE_CHILD_SA]) {
      const all = sent(world, exchange);
      for (const response of [false, true]) {
        const set = all.filter(({ header }) => header.flags.response === response);
        assert.ok(set.length > 0 && set.every(({ payloads }) => payloads[0]?.type !== 'Encrypted'));
      }
    }
    const totals = world.captured.map(({ datagram }) => fragmentOf(datagram.bytes)?.totalFragments);
    assert.ok(Math.max(...totals.map((total) => total ?? 0)) > 16, `${totals.join(' ')}`);
    for (const { datagram } of world.captured) {
      if (!fragmentOf(datagram.bytes)) continue;
      assert.ok(datagram.bytes.length + 32 <= SMALLEST, `${datagram.bytes.length}`);
    }
    assert.equal([...world.east.complaints(), ...world.west.complaints()], []);
  },
);

fragments(
  'a message that fits goes whole, and none in fragments to who did not agree',
  async () => {
    const whole = await connected(sized(576));
    assert.not.ok(whole.captured.some(({ datagram }) => fragmentOf(datagram.bytes)));
    const world = newWorld(sized(TINY));
    const receive = world.west.engine.receive.bind(world.west.engine);
    const taken: string[] = [];
    world.west.engine.receive = (datagram) => {
      const { header, payloads } = decodeMessage(datagram.bytes);
      if (header.messageId > 0) taken.push(payloads[0]!.type);
      return receive(datagram);
    };
    // East without its notification is a peer that does not know fragments.
    world.east.engine.receive = withoutFragmentation(world);
    await world.east.carry(world.east.engine.start());
    await world.run();
    assert.equal(taken, ['Encrypted']);
  },
);

/** East's receive, from which the peer's word on fragments is taken (nobody vouches for it yet). */
function withoutFragmentation(world: World): World['east']['engine']['receive'] {
  const receive = world.east.engine.receive.bind(world.east.engine);
  return (datagram) => {
    const bytes = datagram.bytes.slice();
    const view = new DataView(bytes.buffer);
    for (let at = 28; at + 8 <= bytes.length; at++) {
      const isNotify = (view.getUint32(at) & 0xffffff) === 8 && view.getUint16(at + 4) === 0;
      if (isNotify && view.getUint16(at + 6) === N.IKEV2_FRAGMENTATION_SUPPORTED) {
        view.setUint16(at + 6, 60_001);
      }
    }
    return receive({ ...datagram, bytes });
  };
}

fragments('sizes from 576 on, IPv4 and IPv6, cipher with blocks and without', async () => {
  const suites = [
    { encAlgorithm: ['aes-256-gcm'], hashAlgorithm: ['sha256'] },
    { encAlgorithm: ['aes-256'], hashAlgorithm: ['sha512'] },
  ];
  const v6 = [address('2001:db8::1'), address('2001:db8::2')] as const;
  for (const algorithms of suites) {
    for (const size of [149, 200, 201, 202, 203, 300, 576, 577, 1280]) {
      const profile = { ...algorithms, fragmentSize: size + 20 };
      const peer = (own: 0 | 1) => ({
        profile,
        peer: { address: { address: v6[1 - own]!, bits: 128 }, localAddress: v6[own]! },
      });
      const world = await connected({ east: peer(0), west: peer(1) });
      world.checkSettled();
      for (const { datagram } of world.captured) {
        const fragment = fragmentOf(datagram.bytes);
        if (!fragment) continue;
        const length = datagram.bytes.length + 52;
        assert.ok(length <= size + 20, `${length} of ${size + 20}`);
        // Nothing is wasted: a block more would have been too much.
        const last = fragment.fragmentNumber === fragment.totalFragments;
        assert.ok(last || length > size + 20 - 16, `${length} of ${size + 20}`);
      }
    }
  }
});

fragments(
  'a lost fragment: the whole set is sent again, byte for byte, and answered once',
  async () => {
    const world = newWorld(sized(TINY));
    let lose = 2;
    world.filter = (_, { bytes }) => fragmentOf(bytes)?.fragmentNumber !== 2 || lose-- <= 0;
    await world.east.carry(world.east.engine.start());
    await world.run(10_000);
    world.checkSettled();
    const all = world.captured.map(({ datagram }) => datagram.bytes);
    const requests = all.filter((bytes) => {
      const { header } = decodeMessage(bytes);
      return header.exchangeType === IKE_AUTH && !header.flags.response;
    });
    const total = fragmentOf(requests[0]!)!.totalFragments;
    // Once lost on the way there, once the answer's: three times in all.
    assert.is(requests.length, 3 * total);
    assert.equal(requests.slice(0, total), requests.slice(total, 2 * total));
    assert.is(world.west.history.length, 1);
  },
);

fragments('a bad link: hours of rekeying in fragments', async () => {
  const lifetimes = {
    profile: { lifetime: 1800, dpdInterval: 30, dpdMaximumFailures: 25, fragmentSize: 200 },
    proposal: { lifetime: 600 },
  };
  const settings = { transmissions: 25, replacedMs: 900_000 };
  for (const seed of [1, 2, 3, 4, 5]) {
    const link = { loss: 0.1, duplication: 0.2, delayMs: 300 };
    const world = newWorld({ seed, link, ...both(lifetimes), settings });
    await world.east.carry(world.east.engine.start());
    for (let i = 0; i < 60 && !world.sites.every((site) => site.current(0)); i++) {
      await world.run(5000);
    }
    for (let minute = 0; minute < 120; minute++) {
      await world.run(60_000);
      for (const site of world.sites) assert.ok(site.current(0), `${seed}: ${site.name} ${minute}`);
    }
    world.link = {};
    await world.run(600_000);
    world.checkTraffic();
    world.checkMirrored();
  }
});

fragments('forged ones change nothing, and the genuine ones after them are taken', async () => {
  const world = newWorld(sized(TINY));
  world.holding = true;
  await world.east.carry(world.east.engine.start());
  await world.deliver();
  await world.deliver();
  const set = world.heldFor(world.west);
  assert.ok(set.length > 3);
  const before = world.west.snapshot();
  for (const { datagram } of set) {
    for (const at of [datagram.bytes.length - 1, datagram.bytes.length - 20, 33, 35]) {
      const bytes = Uint8Array.from(datagram.bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
      const step = await world.west.engine.receive({ ...datagram, bytes });
      assert.is(step.send.length, 0);
    }
  }
  const after = world.west.snapshot();
  assert.equal(after, before);
  // Shuffled, and each twice.
  for (const item of [...set].reverse()) {
    await world.west.carry(world.west.engine.receive(item.datagram));
    await world.deliver(item);
  }
  world.release();
  await world.run();
  world.checkSettled();
});

/** A request of that many bytes in `total` fragments from the real peer. */
function cut(insider: Insider, messageId: number, bytes: number, total: number): Uint8Array[] {
  const { first, bytes: chain } = encodeChain([filler(bytes)]);
  const room = Math.ceil(chain.length / total);
  return Array.from({ length: total }, (_, index) =>
    insider.fragment(
      { exchangeType: INFORMATIONAL, messageId },
      index === 0 ? first : 0,
      chain.subarray(index * room, (index + 1) * room),
      { fragmentNumber: index + 1, totalFragments: total },
    ),
  );
}

fragments(
  'cut anew into smaller pieces: the old pieces are let go, the coarser not let back',
  async () => {
    const world = await connected();
    const insider = new Insider(world, world.west);
    const coarse = cut(insider, 2, 3000, 3);
    const fine = cut(insider, 2, 3000, 8);
    for (const bytes of [coarse[0]!, coarse[1]!, ...fine.slice(0, 7), coarse[2]!, fine[0]!]) {
      assert.is((await insider.send(bytes)).length, 0);
    }
    const [answer] = await insider.send(fine[7]!);
    assert.equal(insider.open(answer).inner, []);
    // Afterwards the first fragment asks for the answer again, of either set, and no other one does.
    assert.is((await insider.send(fine[0]!)).length, 1);
    assert.is((await insider.send(coarse[0]!)).length, 1);
    assert.is((await insider.send(fine[1]!)).length, 0);
    const altered = coarse[0]!.slice();
    altered[40]! ^= 1;
    assert.is((await insider.send(altered)).length, 0);
  },
);

fragments(
  'more of them than anybody needs, and a message without end: nothing is kept',
  async () => {
    const world = await connected();
    const insider = new Insider(world, world.west);
    for (const bytes of cut(insider, 2, 3000, 257)) {
      assert.is((await insider.send(bytes)).length, 0);
    }
    // 300 bytes each: with the 218th it is more than a message may have.
    for (let number = 1; number <= 218; number++) {
      const place = { fragmentNumber: number, totalFragments: 256 };
      const part = new Uint8Array(300);
      const request = { exchangeType: INFORMATIONAL, messageId: 2 };
      assert.is((await insider.send(insider.fragment(request, 41, part, place))).length, 0);
    }
    const sound = cut(insider, 2, 3000, 256);
    for (const bytes of sound.slice(0, -1)) assert.is((await insider.send(bytes)).length, 0);
    assert.is((await insider.send(sound.at(-1)!)).length, 1);
  },
);

fragments('authentic pieces that make no message end the IKE SA as a whole one would', async () => {
  const world = await connected();
  const insider = new Insider(world, world.west);
  const request = { exchangeType: INFORMATIONAL, messageId: 2 };
  const part = (fragmentNumber: number): Uint8Array =>
    insider.fragment(request, 41, Uint8Array.of(0, 0, 0, 2), { fragmentNumber, totalFragments: 2 });
  await insider.send(part(1));
  const [answer] = await insider.send(part(2));
  const [notify] = insider.open(answer).inner;
  assert.ok(notify?.type === 'Notify' && notify.notifyType === N.INVALID_SYNTAX);
  assert.is(world.west.established.length, 0);
});

fragments.run();
