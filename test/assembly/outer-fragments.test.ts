// Sealed packets larger than the path, in fragments of our own: ESP in transport mode, AH, AH around ESP.
// Put together as the receiving kernel does (RFC 791 §3.2, RFC 8200 §4.5), they are one packet again.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seeded } from './arena.js';
import type { Message } from './gateway.js';
import { hosts } from './hosts.js';
import { ipv4, ipv6, tcp, udp } from './packets.js';
import { comparable, deliver, KINDS, reassembled } from './pieces.js';
import { EAST, WEST } from './site.js';

const outer = suite('outer fragments');
const random = seeded(8200);
const ENDS = { 4: { src: WEST[4], dst: EAST[4] }, 6: { src: WEST[6], dst: EAST[6] } };

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
          const { pieces, tun } = deliver(pair, pair.west.outbound([packet]).messages, pathMtu);
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
  const { pieces, tun } = deliver(six, six.west.outbound([long]).messages, 1280);
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
  const { pieces, tun: delivered } = deliver(ah, ah.west.outbound([packet]).messages, 1280);
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
