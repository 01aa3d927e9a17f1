// Packets that wait for their SA: they leave in order when it is there, a few per policy, not for long,
// not where the control plane gave up; and whatever changed meanwhile holds for them.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_BYPASS4, PORT_UDP4_4500 } from '../../src/contract/ids.js';
import { HELD_MOST, WAITING_PLACES } from '../../src/contract/layout.js';
import { open } from '../reference/esp.js';
import { NEEDS_CSUM, superPacket, VIRTIO } from '../reference/segment.js';
import { seeded } from './arena.js';
import { Gateway } from './gateway.js';
import { checksum, ipv4, udp, upperChecksum } from './packets.js';
import { policy, selectors, westChild } from './site.js';
import { ACK, packetOf } from './streams.js';

const held = suite('held');
const random = seeded(9);
const HERE = '198.18.1.0/24';
const net = (id: number): string => `198.18.${id}.0/24`;
const packet = (id: number, number = 0): Buffer =>
  ipv4(udp(random.bytes(40)), { src: '198.18.1.1', dst: `198.18.${id}.9`, id: number });

function gateway(...ids: number[]): Gateway {
  const made = new Gateway();
  made.tables.setPolicies(ids.map((id) => policy(id, HERE, net(id))));
  return made;
}

const childOf = (id: number) => ({
  ...westChild(id, { policy: id, udp: true }),
  localSelectors: [selectors(HERE)],
  remoteSelectors: [selectors(net(id))],
});

function install(subject: Gateway, id: number): void {
  subject.tables.install(childOf(id), { activate: true, pathMtu: 1500 });
}

held('they leave when their SA is there, in order, and those of other policies wait on', () => {
  const subject = gateway(2, 3);
  const sent = [packet(2, 1), packet(3, 1), packet(2, 2), packet(2, 3)];
  assert.equal(subject.outbound(sent), { messages: [], tun: [] });
  assert.equal(subject.counted(), { held: 4 });
  assert.equal(subject.release(), { messages: [], tun: [] });
  install(subject, 2);
  const { messages } = subject.release();
  const sa = { ...childOf(2), ...childOf(2).outbound };
  const datagrams = messages.flatMap(({ port, bytes }) => {
    assert.is(port, PORT_UDP4_4500);
    const size = bytes.length / 3;
    return [0, 1, 2].map((i) => bytes.subarray(i * size, (i + 1) * size));
  });
  const inside = (messages.length === 1 ? datagrams : messages.map(({ bytes }) => bytes)).map(
    (bytes) => open(sa, 0n, bytes)!.packet,
  );
  assert.equal(inside, [sent[0], sent[2], sent[3]]);
  assert.equal(subject.release().messages, [], 'once');
  install(subject, 3);
  assert.is(subject.release().messages.length, 1);
  assert.is(subject.counters()['out-packets'], 4);
  assert.is(subject.counters()['out-no-states'], 0);
});

held('a few of each policy, and no more of all than there are places', () => {
  const ids = Array.from({ length: 12 }, (_, i) => i + 2);
  const subject = gateway(...ids);
  for (const id of ids.slice(0, 6)) {
    for (let i = 0; i < HELD_MOST + 2; i++) subject.outbound([packet(id)]);
  }
  assert.equal(subject.counted(), { held: 6 * HELD_MOST, 'out-no-states': 12 });
  for (const id of ids.slice(6)) {
    for (let i = 0; i < HELD_MOST; i++) subject.outbound([packet(id)]);
  }
  assert.equal(subject.counted(), {
    held: WAITING_PLACES,
    'out-no-states': 12 + 96 - WAITING_PLACES,
  });
  for (const id of ids) install(subject, id);
  subject.release();
  assert.is(subject.counters()['out-packets'], WAITING_PLACES);
  // and the places are free again
  for (const id of ids) subject.tables.remove(id);
  for (let i = 0; i < WAITING_PLACES / HELD_MOST; i++) {
    for (let j = 0; j < HELD_MOST; j++) subject.outbound([packet(i + 2)]);
  }
  assert.is(subject.counters().held, 2 * WAITING_PLACES);
});

held('not for long', () => {
  const subject = gateway(2);
  subject.outbound([packet(2)]);
  subject.now += 6_000;
  subject.outbound([packet(2)]);
  subject.now += 4_001;
  subject.release();
  assert.equal(subject.counted(), { held: 2, 'out-no-states': 1 });
  install(subject, 2);
  assert.is(subject.release().messages.length, 1);
  // a clock that was set back makes nothing wait for ever
  subject.tables.remove(1);
  subject.tables.remove(2);
  subject.outbound([packet(2)]);
  subject.now -= 100_000;
  subject.release();
  assert.is(subject.counters()['out-no-states'], 2);
});

held('given up: those that waited go nowhere, later ones wait for the next try', () => {
  const subject = gateway(2, 3);
  subject.outbound([packet(2), packet(2), packet(3)]);
  subject.tables.giveUp(2);
  subject.tables.giveUp(99);
  subject.release();
  assert.equal(subject.counted(), { held: 3, 'out-no-states': 2 });
  subject.now += 1;
  subject.outbound([packet(2)]);
  subject.release();
  assert.equal(subject.counted(), { held: 4, 'out-no-states': 2 });
  install(subject, 2);
  assert.is(subject.release().messages.length, 1);
});

held('policies changed meanwhile: the new ones hold', () => {
  for (const [action, expected] of [
    ['none', { held: 1, bypassed: 1 }],
    ['discard', { held: 1, 'out-policy-blocked': 1 }],
  ] as const) {
    const subject = gateway(2);
    const sent = packet(2);
    subject.outbound([sent]);
    subject.tables.setPolicies([policy(8, HERE, net(2), { action })]);
    const { messages } = subject.release();
    assert.equal(subject.counted(), expected);
    const clear = messages.map(({ port, bytes }) => [port, bytes]);
    assert.equal(clear, action === 'none' ? [[PORT_BYPASS4, sent]] : []);
  }
  // nothing that matters changed: it waits on, no longer than from its beginning
  const subject = gateway(2);
  const sent = packet(2);
  subject.outbound([sent]);
  subject.now += 5_000;
  subject.tables.setPolicies([policy(1, HERE, net(9)), policy(2, HERE, net(2))]);
  assert.equal(subject.release().messages, []);
  assert.equal(subject.counted(), { held: 1 });
  subject.now += 5_001;
  subject.release();
  assert.equal(subject.counted(), { held: 1, 'out-no-states': 1 });
});

held('a checksum that the host left to us is completed once; a super-packet does not wait', () => {
  const subject = gateway(2);
  subject.tables.setOffload({ header: VIRTIO, uso: true, join: true });
  const whole = packet(2);
  const [src, dst] = ['198.18.1.1', '198.18.2.9'];
  const right = upperChecksum(whole.subarray(20), 17, src, dst);
  // the sum of the pseudo-header stands in the field until then
  const pseudo = Buffer.concat([
    whole.subarray(12, 20),
    Buffer.from([0, 17, 0, whole.length - 20]),
  ]);
  whole.writeUInt16BE(~checksum(pseudo) & 0xffff, 26);
  const header = Buffer.alloc(VIRTIO);
  header[0] = NEEDS_CSUM;
  header.writeUInt16LE(20, 6);
  header.writeUInt16LE(6, 8);
  const fields = { family: 4, udp: false, tos: 0, df: true, id: 1, sequence: 1, ack: 1 } as const;
  const more = { flags: ACK, window: 9, tcpOptions: Buffer.alloc(0), options: Buffer.alloc(0) };
  const many = superPacket(packetOf(random.bytes(4000), { ...fields, ...more }), 1000);
  subject.outbound([whole, many.packet], [header, many.header]);
  assert.equal(subject.counted(), { held: 1, 'out-no-states': 1 });
  install(subject, 2);
  const { messages } = subject.release();
  const sa = { ...childOf(2), ...childOf(2).outbound };
  const inside = open(sa, 0n, messages[0]!.bytes)!.packet;
  assert.is(inside.readUInt16BE(26), right);
});

held.run();
