// Sealed packets larger than the path, in fragments of our own: ESP in transport mode, AH, AH around ESP.
// Put together as the receiving kernel does (RFC 791 §3.2, RFC 8200 §4.5), they are one packet again.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_BYPASS4, PORT_BYPASS6 } from '../../src/contract/ids.js';
import { seeded } from './arena.js';
import type { Message } from './gateway.js';
import { arrive, type HostOptions, hosts, type Hosts } from './hosts.js';
import { checksum, ipv4, ipv6, tcp, udp } from './packets.js';
import { EAST, SUITES, WEST } from './site.js';

const outer = suite('outer fragments');
const random = seeded(8200);
const ENDS = { 4: { src: WEST[4], dst: EAST[4] }, 6: { src: WEST[6], dst: EAST[6] } };
const NULL_SHA = SUITES.find((row) => row.encryption === 'null' && row.integrity === 'sha256')!;
const KINDS: Readonly<Record<string, HostOptions>> = {
  ESP: {},
  AH: { suite: { ...NULL_SHA, keyBytes: 0 }, protocol: 'ah' },
  'AH around ESP': { around: 'sha256' },
};

/** The whole packet, from fragments in any order. */
function reassembled(messages: readonly Message[]): Buffer {
  const four = messages[0]!.port === PORT_BYPASS4;
  const pieces = messages.map(({ bytes }) => (four ? piece4(bytes) : piece6(bytes)));
  assert.is(new Set(pieces.map(({ id }) => id)).size, 1, 'one identification');
  pieces.sort((a, b) => a.offset - b.offset);
  pieces.forEach(({ offset, more }, index) => {
    const before = pieces.slice(0, index).reduce((sum, { data }) => sum + data.length, 0);
    assert.is(offset, before, 'no hole, no overlap');
    assert.is(more, index < pieces.length - 1);
  });
  const { header } = pieces[0]!;
  const packet = Buffer.concat([header, ...pieces.map(({ data }) => data)]);
  if (four) {
    packet.writeUInt16BE(packet.length, 2);
    packet.writeUInt16BE(0, 6);
    packet.writeUInt16BE(0, 10);
    packet.writeUInt16BE(checksum(packet.subarray(0, header.length)), 10);
  } else packet.writeUInt16BE(packet.length - 40, 4);
  return packet;
}

interface Piece {
  readonly id: number;
  readonly offset: number;
  readonly more: boolean;
  readonly header: Buffer;
  readonly data: Buffer;
}

function piece4(bytes: Buffer): Piece {
  const size = (bytes[0]! & 15) * 4;
  assert.is(checksum(bytes.subarray(0, size)), 0);
  assert.is(bytes.readUInt16BE(2), bytes.length);
  const field = bytes.readUInt16BE(6);
  assert.is(field & 0x4000, 0, 'DF');
  const header = Buffer.from(bytes.subarray(0, size));
  const [offset, more] = [(field & 0x1fff) * 8, (field & 0x2000) !== 0];
  return { id: bytes.readUInt16BE(4), offset, more, header, data: bytes.subarray(size) };
}

function piece6(bytes: Buffer): Piece {
  assert.is(bytes.readUInt16BE(4), bytes.length - 40);
  let [at, field] = [40, 6];
  while (bytes[field] !== 44) {
    field = at;
    at += (bytes[at + 1]! + 1) * 8;
  }
  const header = Buffer.from(bytes.subarray(0, at));
  header[field] = bytes[at]!;
  const bits = bytes.readUInt16BE(at + 2);
  const data = bytes.subarray(at + 8);
  return {
    id: bytes.readUInt32BE(at + 4),
    offset: bits & ~7,
    more: (bits & 1) === 1,
    header,
    data,
  };
}

/** West's fragments, together again, to east; what its TUN gets. */
function across(pair: Hosts, packet: Buffer, pathMtu: number): { pieces: number; tun: Buffer[] } {
  const { messages } = pair.west.outbound([packet]);
  assert.ok(messages.every(({ bytes }) => bytes.length <= pathMtu));
  const [from, to] = [WEST[pair.family], EAST[pair.family]];
  if (messages.length === 0) return { pieces: 0, tun: [] };
  const whole = messages.length === 1 ? messages[0]!.bytes : reassembled(messages);
  const port = pair.family === 4 ? PORT_BYPASS4 : PORT_BYPASS6;
  const message = { ...messages[0]!, port, bytes: whole };
  const arrived = arrive(message, from, to);
  const { tun } = pair.east.inbound(arrived.port, [arrived.received]);
  return { pieces: messages.length, tun };
}

/** Without what fragments change. */
function comparable(packet: Buffer): Buffer {
  const copy = Buffer.from(packet);
  if (copy[0]! >> 4 !== 4) return copy;
  copy.fill(0, 6, 8);
  copy.fill(0, 10, 12);
  return copy;
}

for (const [name, options] of Object.entries(KINDS)) {
  for (const family of [4, 6] as const) {
    outer(`${name}, IPv${family}, transport mode: datagrams of every size, DF or not`, () => {
      for (const pathMtu of [576, 1280, 1500]) {
        const pair = hosts({ ...options, outer: family, pathMtu });
        let most = 0;
        for (let length = 400; length < 9000; length += 397) {
          const fields = { ...ENDS[family], id: 1 + (length & 0xff), df: length % 2 === 0 };
          const data = udp(random.bytes(length));
          const packet = family === 4 ? ipv4(data, fields) : ipv6(data, fields);
          const { pieces, tun } = across(pair, packet, pathMtu);
          assert.is(tun.length, 1, `${length} bytes over ${pathMtu}`);
          assert.equal(comparable(tun[0]!), comparable(packet));
          most = Math.max(most, pieces);
        }
        assert.ok(most >= 6, `${most} fragments`);
        assert.ok(pair.west.counters()['outer-fragmented']! > 10);
        assert.is(pair.west.counters()['out-bundle-check-errors'], 0);
      }
    });
  }
}

outer('IPv4: an identification of 0, options that are copied; IPv6: headers in front', () => {
  const options = Buffer.from([148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0]);
  const four = hosts({ pathMtu: 600 });
  const packet = ipv4(udp(random.bytes(1500)), { ...ENDS[4], id: 0, df: true, options });
  const { messages } = four.west.outbound([packet]);
  const ids = messages.map(({ bytes }) => bytes.readUInt16BE(4));
  assert.ok(ids.length > 2 && ids[0] !== 0 && ids.every((id) => id === ids[0]));
  assert.equal(messages.map(({ bytes }) => bytes[0]! & 15).sort(), [6, 6, 8], 'router alert alone');
  const six = hosts({ outer: 6, pathMtu: 1280 });
  const hopByHop = Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]);
  const long = ipv6(Buffer.concat([hopByHop, udp(random.bytes(3000))]), {
    ...ENDS[6],
    protocol: 0,
  });
  const { pieces, tun } = across(six, long, 1280);
  assert.is(pieces, 3);
  assert.equal(tun, [long]);
});

outer('TCP with DF is told to send less; AH in tunnel mode has IPv6 packets of 1280 bytes', () => {
  const pair = hosts({ pathMtu: 1300 });
  const segment = tcp(16, Buffer.alloc(0), ENDS[4], random.bytes(1300));
  const { messages, tun } = pair.west.outbound([
    ipv4(segment, { ...ENDS[4], df: true, protocol: 6 }),
  ]);
  assert.equal(messages, []);
  assert.equal([tun.length, tun[0]![20], tun[0]![21]], [1, 3, 4], 'fragmentation needed');
  const ah = hosts({ ...KINDS.AH, mode: 'tunnel', outer: 6, pathMtu: 1280 });
  const packet = ipv6(udp(random.bytes(1232)), ENDS[6]);
  const { pieces, tun: delivered } = across(ah, packet, 1280);
  assert.is(pieces, 2);
  assert.equal(delivered, [packet]);
});

outer('a batch of large packets takes its rounds; slots are never exceeded', () => {
  const pair = hosts({ pathMtu: 576 });
  const packets = Array.from({ length: 64 }, (_, id) =>
    ipv4(udp(random.bytes(2500)), { ...ENDS[4], id: id + 1 }),
  );
  const { messages } = pair.west.outbound(packets);
  const byId = new Map<number, Message[]>();
  for (const message of messages) {
    const id = message.bytes.readUInt16BE(4);
    byId.set(id, [...(byId.get(id) ?? []), message]);
  }
  assert.is(byId.size, 64);
  for (const pieces of byId.values()) reassembled(pieces);
  assert.is(pair.west.counters()['outer-fragmented'], 64);
});

outer.run();
