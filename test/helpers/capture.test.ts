// The capture that end-to-end tests trust: it must see what leaks, and nothing else.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressBytes } from '../../src/net/addressing.js';
import { joinNamespaces } from '../../src/net/namespace.js';
import { TestSocket } from './datagrams.js';
import { captureClear, ownNamespaces, withNamespaces } from './namespaces.js';

const capture = suite('helpers/capture');

capture('packets of the given networks are seen in both directions, others are not', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const mine = ['192.0.2.1/24', '198.18.0.1/24', '2001:db8::1/64', '2001:db8:a::1/64'];
    const theirs = ['192.0.2.2/24', '198.18.0.2/24', '2001:db8::2/64', '2001:db8:a::2/64'];
    joinNamespaces(
      { namespace: a!, name: 'left', addresses: mine },
      { namespace: b!, name: 'right', addresses: theirs },
    );
    const prefixes = ['203.0.113.0/24', '198.18.0.0/15', '2001:db8:a::/48'];
    const inside = captureClear(a!, 'left', prefixes);
    const outside = captureClear(b!, 'right', prefixes);
    for (const [from, to] of [
      ['192.0.2.1', '192.0.2.2'],
      ['2001:db8::1', '2001:db8::2'],
      ['198.18.0.1', '198.18.0.2'],
      ['2001:db8:a::1', '2001:db8:a::2'],
    ] as const) {
      const there = b!.enter(() => new TestSocket(addressBytes(to), 9));
      const here = a!.enter(() => new TestSocket(addressBytes(from), 9));
      here.send(addressBytes(to), 9, new Uint8Array(12));
      assert.is(there.receive()?.length, 12);
      for (const socket of [there, here]) socket.close();
    }
    const udp = (line: string): boolean => line.includes('protocol 17');
    const expected = [
      '198.18.0.1 > 198.18.0.2 protocol 17, 40 bytes',
      '2001:db8:a::1 > 2001:db8:a::2 protocol 17, 60 bytes',
    ];
    assert.equal(inside.finish().filter(udp), expected);
    assert.equal(outside.finish().filter(udp), expected);
  }),
);

if (ownNamespaces()) capture.run();
