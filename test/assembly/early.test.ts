// Packets that come before the answer that makes their SA (RFC 7296 §2.8): those of an SPI that we offered,
// from the peer's address, wait a moment and then go the way of any other; everything else is refused as
// ever, and nothing that is not authentic has an effect.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_ESP4, PORT_ESP6, PORT_UDP4_4500 } from '../../src/contract/ids.js';
import { EARLY_MOST, WAITING_PLACES, MAX_EXPECTED } from '../../src/contract/layout.js';
import { type Address, parseAddress } from '../../src/policy/address.js';
import { seal } from '../reference/esp.js';
import { seeded } from './arena.js';
import { asReceived, Gateway, type Received } from './gateway.js';
import { arrive, type HostOptions, type Hosts, hosts } from './hosts.js';
import { ipv4, ipv6, udp } from './packets.js';
import { EAST, mirror, policy, WEST, westChild } from './site.js';

const early = suite('early');
const random = seeded(28);
const NET_A = '198.18.1.0/24';
const NET_B = '198.18.2.0/24';
const HUNDRED = Buffer.alloc(100, 5);
const MTU = { activate: true, pathMtu: 1500 };
const at = (text: string): Address => parseAddress(text)!;
const inner = (id = 1): Buffer =>
  ipv4(udp(random.bytes(40)), { src: '198.18.1.1', dst: '198.18.2.2', id });

/** East, which has offered the SPIs of children 1 … `count` and has none of them yet. */
function offering(count = 1) {
  const east = new Gateway();
  east.tables.setPolicies([policy(1, NET_B, NET_A)]);
  const sequences = new Map<number, bigint>();
  const child = (id: number) => westChild(id, { udp: true, policy: 1 });
  const spi = (id: number): number => child(id).outbound.spi;
  for (let id = 1; id <= count; id++) east.tables.expected.add(spi(id), at(WEST[4]));
  const sealed = (packet: Uint8Array, id = 1): Uint8Array => {
    const sequence = (sequences.get(id) ?? 0n) + 1n;
    sequences.set(id, sequence);
    return seal({ ...child(id), ...child(id).outbound }, sequence, random.bytes(8), packet);
  };
  const udpPort = (bytes: Uint8Array, more: Partial<Received> = {}) =>
    east.inbound(PORT_UDP4_4500, [{ bytes, from: WEST[4], fromPort: 4500, ...more }]);
  /** The answer has come: the SA is there, and its SPI is expected no more. */
  const install = (id = 1): void => {
    east.tables.install(mirror(child(id)), MTU);
    east.tables.expected.remove(spi(id));
  };
  return { east, sealed, udpPort, install, spi };
}

early('they are delivered when the SA is there, in order, once, and before it nothing is', () => {
  const { east, sealed, udpPort, install } = offering();
  const sent = [1, 2, 3].map(inner);
  for (const packet of sent) assert.equal(udpPort(sealed(packet)).tun, []);
  assert.equal(east.releaseEarly().tun, []);
  assert.equal(east.counted(), { early: 3 });
  assert.equal(east.mail(), []);
  install();
  assert.equal(east.releaseEarly().tun, sent);
  assert.equal(east.releaseEarly().tun, []);
  const bytes = sent.reduce((sum, { length }) => sum + length, 0);
  assert.equal(east.counted(), { early: 3, 'in-packets': 3, 'in-bytes': bytes });
  assert.equal(
    east.mail().map(({ kind }) => kind),
    ['first-use'],
  );
  assert.is(udpPort(sealed(inner())).tun.length, 1, 'and what comes now as ever');
});

early('of a message that the kernel joined each datagram is one', () => {
  const { east, sealed, udpPort, install } = offering(2);
  const sent = [inner(1), inner(2), inner(3)];
  const joined = [sealed(sent[0]!), sealed(sent[1]!, 2), sealed(sent[2]!)];
  udpPort(Buffer.concat(joined), { segment: joined[0]!.length });
  install(2);
  assert.equal(east.releaseEarly().tun, [sent[1]]);
  install(1);
  assert.equal(east.releaseEarly().tun, [sent[0], sent[2]]);
});

const HASH = { encryption: 'null', keyBytes: 0, saltBytes: 0, integrity: 'sha256', macBytes: 32 };
const WAYS: readonly HostOptions[] = [
  { outer: 4, mode: 'tunnel' },
  { outer: 6, mode: 'tunnel' },
  { outer: 4, mode: 'tunnel', udp: true },
  { outer: 4, udp: true },
  { outer: 4 },
  { outer: 6 },
  { outer: 4, protocol: 'ah', suite: HASH },
  { outer: 6, protocol: 'ah', suite: HASH },
];
for (const options of WAYS) {
  const { outer, mode = 'transport', protocol = 'esp', udp: encapsulated = false } = options;
  early(`${protocol}, IPv${outer}, ${mode} mode${encapsulated ? ', in UDP' : ''}`, () => {
    const [ends, data] = [{ src: WEST[outer!], dst: EAST[outer!], tos: 0xb8 }, udp(HUNDRED)];
    // a header that only the kernel's words beside the packet can put back
    const options6 = Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]);
    const packet =
      outer === 4
        ? ipv4(data, { ...ends, df: true })
        : ipv6(Buffer.concat([options6, data]), { ...ends, protocol: 0 });
    const arrived = (pair: Hosts) => {
      const [message] = pair.west.outbound([packet]).messages;
      if (message!.port === PORT_ESP4) {
        const received = asReceived(message!, WEST[4], EAST[4], 0xb8);
        return { port: message!.port, received };
      }
      const raw = { bytes: message!.bytes, from: WEST[6], to: EAST[6], tos: 0xb8 };
      if (message!.port === PORT_ESP6) return { port: PORT_ESP6, received: raw };
      return arrive(message!, WEST[outer!], EAST[outer!]);
    };
    const [ordinary, pair] = [hosts(options), hosts(options)];
    const twin = arrived(ordinary);
    const expected = ordinary.east.inbound(twin.port, [twin.received]).tun;
    assert.is(expected.length, 1);
    pair.east.tables.remove(1);
    pair.east.tables.expected.add(pair.child.outbound.spi, at(WEST[outer!]));
    const { port, received } = arrived(pair);
    assert.equal(pair.east.inbound(port, [received]).tun, []);
    pair.east.tables.install(mirror(pair.child), MTU);
    assert.equal(pair.east.releaseEarly().tun, expected);
    assert.equal(pair.east.counted(), { ...ordinary.east.counted(), early: 1 });
  });
}

early(
  'replay, forgery, another port, an SA of the other protocol: judged as ever, afterwards',
  () => {
    const { east, sealed, udpPort, install } = offering();
    const whole = sealed(inner());
    const forged = Buffer.from(sealed(inner()));
    forged[forged.length - 1]! ^= 1;
    udpPort(whole);
    udpPort(whole);
    udpPort(forged);
    const header = ipv4(Buffer.from(sealed(inner())), { src: WEST[4], dst: EAST[4], protocol: 50 });
    east.inbound(PORT_ESP4, [{ bytes: header, from: WEST[4] }]);
    install();
    assert.is(east.releaseEarly().tun.length, 1);
    const { 'in-bytes': bytes, ...counted } = east.counted();
    assert.ok(bytes! > 0);
    assert.equal(counted, {
      early: 4,
      'in-packets': 1,
      'in-state-sequence-errors': 1,
      'in-state-protocol-errors': 1,
      'in-state-mismatches': 1,
    });
  },
);

early('only what was offered, and only from the peer', () => {
  const { east, sealed, udpPort, install, spi } = offering();
  udpPort(sealed(inner(), 2));
  udpPort(sealed(inner()), { from: '192.0.2.9' });
  assert.equal(east.counted(), { 'in-no-states': 2 });
  udpPort(sealed(inner()), { fromPort: 31000 }); // its NAT may have another port for ESP
  assert.equal(east.counted(), { 'in-no-states': 2, early: 1 });
  // the peer has moved before it has answered
  east.tables.expected.add(spi(1), at('192.0.2.9'));
  udpPort(sealed(inner()));
  udpPort(sealed(inner()), { from: '192.0.2.9' });
  assert.equal(east.counted(), { 'in-no-states': 3, early: 2 });
  install();
  assert.is(east.releaseEarly().tun.length, 2);
});

early('a few of each SPI, and no more of all than there are places', () => {
  const { east, sealed, udpPort, install } = offering(4);
  for (let i = 0; i < EARLY_MOST + 5; i++) udpPort(sealed(inner()));
  assert.equal(east.counted(), { early: EARLY_MOST, 'in-no-states': 5 });
  for (const id of [2, 3, 4]) for (let i = 0; i < 15; i++) udpPort(sealed(inner(), id));
  assert.equal(east.counted(), {
    early: WAITING_PLACES,
    'in-no-states': 5 + EARLY_MOST + 45 - WAITING_PLACES,
  });
  for (const id of [1, 2, 3, 4]) install(id);
  assert.is(east.releaseEarly().tun.length, WAITING_PLACES);
  // and the places are free again
  const next = offering(1);
  for (let i = 0; i < EARLY_MOST; i++) next.udpPort(next.sealed(inner()));
  assert.is(next.east.counters().early, EARLY_MOST);
});

early('the negotiation came to nothing: dropped and counted, and the places are free', () => {
  const { east, sealed, udpPort, spi } = offering(2);
  for (let i = 0; i < 3; i++) udpPort(sealed(inner()));
  udpPort(sealed(inner(), 2));
  east.tables.expected.remove(spi(1));
  assert.equal(east.releaseEarly().tun, []);
  assert.equal(east.counted(), { early: 4, 'in-no-states': 3 });
  east.tables.expected.add(spi(1), at(WEST[4]));
  for (let i = 0; i < EARLY_MOST + 1; i++) udpPort(sealed(inner()));
  assert.is(east.counters().early, 4 + EARLY_MOST);
});

early('not for long, and not for ever where the clock is set back', () => {
  const { east, sealed, udpPort, install } = offering();
  udpPort(sealed(inner(1)));
  east.now += 6_000;
  udpPort(sealed(inner(2)));
  east.now += 4_001;
  east.releaseEarly();
  assert.equal(east.counted(), { early: 2, 'in-no-states': 1 });
  install();
  assert.is(east.releaseEarly().tun.length, 1);
  const back = offering();
  back.udpPort(back.sealed(inner()));
  back.east.now -= 100_000;
  back.east.releaseEarly();
  assert.equal(back.east.counted(), { early: 1, 'in-no-states': 1 });
});

early('a worker that is started again has forgotten them', () => {
  const { east, sealed, udpPort, install } = offering();
  udpPort(sealed(inner()));
  east.exports.attach!(0);
  install();
  assert.equal(east.releaseEarly().tun, []);
});

early('the table: an offered SPI is not drawn again, and stays an SA once it is one', () => {
  const draws = [7, 7, 8, 8].map((last) => Uint8Array.of(1, 2, 3, last));
  const subject = new Gateway({ random: () => draws.shift()! });
  const first = subject.tables.allocateSpi();
  subject.tables.expected.add(first, at(WEST[4]));
  assert.is(subject.tables.allocateSpi(), 0x01020308);
  const child = westChild(1);
  const sa = { ...child, inbound: { ...child.inbound, spi: first } };
  subject.tables.install(sa, MTU);
  subject.tables.expected.remove(first);
  assert.throws(() => subject.tables.install({ ...sa, id: 2 }, MTU), /is in use/);
  subject.tables.remove(1);
  subject.tables.install({ ...sa, id: 2 }, MTU);
  // said too late: there is an SA already
  subject.tables.expected.add(first, at(WEST[4]));
  subject.tables.expected.remove(first);
  assert.throws(() => subject.tables.install({ ...sa, id: 3 }, MTU), /is in use/);
});

early('more than the table has room for are not expected, until others are settled', () => {
  const { east, sealed, udpPort, spi } = offering(0);
  for (let i = 0; i < MAX_EXPECTED; i++) east.tables.expected.add(0x100000 + i, at(WEST[4]));
  east.tables.expected.add(spi(1), at(WEST[4]));
  udpPort(sealed(inner()));
  assert.equal(east.counted(), { 'in-no-states': 1 });
  east.tables.expected.remove(0x100000);
  east.tables.expected.remove(spi(1)); // of which it never heard
  east.tables.expected.add(spi(1), at(WEST[4]));
  udpPort(sealed(inner()));
  assert.equal(east.counted(), { 'in-no-states': 1, early: 1 });
});

early.run();
