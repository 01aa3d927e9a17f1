// Which peer a caller is, and which identity (RouterOS's rules 6 and 7): the specific before the generic.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findPeer } from '../../src/ike/directory.js';
import { parsePrefix } from '../../src/policy/address.js';
import type { Peer } from '../../src/policy/database.js';
import { address, databases } from './databases.js';
import { newWorld } from './connected.js';

const choice = suite('exchanges: choice');

choice('the longest prefix that holds the caller, then the one that names our own address', () => {
  const base = databases('west');
  const peer = (name: string, prefix: string, local?: string): Peer => ({
    ...base.peers[0]!,
    name,
    address: parsePrefix(prefix)!,
    localAddress: local === undefined ? undefined : address(local),
  });
  const peers = [
    peer('all', '0.0.0.0/0'),
    peer('six', '::/0'),
    peer('net', '198.51.100.0/24'),
    peer('host', '198.51.100.7/32'),
    peer('net here', '198.51.100.0/24', '192.0.2.2'),
    peer('host elsewhere', '198.51.100.8/32', '192.0.2.99'),
  ];
  const found = (remote: string, local = '192.0.2.2'): string | undefined => {
    const end = (text: string) => ({ address: address(text), port: 500 });
    return findPeer({ ...base, peers }, end(local), end(remote))?.name;
  };
  assert.equal(
    ['198.51.100.7', '198.51.100.9', '203.0.113.1', '2001:db8::1'].map((text) => found(text)),
    ['host', 'net here', 'all', 'six'],
  );
  assert.is(found('198.51.100.9', '192.0.2.3'), 'net', 'not to that address of ours');
  assert.is(found('198.51.100.8'), 'net here', 'a longer prefix for another address of ours');
});

const secret = (text: string): Uint8Array => new TextEncoder().encode(text);

choice('the identity that names the caller decides, wherever it stands', async () => {
  for (const order of [0, 1]) {
    for (const [mine, isLetIn] of [
      ['of the named one', true],
      ['of everybody', false],
    ] as const) {
      const world = newWorld({
        east: { identity: { secret: secret(mine), remoteId: { kind: 'ignore' } } },
        west: {
          identities: (shared) => {
            const one = { ...shared, authMethod: 'pre-shared-key' } as const;
            const named = { ...one, secret: secret('of the named one') };
            const generic = {
              ...one,
              secret: secret('of everybody'),
              remoteId: { kind: 'auto' },
            } as const;
            return order === 0 ? [generic, named] : [named, generic];
          },
        },
      });
      await world.east.carry(world.east.engine.start());
      await world.run();
      assert.is(world.west.established.length, isLetIn ? 1 : 0, `${mine}, order ${order}`);
    }
  }
});

choice.run();
