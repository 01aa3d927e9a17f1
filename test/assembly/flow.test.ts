// What happens to a packet besides cipher and size: who it belongs to, what is counted, what main is
// told. Each case ends with the counters that moved, all of them.
// Shows policy.action, policy.level
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  PORT_BYPASS4,
  PORT_BYPASS6,
  PORT_ESP4,
  PORT_UDP4_4500,
  PORT_UDP4_500,
  PORT_UDP6_500,
  SA_DEAD,
} from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import type { Association } from '../../src/dataplane/association.js';
import type { Policy } from '../../src/policy/database.js';
import { parseAddress } from '../../src/policy/address.js';
import { seal, sealText } from '../reference/esp.js';
import { Gateway, type Received, sockaddr } from './gateway.js';
import { ipv4, ipv6, tcp, udp } from './packets.js';
import { recordAt, setRightEdge } from './record.js';
import { EAST, mirror, policy, selectors, WEST, westChild, type TunnelOptions } from './site.js';

const flow = suite('flow');
const NET_A = '198.18.1.0/24';
const NET_B = '198.18.2.0/24';
/** An IKE SPI of eight bytes 1. */
const OURS = 0x0101010101010101n;

/** A gateway with these policies and, if asked, one child. */
function gateway(policies: readonly Policy[], child?: Association): Gateway {
  const made = new Gateway();
  made.tables.setPolicies(policies);
  if (child) made.tables.install(child, { activate: true, pathMtu: 1500 });
  return made;
}

/** East's gateway and the sender's view of the SA that leads there. */
function receiver(options: TunnelOptions = {}, policies = [policy(1, NET_B, NET_A)]) {
  const child = westChild(1, options);
  const east = gateway(policies, mirror(child));
  const sa = { ...child, ...child.outbound };
  let sequence = 0n;
  const sealed = (packet: Uint8Array, nextHeader?: number): Uint8Array => {
    sequence += 1n;
    return seal(sa, sequence, Buffer.alloc(8), packet, nextHeader);
  };
  const udpPort = (bytes: Uint8Array, more: Partial<Received> = {}) =>
    east.inbound(PORT_UDP4_4500, [{ bytes, from: WEST[4], fromPort: 4500, ...more }]);
  return { east, sa, sealed, udpPort };
}

const inner = (src = '198.18.1.1', dst = '198.18.2.2'): Buffer =>
  ipv4(udp(Buffer.alloc(20)), { src, dst });

// ---- out: policies -------------------------------------------------------------------------------

flow('action none, no policy, level use without an SA: unchanged through the raw socket', () => {
  const subject = gateway([
    policy(1, NET_A, NET_B, { action: 'none' }),
    policy(2, NET_A, '198.18.3.0/24', { level: 'use' }),
  ]);
  const packets = [inner(), inner('198.18.1.1', '198.18.3.3'), inner('198.18.9.9', '198.18.7.7')];
  const { messages } = subject.outbound([...packets, ipv6(udp(Buffer.alloc(4)))]);
  assert.equal(
    messages.map(({ port, bytes, control }) => [port, bytes, control.length]),
    [
      ...packets.map((packet) => [PORT_BYPASS4, packet, 0]),
      [PORT_BYPASS6, ipv6(udp(Buffer.alloc(4))), 0],
    ],
  );
  assert.equal(messages[0]!.name, sockaddr('198.18.2.2', 0));
  assert.equal(messages[3]!.name, sockaddr('2001:db8:2::2', 0));
  assert.equal(subject.counted(), { bypassed: 4 });
  assert.equal(subject.mail(), []);
});

flow("IPv6 multicast without a policy is the device's own talk: it goes nowhere", () => {
  const subject = gateway([policy(1, NET_A, NET_B)]);
  const report = ipv6(udp(Buffer.alloc(4)), { src: '::', dst: 'ff02::16' });
  assert.equal(subject.outbound([report]).messages, []);
  assert.equal(subject.counted(), {});
});

flow('action discard: nothing leaves', () => {
  const subject = gateway([policy(1, NET_A, NET_B, { action: 'discard' })]);
  assert.equal(subject.outbound([inner(), inner()]), { messages: [], tun: [] });
  assert.equal(subject.counted(), { 'out-policy-blocked': 2 });
});

flow('no SA: it waits, and is asked for once a second by every policy for itself', () => {
  const subject = gateway([
    policy(7, NET_A, NET_B, { level: 'unique' }),
    policy(9, NET_A, '198.18.3.0/24'),
  ]);
  const other = inner('198.18.1.1', '198.18.3.3');
  const batch = [inner(), inner(), other, other];
  assert.equal(subject.outbound(batch), { messages: [], tun: [] });
  assert.equal(subject.counted(), { held: 4 });
  const acquire = (id: number, to: string) => ({
    kind: 'acquire',
    policy: id,
    protocol: 17,
    source: { address: parseAddress('198.18.1.1'), port: 1000 },
    destination: { address: parseAddress(to), port: 2000 },
  });
  assert.equal(subject.mail(), [acquire(7, '198.18.2.2'), acquire(9, '198.18.3.3')]);
  subject.now += 999;
  subject.outbound(batch);
  assert.equal(subject.mail(), []);
  subject.now += 1;
  subject.outbound(batch);
  assert.is(subject.mail().length, 2);
});

flow('an SA whose selectors do not hold the packet is not used', () => {
  const child = westChild(1);
  const narrow = { ...child, localSelectors: [selectors('198.18.1.128/25')] };
  const subject = gateway([policy(1, NET_A, NET_B)], narrow);
  assert.is(subject.outbound([inner('198.18.1.200')]).messages.length, 1);
  assert.is(subject.outbound([inner('198.18.1.1')]).messages.length, 0);
  assert.is(subject.counters().held, 1);
});

flow('a later fragment goes nowhere where only its ports would tell', () => {
  const later = ipv4(Buffer.alloc(64), { offset: 1480 });
  const first = ipv4(udp(Buffer.alloc(64)), { more: true });
  const port = { protocol: 17, dstPort: 2000 };
  for (const action of ['encrypt', 'discard'] as const) {
    const subject = gateway([policy(1, NET_A, NET_B, { ...port, action })]);
    assert.equal(subject.outbound([later]), { messages: [], tun: [] });
    assert.equal(subject.counted(), { 'out-policy-errors': 1 }, action);
  }
  const open = gateway([policy(1, NET_A, NET_B, { ...port, action: 'none' })]);
  assert.is(open.outbound([later, first]).messages.length, 2, 'in the clear either way');
  const whole = gateway([policy(1, NET_A, NET_B, { protocol: 17 })], westChild(1));
  assert.is(whole.outbound([later, first]).messages.length, 2, 'a policy without ports');
  assert.is(whole.counters()['out-packets'], 2);
});

flow('new policies and new SAs reach flows that are cached', () => {
  const subject = gateway([policy(1, NET_A, NET_B)]);
  const out = () => subject.outbound([inner()]).messages.map(({ port }) => port);
  assert.equal(out(), []);
  subject.tables.install(westChild(1), { activate: false, pathMtu: 1500 });
  assert.equal(out(), [], 'not activated yet');
  const states = () => subject.tables.list().map(({ state }) => state);
  assert.equal(states(), ['mature', 'larval']);
  subject.tables.activate(1);
  assert.equal(states(), ['mature', 'mature']);
  assert.equal(out(), [PORT_ESP4]);
  subject.tables.setPolicies([
    policy(3, NET_A, NET_B, { action: 'none' }),
    policy(1, NET_A, NET_B),
  ]);
  assert.equal(out(), [PORT_BYPASS4]);
  subject.tables.setPolicies([policy(1, NET_A, NET_B)]);
  assert.equal(out(), [PORT_ESP4], 'the SA stayed with its policy');
  subject.tables.remove(1);
  assert.equal(out(), []);
});

flow('rekey: the new SA is used from its activation, the old one receives on', () => {
  const child = westChild(1, { udp: true });
  const subject = gateway([policy(1, NET_A, NET_B)], child);
  const spiOf = () => subject.outbound([inner()]).messages[0]!.bytes.readUInt32BE(0);
  const next = westChild(2, { udp: true, seed: 5 });
  subject.tables.install(next, { activate: false, pathMtu: 1500 });
  assert.is(spiOf(), child.outbound.spi);
  subject.tables.activate(2);
  assert.is(spiOf(), next.outbound.spi);
  subject.tables.remove(2);
  assert.is(spiOf(), child.outbound.spi, 'and the old one again if the new one goes');
});

flow('between the death of an SA and its removal nothing leaves, whatever the level', () => {
  const subject = gateway([policy(1, NET_A, NET_B, { level: 'use' })], westChild(1));
  const record = new DataView(subject.memory.buffer, recordAt(subject.tables.list()[1]!.slot));
  record.setUint32(layout.SA_STATE, SA_DEAD, true);
  assert.equal(subject.outbound([inner()]), { messages: [], tun: [] });
  assert.equal(subject.counted(), { 'out-policy-dead': 1 });
});

flow('an SA that the packet path has no kernel for is refused, not guessed at', () => {
  const subject = gateway([policy(1, NET_A, NET_B)], westChild(1));
  const record = new DataView(subject.memory.buffer, recordAt(subject.tables.list()[1]!.slot));
  record.setUint32(layout.SA_CIPHER, 99, true);
  assert.equal(subject.outbound([inner()]), { messages: [], tun: [] });
  assert.is(subject.counters()['out-state-protocol-errors'], 1);
});

// ---- out: limits ---------------------------------------------------------------------------------

flow('sequence numbers never wrap: a soft event early, then a hard one and drops', () => {
  const subject = gateway([policy(1, NET_A, NET_B)], westChild(1));
  const { slot } = subject.tables.list()[1]!;
  const sequence = new BigUint64Array(subject.memory.buffer, recordAt(slot) + layout.SA_SEQ, 1);
  const spi = westChild(1).outbound.spi;
  sequence[0] = 0xefff_fffen;
  subject.outbound([inner()]);
  assert.equal(subject.mail(), [], 'below the soft limit');
  subject.outbound([inner()]);
  assert.equal(subject.mail(), [{ kind: 'soft-expire', slot, spi }]);
  sequence[0] = 0xffff_fffdn;
  const { messages } = subject.outbound(Array.from({ length: 5 }, () => inner()));
  assert.equal(
    messages.map(({ bytes }) => bytes.readUInt32BE(4)),
    [0xffff_fffe, 0xffff_ffff],
  );
  assert.equal(subject.outbound([inner()]).messages, []);
  assert.equal(subject.mail(), [{ kind: 'hard-expire', slot, spi }]);
  assert.is(subject.counters()['out-state-sequence-errors'], 4);
  assert.is(subject.counters()['out-packets'], 4);
});

flow('byte limits: one soft and one hard event, then expired, both directions', () => {
  const options = { softBytes: 100, hardBytes: 144, udp: true };
  const west = gateway([policy(1, NET_A, NET_B)], westChild(1, options));
  const { east, sealed, udpPort } = receiver(options);
  const slot = (subject: Gateway, index: number) => subject.tables.list()[index]!.slot;
  const spi = westChild(1).outbound.spi;
  for (let packets = 1; packets <= 5; packets++) west.outbound([inner()]); // 48 bytes each
  const [soft, hard] = west.mail();
  assert.equal(soft, { kind: 'soft-expire', slot: slot(west, 1), spi });
  assert.equal(hard, { kind: 'hard-expire', slot: slot(west, 1), spi });
  assert.equal(west.counted(), { 'out-packets': 3, 'out-bytes': 144, 'out-state-expired': 2 });
  for (let packets = 1; packets <= 5; packets++) udpPort(sealed(inner()));
  assert.equal(
    east.mail().map(({ kind }) => kind),
    ['first-use', 'soft-expire', 'hard-expire'],
  );
  assert.equal(east.counted(), { 'in-packets': 3, 'in-bytes': 144, 'in-state-expired': 2 });
});

// ---- in: what is no ESP --------------------------------------------------------------------------

flow('IKE on both ports goes to main with addresses and ports, without the marker', () => {
  const subject = new Gateway();
  const message = Buffer.alloc(100, 0x49);
  const from = { from: '203.0.113.9', fromPort: 1234, to: '192.0.2.1' };
  subject.inbound(PORT_UDP4_4500, [{ bytes: Buffer.concat([Buffer.alloc(4), message]), ...from }]);
  subject.inbound(PORT_UDP4_500, [{ bytes: message, ...from }]);
  const six = { from: '2001:db8::9', fromPort: 500, to: '2001:db8::1' };
  subject.inbound(PORT_UDP6_500, [{ bytes: message, ...six, tos: 3 }]);
  const address = parseAddress;
  assert.equal(
    subject
      .mail()
      .map((mail) => ({ ...mail, bytes: Buffer.from((mail as { bytes: Uint8Array }).bytes) })),
    [
      {
        kind: 'ike',
        local: { address: address('192.0.2.1'), port: 4500 },
        remote: { address: address('203.0.113.9'), port: 1234 },
        natt: true,
        bytes: message,
      },
      {
        kind: 'ike',
        local: { address: address('192.0.2.1'), port: 500 },
        remote: { address: address('203.0.113.9'), port: 1234 },
        natt: false,
        bytes: message,
      },
      {
        kind: 'ike',
        local: { address: address('2001:db8::1'), port: 500 },
        remote: { address: address('2001:db8::9'), port: 500 },
        natt: false,
        bytes: message,
      },
    ],
  );
  assert.equal(subject.counted(), {});
});

flow('keepalives, runts, truncated datagrams and a full mail ring are counted', () => {
  const subject = new Gateway();
  const marker = Buffer.alloc(4);
  const datagrams: Received[] = [
    { bytes: Buffer.from([0xff]) },
    { bytes: Buffer.from([0xfe]) },
    { bytes: Buffer.alloc(0) },
    { bytes: Buffer.alloc(3) },
    { bytes: Buffer.concat([marker, Buffer.alloc(27)]) },
    { bytes: Buffer.from([1, 2, 3, 4, 5, 6, 7]) },
    { bytes: Buffer.alloc(200, 1), flags: 0x20 },
    { bytes: Buffer.alloc(200, 1) },
  ];
  subject.inbound(PORT_UDP4_4500, datagrams);
  assert.equal(subject.counted(), {
    'in-buffer-errors': 1,
    'in-header-errors': 5,
    'in-no-states': 1,
    keepalives: 1,
  });
  const message = { bytes: Buffer.alloc(9000, 1) };
  subject.tables.ikeSpis.add(OURS);
  const batch = Array.from({ length: 64 }, () => message);
  subject.inbound(PORT_UDP4_500, batch);
  assert.is(subject.counters()['mail-lost'], 64 - 28);
  assert.is(subject.mail().length, 28);
  for (let round = 0; round < 50; round++) {
    subject.inbound(PORT_UDP4_500, batch.slice(0, 20));
    assert.is(subject.mail().length, 20, `the ring goes round, ${round}`);
  }
});

flow('first messages of IKE fill half of the ring: those of SAs that stand have room', () => {
  const subject = new Gateway();
  const [forged, ours] = [Buffer.alloc(500, 1), Buffer.alloc(500, 1)];
  forged.fill(0, 8, 16); // no responder SPI yet
  forged.fill(2, 0, 8);
  subject.tables.ikeSpis.add(OURS);
  const record = (layout.MAIL_IKE_BODY + 500 + 7) & ~7;
  const half = Math.floor(layout.MAIL_SIZE / 2 / record);
  let read = 0;
  const flooded = Array.from({ length: 1000 }, () => ({ bytes: forged }));
  for (let round = 0; round < 100; round++) {
    // wherever in the ring it begins, and behind the marker as without it
    const marked = [{ bytes: Buffer.concat([Buffer.alloc(4), forged]) }];
    subject.inbound(PORT_UDP4_4500, marked);
    subject.inbound(PORT_UDP4_500, flooded);
    subject.inbound(
      PORT_UDP4_500,
      Array.from({ length: 100 }, () => ({ bytes: ours })),
    );
    const mail = subject.mail();
    const known = mail.filter((one) => one.kind === 'ike' && one.bytes[8] !== 0);
    assert.is(known.length, 100, `round ${round}`);
    assert.ok(mail.length - 100 <= half && mail.length - 100 >= half - 1);
    read += mail.length;
    assert.is(read + subject.counters()['mail-lost']!, 1101 * (round + 1), 'read or counted');
  }
});

// ---- in: ESP that is refused ---------------------------------------------------------------------

flow('before authentication nothing but a counter changes', () => {
  const { east, sealed, udpPort } = receiver({ udp: true });
  udpPort(sealed(inner()));
  east.mail();
  const at = recordAt(east.tables.list()[0]!.slot);
  const state = () => Buffer.from(east.memory.buffer.slice(at, at + layout.SA_SIZE));
  const before = state();
  const genuine = sealed(inner());
  for (let byte = 0; byte < genuine.length; byte++) {
    const forged = Buffer.from(genuine);
    forged[byte]! ^= 0x10;
    assert.equal(udpPort(forged, { from: '203.0.113.66', fromPort: 6666 }).tun, [], `byte ${byte}`);
  }
  const after = state();
  const invalid = Number(after.readBigUInt64LE(layout.SA_INVALID));
  after.writeBigUInt64LE(0n, layout.SA_INVALID);
  assert.equal(after, before);
  assert.equal(east.mail(), []);
  const { 'in-state-protocol-errors': wrong = 0, 'in-no-states': unknown = 0 } = east.counters();
  assert.is(wrong, invalid);
  assert.is(wrong + unknown, genuine.length);
  assert.is(udpPort(genuine).tun.length, 1, 'the genuine one still passes');
});

flow('the way it came must be the SA’s: encapsulation and family', () => {
  const { east, sealed } = receiver({ udp: false });
  const bytes = sealed(inner());
  east.inbound(PORT_UDP4_4500, [{ bytes }]);
  assert.equal(east.counted(), { 'in-state-mismatches': 1 });
});

flow('a raw IPv4 packet with a broken header is refused', () => {
  const { east, sealed } = receiver({ udp: false });
  const esp = sealed(inner());
  const good = ipv4(esp, { src: WEST[4], dst: EAST[4], protocol: 50 });
  const wrong = [good.subarray(0, 10), Buffer.from(good), Buffer.from(good), Buffer.from(good)];
  wrong[1]![0] = 0x44;
  wrong[2]![9] = 17;
  wrong[3]!.writeUInt16BE(good.length + 1, 2);
  east.inbound(
    PORT_ESP4,
    wrong.map((bytes) => ({ bytes })),
  );
  assert.equal(east.counted(), { 'in-header-errors': 4 });
  const options = ipv4(esp, { src: WEST[4], dst: EAST[4], protocol: 50, options: Buffer.alloc(8) });
  assert.is(east.inbound(PORT_ESP4, [{ bytes: options }]).tun.length, 1);
});

flow('authentic packets that may not pass: each has its counter', () => {
  const policies = [
    policy(2, '198.18.2.64/32', NET_A, { action: 'discard' }),
    policy(3, '198.18.2.65/32', NET_A, { action: 'none' }),
    policy(1, '198.18.2.0/25', NET_A),
  ];
  const { east, sa, sealed, udpPort } = receiver({ udp: true }, policies);
  const text = (bytes: number[]) => sealText(sa, 1000n, Buffer.alloc(8), Buffer.from(bytes));
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['in-template-mismatches', sealed(inner('198.18.3.1'))],
    ['in-template-mismatches', sealed(inner('198.18.1.1', '198.18.3.1'))],
    ['in-policy-blocked', sealed(inner('198.18.1.1', '198.18.2.64'))],
    ['in-no-policies', sealed(inner('198.18.1.1', '198.18.2.65'))],
    ['in-no-policies', sealed(inner('198.18.1.1', '198.18.2.200'))],
    ['in-state-mode-errors', sealed(inner(), 17)],
    ['in-state-mode-errors', sealed(inner(), 41)],
    ['in-header-errors', sealed(inner().subarray(0, 40))],
    ['in-header-errors', text([9, 9, 2, 4])],
  ];
  for (const [name, bytes] of cases) {
    const before = east.counters()[name]!;
    assert.equal(udpPort(bytes).tun, [], name);
    assert.is(east.counters()[name], before + 1, name);
  }
  assert.is(east.counters()['in-packets'], 0);
  udpPort(sealed(Buffer.alloc(30), 59));
  assert.is(east.counters().dummies, 1, 'a dummy packet is nothing to complain about');
});

flow('traffic flow confidentiality: bytes behind the inner packet are cut off', () => {
  const { sealed, udpPort } = receiver({ udp: true });
  const { tun } = udpPort(sealed(Buffer.concat([inner(), Buffer.alloc(333, 0x77)]), 4));
  assert.equal(tun, [inner()]);
});

flow('dead and unknown SAs: no state, and a removed child’s packets too', () => {
  const { east, sealed, udpPort } = receiver({ udp: true });
  const bytes = sealed(inner());
  const outboundSpi = Buffer.from(bytes);
  outboundSpi.writeUInt32BE(westChild(1).inbound.spi, 0);
  udpPort(outboundSpi);
  assert.equal(east.counted(), { 'in-no-states': 1 }, 'our own outbound SPI is nobody’s inbound');
  const view = new DataView(east.memory.buffer, recordAt(east.tables.list()[0]!.slot));
  view.setUint32(layout.SA_STATE, 1, true);
  udpPort(bytes);
  assert.is(east.counters()['in-state-invalid'], 1);
  east.tables.remove(1);
  udpPort(bytes);
  assert.is(east.counters()['in-no-states'], 2);
});

// ---- in: what main hears -------------------------------------------------------------------------

flow('the first authentic packet is reported; a NAT rebinding when it is the newest', () => {
  const { east, sealed, udpPort } = receiver({ udp: true });
  const { slot } = east.tables.list()[0]!;
  const spi = westChild(1).outbound.spi;
  udpPort(sealed(inner()));
  assert.equal(east.mail(), [{ kind: 'first-use', slot, spi }]);
  const old = sealed(inner());
  udpPort(sealed(inner()));
  const elsewhere = { from: '203.0.113.77', fromPort: 40404 };
  udpPort(old, elsewhere);
  assert.equal(east.mail(), [], 'an older packet may have gone another way');
  udpPort(sealed(inner()), elsewhere);
  const remote = { address: parseAddress('203.0.113.77')!, port: 40404 };
  assert.equal(east.mail(), [{ kind: 'moved', slot, spi, remote }]);
  udpPort(sealed(inner()), elsewhere);
  assert.equal(east.mail(), [], 'said once a second');
  east.now += 1000;
  udpPort(sealed(inner()), elsewhere);
  assert.is(east.mail().length, 1);
  east.tables.move(1, { local: { address: parseAddress(EAST[4])!, port: 4500 }, remote });
  east.now += 1000;
  udpPort(sealed(inner()), elsewhere);
  assert.equal(east.mail(), []);
  const [back] = east.outbound([inner('198.18.2.2', '198.18.1.1')]).messages;
  assert.equal(back!.name, sockaddr('203.0.113.77', 40404));
});

flow('the replay window is as wide as the SA says', () => {
  for (const replayWindow of [32, 256]) {
    const { east, sa, udpPort } = receiver({ udp: true, replayWindow });
    assert.is(east.tables.list()[0]!.replayWindow, replayWindow);
    assert.is(east.tables.list()[1]!.replayWindow, 0, 'outward there is none');
    const number = (sequence: number) => seal(sa, BigInt(sequence), Buffer.alloc(8), inner());
    const passes = (sequence: number): boolean => udpPort(number(sequence)).tun.length === 1;
    assert.ok(passes(1000));
    assert.ok(passes(1000 - replayWindow + 1), 'the oldest within');
    assert.not(passes(1000 - replayWindow), 'one older');
    assert.is(east.counters()['in-state-sequence-errors'], 1);
  }
  for (const replayWindow of [0, 31, 8193]) {
    const install = () => gateway([policy(1, NET_A, NET_B)], westChild(1, { replayWindow }));
    assert.throws(install, /replay window \d+, expected 32 to 8192/);
  }
});

flow('duplicates in one batch: one passes', () => {
  const { east, sealed } = receiver({ udp: true });
  const bytes = sealed(inner());
  const { tun } = east.inbound(PORT_UDP4_4500, [{ bytes }, { bytes }, { bytes }]);
  assert.is(tun.length, 1);
  assert.is(east.counters()['in-state-sequence-errors'], 2);
});

flow('with ESN the high half is inferred across the boundary', () => {
  const child = westChild(1, { udp: true, esn: true });
  const east = gateway([policy(1, NET_B, NET_A)], mirror(child));
  const sa = { ...child, ...child.outbound };
  const boundary = 5n << 32n;
  setRightEdge(east.memory, east.tables.list()[0]!.slot, boundary - 3n);
  const numbers = [-2n, -1n, 1n, 0n, 2n, -1n, 100n, -2n].map((offset) => boundary + offset);
  const received = numbers.map((sequence) => ({
    bytes: seal(sa, sequence, Buffer.alloc(8), inner()),
  }));
  assert.is(east.inbound(PORT_UDP4_4500, received).tun.length, 6);
  assert.is(east.counters()['in-state-sequence-errors'], 2);
});

flow('many SAs in one batch, mixed with drops: each keeps its order', () => {
  const policies = Array.from({ length: 8 }, (_, i) =>
    policy(i + 1, NET_A, `198.18.${i + 2}.0/24`),
  );
  const subject = new Gateway();
  subject.tables.setPolicies(policies);
  for (let id = 1; id <= 7; id++) {
    const child = westChild(id, { seed: id, policy: id });
    const remoteSelectors = [selectors(`198.18.${id + 1}.0/24`)];
    subject.tables.install({ ...child, remoteSelectors }, { activate: true, pathMtu: 1500 });
  }
  const order = Array.from({ length: 64 }, (_, i) => (i * 5) % 8);
  const { messages } = subject.outbound(
    order.map((net) => inner('198.18.1.1', `198.18.${net + 2}.1`)),
  );
  const sent = order.filter((net) => net < 7);
  assert.equal(
    messages.map(({ bytes }) => bytes.readUInt32BE(0)).sort(),
    sent.map((net) => 0x2001 + 2 * (net + 1)).sort(),
  );
  const numbers = new Map<number, number>();
  for (const { bytes } of messages) {
    const expected = (numbers.get(bytes.readUInt32BE(0)) ?? 0) + 1;
    assert.is(bytes.readUInt32BE(4), expected);
    numbers.set(bytes.readUInt32BE(0), expected);
  }
  assert.equal(subject.counted(), {
    held: 8,
    'out-packets': 56,
    'out-bytes': 56 * 48,
  });
});

flow('a TCP packet and its ports', () => {
  const subject = gateway([
    policy(1, NET_A, NET_B, { protocol: 6, dstPort: 80, action: 'discard' }),
    policy(2, NET_A, NET_B, { protocol: 6, srcPort: 40001, action: 'discard' }),
  ]);
  const segment = tcp(2, Buffer.alloc(0), { src: '198.18.1.1', dst: '198.18.2.2' });
  const packet = ipv4(segment, { protocol: 6 });
  subject.outbound([packet]);
  packet.writeUInt16BE(81, 22);
  subject.outbound([packet]);
  packet.writeUInt16BE(40001, 20);
  subject.outbound([packet]);
  assert.equal(subject.counted(), { 'out-policy-blocked': 2, bypassed: 1 });
});

flow.run();
