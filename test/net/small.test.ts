// A datagram in fragments of our own, put together again by a real kernel, both families.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PORT_UDP4_4500 } from '../../src/contract/ids.js';
import { addressBytes } from '../../src/net/addressing.js';
import { sendIke } from '../../src/net/datagram.js';
import { joinNamespaces } from '../../src/net/namespace.js';
import { fragmentsOf } from '../../src/net/small.js';
import { openSockets } from '../../src/net/sockets.js';
import { seeded } from '../assembly/arena.js';
import { TestSocket } from '../helpers/datagrams.js';
import { ownNamespaces, withNamespaces } from '../helpers/namespaces.js';

const small = suite('net/small');
const ENDS = { 4: ['192.0.2.1', '192.0.2.2'], 6: ['2001:db8::1', '2001:db8::2'] } as const;
const random = seeded(791);

small('fragments of every length are at most 1280 bytes and make the kernel whole again', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    joinNamespaces(
      { namespace: a, name: 'wan', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
      { namespace: b, name: 'wan', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
    );
    const set = a.enter(() => openSockets({ workers: 1, mark: 7 }));
    assert.ok(set.workers[0]![PORT_UDP4_4500]! >= 0);
    for (const family of [4, 6] as const) {
      const [ours, theirs] = ENDS[family].map(addressBytes) as [Uint8Array, Uint8Array];
      const peer = b.enter(() => new TestSocket(theirs, 4500));
      for (const length of [1, 7, 8, 1228, 1229, 1252, 1253, 1500, 4001, 9000]) {
        const bytes = random.bytes(length);
        const [local, remote] = [ours, theirs].map((address) => ({ address, port: 4500 }));
        const packets = fragmentsOf(local!, remote!, bytes);
        assert.ok(packets.every((packet) => packet.length <= 1280));
        sendIke(set, local!, remote!, bytes, 'small');
        const came = peer.receive();
        assert.ok(came, `IPv${family}, ${length} bytes`);
        assert.equal(Buffer.from(came!.subarray(4)), Buffer.from(bytes));
        assert.equal(came!.subarray(0, 4), new Uint8Array(4), 'the non-ESP marker');
      }
      peer.close();
    }
    set.close();
  }),
);

if (ownNamespaces()) small.run();
