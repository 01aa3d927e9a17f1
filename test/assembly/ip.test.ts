// What the packet path does to inner packets: size, fragments, ICMP, MSS, DSCP and ECN.
// Shows tun.mss-clamp
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_ESP4 } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import type { Association } from '../../src/dataplane/association.js';
import { ivBytes, open, seal } from '../reference/esp.js';
import { seeded } from './arena.js';
import { asReceived, type Result } from './gateway.js';
import { checksum, ipv4, ipv6, tcp, udp, upperChecksum } from './packets.js';
import { recordAt } from './record.js';
import { connect, EAST, gateways, selectors, SUITES, WEST, westChild } from './site.js';

const ip = suite('ip');
const pair = gateways();
const { west, east } = pair;
const PATH = 1400;
let children = 0;

/** Runs with a fresh child of both families' policies. */
function withChild(run: (child: Association) => void, policy = 1, suiteIndex = 3): void {
  const options = { suite: SUITES[suiteIndex]!, policy, seed: ++children };
  const child = westChild(children, options);
  connect(pair, child, PATH);
  west.now += 10_000; // the ICMP limit's interval is over
  run(child);
  west.tables.remove(child.id);
  east.tables.remove(child.id);
}

const innerMtu = (): number => west.tables.list()[0]!.innerMtu;
const referenceSa = (child: Association) => ({ ...child, ...child.outbound });

/** Takes what west sent into east, as a network would with `tos` on the outer header. */
function deliver(result: Result, tos = 0): Buffer[] {
  const received = result.messages.map((message) => asReceived(message, WEST[4], EAST[4], tos));
  return east.inbound(PORT_ESP4, received).tun;
}

/** Counters that grew while `run` ran. */
function counted(run: () => void): Record<string, number> {
  const before = { ...west.counters() };
  run();
  const after = Object.entries(west.counters());
  return Object.fromEntries(
    after.map(([name, value]) => [name, value - before[name]!] as const).filter(([, n]) => n > 0),
  );
}

// ---- size ----------------------------------------------------------------------------------------

for (const [index, { encryption, integrity }] of SUITES.entries()) {
  ip(
    `${encryption} ${integrity}: the largest packet fills the path, one more byte is refused`,
    () =>
      withChild(
        () => {
          const mtu = innerMtu();
          const [message] = west.outbound([
            ipv4(udp(Buffer.alloc(mtu - 28)), { df: true }),
          ]).messages;
          const outer = 20 + message!.bytes.length;
          assert.ok(outer <= PATH && outer > PATH - 16, `${outer} bytes of ${PATH}`);
          const { messages, tun } = west.outbound([
            ipv4(udp(Buffer.alloc(mtu - 27)), { df: true }),
          ]);
          assert.is(messages.length, 0);
          assert.is(tun.length, 1);
        },
        1,
        index,
      ),
  );
}

ip('too big with DF: ICMP fragmentation needed to the sender, from the destination', () =>
  withChild(() => {
    const packet = ipv4(udp(Buffer.alloc(1400, 7)), { df: true });
    let tun: Buffer[] = [];
    const counts = counted(() => ({ tun } = west.outbound([packet])));
    const [icmp] = tun as [Buffer];
    assert.is(checksum(icmp.subarray(0, 20)), 0);
    assert.is(checksum(icmp.subarray(20)), 0);
    assert.is(icmp.readUInt16BE(2), icmp.length);
    assert.is(icmp.length, 576);
    assert.equal(icmp.subarray(12, 16), packet.subarray(16, 20));
    assert.equal(icmp.subarray(16, 20), packet.subarray(12, 16));
    assert.equal([icmp[9], icmp[20], icmp[21]], [1, 3, 4]);
    assert.is(icmp.readUInt16BE(26), innerMtu());
    assert.equal(icmp.subarray(28), packet.subarray(0, 548));
    assert.equal(counts, { 'out-bundle-check-errors': 1, 'too-big-sent': 1 });
  }),
);

ip('too big in IPv6: packet too big, never below 1280', () =>
  withChild(() => {
    const packet = ipv6(udp(Buffer.alloc(1400, 7)));
    const [icmp] = west.outbound([packet]).tun as [Buffer];
    assert.is(icmp.length, 1280);
    assert.equal(icmp.subarray(8, 24), packet.subarray(24, 40));
    assert.equal(icmp.subarray(24, 40), packet.subarray(8, 24));
    assert.is(upperChecksum(icmp.subarray(40), 58, '2001:db8:2::2', '2001:db8:1::1'), 0);
    assert.equal([icmp[40], icmp[41], icmp.readUInt32BE(44)], [2, 0, innerMtu()]);
    assert.equal(icmp.subarray(48), packet.subarray(0, 1232));
    west.tables.setPathMtu(west.tables.list()[1]!.association.remote.address, 1280);
    assert.is(
      west.outbound([ipv6(udp(Buffer.alloc(1232)))]).messages.length,
      1,
      '1280 goes through',
    );
    const [other] = west.outbound([ipv6(udp(Buffer.alloc(1233)))]).tun as [Buffer];
    assert.is(other.readUInt32BE(44), 1280);
  }, 2),
);

ip('no ICMP error about an ICMP error, a later fragment or a source that is no host', () =>
  withChild(() => {
    const data = Buffer.alloc(1400);
    const icmp = (type: number): Buffer => {
      const packet = ipv4(data, { df: true, protocol: 1 });
      packet[20] = type;
      return packet;
    };
    for (const type of [3, 4, 5, 11, 12]) assert.is(west.outbound([icmp(type)]).tun.length, 0);
    for (const type of [0, 8, 13]) assert.is(west.outbound([icmp(type)]).tun.length, 1);
    const later = ipv4(data, { df: true, offset: 1480 });
    assert.is(west.outbound([later]).tun.length, 0);
    const first = ipv4(data, { df: true, more: true });
    assert.is(west.outbound([first]).tun.length, 1);
  }),
);

ip('ICMP errors are limited to a hundred in a tenth of a second', () =>
  withChild(() => {
    const batch = Array.from({ length: 60 }, () => ipv4(udp(Buffer.alloc(1400)), { df: true }));
    const sent = (): number => west.outbound(batch).tun.length;
    assert.equal([sent(), sent(), sent()], [60, 40, 0]);
    west.now += 100;
    assert.is(sent(), 60);
  }),
);

// ---- fragments -----------------------------------------------------------------------------------

/** Puts fragments together again (RFC 791 §3.2); they come in order. */
function reassemble(fragments: readonly Buffer[]): Buffer {
  const parts = fragments.map((fragment) => {
    const size = (fragment[0]! & 15) * 4;
    assert.is(checksum(fragment.subarray(0, size)), 0);
    assert.is(fragment.readUInt16BE(2), fragment.length);
    return fragment.subarray(size);
  });
  const offsets = fragments.map((fragment) => (fragment.readUInt16BE(6) & 0x1fff) * 8);
  const more = fragments.map((fragment) => (fragment.readUInt16BE(6) & 0x2000) !== 0);
  let expected = offsets[0]!;
  parts.forEach((part, index) => {
    assert.is(offsets[index], expected);
    expected += part.length;
  });
  assert.equal(
    more.slice(0, -1),
    more.slice(0, -1).map(() => true),
  );
  return Buffer.concat(parts);
}

ip('too big without DF: cut before encryption, together again the same', () =>
  withChild(() => {
    const data = seeded(791).bytes(4000);
    const packet = ipv4(data, { id: 0xbeef, tos: 0x28 });
    const result = west.outbound([packet]);
    assert.is(result.messages.length, 4);
    assert.ok(result.messages.every(({ bytes }) => 20 + bytes.length <= PATH));
    const fragments = deliver(result);
    assert.equal(reassemble(fragments), data);
    assert.ok(fragments.every((fragment) => fragment.readUInt16BE(4) === 0xbeef));
    assert.ok(fragments.every((fragment) => fragment[1] === 0x28));
    assert.is(fragments.at(-1)!.readUInt16BE(6) & 0x2000, 0);
  }),
);

ip('options go with every fragment or the first, as their copied flag says', () =>
  withChild(() => {
    // record route (7) stays, a router alert (148) is copied, no-operation between them
    const options = Buffer.from([7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0]);
    const data = seeded(148).bytes(3000);
    const fragments = deliver(west.outbound([ipv4(data, { options })]));
    assert.equal(
      fragments.map((fragment) => fragment[0]),
      [0x48, 0x46, 0x46],
    );
    assert.equal(fragments[0]!.subarray(20, 32), options);
    assert.equal(fragments[1]!.subarray(20, 24), Buffer.from([148, 4, 0, 0]));
    assert.equal(reassemble(fragments), data);
  }),
);

ip('a fragment is cut on, with its own offset and more-fragments flag', () =>
  withChild(() => {
    const data = seeded(8).bytes(2400);
    const middle = deliver(west.outbound([ipv4(data, { offset: 4800, more: true })]));
    assert.equal(reassemble(middle), data);
    assert.is(middle[0]!.readUInt16BE(6) & 0x1fff, 600);
    assert.ok(middle.at(-1)!.readUInt16BE(6) & 0x2000);
  }),
);

ip('an SA with ports carries no fragments of ours: the kernel fragments what is outside', () =>
  withChild((child) => {
    const packet = ipv4(udp(Buffer.alloc(2000, 5), 1000, 2000));
    assert.is(west.outbound([packet]).messages.length, 2, 'no ports: cut before encryption');
    west.tables.remove(child.id);
    const own = { ...selectors('198.18.2.0/24'), protocol: 17, startPort: 2000, endPort: 2000 };
    const narrow = { ...westChild(++children), remoteSelectors: [own] };
    west.tables.install(narrow, { activate: true, pathMtu: PATH });
    const [whole, ...more] = west.outbound([packet]).messages;
    assert.equal(more, []);
    assert.equal(open(referenceSa(narrow), 0n, whole!.bytes)!.packet, packet);
    const df = ipv4(udp(Buffer.alloc(2000, 5), 1000, 2000), { df: true });
    assert.is(west.outbound([df]).messages.length, 0);
    west.tables.remove(narrow.id);
  }),
);

ip('more fragments than slots: the batch goes on in another round', () =>
  withChild(() => {
    const batch = Array.from({ length: 64 }, () => ipv4(Buffer.alloc(8000)));
    let result: Result = { messages: [], tun: [] };
    const counts = counted(() => (result = west.outbound(batch)));
    assert.is(result.messages.length, 7 * 64);
    assert.is(counts.fragmented, 64);
    assert.is(counts['out-bundle-errors'], undefined);
  }),
);

ip('more fragments than a round has slots: the whole packet is dropped and counted', () =>
  withChild(() => {
    const { slot } = west.tables.list().find(({ direction }) => direction === 'out')!;
    west.view.setUint32(recordAt(slot) + layout.SA_INNER_MTU, 52, true);
    const counts = counted(() => west.outbound([ipv4(Buffer.alloc(9000))]));
    assert.equal(counts, { 'out-bundle-errors': 1 });
  }),
);

// ---- MSS -----------------------------------------------------------------------------------------

const setClamp = (mtu: number): void => {
  west.tables.setMssClamp(mtu);
  east.tables.setMssClamp(mtu);
};

const NETS = {
  4: { src: '198.18.1.1', dst: '198.18.2.2', protocol: 6 },
  6: { src: '2001:db8:1::1', dst: '2001:db8:2::2', protocol: 6 },
};

/** Position of the MSS option's value in a packet. */
function mssAt(family: 4 | 6, options: Buffer): number {
  let at = 0;
  while (options[at] !== 2) at += options[at] === 1 ? 1 : options[at + 1]!;
  return (family === 4 ? 40 : 60) + at + 2;
}

for (const family of [4, 6] as const) {
  const build = family === 4 ? ipv4 : ipv6;
  const header = family === 4 ? 20 : 40;
  for (const options of [
    [2, 4, 0x23, 0x28],
    [1, 2, 4, 0x23, 0x28, 1, 1, 1],
    [1, 3, 3, 7, 2, 4, 0x23, 0x28],
    [8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 4, 0x23, 0x28, 0],
  ].map((bytes) => Buffer.from(bytes))) {
    ip(`IPv${family} SYN with options ${options.toString('hex')}: the MSS is clamped`, () =>
      withChild(
        () => {
          const { src, dst } = NETS[family];
          const syn = build(tcp(2, options, NETS[family]), NETS[family]);
          const expected = innerMtu() - header - 20;
          for (const [mtu, most] of [
            [9000, expected],
            [1300, 1300 - header - 20],
          ] as const) {
            setClamp(mtu);
            const [out] = deliver(west.outbound([syn])) as [Buffer];
            setClamp(0);
            assert.is(out.readUInt16BE(mssAt(family, options)), most);
            assert.is(upperChecksum(out.subarray(header), 6, src, dst), 0);
          }
          const [plain] = deliver(west.outbound([syn])) as [Buffer];
          assert.equal(plain, syn, 'switched off, nothing changes');
        },
        family === 4 ? 1 : 2,
      ),
    );
  }
}

ip('a SYN that comes in is clamped too; other segments and broken options are left alone', () =>
  withChild((child) => {
    const sa = referenceSa(child);
    const options = Buffer.from([2, 4, 0x23, 0x28]);
    const fine = Buffer.from([2, 4, 1, 0]);
    const broken = [
      [2, 0, 1, 1],
      [9, 9, 1, 1],
      [1, 1, 1, 2],
      [2, 3, 0xff, 1],
    ];
    const segments = [
      tcp(0x12, options, NETS[4]),
      tcp(2, fine, NETS[4]),
      tcp(0x10, options, NETS[4]),
      ...broken.map((bytes) => tcp(2, Buffer.from(bytes), NETS[4])),
    ].map((segment) => ipv4(segment, NETS[4]));
    setClamp(9000);
    const received = segments.map((packet, index) => {
      const bytes = seal(sa, BigInt(index + 1), Buffer.alloc(ivBytes(sa), index), packet);
      const message = { port: PORT_ESP4, bytes, name: bytes, control: bytes };
      return asReceived(message, WEST[4], EAST[4]);
    });
    const { tun } = east.inbound(PORT_ESP4, received);
    const changed = west
      .outbound(segments.slice(1))
      .messages.map(({ bytes }) => open(sa, 0n, bytes));
    setClamp(0);
    assert.is(tun[0]!.readUInt16BE(42), innerMtu() - 40);
    assert.is(upperChecksum(tun[0]!.subarray(20), 6, NETS[4].src, NETS[4].dst), 0);
    assert.equal(tun.slice(1), segments.slice(1));
    assert.equal(
      changed.map((opened) => opened!.packet),
      segments.slice(1),
    );
  }),
);

// ---- DSCP and ECN --------------------------------------------------------------------------------

ip('DSCP and ECN are copied to the outer header by a control message', () =>
  withChild((child) => {
    for (const build of [ipv4, ipv6]) {
      const policy = build === ipv4 ? 1 : 2;
      if (child.policy !== policy) continue;
      const packets = [0, 1, 0xb8, 0xff].map((tos) => build(udp(Buffer.alloc(8)), { tos }));
      const { messages } = west.outbound(packets);
      assert.equal(
        messages.map(({ control }) => control.length),
        [32, 56, 56, 56],
      );
      messages.slice(1).forEach(({ control }, index) => {
        const message = control.subarray(32);
        assert.is(Number(message.readBigUInt64LE(0)), 20);
        assert.equal([message.readInt32LE(8), message.readInt32LE(12)], [0, 1], 'IP_TOS');
        assert.is(message.readInt32LE(16), [1, 0xb8, 0xff][index]);
      });
    }
  }),
);

/** RFC 6040 figure 4: rows are the inner field, columns the outer; undefined: drop. */
const FIGURE_4: readonly (readonly (number | undefined)[])[] = [
  [0, 0, 0, undefined],
  [1, 1, 1, 3],
  [2, 1, 2, 3],
  [3, 3, 3, 3],
];

for (const [family, build] of [
  [4, ipv4],
  [6, ipv6],
] as const) {
  ip(`IPv${family}: ECN of both headers is merged as RFC 6040 figure 4 says`, () =>
    withChild(
      () => {
        FIGURE_4.forEach((row, inner) => {
          row.forEach((expected, outer) => {
            const packet = build(udp(Buffer.alloc(9)), { tos: 0xb8 | inner });
            const tun = deliver(west.outbound([packet]), 0x20 | outer);
            const wanted = build(udp(Buffer.alloc(9)), { tos: 0xb8 | (expected ?? 0) });
            assert.equal(tun, expected === undefined ? [] : [wanted], `${inner} in ${outer}`);
          });
        });
      },
      family === 4 ? 1 : 2,
    ),
  );
}

// ---- what is no packet ---------------------------------------------------------------------------

ip('malformed packets from the TUN are dropped and counted, whatever they claim', () => {
  const good = ipv4(udp(Buffer.alloc(20)));
  const six = ipv6(udp(Buffer.alloc(20)));
  const change = (packet: Buffer, at: number, value: number): Buffer => {
    const copy = Buffer.from(packet);
    copy[at] = value;
    return copy;
  };
  const extension = (...headers: number[]): Buffer => ipv6(Buffer.from(headers), { protocol: 0 });
  const wrong = [
    Buffer.alloc(0),
    good.subarray(0, 19),
    change(good, 0, 0x44),
    change(good, 0, 0x4f),
    change(good, 0, 0x55),
    change(good, 3, good.length + 1),
    change(good, 3, 19),
    ipv4(Buffer.alloc(3)),
    six.subarray(0, 39),
    change(six, 5, 29),
    ipv6(udp(Buffer.alloc(4)), { src: '::ffff:198.18.1.1' }),
    ipv6(udp(Buffer.alloc(4)), { dst: '::ffff:198.18.1.1' }),
    extension(17, 0, 0, 0, 0, 0, 0),
    extension(17, 1, 0, 0, 0, 0, 0, 0),
    extension(0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0),
  ];
  const counts = counted(() => {
    for (const packet of wrong) assert.equal(west.outbound([packet]), { messages: [], tun: [] });
  });
  assert.equal(counts, { 'out-policy-errors': wrong.length });
  const length = layout.WORKERS_AT + layout.WORKER_RX_LIST + layout.RX_LENGTH;
  west.view.setUint32(length, layout.SUPER_ROOM + 1, true);
  const tooLong = counted(() => west.exports.processOutbound!(0, 1, west.now));
  assert.equal(tooLong, { 'out-bundle-errors': 1 });
});

ip.run();
