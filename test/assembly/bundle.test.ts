// AH around ESP against test/reference, which know nothing of each other: the AH's ICV over what stands
// there, the ESP inside opened; both modes, both families, ESN; and what is not taken.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_BYPASS4, PORT_BYPASS6, PORT_ESP4 } from '../../src/contract/ids.js';
import { type Association, AssociationError } from '../../src/dataplane/association.js';
import { AH_ICV_BYTES, dissect, integrityOf, type ReferenceAhSa, sealAh } from '../reference/ah.js';
import { open, type ReferenceSa } from '../reference/esp.js';
import { segments, superPacket, VIRTIO } from '../reference/segment.js';
import { seeded } from './arena.js';
import { Gateway, type Message } from './gateway.js';
import { arrive, type HostOptions, hostChild, hosts, type Hosts, pass } from './hosts.js';
import { ipv4, ipv6, udp } from './packets.js';
import { setRightEdge } from './record.js';
import { EAST, SUITES, WEST } from './site.js';
import { ACK, packetOf } from './streams.js';

const bundle = suite('bundle');
const random = seeded(2401);
const FOUR = { src: WEST[4], dst: EAST[4], tos: 0xb8, df: true };
const SIX = { src: WEST[6], dst: EAST[6], tos: 0xb8 };
const named = (encryption: string) => SUITES.find((row) => row.encryption === encryption)!;

const bundled = (more: HostOptions = {}): Hosts => hosts({ around: 'sha256', ...more });
const ahOf = ({ child }: Hosts): ReferenceAhSa => ({ ...child.around!, ...child.around!.outbound });
const espOf = ({ child }: Hosts): ReferenceSa => ({ ...child, ...child.outbound });
const packetFor = (family: 4 | 6, length: number, id = 7): Buffer => {
  const data = udp(random.bytes(length));
  return family === 4 ? ipv4(data, { ...FOUR, id }) : ipv6(data, SIX);
};

/** Takes apart what west sent, each layer by its own reference; returns what ESP carried. */
function unwrap(pair: Hosts, { port, bytes }: Message, high = 0n, sequence = 1n): Buffer {
  const ah = ahOf(pair);
  assert.is(port, pair.family === 4 ? PORT_BYPASS4 : PORT_BYPASS6);
  const found = dissect(bytes, AH_ICV_BYTES[ah.integrity]!);
  assert.equal(found.icv, integrityOf(ah, sequence, bytes));
  assert.equal([found.spi, found.nextHeader], [ah.spi, 50]);
  const inside = open(espOf(pair), high, found.payload);
  assert.ok(inside, 'the ESP inside is authentic');
  assert.is(found.payload.readUInt32BE(0), pair.child.outbound.spi);
  return inside.packet;
}

for (const encryption of ['aes-128-gcm', 'aes-256-cbc', 'null']) {
  for (const around of ['md5', 'sha1', 'sha256', 'sha512']) {
    for (const outer of [4, 6] as const) {
      for (const mode of ['transport', 'tunnel'] as const) {
        bundle(`AH ${around} around ESP ${encryption}, IPv${outer}, ${mode} mode`, () => {
          for (const esn of [false, true]) {
            const pair = bundled({ suite: named(encryption), around, outer, mode, esn });
            for (const [index, length] of [0, 1, 15, 64, 600, 1300].entries()) {
              const packet = packetFor(outer, length);
              const { message, tun } = pass(pair, packet);
              const header = mode === 'tunnel' ? 0 : outer === 4 ? 20 : 40;
              const inside = unwrap(pair, message, 0n, BigInt(index + 1));
              assert.equal(inside, packet.subarray(header));
              assert.equal(tun, [packet]);
            }
            const { west, east } = pair;
            assert.is(west.counters()['out-packets'], 6, 'counted once');
            assert.is(east.counters()['in-packets'], 6);
            const rows = east.tables.list().map((sa) => [sa.association.protocol, sa.packets]);
            assert.equal(rows, [
              ['esp', 6],
              ['esp', 0],
              ['ah', 6],
              ['ah', 0],
            ]);
          }
        });
      }
    }
  }
}

bundle('ESN: both count on past 32 bits', () => {
  const pair = bundled({ esn: true, mode: 'tunnel' });
  const edge = 0x3_ffff_fffcn;
  for (const gateway of [pair.west, pair.east]) {
    for (const { slot } of gateway.tables.list()) setRightEdge(gateway.memory, slot, edge);
  }
  for (let number = edge + 1n; number <= edge + 8n; number++) {
    const packet = packetFor(4, 30);
    const { message, tun } = pass(pair, packet);
    assert.equal(unwrap(pair, message, number >> 32n, number), packet);
    assert.equal(tun, [packet]);
  }
});

bundle('a super-packet: each segment in a bundle of its own', () => {
  for (const mode of ['tunnel', 'transport'] as const) {
    const pair = bundled({ mode, suite: named('aes-256-cbc') });
    pair.west.tables.setOffload({ header: VIRTIO, uso: true, join: true });
    const fields = { family: 4, udp: false, tos: 0, df: true, id: 1, sequence: 1, ack: 1 } as const;
    const more = { flags: ACK, window: 99, tcpOptions: Buffer.alloc(0), options: Buffer.alloc(0) };
    const stream = packetOf(random.bytes(20_000), { ...fields, ...more });
    for (const [address, at] of [
      [WEST[4], 12],
      [EAST[4], 16],
    ] as const) {
      stream.set(address.split('.').map(Number), at);
    }
    const { header, packet } = superPacket(stream, 1200);
    const { messages } = pair.west.outbound([packet], [header]);
    const expected = segments(header, packet);
    assert.is(messages.length, expected.length);
    const arrived = messages.map((message) => arrive(message, WEST[4], EAST[4]).received);
    const { tun } = pair.east.inbound(arrive(messages[0]!, WEST[4], EAST[4]).port, arrived);
    assert.is(pair.east.counters()['in-packets'], expected.length);
    assert.ok(tun.length > 0 && tun[0]!.length > 0);
    messages.forEach((message, index) => {
      const inside = unwrap(pair, message, 0n, BigInt(index + 1));
      const whole = expected[index]!;
      assert.equal(inside, mode === 'tunnel' ? whole : whole.subarray(20), `segment ${index}`);
    });
  }
});

bundle('the path’s MTU is filled and never passed', () => {
  for (const outer of [4, 6] as const) {
    for (const mode of ['transport', 'tunnel'] as const) {
      const sizes: number[] = [];
      for (let length = 1250; length < 1450; length++) {
        const pair = bundled({ outer, mode, pathMtu: 1400, suite: named('chacha20poly1305') });
        const packet = packetFor(outer, length - (outer === 4 ? 28 : 48));
        const [message] = pair.west.outbound([packet]).messages;
        if (message && length >= 1290) sizes.push(message.bytes.length);
      }
      const most = Math.max(...sizes);
      assert.ok(most <= 1400 && most > 1396 - 4, `IPv${outer}, ${mode}: ${most}`);
    }
  }
});

// ---- what comes in -------------------------------------------------------------------------------

/** An AH packet of west's with any content. */
function around(pair: Hosts, sequence: bigint, next: number, content: Uint8Array): Buffer {
  return sealAh(
    ahOf(pair),
    sequence,
    ipv4(Buffer.alloc(0), { ...FOUR, protocol: 51 }),
    next,
    content,
  );
}

bundle('neither half is taken without the other', () => {
  const pair = bundled({ mode: 'tunnel' });
  const { east } = pair;
  const from = { from: WEST[4], to: EAST[4] };
  const { messages } = pair.west.outbound([packetFor(4, 60)]);
  const { payload } = dissect(messages[0]!.bytes, 16);
  const give = (bytes: Uint8Array, port: number): Record<string, number> => {
    const before = east.counters();
    assert.equal(east.inbound(port, [{ bytes, ...from }]).tun, []);
    const after = Object.entries(east.counters());
    return Object.fromEntries(after.filter(([name, value]) => value !== before[name]));
  };
  const ah = arrive(messages[0]!, WEST[4], EAST[4]).port;
  const names = (found: Record<string, number>): string[] => Object.keys(found);
  // ESP that has lost its AH
  const alone = ipv4(payload, { ...FOUR, protocol: 50 });
  assert.equal(names(give(alone, PORT_ESP4)), ['in-state-mismatches']);
  // an AH around something else, and around another SA's ESP
  assert.equal(names(give(around(pair, 2n, 17, udp(random.bytes(9))), ah)), [
    'in-state-mode-errors',
  ]);
  assert.equal(names(give(around(pair, 3n, 50, Buffer.alloc(4)), ah)), ['in-state-mode-errors']);
  const other = Buffer.from(payload);
  other.writeUInt32BE(0x999, 0);
  assert.equal(names(give(around(pair, 4n, 50, other), ah)), ['in-state-mismatches']);
  // a right AH around forged ESP, a forged AH around right ESP
  const forged = Buffer.from(payload);
  forged[forged.length - 1]! ^= 1;
  assert.equal(names(give(around(pair, 5n, 50, forged), ah)), ['in-state-protocol-errors']);
  const changed = around(pair, 6n, 50, payload);
  changed[40]! ^= 1;
  assert.equal(names(give(changed, ah)), ['in-state-protocol-errors']);
  // both right, once
  const right = around(pair, 6n, 50, payload);
  assert.is(east.inbound(ah, [{ bytes: right, ...from }]).tun.length, 1);
  assert.equal(names(give(right, ah)), ['in-state-sequence-errors']);
  // the same ESP under an AH with another number
  assert.equal(names(give(around(pair, 7n, 50, payload), ah)), ['in-state-sequence-errors']);
});

bundle('both halves go together, and their keys with them', () => {
  const pair = bundled();
  const { west, child } = pair;
  const slots = west.tables.list().map(({ slot }) => slot);
  assert.is(west.tables.lookup(slots[2]!, child.around!.inbound.spi), child.id);
  west.tables.remove(child.id);
  assert.equal(west.tables.list(), []);
  const key = Buffer.from(child.around!.outbound.integrityKey);
  assert.not.ok(west.bytes.includes(key.subarray(0, 16)));
  assert.is(west.outbound([packetFor(4, 10)]).messages.length, 0);
  // the SPIs are free again
  west.tables.install(hostChild({ around: 'sha256' }), { activate: true, pathMtu: 1500 });
});

bundle('no bundle behind a NAT, of AH in AH, without integrity, or with an SPI twice', () => {
  const child = hostChild({ around: 'sha256' });
  const { inbound } = child;
  const ah = child.around!;
  for (const [wrong, why] of [
    [{ udpEncapsulation: true }, /cannot pass a NAT/],
    [{ protocol: 'ah', encryption: 'null', integrity: 'sha256' }, /around ESP only/],
    [{ around: { ...ah, inbound: { ...ah.inbound, spi: inbound.spi } } }, /SPI \d+ is in use/],
    [{ around: { ...ah, integrity: 'null' } }, /needs an integrity algorithm/],
  ] as const) {
    const { tables } = new Gateway();
    const install = (sa: Association): void =>
      tables.install(sa, { activate: true, pathMtu: 1500 });
    assert.throws(
      () => install({ ...child, ...wrong }),
      (error: Error) => error instanceof AssociationError && why.test(error.message),
    );
    assert.equal(tables.list(), []);
    install(child);
    assert.is(tables.list().length, 4);
  }
});

bundle.run();
