// What joins on its way to the TUN: every write is taken apart again by test/reference/segment.ts, and
// what comes out must be the packets that went in, flow by flow, in their order and byte for byte.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_ESP4, PORT_UDP4_4500 } from '../../src/contract/ids.js';
import { checksum } from './packets.js';
import { seal } from '../reference/esp.js';
import { partsOf, segments, sound, VIRTIO } from '../reference/segment.js';
import { seeded } from './arena.js';
import { asReceived, type Gateway, type Received } from './gateway.js';
import { EAST, gateways, mirror, WEST, westChild } from './site.js';
import { ACK, packetOf, PSH, type StreamFields } from './streams.js';

const coalesce = suite('coalesce');
const random = seeded(44);

interface Scene {
  readonly east: Gateway;
  /** Seals the packets, hands them to the gateway in one batch; its writes, apart. */
  deliver(packets: readonly Buffer[]): { header: Buffer; packet: Buffer }[];
}

function scene(
  uso = true,
  header = VIRTIO,
  options: { udp?: boolean; policy?: number } = {},
): Scene {
  const { east } = gateways();
  east.tables.setOffload({ header, uso, join: true });
  const child = westChild(1, options);
  east.tables.install(mirror(child), { activate: true, pathMtu: 1500 });
  const sa = { ...child, ...child.outbound };
  let sequence = 0n;
  const sealed = (packet: Buffer): Buffer => seal(sa, ++sequence, Buffer.alloc(8), packet);
  const port = options.udp ? PORT_UDP4_4500 : PORT_ESP4;
  return {
    east,
    deliver(packets) {
      const datagrams = packets.map((packet): Received => {
        const bytes = sealed(packet);
        const message = { port, bytes, name: bytes, control: bytes };
        return asReceived(message, WEST[4], EAST[4]);
      });
      return east.inbound(port, datagrams).tun.map((write) => ({
        header: write.subarray(0, header),
        packet: write.subarray(header),
      }));
    },
  };
}

/** Consecutive packets of one flow; `change` gives the fields in which packet i differs. */
function stream(
  count: number,
  size: number,
  fields: StreamFields = {},
  change: (i: number) => StreamFields = () => ({}),
): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const sequence = (fields.sequence ?? 1000) + i * size;
    const id = ((fields.id ?? 100) + i) & 0xffff;
    return packetOf(random.bytes(size), { ...fields, sequence, id, ...change(i) });
  });
}

const expand = (writes: readonly { header: Buffer; packet: Buffer }[]): Buffer[] =>
  writes.flatMap(({ header, packet }) => segments(header, packet));

function same(actual: readonly Buffer[], expected: readonly Buffer[], what = ''): void {
  assert.is(actual.length, expected.length, what);
  for (const [i, packet] of actual.entries()) {
    assert.ok(packet.equals(expected[i]!), `${what} packet ${i}`);
  }
}

for (const [family, udp] of [
  [4, false],
  [6, false],
  [4, true],
  [6, true],
] as const) {
  const name = `${udp ? 'UDP' : 'TCP'} over IPv${family}`;
  const policy = family === 4 ? 1 : 2;

  coalesce(`${name}: 40 packets in order are one write, and come apart again`, () => {
    const { east, deliver } = scene(true, VIRTIO, { policy });
    const packets = stream(40, 1200, { family, udp, tcpOptions: random.bytes(12), tos: 0x28 });
    packets.push(...stream(1, 500, { family, udp, sequence: 49_000, id: 140, tos: 0x28 }));
    if (!udp) packets.pop();
    const writes = deliver(packets);
    assert.is(writes.length, 1);
    same(expand(writes), packets);
    assert.is(east.counters().coalesced, packets.length - 1);
    assert.is(east.counters()['in-packets'], packets.length);
  });

  coalesce(`${name}: 65,535 bytes are the most`, () => {
    const { deliver } = scene(true, VIRTIO, { policy });
    const packets = stream(60, 1300, { family, udp });
    const writes = deliver(packets);
    assert.ok(writes.length > 1);
    for (const { packet } of writes) assert.ok(packet.length <= 65_535);
    same(expand(writes), packets);
  });
}

coalesce('a short segment is the last, a longer one begins anew, PSH ends', () => {
  const { deliver } = scene();
  const data = (length: number, sequence: number, id: number, flags = ACK): Buffer =>
    packetOf(random.bytes(length), { sequence, id, flags });
  const packets = [
    data(1000, 0, 1),
    data(1000, 1000, 2),
    data(400, 2000, 3),
    data(1000, 2400, 4), // after a short one
    data(1000, 3400, 5, ACK | PSH),
    data(1000, 4400, 6), // after PSH
    data(1200, 5400, 7), // longer than the first
    data(1200, 6600, 8),
  ];
  const writes = deliver(packets);
  assert.equal(
    writes.map(({ packet }) => packet.length - 40),
    [2400, 2000, 1000, 2400],
  );
  assert.is(writes[1]!.packet[33], ACK | PSH);
  same(expand(writes), packets);
});

const KEEPS_APART: Readonly<Record<string, (i: number) => StreamFields>> = {
  'type of service': (i) => ({ tos: i === 1 ? 4 : 0 }),
  'congestion experienced': (i) => ({ tos: i === 1 ? 3 : 2 }),
  'time to live': (i) => ({ ttl: i === 1 ? 63 : 64 }),
  'do not fragment': (i) => ({ df: i === 1 }),
  'a gap in the identification': (i) => ({ id: i === 1 ? 200 : 100 + i }),
  'an option of IPv4': (i) => (i === 1 ? { options: Buffer.from([1, 1, 1, 0]) } : {}),
  'a fragment': (i) => ({ more: i === 1 }),
  acknowledgement: (i) => ({ ack: i === 1 ? 9 : 7 }),
  window: (i) => ({ window: i === 1 ? 9 : 7 }),
  'an option of TCP': (i) => ({ tcpOptions: Buffer.from([1, 1, 1, i === 1 ? 0 : 1]) }),
  'length of the options': (i) => ({ tcpOptions: Buffer.alloc(i === 1 ? 4 : 8, 1) }),
  'a gap in the sequence': (i) => ({ sequence: 1000 * i + (i >= 1 ? 1 : 0) }),
  'a segment again': (i) => ({ sequence: 1000 * Math.max(0, i - 1) }),
  FIN: (i) => ({ flags: i === 1 ? ACK | 1 : ACK }),
  SYN: (i) => ({ flags: i === 1 ? ACK | 2 : ACK }),
  RST: (i) => ({ flags: i === 1 ? ACK | 4 : ACK }),
  URG: (i) => ({ flags: i === 1 ? ACK | 32 : ACK }),
  ECE: (i) => ({ flags: i === 1 ? ACK | 64 : ACK }),
  CWR: (i) => ({ flags: i === 1 ? ACK | 128 : ACK }),
  'no ACK': (i) => ({ flags: i === 1 ? 0 : ACK }),
  'another port': (i) => ({ srcPort: i === 1 ? 40_001 : 40_000 }),
  'another address': (i) => ({ src: i === 1 ? '198.18.1.9' : '198.18.1.1' }),
};

for (const [name, change] of Object.entries(KEEPS_APART)) {
  coalesce(`kept apart: ${name}`, () => {
    const { deliver } = scene();
    const packets = stream(2, 1000, { sequence: 0 }, change);
    const writes = deliver(packets);
    assert.is(writes.length, 2);
    for (const { header } of writes) assert.equal([...header], new Array(VIRTIO).fill(0));
    same(
      writes.map(({ packet }) => packet),
      packets,
    );
  });
}

coalesce('with DF the identification may be anything', () => {
  const { deliver } = scene();
  const writes = deliver(stream(10, 1000, { df: true }, () => ({ id: 0 })));
  assert.is(writes.length, 1);
});

coalesce('a wrong checksum is never made right: TCP, UDP, IPv4, first or later', () => {
  for (const udp of [false, true]) {
    for (const [bad, at] of [
      [0, 36],
      [3, 36],
      [3, 50],
      [0, 10],
      [3, 11],
    ] as const) {
      const { deliver } = scene();
      const packets = stream(8, 1000, { udp });
      packets[bad]![at]! ^= 0x40;
      const writes = deliver(packets);
      same(expand(writes), packets, `${udp} ${bad} ${at}`);
      const wrong = writes.filter(({ packet }) => packet.equals(packets[bad]!));
      assert.is(wrong.length, 1);
      assert.is(wrong[0]!.header[0], 0);
    }
  }
});

coalesce('no checksum in UDP stays none', () => {
  const { deliver } = scene();
  const packets = stream(3, 1000, { udp: true });
  for (const packet of packets) packet.writeUInt16BE(0, 26);
  assert.equal(
    deliver(packets).map(({ packet }) => packet),
    packets,
  );
});

coalesce('a device without USO gets datagrams one by one, TCP joined', () => {
  const { deliver } = scene(false);
  assert.is(deliver(stream(5, 1000, { udp: true })).length, 5);
  assert.is(deliver(stream(5, 1000)).length, 1);
});

coalesce('a device without virtio headers gets packets as they are', () => {
  const { deliver, east } = scene(false, 0);
  const packets = stream(5, 1000);
  assert.equal(
    deliver(packets).map(({ packet }) => packet),
    packets,
  );
  assert.is(east.counters().coalesced, 0);
});

coalesce('a pure acknowledgement ends its flow: nothing overtakes it', () => {
  const { deliver } = scene();
  const packets = stream(6, 1000, { sequence: 0 });
  packets.splice(3, 0, packetOf(new Uint8Array(0), { sequence: 3000, id: 50 }));
  const writes = deliver(packets);
  assert.equal(
    writes.map(({ packet }) => packet.length - 40),
    [3000, 0, 3000],
  );
});

coalesce('packets of two SAs are not joined', () => {
  const first = scene();
  const child = westChild(2);
  first.east.tables.install(mirror(child), { activate: true, pathMtu: 1500 });
  const sa = { ...child, ...child.outbound };
  const one = { ...westChild(1), ...westChild(1).outbound };
  const packets = stream(2, 1000);
  const datagrams = packets.map((packet, i) => {
    const bytes = seal(i === 0 ? one : sa, 1n, Buffer.alloc(8), packet);
    const message = { port: PORT_ESP4, bytes, name: bytes, control: bytes };
    return asReceived(message, WEST[4], EAST[4]);
  });
  assert.is(first.east.inbound(PORT_ESP4, datagrams).tun.length, 2);
});

// ---- datagrams that the kernel joined ------------------------------------------------------------

/** One message of many datagrams, each but the last of `segment` bytes. */
function joined(datagrams: readonly Buffer[]): Received {
  const bytes = Buffer.concat(datagrams);
  return { bytes, segment: datagrams[0]!.length, from: WEST[4], to: EAST[4], tos: 0 };
}

function natScene() {
  const { east } = scene(true, VIRTIO, { udp: true });
  const child = westChild(1, { udp: true });
  const sa = { ...child, ...child.outbound };
  let sequence = 0n;
  return {
    east,
    sealed: (packet: Buffer) => seal(sa, ++sequence, Buffer.alloc(8), packet),
  };
}

coalesce('UDP_GRO: a message is taken apart, a bad datagram in it harms no other', () => {
  const { east, sealed } = natScene();
  const packets = [...stream(20, 1000), ...stream(1, 300, { sequence: 21_000, id: 120 })];
  const datagrams = packets.map(sealed);
  datagrams[5]![100]! ^= 1;
  const { tun } = east.inbound(PORT_UDP4_4500, [joined(datagrams)]);
  const writes = tun.map((write) => ({
    header: write.subarray(0, VIRTIO),
    packet: write.subarray(VIRTIO),
  }));
  packets.splice(5, 1);
  same(expand(writes), packets);
  assert.is(writes.length, 2, 'a gap in the sequence numbers where the bad one was');
  assert.is(east.counters()['in-state-protocol-errors'], 1);
});

coalesce('UDP_GRO: IKE, keepalives and what is too short, between ESP', () => {
  const { east, sealed } = natScene();
  const [packet] = stream(1, 400) as [Buffer];
  const esp = sealed(packet);
  const ike = Buffer.alloc(esp.length);
  ike.fill(9, 4);
  const { tun } = east.inbound(PORT_UDP4_4500, [
    joined([esp, ike, sealed(packet), Buffer.from([0xff])]),
    joined([esp, Buffer.from([1, 2])]),
  ]);
  assert.is(tun.length, 2);
  const [mail] = east.mail().filter(({ kind }) => kind === 'ike');
  assert.ok(mail);
  const { keepalives } = east.counters();
  assert.is(keepalives, 1);
  assert.is(east.counters()['in-header-errors'], 1);
  assert.is(east.counters()['in-state-sequence-errors'], 1);
});

coalesce('UDP_GRO: more datagrams than slots are done in rounds', () => {
  const { east, sealed } = natScene();
  const packets = stream(900, 20);
  const datagrams = packets.map(sealed);
  const messages = [0, 300, 600].map((from) => joined(datagrams.slice(from, from + 300)));
  const { tun } = east.inbound(PORT_UDP4_4500, messages);
  const writes = tun.map((write) => ({
    header: write.subarray(0, VIRTIO),
    packet: write.subarray(VIRTIO),
  }));
  same(expand(writes), packets);
  assert.is(writes.length, 4);
});

coalesce('at most 64 datagrams join, which is what every kernel takes; TCP joins more', () => {
  for (const [udp, sizes] of [
    [true, [64, 64, 64, 8]],
    [false, [200]],
  ] as const) {
    const { east, sealed } = natScene();
    const packets = stream(200, 36, { udp });
    const { tun } = east.inbound(PORT_UDP4_4500, [joined(packets.map(sealed))]);
    const cut = tun.map((write) => segments(write.subarray(0, VIRTIO), write.subarray(VIRTIO)));
    assert.equal(
      cut.map(({ length }) => length),
      sizes,
    );
    same(cut.flat(), packets);
  }
});

coalesce('UDP_GRO: a size that is none', () => {
  const { east, sealed } = natScene();
  const esp = sealed(stream(1, 400)[0]!);
  const from = { from: WEST[4], to: EAST[4], tos: 0 };
  const strange = [0, -1, 2 ** 31 - 1].map((segment) => ({ bytes: esp, segment, ...from }));
  assert.is(east.inbound(PORT_UDP4_4500, strange).tun.length, 1);
  assert.is(east.counters()['in-state-sequence-errors'], 2);
});

// ---- random traffic ------------------------------------------------------------------------------

/** What tells flows apart, and what DF packets may lose: their identification. */
function normal(packet: Buffer): Buffer {
  const copy = Buffer.from(packet);
  if (copy[0]! >> 4 !== 4 || (copy[6]! & 0x40) === 0) return copy;
  copy.writeUInt16BE(0, 4);
  copy.writeUInt16BE(0, 10);
  copy.writeUInt16BE(checksum(copy.subarray(0, 20)), 10);
  return copy;
}

function flowsOf(packets: readonly Buffer[]): Map<string, Buffer[]> {
  const flows = new Map<string, Buffer[]>();
  for (const packet of packets) {
    const { ip, upper } = partsOf(packet);
    const ends = [ip.subarray(12, 20), upper.subarray(0, 4)].map((bytes) => bytes.toString('hex'));
    const key = ends.join(' ');
    flows.set(key, [...(flows.get(key) ?? []), normal(packet)]);
  }
  return flows;
}

/** A batch of several flows in any mixture, with all the oddities of KEEPS_APART now and then. */
function mixture(): Buffer[] {
  const sequences = new Map<number, number>();
  const oddities = Object.values(KEEPS_APART).filter((_, i) => i !== 5 && i !== 6);
  return Array.from({ length: 1 + random.number(64) }, (_, i) => {
    const port = 1000 + random.number(3);
    const udp = port === 1002;
    const sequence = sequences.get(port) ?? random.number(2 ** 32);
    const length = random.number(6) === 0 ? random.number(1200) : 1200;
    sequences.set(port, sequence + length);
    const odd = random.number(12) === 0 ? oddities[random.number(oddities.length)]!(1) : {};
    const flags = ACK | (random.number(10) === 0 ? PSH : 0);
    const srcPort = port;
    const packet = packetOf(random.bytes(length), {
      udp,
      flags,
      sequence,
      id: i,
      df: true,
      ...odd,
      srcPort,
    });
    if (random.number(20) === 0) packet[30 + random.number(10)]! ^= 1;
    return packet;
  });
}

coalesce('500 random batches: every flow comes out as it went in', () => {
  const { east, deliver } = scene(true, VIRTIO, { udp: true });
  let packets = 0;
  let writes = 0;
  for (let turn = 0; turn < 500; turn++) {
    const batch = mixture();
    const made = deliver(batch);
    const before = flowsOf(batch);
    const after = flowsOf(expand(made));
    assert.equal([...after.keys()].sort(), [...before.keys()].sort());
    for (const [key, expected] of before) same(after.get(key)!, expected, `turn ${turn} ${key}`);
    for (const { header, packet } of made) if (header[1] !== 0) assert.ok(!sound(packet));
    packets += batch.length;
    writes += made.length;
  }
  assert.is(east.counters().coalesced, packets - writes);
  assert.ok(writes < 0.8 * packets, `${packets} packets in ${writes} writes`);
});

coalesce.run();
