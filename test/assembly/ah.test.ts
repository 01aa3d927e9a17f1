// AH (RFC 4302) against test/reference/ah.ts, both ways: every integrity algorithm, both modes, both
// families, ESN; what may change on the way, and what may not.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { INTEGRITY } from '../../src/algorithms/integrity.js';
import {
  MAC_NONE,
  PORT_AH4,
  PORT_BYPASS4,
  PORT_BYPASS6,
  PORT_ESP4,
} from '../../src/contract/ids.js';
import { AssociationError } from '../../src/dataplane/association.js';
import { AH_ICV_BYTES, dissect, integrityOf, type ReferenceAhSa, sealAh } from '../reference/ah.js';
import { seeded } from './arena.js';
import { arrive, type HostOptions, hostChild, hosts, type Hosts, pass } from './hosts.js';
import { checksum, ipv4, ipv6, udp } from './packets.js';
import { setRightEdge } from './record.js';
import { EAST, policy, selectors, WEST } from './site.js';
import { Gateway } from './gateway.js';

const ah = suite('ah');
const random = seeded(4302);
const FOUR = { src: WEST[4], dst: EAST[4], tos: 0xb8, df: true };
const SIX = { src: WEST[6], dst: EAST[6], tos: 0xb8 };
const NETS = {
  4: { src: '198.18.1.9', dst: '198.18.2.9' },
  6: { src: '2001:db8:1::9', dst: '2001:db8:2::9' },
};

const keyed = INTEGRITY.filter(({ kernel }) => kernel !== undefined && kernel !== MAC_NONE);
const suiteOf = (integrity: string, macBytes: number) => ({
  encryption: 'null',
  integrity,
  keyBytes: 0,
  saltBytes: 0,
  macBytes,
});
const SHA256 = suiteOf('sha256', 32);
const ahHosts = (more: HostOptions = {}): Hosts =>
  hosts({ suite: SHA256, protocol: 'ah', ...more });
const sealedBy = ({ child }: Hosts): ReferenceAhSa => ({ ...child, ...child.outbound });

/** Two gateways of networks, AH in tunnel mode between them. */
function networks(more: HostOptions): Hosts {
  const pair = ahHosts({ ...more, mode: 'tunnel' });
  const inner = more.policy === 2 ? 6 : 4;
  const nets =
    inner === 4 ? ['198.18.1.0/24', '198.18.2.0/24'] : ['2001:db8:1::/48', '2001:db8:2::/48'];
  const [here, there] = nets as [string, string];
  const child = {
    ...pair.child,
    policy: 1,
    localSelectors: [selectors(here)],
    remoteSelectors: [selectors(there)],
  };
  const west = new Gateway();
  const east = new Gateway();
  west.tables.setPolicies([policy(1, here, there)]);
  east.tables.setPolicies([policy(1, there, here)]);
  const { inbound, outbound, local, remote } = child;
  west.tables.install(child, { activate: true, pathMtu: 1500 });
  east.tables.install(
    {
      ...child,
      inbound: outbound,
      outbound: inbound,
      local: remote,
      remote: local,
      localSelectors: child.remoteSelectors,
      remoteSelectors: child.localSelectors,
    },
    { activate: true, pathMtu: 1500 },
  );
  return { ...pair, west, east, child };
}

for (const { name, keyBytes } of keyed) {
  for (const outer of [4, 6] as const) {
    for (const esn of [false, true]) {
      const options = { suite: suiteOf(name, keyBytes), outer, esn };
      const title = `${name}${esn ? ' with ESN' : ''}, IPv${outer}`;
      ah(`${title}, transport mode: header and data as they were, an AH between them`, () => {
        const pair = ahHosts(options);
        const sa = sealedBy(pair);
        for (const [index, length] of [0, 1, 3, 64, 119, 1000, 1350].entries()) {
          const data = udp(random.bytes(length));
          const packet = outer === 4 ? ipv4(data, { ...FOUR, id: index }) : ipv6(data, SIX);
          const { message, tun } = pass(pair, packet);
          const found = dissect(message.bytes, AH_ICV_BYTES[name]!);
          assert.is(message.port, outer === 4 ? PORT_BYPASS4 : PORT_BYPASS6);
          assert.equal(found.icv, integrityOf(sa, BigInt(index + 1), message.bytes));
          assert.equal([found.nextHeader, found.spi, found.sequence], [17, sa.spi, index + 1]);
          assert.equal(found.payload, data);
          assert.ok(found.padding.length < 8 && found.padding.every((byte) => byte === 0));
          assert.is((message.bytes.length - data.length) % (outer === 4 ? 4 : 8), 0);
          // an identification of 0 would be the kernel's to fill in
          const same = outer === 4 && index === 0 ? ipv4(data, { ...FOUR, id: 1 }) : packet;
          assert.equal(tun, [same]);
        }
        assert.is(pair.east.counters()['in-packets'], 7);
      });

      for (const inner of [4, 6] as const) {
        ah(`${title}, tunnel mode, IPv${inner} inside`, () => {
          const pair = networks({ ...options, policy: inner === 4 ? 1 : 2 });
          const data = udp(random.bytes(200));
          const packet = (inner === 4 ? ipv4 : ipv6)(data, { ...NETS[inner], tos: 0x2e });
          const { message, tun } = pass(pair, packet);
          const found = dissect(message.bytes, AH_ICV_BYTES[name]!);
          assert.equal(found.icv, integrityOf(sealedBy(pair), 1n, message.bytes));
          assert.is(found.nextHeader, inner === 4 ? 4 : 41);
          assert.equal(found.payload, packet);
          assert.equal(tun, [packet]);
          if (outer === 4) {
            assert.is(checksum(found.headers), 0);
            assert.not.equal(found.headers.readUInt16BE(4), 0, 'identification');
            assert.is(found.headers[1], 0x2e, 'DSCP and ECN are copied');
          }
        });
      }
    }
  }
}

ah('ESN: the high half is under the ICV', () => {
  const pair = ahHosts({ esn: true });
  const edge = 0x3_ffff_fff0n;
  for (const gateway of [pair.west, pair.east]) {
    for (const { slot } of gateway.tables.list()) setRightEdge(gateway.memory, slot, edge);
  }
  for (let i = 1n; i <= 40n; i++) {
    const { message, tun } = pass(pair, ipv4(udp(Buffer.alloc(8)), FOUR));
    assert.equal(
      dissect(message.bytes, 16).icv,
      integrityOf(sealedBy(pair), edge + i, message.bytes),
    );
    assert.is(tun.length, 1);
  }
});

// ---- what may change -----------------------------------------------------------------------------

/** West's packet, changed on the way, as east takes it. */
function onTheWay(pair: Hosts, packet: Buffer, change: (bytes: Buffer) => void): Buffer[] {
  const [message] = pair.west.outbound([packet]).messages;
  const bytes = Buffer.from(message!.bytes);
  change(bytes);
  const { port, received } = arrive({ ...message!, bytes }, WEST[pair.family], EAST[pair.family]);
  return pair.east.inbound(port, [received]).tun;
}

const mended = (bytes: Buffer): void => {
  const size = (bytes[0]! & 15) * 4;
  bytes.writeUInt16BE(0, 10);
  bytes.writeUInt16BE(checksum(bytes.subarray(0, size)), 10);
};

ah('IPv4: routers may change TOS, flags, TTL and checksum, and nothing else', () => {
  const fields: Readonly<Record<string, [number, boolean]>> = {
    'header length': [0, false],
    TOS: [1, true],
    identification: [5, false],
    flags: [6, true],
    TTL: [8, true],
    source: [15, false],
    destination: [19, false],
    'next header': [20, false],
    reserved: [22, false],
    sequence: [31, false],
    ICV: [40, false],
    data: [60, false],
  };
  for (const [name, [offset, may]] of Object.entries(fields)) {
    const pair = ahHosts();
    const tun = onTheWay(pair, ipv4(udp(random.bytes(80)), { ...FOUR, df: false }), (bytes) => {
      bytes[offset]! ^= offset === 6 ? 0x40 : 1;
      mended(bytes);
    });
    assert.is(tun.length, may ? 1 : 0, name);
  }
});

const OPTIONS: readonly [string, number[], boolean][] = [
  ['record route, filled in on the way', [7, 7, 4, 0, 0, 0, 0, 0], true],
  ['timestamp', [68, 8, 5, 0, 0, 0, 0, 0], true],
  ['an unknown option', [222, 4, 9, 9], true],
  ['router alert', [148, 4, 0, 0], false],
  ['security', [130, 4, 1, 1], false],
  ['end of list', [1, 1, 0, 0], false],
];
for (const [name, bytes, may] of OPTIONS) {
  ah(`IPv4 options: ${name} ${may ? 'may' : 'may not'} change`, () => {
    const options = Buffer.from(bytes);
    const packet = ipv4(udp(random.bytes(30)), { ...FOUR, options });
    const same = ahHosts();
    const { message, tun } = pass(same, packet);
    assert.equal(dissect(message.bytes, 16).icv, integrityOf(sealedBy(same), 1n, message.bytes));
    assert.equal(tun, [packet]);
    const changed = onTheWay(ahHosts(), packet, (sent) => {
      sent[23]! ^= 5;
      mended(sent);
    });
    assert.is(changed.length, may ? 1 : 0);
  });
}

ah('IPv4 source route: the ICV is that of its end', () => {
  const pair = ahHosts();
  const route = Buffer.from([131, 11, 4, 192, 0, 2, 66, ...[203, 0, 113, 99], 0]);
  const packet = ipv4(udp(Buffer.alloc(20)), { ...FOUR, options: route });
  const { messages } = pair.west.outbound([packet]);
  const [{ bytes }] = messages as [(typeof messages)[0]];
  assert.equal(dissect(bytes, 16).icv, integrityOf(sealedBy(pair), 1n, bytes));
});

const hopByHop = (kind: number): Buffer => Buffer.from([17, 0, kind, 4, 1, 2, 3, 4]);
for (const [name, kind, may] of [
  ['with the third bit', 0x3e, true],
  ['without it', 0x1e, false],
] as const) {
  ah(`IPv6 options ${name} ${may ? 'may' : 'may not'} change`, () => {
    const data = udp(random.bytes(40));
    const packet = ipv6(Buffer.concat([hopByHop(kind), data]), { ...SIX, protocol: 0 });
    const pair = ahHosts({ outer: 6 });
    const { message, tun } = pass(pair, packet);
    assert.equal(dissect(message.bytes, 16).icv, integrityOf(sealedBy(pair), 1n, message.bytes));
    assert.equal(tun, [packet]);
    const changed = onTheWay(ahHosts({ outer: 6 }), packet, (bytes) => {
      bytes[46]! ^= 1;
    });
    assert.is(changed.length, may ? 1 : 0);
  });
}

ah('IPv6: class, flow label and hop limit may change, addresses and next headers may not', () => {
  for (const [offset, may] of [
    [1, true],
    [3, true],
    [7, true],
    [40, false],
    [47, false],
    [80, false],
  ] as const) {
    const tun = onTheWay(ahHosts({ outer: 6 }), ipv6(udp(random.bytes(80)), SIX), (bytes) => {
      bytes[offset]! ^= 1;
    });
    assert.is(tun.length, may ? 1 : 0, `byte ${offset}`);
  }
});

ah('IPv6 routing header: the ICV is that of its end', () => {
  for (const left of [0, 1, 2, 3]) {
    const pair = ahHosts({ outer: 6 });
    const route = Buffer.concat([Buffer.from([17, 6, 0, left, 0, 0, 0, 0]), random.bytes(48)]);
    const packet = ipv6(Buffer.concat([route, udp(Buffer.alloc(9))]), { ...SIX, protocol: 43 });
    const { messages } = pair.west.outbound([packet]);
    const [{ bytes }] = messages as [(typeof messages)[0]];
    assert.is(bytes[43], left, 'what leaves is the route as it was');
    assert.equal(dissect(bytes, 16).icv, integrityOf(sealedBy(pair), 1n, bytes), `${left} left`);
  }
  const pair = ahHosts({ outer: 6 });
  const unknown = Buffer.from([17, 2, 4, 1, 0, 0, 0, 0, ...random.bytes(16)]);
  pair.west.outbound([
    ipv6(Buffer.concat([unknown, udp(Buffer.alloc(9))]), { ...SIX, protocol: 43 }),
  ]);
  assert.equal(pair.west.counters()['out-state-mode-errors'], 1, 'a route nobody can foresee');
});

// ---- what comes in -------------------------------------------------------------------------------

const from = { from: WEST[4], to: EAST[4] };
const headers = (): Buffer => Buffer.from(ipv4(Buffer.alloc(0), { ...FOUR, protocol: 51 }));

ah('padding beyond the alignment is taken (Linux aligns to 64 bits in IPv4), more is not', () => {
  const pair = ahHosts();
  const inbound = (sequence: bigint, excess: number) => {
    const bytes = sealAh(sealedBy(pair), sequence, headers(), 17, udp(Buffer.alloc(30)), excess);
    return pair.east.inbound(PORT_AH4, [{ bytes, ...from }]).tun.length;
  };
  assert.is(inbound(1n, 0), 1);
  assert.is(inbound(2n, 4), 1);
  assert.is(inbound(3n, 8), 0);
  assert.is(pair.east.counters()['in-header-errors'], 1);
});

ah('short, cut, replayed, of another protocol or SPI: counted, nothing moves', () => {
  const pair = ahHosts();
  const sa = sealedBy(pair);
  const good = sealAh(sa, 5n, headers(), 17, udp(Buffer.alloc(30)));
  const { east } = pair;
  const give = (bytes: Uint8Array, port = PORT_AH4) =>
    east.inbound(port, [{ bytes, ...from }]).tun.length;
  const cut = (length: number): Buffer => {
    const bytes = Buffer.from(good.subarray(0, length));
    bytes.writeUInt16BE(length, 2);
    return bytes;
  };
  for (const length of [20, 31, 32, 47]) assert.is(give(cut(length)), 0);
  assert.is(east.counters()['in-header-errors'], 4);
  assert.is(give(cut(60)), 0, 'the ICV of another packet');
  assert.is(east.counters()['in-state-protocol-errors'], 1);
  assert.is(give(sealAh({ ...sa, spi: 0x999 }, 6n, headers(), 17, Buffer.alloc(8))), 0);
  const asEsp = Buffer.concat([headers(), good.subarray(24)]);
  asEsp[9] = 50;
  asEsp.writeUInt16BE(asEsp.length, 2);
  assert.is(give(asEsp, PORT_ESP4), 0, 'ESP with the SPI of an AH SA');
  assert.is(east.counters()['in-no-states'], 2);
  assert.is(give(good), 1);
  assert.is(give(good), 0);
  assert.is(east.counters()['in-state-sequence-errors'], 1);
  assert.is(give(sealAh(sa, 7n, headers(), 59, Buffer.alloc(8))), 0);
  assert.is(east.counters().dummies, 1);
});

ah('a batch of one SA, some of it forged: each its own verdict', () => {
  const pair = ahHosts();
  const packets = Array.from({ length: 40 }, (_, i) => {
    const bytes = sealAh(sealedBy(pair), BigInt(i + 1), headers(), 17, udp(random.bytes(i)));
    if (i % 3 === 0) bytes[bytes.length - 1]! ^= 1;
    return { bytes, ...from };
  });
  assert.is(pair.east.inbound(PORT_AH4, packets).tun.length, 26);
  assert.is(pair.east.counters()['in-state-protocol-errors'], 14);
});

ah('no AH with a cipher, without integrity, or through a NAT', () => {
  const child = hostChild({ suite: SHA256, protocol: 'ah' });
  for (const wrong of [
    { encryption: 'aes-128-gcm', integrity: 'null' },
    { integrity: 'null' },
    { udpEncapsulation: true },
  ]) {
    const install = (): void =>
      new Gateway().tables.install({ ...child, ...wrong }, { activate: true, pathMtu: 1500 });
    assert.throws(
      install,
      (error: Error) => error instanceof AssociationError && /AH/.test(error.message),
    );
  }
});

ah('the path’s MTU is filled and never passed', () => {
  for (const outer of [4, 6] as const) {
    for (const mode of ['transport', 'tunnel'] as const) {
      const sizes: number[] = [];
      for (let length = 1300; length < 1480; length++) {
        const pair = hosts({ suite: SHA256, protocol: 'ah', outer, mode, pathMtu: 1400 });
        const data = udp(Buffer.alloc(length - (outer === 4 ? 28 : 48)));
        const packet = outer === 4 ? ipv4(data, FOUR) : ipv6(data, SIX);
        const [message] = pair.west.outbound([packet]).messages;
        if (message) sizes.push(message.bytes.length);
      }
      assert.is(Math.max(...sizes), 1400, `IPv${outer}, ${mode}`);
    }
  }
});

ah.run();
