// The host's own fragments, put together before transport mode protects them (RFC 4303 §3.3.4): every
// size, order and protocol; what is refused; and what bounds it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ASSEMBLY_PLACES } from '../../src/contract/layout.js';
import { VIRTIO } from '../reference/segment.js';
import { seeded } from './arena.js';
import { Gateway } from './gateway.js';
import { hostChild, type HostOptions, hosts } from './hosts.js';
import { type PacketFields, ipv4, ipv6, udp } from './packets.js';
import { comparable, cut, deliver, KINDS } from './pieces.js';
import { EAST, policy, SUITES, WEST } from './site.js';

const reassembly = suite('reassembly');
const random = seeded(5722);
const ENDS = { 4: { src: WEST[4], dst: EAST[4] }, 6: { src: WEST[6], dst: EAST[6] } };
const LIFETIME = 2000;
const MTU = 1500;

type Family = 4 | 6;

function datagram(family: Family, length: number, fields: PacketFields = {}): Buffer {
  const make = family === 4 ? ipv4 : ipv6;
  return make(udp(random.bytes(length)), { ...ENDS[family], ...fields });
}

/** All fragments of `packet`, of `size` bytes of data. */
function pieces(packet: Buffer, id: number, size = 1200, front = 40): Buffer[] {
  const data = packet.length - (packet[0]! >> 4 === 4 ? (packet[0]! & 15) * 4 : front);
  const count = Math.ceil(data / size);
  return Array.from({ length: count }, (_, i) => cut(packet, i * size, (i + 1) * size, id, front));
}

function shuffled<T>(items: readonly T[]): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const other = random.number(i + 1);
    [copy[i], copy[other]] = [copy[other]!, copy[i]!];
  }
  return copy;
}

const WAYS: Readonly<Record<string, HostOptions>> = {
  ...KINDS,
  'ESP in UDP': { udp: true },
  ...Object.fromEntries(
    [3, 4, 9, 12, 15, 24, 26].map((row) => {
      const named = SUITES[row]!;
      return [`ESP ${named.encryption} ${named.integrity}`, { suite: named }];
    }),
  ),
};

for (const [name, options] of Object.entries(WAYS)) {
  for (const family of options.udp ? ([4] as const) : ([4, 6] as const)) {
    reassembly(`${name}, IPv${family}: datagrams up to the largest come through whole`, () => {
      const pair = hosts({ ...options, outer: family, pathMtu: MTU });
      let id = 0;
      for (const length of [1, 1500, 8000, 9880, 10_050, 10_200, 20_000, 40_001, 65_000]) {
        const packet = datagram(family, length);
        const size = length > 100 ? 8 * (20 + random.number(160)) : 8;
        const all = pieces(packet, ++id, size);
        const sent = shuffled(all).flatMap((piece) => pair.west.outbound([piece]).messages);
        const { tun } = deliver(pair, sent, MTU);
        assert.is(tun.length, 1, `${length} bytes in ${all.length} fragments`);
        const [got, sentOut] = [comparable(tun[0]!), comparable(sameId(packet, id))];
        // under UDP the header is one of the peer's: the addresses and what follows stay
        const from = options.udp ? 12 : 0;
        assert.ok(got.subarray(from).equals(sentOut.subarray(from)), `${length} bytes`);
      }
      assert.is(pair.west.counters().reassembled, id);
      assert.is(pair.west.counters()['out-state-mode-errors'], 0);
      assert.is(pair.east.counters()['in-packets'], id);
    });
  }
}

/** IPv4 alone carries the identification on. */
function sameId(packet: Buffer, id: number): Buffer {
  const copy = Buffer.from(packet);
  if (copy[0]! >> 4 === 4) copy.writeUInt16BE(id, 4);
  return copy;
}

reassembly(
  'headers are those of the first fragment: options, IPv6 extensions, no more DF or MF',
  () => {
    const four = hosts({ pathMtu: MTU });
    const options = Buffer.from([148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0]);
    const packet = datagram(4, 3000, { options, id: 5, tos: 0x28 });
    const sent = pieces(packet, 5).flatMap((piece) => four.west.outbound([piece]).messages);
    const [whole] = deliver(four, sent, MTU).tun;
    assert.equal(comparable(whole!), comparable(packet));
    const six = hosts({ outer: 6, pathMtu: MTU });
    const hopByHop = Buffer.from([60, 0, 1, 4, 0, 0, 0, 0]);
    const inside = Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]);
    const data = Buffer.concat([hopByHop, inside, udp(random.bytes(3000))]);
    const long = ipv6(data, { ...ENDS[6], protocol: 0, tos: 0xb8 });
    const messages = pieces(long, 6, 1200, 48).flatMap(
      (piece) => six.west.outbound([piece]).messages,
    );
    assert.equal(deliver(six, messages, MTU).tun, [long]);
    assert.is(six.west.counters().reassembled, 1);
  },
);

reassembly('behind virtio headers, and all fragments of several datagrams in one batch', () => {
  for (const family of [4, 6] as const) {
    const pair = hosts({ outer: family, pathMtu: 9000 });
    pair.west.tables.setOffload({ header: VIRTIO, uso: true, join: true });
    const packets = [1, 2, 3].map((id) => sameId(datagram(family, 4000), id));
    const batch = shuffled(packets.flatMap((packet, i) => pieces(packet, i + 1)));
    const { messages } = pair.west.outbound(batch);
    assert.is(messages.length, 3);
    const got = messages.map((message) => comparable(deliver(pair, [message], 9000).tun[0]!));
    const order = (a: Buffer, b: Buffer): number => a.compare(b);
    assert.equal(got.sort(order), packets.map(comparable).sort(order));
  }
});

reassembly('an IPv6 packet that says it were a fragment, and is whole, is one (RFC 6946)', () => {
  const { west, ...pair } = hosts({ outer: 6 });
  const packet = datagram(6, 500);
  const first = cut(datagram(6, 3000), 0, 1200, 9);
  assert.equal(west.outbound([first]).messages, []);
  // of the same identification: it has nothing to do with the other
  const { messages } = west.outbound([cut(packet, 0, 9000, 9)]);
  assert.equal(deliver({ ...pair, west }, messages, MTU).tun, [packet]);
  const many = Array.from({ length: 64 }, () => cut(datagram(6, 100), 0, 9000, 10));
  assert.is(west.outbound(many).messages.length, 64, 'more than there are places, in rounds');
});

// ---- what is refused -----------------------------------------------------------------------------

const packetOf = datagram(4, 4000);
const six = datagram(6, 4000);
const REFUSED: readonly [string, readonly Buffer[]][] = [
  ['overlap', [cut(packetOf, 0, 1200, 1), cut(packetOf, 1192, 2400, 1)]],
  ['a fragment twice', [cut(packetOf, 1200, 2400, 1), cut(packetOf, 1200, 2400, 1)]],
  ['one within another', [cut(six, 0, 2400, 1), cut(six, 800, 1600, 1)]],
  ['one around another', [cut(six, 800, 1600, 1), cut(six, 0, 2400, 1)]],
  ['two ends', [cut(packetOf, 3200, 9000, 1), cut(packetOf.subarray(0, 3020), 2400, 9000, 1)]],
  [
    'data behind the end',
    [cut(packetOf.subarray(0, 3020), 2400, 9000, 1), cut(packetOf, 3200, 3600, 1)],
  ],
  [
    'an end before data',
    [cut(packetOf, 3200, 3600, 1), cut(packetOf.subarray(0, 3020), 2400, 9000, 1)],
  ],
  ['not the last, and no multiple of 8', [cut(six, 0, 1201, 1), cut(six, 2400, 3600, 1)]],
  ['nothing in it', [cut(six, 1200, 1200, 1), cut(six, 2400, 3600, 1)]],
];
for (const [name, two] of REFUSED) {
  reassembly(`refused with all that is still to come: ${name}`, () => {
    const family = two[0]![0]! >> 4 === 4 ? 4 : 6;
    const { west } = hosts({ outer: family });
    assert.equal(west.outbound(two).messages, []);
    assert.is(west.counters()['out-state-mode-errors'], 2);
    const rest = pieces(family === 4 ? packetOf : six, 1);
    assert.equal(west.outbound(rest).messages, []);
    assert.is(west.counters()['out-state-mode-errors'], 2 + rest.length);
    assert.is(west.counters().reassembled, 0);
    // another identification, and the same one later, are other datagrams
    const other = pieces(family === 4 ? packetOf : six, 2);
    assert.ok(west.outbound(other).messages.length > 0);
    west.now += LIFETIME;
    assert.ok(west.outbound(rest).messages.length > 0);
    assert.is(west.counters().reassembled, 2);
  });
}

reassembly(
  'more than a datagram can be, headers that are too long, fragments within fragments',
  () => {
    const { west } = hosts();
    const huge = ipv4(random.bytes(8), { ...ENDS[4], id: 1, offset: 65_528, more: false });
    west.outbound([huge]);
    assert.is(west.counters()['out-state-mode-errors'], 1);
    // 65,535 bytes of data, and a header: no IPv4 packet
    const longest = pieces(datagram(4, 60_000), 2, 8192).slice(0, 7);
    const last = ipv4(random.bytes(65_535 - 7 * 8192), { ...ENDS[4], id: 2, offset: 7 * 8192 });
    for (const piece of [...longest, last]) assert.equal(west.outbound([piece]).messages, []);
    assert.is(west.counters()['out-state-mode-errors'], 9);
    const pair = hosts({ outer: 6 });
    const nested = ipv6(cut(datagram(6, 100), 0, 9000, 3).subarray(40), {
      ...ENDS[6],
      protocol: 44,
    });
    for (const packet of [nested, cut(nested, 0, 9000, 4)]) pair.west.outbound([packet]);
    const inner = cut(cut(datagram(6, 100), 0, 9000, 5), 0, 9000, 6);
    assert.equal(pair.west.outbound([inner]).messages, []);
    assert.is(pair.west.counters()['out-state-mode-errors'], 2);
    const options = Buffer.concat([Buffer.from([17, 31]), Buffer.alloc(254)]);
    const long = ipv6(Buffer.concat([options, udp(random.bytes(2000))]), {
      ...ENDS[6],
      protocol: 60,
    });
    assert.equal(pair.west.outbound(pieces(long, 7, 1200, 296)).messages, []);
    assert.is(pair.west.counters()['out-state-mode-errors'], 4);
  },
);

reassembly('others than the two ends: nothing is kept', () => {
  const west = new Gateway();
  west.tables.setPolicies([policy(1, '192.0.2.0/24', EAST[4])]);
  const child = hostChild();
  const localSelectors = [{ ...child.localSelectors[0]!, start: 0n, end: 2n ** 32n - 1n }];
  west.tables.install({ ...child, localSelectors }, { activate: true, pathMtu: MTU });
  const fields = { ...ENDS[4], src: '192.0.2.99' };
  west.outbound(pieces(ipv4(udp(random.bytes(3000)), fields), 1));
  assert.equal(west.counted(), { 'out-state-mode-errors': 3 });
});

// ---- what bounds it ------------------------------------------------------------------------------

reassembly(
  `${ASSEMBLY_PLACES} datagrams at once: the oldest makes room, what waits too long goes`,
  () => {
    const { west } = hosts();
    const packets = Array.from({ length: ASSEMBLY_PLACES + 1 }, () => datagram(4, 3000));
    const [firsts, rests] = [
      packets.map((packet, id) => cut(packet, 0, 1200, id + 1)),
      packets.map((packet, id) => pieces(packet, id + 1).slice(1)),
    ];
    for (const piece of firsts) {
      west.outbound([piece]);
      west.now += 10;
    }
    assert.is(west.counters()['out-state-mode-errors'], 1, 'the first of all');
    assert.is(
      west.outbound(rests[ASSEMBLY_PLACES]!).messages.length > 0,
      true,
      'the last is there',
    );
    assert.is(west.outbound(rests[1]!).messages.length > 0, true, 'and so is the second');
    assert.equal(west.outbound(rests[0]!).messages, []);
    west.now += LIFETIME;
    assert.ok(west.outbound([datagram(4, 10)]).messages.length > 0);
    // of the 14 left the first pieces, of the very first its other two
    assert.is(west.counters()['out-state-mode-errors'], 1 + (ASSEMBLY_PLACES - 2) + 2);
    assert.is(west.counters().reassembled, 2);
  },
);

reassembly(
  'a clock that is set back keeps nothing; a worker that starts again knows nothing',
  () => {
    const { west } = hosts();
    const packet = datagram(4, 3000);
    const [first, ...rest] = pieces(packet, 1);
    west.outbound([first!]);
    west.now -= 1000;
    west.outbound(rest);
    assert.is(west.counters()['out-state-mode-errors'], 1);
    west.exports.attach!(0);
    assert.equal(west.outbound([first!]).messages, []);
    assert.ok(west.outbound(rest).messages.length > 0);
  },
);

reassembly('datagrams that take many slots each take their rounds', () => {
  const pair = hosts({ pathMtu: 576 });
  const packets = [1, 2, 3, 4].map((id) => sameId(datagram(4, 60_000), id));
  const [a, b, c, d] = packets.map((packet, i) => pieces(packet, i + 1, 8000)) as Buffer[][];
  // the last pieces together: four whole datagrams of 108 fragments each in one batch
  for (const each of [a!, b!, c!, d!]) pair.west.outbound(each.slice(0, -1));
  const { messages } = pair.west.outbound([a!, b!, c!, d!].map((each) => each.at(-1)!));
  assert.ok(messages.length > 400 && messages.length % 4 === 0);
  const size = messages.length / 4;
  const got = packets.map(
    (_, i) => deliver(pair, messages.slice(i * size, (i + 1) * size), 576).tun[0]!,
  );
  assert.equal(got.map(comparable), packets.map(comparable));
});

reassembly('fragments wait for their SA like any packet, and become one when it is there', () => {
  const west = new Gateway();
  west.tables.setPolicies([policy(1, WEST[4], EAST[4])]);
  const packet = sameId(datagram(4, 5000), 8);
  assert.equal(west.outbound(pieces(packet, 8)).messages, []);
  assert.is(west.counters().held, 5);
  west.tables.install(hostChild(), { activate: true, pathMtu: MTU });
  const { messages } = west.release();
  const pair = hosts();
  assert.equal(comparable(deliver(pair, messages, MTU).tun[0]!), comparable(packet));
  assert.equal(west.counted()['out-state-mode-errors'], undefined);
});

// ---- a model -------------------------------------------------------------------------------------

interface Known {
  readonly at: number;
  readonly covered: Set<number>;
  refused: boolean;
  bytes: number;
  top: number;
  end: number;
}

/** The rules in plain words: what a piece does to the datagrams in assembly. */
class Model {
  readonly #known = new Map<number, Known>();

  /** Whether the piece completes its datagram. */
  add(id: number, from: number, bytes: number, more: boolean, now: number): boolean {
    let known = this.#known.get(id);
    if (known && now - known.at >= LIFETIME) known = undefined;
    known ??= { at: now, covered: new Set(), refused: false, bytes: 0, top: 0, end: 0 };
    this.#known.set(id, known);
    if (known.refused) return false;
    const to = from + bytes;
    const units = Array.from({ length: Math.ceil(bytes / 8) }, (_, i) => from / 8 + i);
    known.refused =
      units.some((unit) => known.covered.has(unit)) ||
      (more && (bytes % 8 !== 0 || (known.end > 0 && to >= known.end))) ||
      (!more && (known.end > 0 || known.top > to));
    if (known.refused) return false;
    for (const unit of units) known.covered.add(unit);
    known.bytes += bytes;
    known.top = Math.max(known.top, to);
    if (!more) known.end = to;
    if (known.end === 0 || known.bytes < known.end) return false;
    this.#known.delete(id);
    return true;
  }
}

interface Cut {
  id: number;
  from: number;
  bytes: number;
  more: boolean;
}

/** A datagram in pieces of 8 to 24 bytes; of every third one of them is not as it should be. */
function plan(id: number): Cut[] {
  const cuts: Cut[] = [];
  for (let from = 0, left = 2 + random.number(4); left > 0; left--) {
    const bytes = left > 1 ? 8 * (1 + random.number(3)) : 1 + random.number(24);
    cuts.push({ id, from, bytes, more: left > 1 });
    from += bytes;
  }
  const wrong = cuts[random.number(cuts.length)]!;
  const kind = random.number(12);
  if (kind === 0) cuts.push({ ...wrong });
  else if (kind === 1) wrong.from += 8;
  else if (kind === 2) wrong.more = !wrong.more;
  else if (kind === 3) wrong.bytes += 4;
  return shuffled(cuts);
}

reassembly('4,000 random datagrams, a few at a time: whole when a model says so', () => {
  const { west } = hosts({ pathMtu: 9000 });
  const model = new Model();
  const open: Cut[][] = [];
  let whole = 0;
  for (let i = 0; i < 4000; i++) {
    open.push(plan(1 + (i % 6)));
    for (let turn = 0; turn < 4 && open.length > 0; turn++) {
      const at = random.number(open.length);
      const { id, from, bytes, more } = open[at]!.pop()!;
      if (open[at]!.length === 0) open.splice(at, 1);
      // what is no fragment at all is not of this
      if (from === 0 && !more) continue;
      west.now += random.number(60);
      const data = from === 0 ? udp(random.bytes(24)).subarray(0, bytes) : random.bytes(bytes);
      const { messages } = west.outbound([ipv4(data, { ...ENDS[4], id, offset: from, more })]);
      const expected = model.add(id, from, bytes, more, west.now);
      assert.is(messages.length, expected ? 1 : 0, `datagram ${i}`);
      if (expected) whole++;
    }
  }
  assert.ok(whole > 1000, `${whole} whole`);
});

reassembly.run();
