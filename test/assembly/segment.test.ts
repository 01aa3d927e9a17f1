// Super-packets from the TUN, cut and completed, against test/reference/segment.ts: in the clear, where
// every byte shows, and through an SA. Then virtio headers that lie.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as layout from '../../src/contract/layout.js';
import { open } from '../reference/esp.js';
import {
  GSO,
  NEEDS_CSUM,
  segments,
  superPacket,
  unfinished,
  VIRTIO,
  virtio,
} from '../reference/segment.js';
import { seeded } from './arena.js';
import { Gateway, type Result } from './gateway.js';
import { connect, gateways, westChild } from './site.js';
import { ACK, packetOf, type StreamFields } from './streams.js';

const segment = suite('segment');
const random = seeded(4);
const MOST = 65_400;

function offloading(): Gateway {
  const made = new Gateway();
  made.tables.setOffload({ header: VIRTIO, uso: true, join: true });
  return made;
}

const inTheClear = offloading();

/** Cuts in the clear: the messages of the raw socket are the packets. */
function cut(packet: Buffer, header: Buffer): Buffer[] {
  return inTheClear.outbound([packet], [header]).messages.map(({ bytes }) => bytes);
}

function same(actual: readonly Buffer[], expected: readonly Buffer[], what = ''): void {
  assert.is(actual.length, expected.length, what);
  for (const [i, packet] of actual.entries()) {
    assert.ok(packet.equals(expected[i]!), `${what} packet ${i}`);
  }
}

function counted(subject: Gateway, run: () => void): Record<string, number> {
  const before = subject.counters();
  run();
  const after = Object.entries(subject.counters());
  return Object.fromEntries(
    after.map(([name, value]) => [name, value - before[name]!]).filter(([, change]) => change),
  );
}

function randomFields(): StreamFields {
  return {
    family: random.number(2) === 0 ? 4 : 6,
    udp: random.number(3) === 0,
    tos: random.number(256),
    df: random.number(2) === 0,
    id: random.number(0x10000),
    sequence: random.number(2 ** 32),
    ack: random.number(2 ** 32),
    flags: ACK | random.number(256),
    window: random.number(0x10000),
    tcpOptions: random.bytes(4 * random.number(11)),
    options: random.number(4) === 0 ? random.bytes(4 * random.number(11)) : new Uint8Array(0),
  };
}

segment('300 random super-packets: each packet as the reference cuts it', () => {
  for (let turn = 0; turn < 300; turn++) {
    const data = random.bytes(1 + random.number(turn % 3 === 0 ? 3000 : MOST));
    const size = 1 + random.number(turn % 5 === 0 ? 100 : 9000);
    const { header, packet } = superPacket(packetOf(data, randomFields()), size);
    const expected = segments(header, packet);
    let pieces: Buffer[] = [];
    const counts = counted(inTheClear, () => (pieces = cut(packet, header)));
    same(pieces, expected, `packet ${turn}`);
    assert.equal(counts, { bypassed: expected.length, segmented: expected.length });
  }
});

segment('flags: FIN and PSH in the last, CWR in the first; the reference is not asked', () => {
  const whole = packetOf(random.bytes(2500), { flags: 0xff & ~6, sequence: 2 ** 32 - 1000 });
  const { header, packet } = superPacket(whole, 1000);
  const pieces = cut(packet, header);
  assert.equal(
    pieces.map((piece) => piece[33]),
    [0xf0, 0x70, 0x79],
  );
  assert.equal(
    pieces.map((piece) => piece.readUInt32BE(24)),
    [2 ** 32 - 1000, 0, 1000],
  );
});

segment('a lone packet: its checksum is completed, of any protocol, or left as it is', () => {
  for (const family of [4, 6] as const) {
    for (const udp of [false, true]) {
      for (const length of [1, 2, 3, 31, 32, 33, 64, 1000, 1361]) {
        const whole = packetOf(random.bytes(length), { family, udp });
        const start = family === 4 ? 20 : 40;
        const header = virtio({ flags: NEEDS_CSUM, start, offset: udp ? 6 : 16 });
        assert.equal(cut(unfinished(whole), header), [whole]);
        assert.equal(cut(unfinished(whole), virtio()), [unfinished(whole)]);
      }
    }
  }
});

segment('a UDP checksum that comes out as zero is sent as 0xffff', () => {
  const data = Buffer.alloc(4);
  const sum = packetOf(data, { udp: true }).readUInt16BE(26);
  data.writeUInt16BE(sum, 0);
  const { header, packet } = superPacket(packetOf(data, { udp: true }), 1000);
  assert.is(cut(packet, header)[0]!.readUInt16BE(26), 0xffff);
});

segment('IPv6 with an extension header: the sum that the host left is taken', () => {
  const plain = packetOf(random.bytes(3000), { family: 6 });
  const { header, packet } = superPacket(plain, 1000);
  const routed = Buffer.concat([packet.subarray(0, 40), Buffer.from([6, 0, 1, 4, 0, 0, 0, 0])]);
  routed[6] = 60; // destination options
  routed.writeUInt16BE(packet.length - 32, 4);
  const pieces = cut(Buffer.concat([routed, packet.subarray(40)]), header);
  const expected = segments(header, packet);
  assert.is(pieces.length, 3);
  pieces.forEach((piece, i) => {
    assert.equal(piece.subarray(48), expected[i]!.subarray(40));
    assert.is(piece.readUInt16BE(4), expected[i]!.readUInt16BE(4) + 8);
  });
});

// ---- through an SA -------------------------------------------------------------------------------

interface Sent {
  readonly result: Result;
  /** The inner packets, in the order of their messages; joined messages are taken apart. */
  readonly inner: Buffer[];
  readonly counts: Record<string, number>;
}

function send(
  reads: readonly { header: Buffer; packet: Buffer }[],
  udp: boolean,
  mtu = 1500,
  policy = 1,
): Sent {
  const pair = gateways();
  pair.west.tables.setOffload({ header: VIRTIO, uso: true, join: true });
  const child = westChild(1, { udp, policy });
  connect(pair, child, mtu);
  let result!: Result;
  const counts = counted(pair.west, () => {
    result = pair.west.outbound(
      reads.map(({ packet }) => packet),
      reads.map(({ header }) => header),
    );
  });
  const datagrams = result.messages.flatMap(({ bytes, control }) => {
    const size = segmentSize(control) ?? bytes.length;
    const count = Math.ceil(bytes.length / size);
    return Array.from({ length: count }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  });
  const sa = { ...child, ...child.outbound };
  const inner = datagrams.map((bytes) => open(sa, 0n, bytes)!.packet);
  return { result, inner, counts };
}

/** What UDP_SEGMENT says: the last control message. */
function segmentSize(control: Buffer): number | undefined {
  if (control.length < 24) return undefined;
  const last = control.subarray(control.length - 24);
  if (last.readInt32LE(8) !== 17 || last.readInt32LE(12) !== 103) return undefined;
  assert.is(last.readUInt32LE(0), 18);
  return last.readUInt16LE(16);
}

for (const udp of [false, true]) {
  segment(
    `through an SA, ${udp ? 'UDP' : 'raw'}: cut, numbered, sealed; one message or many`,
    () => {
      for (let turn = 0; turn < 20; turn++) {
        const family = turn % 2 === 0 ? 4 : 6;
        const reads = Array.from({ length: 1 + random.number(4) }, () => {
          const fields = { ...randomFields(), tos: 0, family, options: new Uint8Array(0) } as const;
          const tcpOptions = random.bytes(12);
          const data = random.bytes(1 + random.number(30_000));
          return superPacket(packetOf(data, { ...fields, tcpOptions }), 500 + random.number(700));
        });
        const { inner, counts } = send(reads, udp, 1500, family === 4 ? 1 : 2);
        const expected = reads.flatMap(({ header, packet }) => segments(header, packet));
        same(inner, expected);
        assert.is(counts['out-packets'], expected.length);
        assert.is(counts.segmented, expected.length);
      }
    },
  );
}

segment('UDP datagrams of one length share a message: at most 64, and 65,487 bytes', () => {
  const bulk = superPacket(packetOf(random.bytes(60_000)), 1300);
  const { result } = send([bulk], true);
  assert.equal(
    result.messages.map(({ control, bytes }) => [segmentSize(control), bytes.length]),
    [[1376, 46 * 1376 + 276]],
  );
  const small = superPacket(packetOf(random.bytes(20_000)), 100);
  const counts = send([small], true).result.messages.map(({ control, bytes }) => {
    return Math.ceil(bytes.length / segmentSize(control)!);
  });
  assert.equal(counts, [64, 64, 64, 8]);
  // raw ESP has no such thing
  assert.is(send([bulk], false).result.messages.length, 47);
});

segment('what the kernel refused lately is not joined', () => {
  const pair = gateways();
  pair.west.tables.setOffload({ header: VIRTIO, uso: true, join: true });
  connect(pair, westChild(1, { udp: true }));
  const plain = layout.WORKERS_AT + layout.WORKER_TX_PLAIN;
  const { header, packet } = superPacket(packetOf(random.bytes(5000)), 1000);
  pair.west.view.setUint32(plain, 1 << 1, true); // PORT_UDP4_4500
  assert.is(pair.west.outbound([packet], [header]).messages.length, 5);
  pair.west.view.setUint32(plain, 0, true);
  assert.is(pair.west.outbound([packet], [header]).messages.length, 1);
});

segment('more segments than slots: the next rounds go on where the last stopped', () => {
  const data = random.bytes(60_000);
  const { header, packet } = superPacket(packetOf(data), 40);
  const { inner } = send([{ header, packet }, superPacket(packetOf(data), 1000)], true);
  assert.is(inner.length, 1500 + 60);
  const payload = Buffer.concat(inner.map((piece) => piece.subarray(40)));
  assert.ok(payload.equals(Buffer.concat([data, data])));
});

segment('segments larger than the path: DF is told once, the others become fragments', () => {
  const data = random.bytes(10_000);
  const df = send([superPacket(packetOf(data, { df: true }), 1300)], false, 1000);
  assert.is(df.inner.length, 0);
  assert.is(df.result.tun.length, 1);
  const icmp = df.result.tun[0]!.subarray(VIRTIO);
  assert.equal([...icmp.subarray(20, 22)], [3, 4]);
  assert.is(icmp.readUInt16BE(28 + 2), 1340, 'it quotes the first segment, not the super-packet');
  assert.equal(df.counts, { 'out-bundle-check-errors': 8, 'too-big-sent': 1 });
  const { inner, counts } = send([superPacket(packetOf(data), 1300)], false, 1000);
  assert.is(counts.fragmented, 7); // the last one fits
  assert.is(inner.length, 15);
  assert.ok(inner.every((packet) => packet.length <= 1000 - 60));
});

segment('segments larger than a slot are dropped and counted', () => {
  const jumbo = superPacket(packetOf(random.bytes(60_000)), 20_000);
  assert.equal(send([jumbo], false, 1500).counts, { 'out-bundle-errors': 1 });
  const counts = counted(inTheClear, () => assert.equal(cut(jumbo.packet, jumbo.header), []));
  assert.equal(counts, { 'out-bundle-errors': 1 });
});

// ---- headers that lie ----------------------------------------------------------------------------

segment('a header that contradicts its packet: dropped and counted', () => {
  const tcp4 = packetOf(random.bytes(3000));
  const tcp6 = packetOf(random.bytes(3000), { family: 6 });
  const udp4 = packetOf(random.bytes(3000), { udp: true });
  const short = Buffer.from(tcp4);
  short[32] = 0x40; // a TCP header of 16 bytes
  const long = packetOf(new Uint8Array(8));
  long[32] = 0xf0; // of 60, past the end
  const fragment = packetOf(random.bytes(3000), { more: true });
  const gso = (type: number, size = 1000): Buffer => virtio({ flags: NEEDS_CSUM, type, size });
  const wrong: [Buffer, Buffer][] = [
    [tcp6, gso(GSO.tcp4)],
    [tcp4, gso(GSO.tcp6)],
    [tcp4, gso(GSO.udp)],
    [udp4, gso(GSO.tcp4)],
    [tcp4, gso(3)],
    [tcp4, gso(7)],
    [tcp4, gso(GSO.tcp4, 0)],
    [short, gso(GSO.tcp4)],
    [long, gso(GSO.tcp4)],
    [fragment, gso(GSO.tcp4)],
    [packetOf(new Uint8Array(0)), gso(GSO.tcp4)],
    [tcp4, virtio({ flags: NEEDS_CSUM, start: 20, offset: 65_000 })],
    [tcp4, virtio({ flags: NEEDS_CSUM, start: 65_535, offset: 65_535 })],
    [tcp4, virtio({ flags: NEEDS_CSUM, start: 3039, offset: 0 })],
    [tcp4, virtio({ flags: NEEDS_CSUM, start: 2, offset: 8 })],
  ];
  for (const [packet, header] of wrong) {
    const counts = counted(inTheClear, () => assert.equal(cut(packet, header), []));
    assert.equal(counts, { 'out-policy-errors': 1 }, header.toString('hex'));
  }
});

segment('20,000 mutated headers and packets: nothing outside the packet is read or written', () => {
  const guard = { from: layout.WORKER_MAIL + layout.MAIL_SIZE, to: layout.WORKER_SIZE };
  const fence = inTheClear.bytes.subarray(
    layout.WORKERS_AT + guard.from,
    layout.WORKERS_AT + guard.to,
  );
  fence.fill(0xa5);
  const area = layout.WORKERS_AT + layout.WORKER_RX_SLOTS;
  let passed = 0;
  for (let turn = 0; turn < 20_000; turn++) {
    const data = random.bytes(1 + random.number(3000));
    const made = superPacket(packetOf(data, randomFields()), 1 + random.number(2000));
    const { header } = made;
    const packet = made.packet.subarray(0, made.packet.length - random.number(2) * 7);
    for (let i = random.number(3); i >= 0; i--) {
      const target = random.number(2) === 0 ? header : packet.subarray(0, 80);
      target[random.number(target.length)] = random.number(256);
    }
    // The same twice, in surroundings of zeros and of ones.
    const [first, second] = [0, 0xff].map((filler) => {
      inTheClear.bytes.fill(filler, area, area + 8192);
      return cut(packet, header);
    }) as [Buffer[], Buffer[]];
    same(first, second, `turn ${turn}`);
    if (first.length > 0) passed++;
  }
  assert.ok(passed > 1000 && passed < 20_000, `${passed} still were packets`);
  assert.ok(fence.every((byte) => byte === 0xa5));
});

segment.run();
