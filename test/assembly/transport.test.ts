// ESP in transport mode (RFC 4303 §3.1.1): which headers stay in front, what comes out at the other
// side, what such an SA does not carry, and checksums behind a NAT (RFC 3948 §3.1.2).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_BYPASS4, PORT_BYPASS6, PORT_ESP4, PORT_UDP4_4500 } from '../../src/contract/ids.js';
import { open, type ReferenceSa, seal } from '../reference/esp.js';
import { seeded } from './arena.js';
import { Gateway, sockaddr } from './gateway.js';
import { arrive, hosts, hostChild, type Hosts, pass, upperOf } from './hosts.js';
import { checksum, ipv4, ipv6, tcp, udp, upperChecksum } from './packets.js';
import { EAST, policy, SUITES, WEST } from './site.js';

const transport = suite('transport');
const random = seeded(3948);
const FOUR = { src: WEST[4], dst: EAST[4], df: true };
const SIX = { src: WEST[6], dst: EAST[6] };
const BETWEEN = { 4: FOUR, 6: SIX };
const NAT = '203.0.113.77';

const packetOf = (family: 4 | 6, data: Uint8Array, protocol = 17): Buffer =>
  (family === 4 ? ipv4 : ipv6)(data, { ...BETWEEN[family], protocol, tos: 0xb9 });

const sealedBy = ({ child }: Hosts): ReferenceSa => ({ ...child, ...child.outbound });

for (const names of SUITES) {
  for (const family of [4, 6] as const) {
    for (const esn of [false, true]) {
      const name = `${names.encryption} ${names.integrity}${esn ? ' with ESN' : ''}, IPv${family}`;
      transport(`${name}: the header stays, the rest is sealed, and comes out the same`, () => {
        const pair = hosts({ suite: names, outer: family, esn });
        for (const length of [0, 1, 13, 64, 255, 1000, 1300]) {
          const packet = packetOf(family, udp(random.bytes(length)));
          const { message, tun } = pass(pair, packet);
          const header = family === 4 ? 20 : 40;
          const opened = open(sealedBy(pair), 0n, message.bytes.subarray(header))!;
          assert.equal(opened.packet, packet.subarray(header));
          assert.is(opened.nextHeader, 17);
          assert.equal(tun, [packet]);
        }
        assert.is(pair.east.counters()['in-packets'], 7);
      });
    }
  }
}

transport(
  'IPv4: length, protocol and checksum change; options, TTL, TOS, identification stay',
  () => {
    const pair = hosts();
    const packet = ipv4(udp(Buffer.alloc(8)), {
      ...FOUR,
      tos: 0x28,
      id: 77,
      options: Buffer.from([7, 7, 4, 0, 0, 0, 0, 0]), // record route
    });
    packet[8] = 9;
    packet.writeUInt16BE(0, 10);
    packet.writeUInt16BE(checksum(packet.subarray(0, 28)), 10);
    const { message, tun } = pass(pair, packet);
    const { bytes } = message;
    assert.is(message.port, PORT_BYPASS4);
    assert.equal(message.name, sockaddr(EAST[4], 0));
    assert.is(bytes[9], 50);
    assert.is(bytes.readUInt16BE(2), bytes.length);
    assert.is(checksum(bytes.subarray(0, 28)), 0);
    for (const [from, to] of [
      [0, 2],
      [4, 9],
      [12, 28],
    ] as const) {
      assert.equal(bytes.subarray(from, to), packet.subarray(from, to));
    }
    assert.equal(tun, [packet]);
  },
);

// ---- extension headers ---------------------------------------------------------------------------

const option = (next: number): Buffer => Buffer.from([next, 0, 1, 4, 0, 0, 0, 0]);
const routing = (next: number): Buffer =>
  Buffer.concat([Buffer.from([next, 2, 0, 0, 0, 0, 0, 0]), Buffer.alloc(16, 7)]);

const CHAINS: readonly [string, number, Buffer[], number][] = [
  ['nothing', 17, [], 0],
  ['hop-by-hop options stay in front', 0, [option(17)], 1],
  ['destination options go inside', 60, [option(17)], 0],
  ['destination options before a routing header stay', 60, [option(43), routing(17)], 2],
  ['and those behind it go inside', 0, [option(60), option(43), routing(60), option(17)], 3],
];
for (const [name, first, headers, outside] of CHAINS) {
  transport(`IPv6 extension headers: ${name}`, () => {
    const pair = hosts({ outer: 6 });
    const data = udp(random.bytes(50));
    const packet = ipv6(Buffer.concat([...headers, data]), { ...SIX, protocol: first });
    const { message, tun } = pass(pair, packet);
    assert.is(message.port, PORT_BYPASS6);
    const { at, protocol } = upperOf(message.bytes);
    const kept = Buffer.concat(headers.slice(0, outside)).length;
    assert.is(at, 40 + kept);
    assert.is(protocol, 50);
    assert.is(message.bytes.readUInt16BE(4), message.bytes.length - 40);
    const opened = open(sealedBy(pair), 0n, message.bytes.subarray(at))!;
    assert.equal(opened.packet, packet.subarray(40 + kept));
    const next = [first, ...headers.map((header) => header[0]!)][outside]!;
    assert.is(opened.nextHeader, next);
    // what stood in front stands there again
    assert.equal(tun, [packet]);
  });
}

transport('IPv6 extension headers of which the kernel showed only some: not half a packet', () => {
  const pair = hosts({ outer: 6 });
  const packet = ipv6(Buffer.concat([option(17), udp(random.bytes(50))]), { ...SIX, protocol: 0 });
  const [message] = pair.west.outbound([packet]).messages;
  const { port, received } = arrive(message!, WEST[6], EAST[6]);
  const MSG_CTRUNC = 8;
  const cut = { ...received, extensions: [], flags: MSG_CTRUNC };
  assert.equal(pair.east.inbound(port, [cut]), { messages: [], tun: [] });
  assert.equal(pair.east.counted(), { 'in-buffer-errors': 1 });
});

// ---- what it does not carry ----------------------------------------------------------------------

transport('a peer that seals a fragment all the same', () => {
  const six = hosts({ outer: 6 });
  const fragment = Buffer.concat([Buffer.from([17, 0, 0, 1, 0, 0, 0, 9]), udp(Buffer.alloc(8))]);
  const sa = sealedBy(six);
  const bytes = seal(sa, 1n, Buffer.alloc(8), fragment, 44);
  six.east.inbound(4, [{ bytes, from: WEST[6], to: EAST[6] }]);
  assert.equal(six.east.counted(), { 'in-state-mode-errors': 1 });
});

transport('under UDP the kernel writes the header: a packet with options cannot go', () => {
  const pair = hosts({ udp: true });
  const plain = packetOf(4, udp(random.bytes(40)));
  const { message, tun } = pass(pair, plain);
  assert.is(message.port, PORT_UDP4_4500);
  assert.equal(open(sealedBy(pair), 0n, message.bytes)!.packet, plain.subarray(20));
  const [whole] = tun as [Buffer];
  assert.equal(whole.subarray(20), plain.subarray(20));
  assert.equal(whole.subarray(12, 20), plain.subarray(12, 20));
  assert.is(checksum(whole.subarray(0, 20)), 0);
  const options = ipv4(udp(Buffer.alloc(8)), { ...FOUR, options: Buffer.from([1, 1, 1, 0]) });
  assert.equal(pair.west.outbound([options]), { messages: [], tun: [] });
  assert.is(pair.west.counters()['out-state-mode-errors'], 1);
});

transport('a packet of the other family cannot wear the header', () => {
  const west = new Gateway();
  west.tables.setPolicies([policy(1, WEST[4], EAST[4])]);
  const { localSelectors, remoteSelectors } = hostChild({ outer: 4 });
  const child = { ...hostChild({ outer: 6 }), localSelectors, remoteSelectors };
  west.tables.install(child, { activate: true, pathMtu: 1500 });
  assert.equal(west.outbound([packetOf(4, udp(Buffer.alloc(8)))]), { messages: [], tun: [] });
  assert.equal(west.counted(), { 'out-state-mode-errors': 1 });
});

transport('what comes in must be from the peer itself and within the selectors', () => {
  const pair = hosts();
  const [message] = pair.west.outbound([packetOf(4, udp(Buffer.alloc(9)))]).messages;
  const forged = Buffer.from(message!.bytes);
  forged.set([192, 0, 2, 99], 12);
  const from = '192.0.2.99';
  assert.equal(pair.east.inbound(PORT_ESP4, [{ bytes: forged, from, to: EAST[4] }]).tun, []);
  assert.equal(pair.east.counted(), { 'in-template-mismatches': 1 });
});

transport('IP in IP is a protocol like any other; the SA says which mode it is', () => {
  const pair = hosts();
  const inside = ipv4(udp(Buffer.alloc(9)), { src: '10.1.1.1', dst: '10.2.2.2' });
  const packet = packetOf(4, inside, 4);
  assert.equal(pass(pair, packet).tun, [packet]);
  const tunnel = hosts({ mode: 'tunnel' });
  const bytes = seal(sealedBy(tunnel), 1n, Buffer.alloc(8), udp(Buffer.alloc(9)), 17);
  const outer = packetOf(4, bytes, 50);
  tunnel.east.inbound(PORT_ESP4, [{ bytes: outer, from: WEST[4], to: EAST[4] }]);
  assert.equal(tunnel.east.counted(), { 'in-state-mode-errors': 1 });
});

// ---- size ----------------------------------------------------------------------------------------

for (const names of [SUITES[0]!, SUITES[4]!, SUITES[10]!]) {
  transport(
    `${names.encryption} ${names.integrity}: the path's MTU is filled and never passed`,
    () => {
      for (const options of [0, 4, 40]) {
        for (let mtu = 1400; mtu < 1420; mtu++) {
          const pair = hosts({ suite: names, pathMtu: mtu });
          const fields = { ...FOUR, options: Buffer.alloc(options) };
          const sizes: number[] = [];
          for (let length = mtu - 150; length < mtu; length++) {
            const packet = ipv4(udp(Buffer.alloc(length - 28 - options)), fields);
            pair.west.now += 100; // errors are limited in time
            const { messages, tun } = pair.west.outbound([packet]);
            if (messages.length > 0) sizes.push(messages[0]!.bytes.length);
            else assert.is(tun.length, 1, 'the sender is told');
          }
          const most = Math.max(...sizes);
          assert.ok(most <= mtu, `${most} on a path of ${mtu}`);
          // one block of slack, and up to one more for a header with options
          const slack = names.encryption.endsWith('cbc') ? 16 : 4;
          assert.ok(most > mtu - slack * (options > 0 ? 2 : 1) - (options > 4 ? 40 : 0));
        }
      }
    },
  );
}

// ---- NAT -----------------------------------------------------------------------------------------

const segment = (src: string, dst: string, data: Uint8Array): Buffer =>
  tcp(16, new Uint8Array(0), { src, dst }, data);
const datagram = (src: string, dst: string, data: Uint8Array): Buffer => {
  const made = udp(data);
  made.writeUInt16BE(upperChecksum(made, 17, src, dst) || 0xffff, 6);
  return made;
};

transport('behind a NAT: TCP and UDP checksums fit the addresses that arrive, both ways', () => {
  const pair = hosts({ udp: true, seenAs: NAT });
  const back: Hosts = { ...pair, west: pair.east, east: pair.west };
  for (let round = 0; round < 400; round++) {
    const data = random.bytes(round % 40);
    for (const [protocol, make] of [
      [6, segment],
      [17, datagram],
    ] as const) {
      const upper = make(WEST[4], EAST[4], data);
      const { tun } = pass(pair, ipv4(upper, { ...FOUR, protocol }), NAT);
      const [packet] = tun as [Buffer];
      assert.equal(
        packet.subarray(12, 20),
        ipv4(upper, { src: NAT, dst: EAST[4] }).subarray(12, 20),
      );
      assert.is(upperChecksum(packet.subarray(20), protocol, NAT, EAST[4]), 0);
      const answer = make(EAST[4], NAT, data);
      const { messages } = back.west.outbound([ipv4(answer, { src: EAST[4], dst: NAT, protocol })]);
      const { bytes } = messages[0]!;
      const [home] = pair.west.inbound(PORT_UDP4_4500, [{ bytes, from: EAST[4], to: WEST[4] }])
        .tun as [Buffer];
      assert.is(upperChecksum(home.subarray(20), protocol, EAST[4], WEST[4]), 0);
    }
  }
});

transport('behind a NAT: a UDP checksum of 0 stays 0, other protocols are left alone', () => {
  const pair = hosts({ udp: true, seenAs: NAT });
  for (const [protocol, upper] of [
    [17, udp(random.bytes(20))],
    [1, Buffer.concat([Buffer.from([8, 0, 1, 2]), random.bytes(20)])],
    [47, random.bytes(30)],
    [6, random.bytes(17)],
  ] as const) {
    const { tun } = pass(pair, ipv4(upper, { ...FOUR, protocol }), NAT);
    assert.equal(tun[0]!.subarray(20), upper, `protocol ${protocol}`);
  }
});

transport.run();
