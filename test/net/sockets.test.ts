// Who receives what: UDP 4500 steered by the SPI's low bits, raw ESP filtered by them, IKE by marker.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_ESP4, PORT_ESP6, PORT_UDP4_500, PORT_UDP4_4500 } from '../../src/contract/ids.js';
import { PORT_UDP6_500, PORT_UDP6_4500 } from '../../src/contract/ids.js';
import { PORT_BYPASS4, PORT_BYPASS6 } from '../../src/contract/ids.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { sendIke } from '../../src/net/datagram.js';
import { errno } from '../../src/net/libc.js';
import { setLink } from '../../src/net/links.js';
import { EMSGSIZE, IPPROTO_AH, IPPROTO_ESP, SOCK_DGRAM, SOCK_RAW } from '../../src/net/linux.js';
import { joinNamespaces, type Namespace } from '../../src/net/namespace.js';
import { addRoute, reach } from '../../src/net/routes.js';
import { openSockets, type SocketSet } from '../../src/net/sockets.js';
import { writeSysctl } from '../../src/net/sysctl.js';
import {
  firstReadable,
  readable,
  receiveFrom,
  sendFrom,
  TestSocket,
} from '../helpers/datagrams.js';
import { captureClear, ownNamespaces, withNamespaces } from '../helpers/namespaces.js';

const sockets = suite('net/sockets');

const FAMILIES = [
  { family: 4, ours: '192.0.2.1', peer: '192.0.2.2', natt: PORT_UDP4_4500, esp: PORT_ESP4 },
  { family: 6, ours: '2001:db8::1', peer: '2001:db8::2', natt: PORT_UDP6_4500, esp: PORT_ESP6 },
] as const;
/** An address for each kind of socket, so that none profits from what another has learned. */
const FAR = [
  { far: '192.0.2.129', bits: 25, port: PORT_UDP4_4500, raw: false },
  { far: '192.0.2.131', bits: 25, port: PORT_ESP4, raw: true },
  { far: '2001:db8:2::1', bits: 64, port: PORT_UDP6_4500, raw: false },
  { far: '2001:db8:2::3', bits: 64, port: PORT_ESP6, raw: true },
] as const;
const SPIS = [0x10000000, 0xc0ffee01, 0xffffffff, 0x12345676, 256, 0x7fffff03];

function spiPacket(spi: number, length = 40): Uint8Array {
  const bytes = new Uint8Array(length).fill(0xee);
  new DataView(bytes.buffer).setUint32(0, spi);
  return bytes;
}

/** 1400 bytes with an AH behind the header, as our workers send them: whole, with DF. */
function ahPacket4(from: string, to: string): Uint8Array {
  const bytes = new Uint8Array(1400);
  const header = new DataView(bytes.buffer);
  header.setUint16(0, 0x4500);
  header.setUint16(2, 1400);
  header.setUint16(6, 0x4000);
  header.setUint16(8, 0x4000 + IPPROTO_AH);
  bytes.set(addressBytes(from), 12);
  bytes.set(addressBytes(to), 16);
  return bytes;
}

function ahPacket6(from: string, to: string, inner: number): Uint8Array {
  const bytes = new Uint8Array(1400);
  const header = new DataView(bytes.buffer);
  header.setUint8(0, 0x60);
  header.setUint16(4, 1360);
  header.setUint16(6, (IPPROTO_AH << 8) + 64);
  bytes.set(addressBytes(from), 8);
  bytes.set(addressBytes(to), 24);
  bytes.set([inner, 4], 40); // 24 bytes (RFC 4302 §2.2)
  return bytes;
}

/** Which worker has something to read on a port, and takes it. */
function taker(set: SocketSet, port: number): number {
  const fds = set.workers.map((row) => row[port]!);
  const found = firstReadable(fds);
  if (found >= 0) receiveFrom(fds[found]!);
  assert.is(firstReadable(fds, 0), -1, 'only one receives it');
  return found;
}

function pair(a: Namespace, b: Namespace): void {
  joinNamespaces(
    { namespace: a, name: 'wan', addresses: ['192.0.2.1/24', '192.0.2.9/24', '2001:db8::1/64'] },
    { namespace: b, name: 'wan', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
  );
}

/** a has a router between itself and b, and b's link carries 1300 bytes; nobody has told a. */
function narrowPath(a: Namespace, r: Namespace, b: Namespace): void {
  const link = { v4: '192.0.2', v6: '2001:db8:' } as const;
  joinNamespaces(
    { namespace: a, name: 'wan', addresses: [`${link.v4}.1/25`, '2001:db8:1::1/64'] },
    { namespace: r, name: 'left', addresses: [`${link.v4}.2/25`, '2001:db8:1::2/64'] },
  );
  joinNamespaces(
    { namespace: r, name: 'right', addresses: [`${link.v4}.130/25`, '2001:db8:2::2/64'] },
    { namespace: b, name: 'wan', addresses: FAR.map(({ far, bits }) => `${far}/${bits}`) },
  );
  for (const [namespace, name] of [
    [r, 'right'],
    [b, 'wan'],
  ] as const) {
    namespace.configure((netlink) => setLink(netlink, name, { mtu: 1300 }));
  }
  r.enter(() => {
    assert.is(writeSysctl('ipv4/ip_forward', '1'), undefined);
    assert.is(writeSysctl('ipv6/conf/all/forwarding', '1'), undefined);
  });
  for (const [all, fromA, fromB] of [
    ['0.0.0.0/0', '192.0.2.2', '192.0.2.130'],
    ['::/0', '2001:db8:1::2', '2001:db8:2::2'],
  ] as const) {
    const route = { destination: prefixOf(all), table: 254, type: 'unicast' } as const;
    a.configure((n) => addRoute(n, { ...route, gateway: addressBytes(fromA) }));
    b.configure((n) => addRoute(n, { ...route, gateway: addressBytes(fromB) }));
  }
}

for (const workers of [1, 2, 3, 4]) {
  for (const { family, ours, peer, natt, esp } of FAMILIES) {
    sockets(`IPv${family}, ${workers} workers: every SPI reaches its own`, () =>
      withNamespaces(['a', 'b'], (a, b) => {
        pair(a!, b!);
        const set = a!.enter(() => openSockets({ workers, mark: 0xc7 }));
        const [to, from] = [addressBytes(ours), addressBytes(peer)];
        const udp = b!.enter(() => new TestSocket(from, 4500));
        const raw = b!.enter(() => new TestSocket(from, 0, SOCK_RAW, IPPROTO_ESP));
        for (const spi of SPIS) {
          udp.send(to, 4500, spiPacket(spi));
          assert.is(taker(set, natt), spi % workers, `UDP, SPI ${spi}`);
          raw.send(to, 0, spiPacket(spi));
          assert.is(taker(set, esp), spi % workers, `ESP, SPI ${spi}`);
        }
        udp.send(to, 4500, new Uint8Array(64)); // the non-ESP marker: IKE
        assert.is(taker(set, natt), 0);
        udp.send(to, 4500, Uint8Array.of(0xff)); // a keepalive (RFC 3948 §2.3)
        assert.is(taker(set, natt), 0);
        udp.send(to, 500, new Uint8Array(64));
        assert.is(taker(set, family === 4 ? PORT_UDP4_500 : PORT_UDP6_500), 0);
        for (const socket of [udp, raw]) socket.close();
        set.close();
      }),
    );
  }
}

sockets('IKE leaves from the wanted address and port, with the marker on 4500 only', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    pair(a!, b!);
    const set = a!.enter(() => openSockets({ workers: 2, mark: 0xc7 }));
    const watch = captureClear(b!, 'wan', ['192.0.2.9']);
    const message = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
    for (const [local, remote, port] of [
      ['192.0.2.9', '192.0.2.2', 500],
      ['192.0.2.9', '192.0.2.2', 4500],
      ['2001:db8::1', '2001:db8::2', 500],
      ['2001:db8::1', '2001:db8::2', 4500],
      ['0.0.0.0', '192.0.2.2', 500],
    ] as const) {
      const to = addressBytes(remote);
      const peer = b!.enter(() => new TestSocket(to, 7000));
      const from = { address: addressBytes(local), port };
      sendIke(set, from, { address: to, port: 7000 }, message);
      const got = peer.receive()!;
      const marker = port === 4500 ? [0, 0, 0, 0] : [];
      assert.equal([...got], [...marker, ...message], `${local} ${port}`);
      peer.close();
    }
    const said = (address: string, bytes: number): string =>
      `192.0.2.9 > ${address} protocol 17, ${bytes} bytes`;
    assert.equal(
      watch.finish().filter((line) => line.includes('protocol 17')),
      [said('192.0.2.2', 328), said('192.0.2.2', 332)],
    );
    const nowhere = { address: addressBytes('203.0.113.1'), port: 500 };
    const here = { address: addressBytes('192.0.2.1'), port: 500 };
    assert.throws(() => sendIke(set, here, nowhere, message), /203\.0\.113\.1.*ENETUNREACH/);
    assert.throws(() => sendIke(set, { ...here, port: 1 }, nowhere, message), /port 1 is not ours/);
    set.close();
  }),
);

sockets('IKE larger than the path is fragmented; a second daemon is refused in words', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    pair(a!, b!);
    a!.enter(() => {
      const set = openSockets({ workers: 1, mark: 0xc7 });
      const peer = b!.enter(() => new TestSocket(addressBytes('192.0.2.2'), 500));
      const local = { address: addressBytes('192.0.2.1'), port: 500 };
      sendIke(set, local, { address: addressBytes('192.0.2.2'), port: 500 }, new Uint8Array(6000));
      assert.is(peer.receive()?.length, 6000);
      peer.close();
      set.close();
      const other = new TestSocket(addressBytes('0.0.0.0'), 4500);
      assert.throws(
        () => openSockets({ workers: 1, mark: 0xc7 }),
        /bind of UDP port 4500 \(IPv4\): EADDRINUSE.*another IKE daemon/,
      );
      other.close();
      openSockets({ workers: 1, mark: 0xc7 }).close();
    });
  }),
);

sockets('data is never fragmented: a narrower path is refused, and the route tells its MTU', () =>
  withNamespaces(['a', 'r', 'b'], (a, r, b) => {
    narrowPath(a!, r!, b!);
    const set = a!.enter(() => openSockets({ workers: 1, mark: 7 }));
    for (const { far, port, raw } of FAR) {
      const to = addressBytes(far);
      const fd = set.workers[0]![port]!;
      for (let tries = 0; tries < 400; tries++) {
        if (sendFrom(fd, to, raw ? 0 : 4500, new Uint8Array(1400)) < 0) break;
        readable(fd, 5);
      }
      assert.is(sendFrom(fd, to, raw ? 0 : 4500, new Uint8Array(1400)), -1, `${far} ${port}`);
      assert.is(errno(), EMSGSIZE);
      assert.is(
        a!.configure((n) => reach(n, to, { mark: 7 }).mtu),
        1300,
      );
      assert.ok(sendFrom(fd, to, raw ? 0 : 4500, new Uint8Array(1200)) > 0);
      // The fragmenting socket brings it through, from the same port.
      const kind = raw ? ([SOCK_RAW, IPPROTO_ESP] as const) : ([SOCK_DGRAM, 0] as const);
      const receiver = b!.enter(() => new TestSocket(to, raw ? 0 : 4500, ...kind));
      const large = spiPacket(0x10000000 + port, 1400);
      assert.is(sendFrom(set.fragmenting[port]!, to, raw ? 0 : 4500, large), 1400);
      const came = receiver.receive()!;
      assert.equal(came.slice(port === PORT_ESP4 ? 20 : 0), large, `${far} ${port}, whole`);
      receiver.close();
    }
    set.close();
  }),
);

sockets('what ICMP says of AH is heeded too: the route learns its MTU', () =>
  withNamespaces(['a', 'r', 'b'], (a, r, b) => {
    narrowPath(a!, r!, b!);
    const set = a!.enter(() => openSockets({ workers: 1, mark: 7 }));
    const to4 = '192.0.2.131';
    for (const { far, port, packet } of [
      { far: to4, port: PORT_BYPASS4, packet: ahPacket4('192.0.2.1', to4) },
      ...[4, 41].map((inner, index) => {
        const far = FAR[2 + index]!.far;
        return { far, port: PORT_BYPASS6, packet: ahPacket6('2001:db8:1::1', far, inner) };
      }),
    ]) {
      const to = addressBytes(far);
      const known = (): number | undefined => a!.configure((n) => reach(n, to, { mark: 7 }).mtu);
      assert.is(known(), 1500, `${far}, before`);
      for (let tries = 0; known() !== 1300 && tries < 400; tries++) {
        assert.is(sendFrom(set.workers[0]![port]!, to, 0, packet), 1400);
        readable(set.workers[0]![PORT_UDP4_4500]!, 5);
      }
      assert.is(known(), 1300, far);
    }
    set.close();
  }),
);

sockets('bypass sends whole packets with any source address, both families', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    pair(a!, b!);
    const set = a!.enter(() => openSockets({ workers: 1, mark: 7 }));
    const four = new Uint8Array(28 + 5);
    const header = new DataView(four.buffer);
    header.setUint16(0, 0x4500);
    header.setUint8(8, 64);
    header.setUint8(9, 17);
    four.set(addressBytes('198.18.0.7'), 12);
    four.set(addressBytes('192.0.2.2'), 16);
    header.setUint16(22, 7000);
    header.setUint16(24, 13);
    const watch = captureClear(b!, 'wan', ['198.18.0.0/15', '2001:db8:a::/48']);
    assert.is(sendFrom(set.workers[0]![PORT_BYPASS4]!, addressBytes('192.0.2.2'), 0, four), 33);
    const six = new Uint8Array(40 + 13);
    six[0] = 0x60;
    six[5] = 13;
    six[6] = 59; // no next header
    six[7] = 64;
    six.set(addressBytes('2001:db8:a::7'), 8);
    six.set(addressBytes('2001:db8::2'), 24);
    assert.is(sendFrom(set.workers[0]![PORT_BYPASS6]!, addressBytes('2001:db8::2'), 0, six), 53);
    const expected = [
      '198.18.0.7 > 192.0.2.2 protocol 17, 33 bytes',
      '2001:db8:a::7 > 2001:db8::2 protocol 59, 53 bytes',
    ];
    for (let tries = 0; watch.packets().length < 2 && tries < 400; tries++) {
      receiveFrom(set.workers[0]![PORT_UDP4_4500]!, 5);
    }
    assert.equal([...watch.finish()].sort(), expected);
    set.close();
  }),
);

if (ownNamespaces()) sockets.run();
