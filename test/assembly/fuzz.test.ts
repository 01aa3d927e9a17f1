// A million mutated ESP packets (seeded) through the inbound path: no trap, every packet is counted
// once, nothing outside the slots is written, and what is not authentic changes no SA.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_ESP4, PORT_ESP6, PORT_UDP4_4500, PORT_UDP6_4500 } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import type { Association } from '../../src/dataplane/association.js';
import { runs, seedOf } from '../helpers/fuzzing.js';
import { ivBytes, seal } from '../reference/esp.js';
import { seeded } from './arena.js';
import { asReceived, Gateway } from './gateway.js';
import { ipv4, ipv6, tcp, udp } from './packets.js';
import { recordAt } from './record.js';
import { EAST, mirror, policy, SUITES, WEST, westChild } from './site.js';

const fuzz = suite('fuzz');
const PACKETS = runs(1_000_000);
const GUARD = 0xa5;
const ROW = layout.WORKERS_AT;
/** Our own and RouterOS's counters that a received packet can end in. */
const OUTCOMES = /^(in-(?!packets|bytes)|keepalives|dummies|mail-lost)/;

interface Target {
  readonly port: number;
  readonly slot: number;
  /** Genuine ESP packets, each with its own sequence number. */
  readonly genuine: readonly Buffer[];
}

/** An inbound SA of every suite the build has, over UDP, raw, IPv4 and IPv6 in turn. */
function targets(east: Gateway): Target[] {
  return SUITES.map((each, index) => {
    const options = {
      suite: each,
      udp: index % 2 === 0,
      outer: index % 3 === 0 ? 6 : 4,
      seed: index,
    };
    const child = westChild(index + 1, {
      ...options,
      outer: options.outer as 4 | 6,
      esn: index % 4 > 1,
    });
    east.tables.install(mirror(child), { activate: true, pathMtu: 1500 });
    const slot = east.tables
      .list()
      .filter((sa) => sa.direction === 'in')
      .at(-1)!.slot;
    const six = options.outer === 6;
    const raw = six ? PORT_ESP6 : PORT_ESP4;
    const port = child.udpEncapsulation ? (six ? PORT_UDP6_4500 : PORT_UDP4_4500) : raw;
    return { port, slot, genuine: genuinePackets(child) };
  });
}

function genuinePackets(child: Association): Buffer[] {
  const sa = { ...child, ...child.outbound };
  const fields = { src: '198.18.1.1', dst: '198.18.2.2' };
  const inner = [
    ipv4(udp(Buffer.alloc(40))),
    ipv4(tcp(2, Buffer.from([2, 4, 5, 180]), fields), { protocol: 6 }),
    ipv6(udp(Buffer.alloc(100))),
    ipv4(udp(Buffer.alloc(700))),
  ];
  return inner.map((packet, index) => {
    const bytes = seal(sa, BigInt(index + 1), Buffer.alloc(ivBytes(sa), index), packet);
    return bytes;
  });
}

type Random = ReturnType<typeof seeded>;

/** At least one byte is not what was sent, or the length is not. */
function mutate(random: Random, genuine: Buffer): Buffer {
  const kind = random.number(6);
  if (kind === 0) return genuine.subarray(0, random.number(genuine.length));
  if (kind === 1) return Buffer.concat([genuine, random.bytes(1 + random.number(40))]);
  if (kind === 2) return random.bytes(random.number(120));
  const copy = Buffer.from(genuine);
  const changes = kind === 3 ? 1 : 1 + random.number(8);
  // half of them in the headers, where decisions are made
  const reach = random.number(2) === 0 ? Math.min(48, copy.length) : copy.length;
  for (let i = 0; i < changes; i++) copy[random.number(reach)]! ^= 1 + random.number(255);
  return copy.equals(genuine) ? copy.subarray(1) : copy;
}

/** As the socket delivers it: behind an IPv4 header on a raw one, which may be damaged as well. */
function delivered(random: Random, port: number, esp: Buffer, same: boolean): Uint8Array {
  const message = { port, bytes: esp, name: esp, control: esp };
  const { bytes } = asReceived(message, WEST[4], EAST[4]);
  if (port === PORT_ESP4 && same && random.number(4) === 0) {
    bytes[random.number(20)]! ^= 1 + random.number(255);
  }
  return bytes;
}

/** The bytes between the slots that neither the test nor the packet path has any business in. */
function guards(east: Gateway): Buffer[] {
  const area = ROW + layout.WORKER_RX_SLOTS;
  const end = (slot: number, i: number): Buffer =>
    east.bytes.subarray(area + (i + 1) * slot - layout.SLOT_TAILROOM, area + (i + 1) * slot);
  // Slots of both sizes lie over each other; these ends are in no packet's way.
  const afterPackets = [
    ...Array.from({ length: 16 }, (_, i) => end(layout.SLOT, i)),
    ...Array.from({ length: 16 }, (_, i) => end(layout.SUPER_SLOT, 12 + i)),
  ];
  const beside = [
    [ROW + layout.WORKER_MAIL + layout.MAIL_SIZE, ROW + layout.WORKER_SIZE],
    [layout.WORKERS_AT + layout.WORKER_SIZE, layout.WORKERS_AT + 2 * layout.WORKER_SIZE],
  ].map(([from, to]) => east.bytes.subarray(from, to));
  return [...afterPackets, ...beside];
}

fuzz(`${PACKETS.toLocaleString('en')} mutated packets`, () => {
  const east = new Gateway();
  east.tables.setPolicies([
    policy(1, '198.18.2.0/24', '198.18.1.0/24'),
    policy(2, '2001:db8:2::/48', '2001:db8:1::/48'),
  ]);
  east.tables.setMssClamp(1500);
  const all = targets(east);
  const fences = guards(east);
  for (const fence of fences) fence.fill(GUARD);
  const records = all.map(({ slot }) => {
    const at = recordAt(slot);
    return east.bytes.subarray(at, at + layout.SA_SIZE);
  });
  const before = records.map((record) => Buffer.from(record));
  const random = seeded(seedOf(20260));
  let mails = 0;
  let batches = 0;
  let sent = 0;
  for (let room = 0; sent < PACKETS; sent += room) {
    const { port, genuine } = all[random.number(all.length)]!;
    room = east.exports.prepareReceive!(port);
    for (let i = 0; i < room; i++) {
      const chosen = genuine[random.number(genuine.length)]!;
      const esp = mutate(random, chosen);
      // a header that is wrong about the length must not cut off exactly what was added
      const bytes = delivered(random, port, esp, esp.length === chosen.length);
      east.bytes.set(bytes, east.slot(i));
      const message = ROW + layout.WORKER_RX_MMSG + i * layout.MMSGHDR;
      east.view.setUint32(message + layout.MMSGHDR_LEN, bytes.length, true);
      east.view.setUint32(message + layout.MMSGHDR_CONTROLLEN, 0, true);
    }
    assert.is(east.exports.processInbound!(port, 0, room, east.now), room);
    assert.is(east.view.getUint32(ROW + layout.WORKER_TUN_COUNT, true), 0, `after ${sent} packets`);
    // a mutated datagram may have become an IKE message; those are read here like main would
    if (batches++ % 64 === 0) mails += east.mail().length;
  }
  mails += east.mail().length;
  const counted = Object.entries(east.counters())
    .filter(([name]) => OUTCOMES.test(name))
    .reduce((sum, [, value]) => sum + value, 0);
  assert.is(counted + mails, sent);
  assert.is(east.counters()['in-packets'], 0);
  records.forEach((record, index) => {
    before[index]!.copy(record, layout.SA_INVALID, layout.SA_INVALID, layout.SA_INVALID + 8);
    assert.ok(record.equals(before[index]!), `record of ${SUITES[index]!.encryption}`);
  });
  for (const fence of fences) assert.ok(fence.every((byte) => byte === GUARD));
  assert.is(east.memory.buffer.byteLength, 6144 * 65536, 'memory is flat');
  const { port, genuine } = all[0]!;
  const good = delivered(random, port, genuine[0]!, false);
  assert.is(east.inbound(port, [{ bytes: good }]).tun.length, 1, 'and it still works');
});

fuzz('mutated packets from the TUN: no trap, each ends somewhere', () => {
  const west = new Gateway();
  west.tables.setPolicies([
    policy(1, '198.18.1.0/24', '198.18.2.0/24'),
    policy(2, '2001:db8:1::/48', '2001:db8:2::/48', { level: 'use' }),
  ]);
  west.tables.install(westChild(1, {}), { activate: true, pathMtu: 576 });
  west.tables.setMssClamp(1500);
  const random = seeded(seedOf(1));
  const fields = { src: '198.18.1.1', dst: '198.18.2.2' };
  const genuine = [
    ipv4(udp(Buffer.alloc(40))),
    ipv4(udp(Buffer.alloc(1400)), { options: Buffer.from([148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0]) }),
    ipv4(udp(Buffer.alloc(1400)), { df: true }),
    ipv4(tcp(2, Buffer.from([1, 3, 3, 7, 2, 4, 5, 180]), fields), { protocol: 6 }),
    ipv6(
      Buffer.concat([
        Buffer.from([44, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 1]),
        udp(Buffer.alloc(80)),
      ]),
      {
        protocol: 0,
      },
    ),
    ipv6(udp(Buffer.alloc(1300))),
  ];
  const outcomes = /^(out-(?!packets|bytes)|bypassed)/;
  let packets = 0;
  let ended = 0;
  for (let round = 0; round < 3000; round++) {
    const batch = Array.from({ length: 64 }, () => mutate(random, genuine[random.number(6)]!));
    const before = west.counters();
    const { messages } = west.outbound(batch);
    const after = west.counters();
    const dropped = Object.keys(after)
      .filter((name) => outcomes.test(name))
      .reduce((sum, name) => sum + after[name]! - before[name]!, 0);
    const sealed = messages.filter(({ port }) => port === PORT_ESP4).length;
    const pieces = after.fragmented! - before.fragmented!;
    packets += batch.length;
    ended += dropped + (pieces === 0 ? sealed : batch.length - dropped);
    assert.ok(sealed >= batch.length - dropped, `round ${round}`);
    west.now += 7;
    west.mail();
  }
  assert.is(ended, packets);
});

fuzz.run();
