// Which peer a caller is, and which identity (RouterOS's rules 6 and 7): the specific before the generic.
// Shows peer.address
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findPeer } from '../../src/ike/directory.js';
import { parsePrefix } from '../../src/policy/address.js';
import type { Peer, SharedKeyIdentity } from '../../src/policy/database.js';
import { entryOf, type Holder, issue, storeOf } from '../certificates/pki.js';
import { address, databases } from './databases.js';
import { newWorld } from './connected.js';
import type { World } from './world.js';

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

// ---- several of ours, where we call --------------------------------------------------------------

const byName = (text: string) => ({ kind: 'fqdn', text }) as const;

/** West lets in who knows the secret; east has these secrets and expectations, in that order. */
function callers(...entries: readonly Partial<SharedKeyIdentity>[]): World {
  return newWorld({
    east: {
      identities: (shared) =>
        entries.map((entry) => ({
          ...shared,
          authMethod: 'pre-shared-key',
          secret: secret('the right one'),
          ...entry,
        })),
    },
    west: { identity: { secret: secret('the right one'), remoteId: { kind: 'auto' } } },
  });
}

const calls = ({ log }: World): number =>
  log.filter((line) => line === 'east: IKE_AUTH request 1').length;
const said = ({ east }: World): string => east.events.map(({ text }) => text).join('\n');

choice('who is not let in calls by the next identity, and stays with what works', async () => {
  const world = callers(
    { secret: secret('a wrong one') },
    { secret: secret('another') },
    { myId: byName('third.example') },
  );
  await world.east.carry(world.east.engine.start());
  await world.run(60_000);
  world.checkSettled();
  assert.is(calls(world), 3);
  assert.is(world.west.established[0]!.id, 'fqdn:third.example');
  assert.match(said(world), /next call is by identity 3 of 3: my-id fqdn:third.example by pre-sh/);
  await world.west.carry(world.west.engine.killConnections());
  await world.run(60_000);
  world.checkSettled();
  assert.is(calls(world), 4);
});

choice('so does who does not believe the peer: it may be whom another entry expects', async () => {
  const world = callers(
    { remoteId: byName('south.example') },
    { remoteId: byName('west.example') },
  );
  // Whom we name as IDr west would not be: that is another refusal than the one meant here.
  const free = callers({ remoteId: { kind: 'address', address: address('192.0.2.99') } }, {});
  for (const one of [world, free]) {
    await one.east.carry(one.east.engine.start());
    await one.run(60_000);
    one.checkSettled();
    assert.is(calls(one), 2);
  }
});

choice('one identity is called by again, as before', async () => {
  const world = callers({ secret: secret('a wrong one') });
  await world.east.carry(world.east.engine.start());
  await world.run(60_000);
  assert.ok(calls(world) > 2);
  assert.not.match(said(world), /next call/);
});

const [ONE, TWO] = [issue({ cn: 'One', ca: true }), issue({ cn: 'Two', ca: true })];
const leaf = (cn: string, ca: Holder): Holder => issue({ cn, san: `DNS:${cn}` }, ca);

const signing = {
  authMethod: 'digital-signature',
  rsaPadding: 'pkcs1',
  remoteCertificate: undefined,
  matchBy: 'remote-id',
  myId: { kind: 'auto' },
  remoteId: { kind: 'auto' },
} as const;

choice('of several certificates the one whose CA the peer asks for is shown first', async () => {
  const world = newWorld({
    east: {
      certificates: storeOf([
        entryOf('of one', leaf('a.example', ONE), { own: true }),
        entryOf('of two', leaf('b.example', TWO), { own: true }),
        entryOf('one', ONE, { trusted: true }),
        entryOf('two', TWO, { trusted: true }),
      ]),
      identities: ({ peer }) =>
        ['gone', 'of one', 'of two'].map((name) => ({ ...signing, peer, certificate: [name] })),
    },
    west: {
      certificates: storeOf([
        entryOf('own', leaf('west.example', ONE), { own: true }),
        entryOf('two', TWO, { trusted: true }),
      ]),
      identities: ({ peer }) => [{ ...signing, peer, certificate: ['own'] }],
    },
  });
  await world.east.carry(world.east.engine.start());
  await world.run();
  world.checkSettled();
  assert.is(calls(world), 1);
  assert.is(world.west.established[0]!.id, 'fqdn:b.example');
});

choice('by certificate before by name before by anything; by whom the caller names', async () => {
  const east = leaf('a.example', ONE);
  for (const [caller, wants, answers] of [
    ['a.example', undefined, 'pinned'],
    ['b.example', undefined, 'named'],
    ['c.example', undefined, 'anybody'],
    ['c.example', 'anybody', 'anybody'],
    ['a.example', 'anybody', 'anybody'],
  ] as const) {
    const remoteId = wants === undefined ? signing.remoteId : byName(wants);
    const own = caller === 'a.example' ? east : leaf(caller, ONE);
    const names = ['anybody', 'named', 'pinned'];
    const world = newWorld({
      east: {
        certificates: storeOf([
          entryOf('own', own, { own: true }),
          entryOf('one', ONE, { trusted: true }),
        ]),
        identities: ({ peer }) => [{ ...signing, peer, certificate: ['own'], remoteId }],
      },
      west: {
        certificates: storeOf([
          ...names.map((name) => entryOf(name, leaf(name, ONE), { own: true })),
          entryOf('east', east),
          entryOf('one', ONE, { trusted: true }),
        ]),
        identities: ({ peer }) => {
          const entry = (name: string) => {
            const myId = byName(name);
            return { ...signing, peer, certificate: [name], myId };
          };
          return [
            entry('anybody'),
            { ...entry('named'), remoteId: byName('b.example') },
            { ...entry('pinned'), matchBy: 'certificate', remoteCertificate: 'east' },
          ];
        },
      },
    });
    await world.east.carry(world.east.engine.start());
    await world.run();
    const which = `${caller} wants ${wants}`;
    assert.is(world.east.established[0]?.id, `fqdn:${answers}`, which);
    world.checkSettled();
  }
});

choice.run();
