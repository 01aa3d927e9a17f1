// Several local addresses: who is called answers from where it was called; peers that differ in
// local-address alone are two peers; an initiator without one goes by the route.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, formatAddress } from '../../src/policy/address.js';
import type { Databases, Identity, Peer } from '../../src/policy/database.js';
import { address, databases, EAST, WEST } from './databases.js';
import { Net } from './net.js';
import type { Site } from './site.js';

const locals = suite('local addresses');
const SECOND = address('198.51.100.1');

/** West's view of an east that has two addresses: a peer entry and a policy for each, by other names. */
function western(passive: boolean, localAddress?: Address): Databases {
  const base = databases('west', { policies: 2 });
  const peer: Peer = { ...base.peers[0]!, passive, localAddress };
  const at = (name: string, one: Address): Peer => ({
    ...peer,
    name,
    address: { address: one, bits: 32 },
  });
  const identity = base.identities[0]!;
  return {
    ...base,
    peers: [at('first', EAST), at('second', SECOND)],
    identities: ['first', 'second'].map((name): Identity => ({ ...identity, peer: name })),
    policies: base.policies.map((policy, n) => ({ ...policy, peer: ['first', 'second'][n]! })),
  };
}

/** East's: the same peer twice, from each of its addresses; or once, for both. */
function eastern(twice: boolean): Databases {
  const base = databases('east', { policies: 2 });
  const [peer, identity] = [base.peers[0]!, base.identities[0]!];
  if (!twice) return { ...base, peers: [{ ...peer, localAddress: undefined, passive: true }] };
  return {
    ...base,
    peers: [
      { ...peer, name: 'by-first', localAddress: EAST },
      { ...peer, name: 'by-second', localAddress: SECOND },
    ],
    identities: ['by-first', 'by-second'].map((name): Identity => ({ ...identity, peer: name })),
    policies: base.policies.map((policy, n) => ({
      ...policy,
      peer: ['by-first', 'by-second'][n]!,
    })),
  };
}

/** `peer local remote`, of IKE SAs and of what packets leave through. */
const places = (site: Site): string[] =>
  site.established
    .map((row) => `${row.peer} ${row['local-address']} ${row['remote-address']}`)
    .sort();
const outer = (site: Site, policy: number): string => {
  const { local, remote } = site.current(policy)!;
  return `${formatAddress(local.address)} ${formatAddress(remote.address)}`;
};

locals('a responder without local-address answers at each address that is called', async () => {
  const net = new Net();
  const east = net.add('east', [EAST, SECOND], eastern(false));
  const west = net.add('west', [WEST], western(false));
  await net.start(east, west);
  await net.run(5000);
  assert.equal(places(west), ['first 192.0.2.2 192.0.2.1', 'second 192.0.2.2 198.51.100.1']);
  assert.equal(places(east), ['west 192.0.2.1 192.0.2.2', 'west 198.51.100.1 192.0.2.2']);
  assert.equal([outer(east, 0), outer(east, 1)], ['192.0.2.1 192.0.2.2', '198.51.100.1 192.0.2.2']);
  assert.equal([outer(west, 0), outer(west, 1)], ['192.0.2.2 192.0.2.1', '192.0.2.2 198.51.100.1']);
});

locals('peers with one address and two local-addresses each have their own IKE SA', async () => {
  const net = new Net();
  const east = net.add('east', [EAST, SECOND], eastern(true));
  const west = net.add('west', [WEST], western(true));
  await net.start(east, west);
  await net.run(5000);
  assert.equal(places(east), ['by-first 192.0.2.1 192.0.2.2', 'by-second 198.51.100.1 192.0.2.2']);
  assert.equal([outer(east, 0), outer(east, 1)], ['192.0.2.1 192.0.2.2', '198.51.100.1 192.0.2.2']);
  assert.equal(east.complaints(), []);
});

locals(
  'INITIAL_CONTACT to one of our addresses is not about the other, where that is our name',
  async () => {
    const auto = { kind: 'auto' } as const;
    const net = new Net();
    const own = eastern(false);
    const identities = own.identities.map((one): Identity => ({ ...one, myId: auto }));
    const east = net.add('east', [EAST, SECOND], { ...own, identities });
    const there = western(false);
    const named = there.identities.map((one): Identity => ({ ...one, remoteId: auto }));
    const west = net.add('west', [WEST], { ...there, identities: named });
    await net.start(east, west);
    await net.run(5000);
    assert.is(places(east).length, 2);
  },
);

locals('called at either address, the peer with that local-address is meant', async () => {
  const net = new Net();
  const passive = eastern(true);
  const peers = passive.peers.map((peer) => ({ ...peer, passive: true }));
  const east = net.add('east', [EAST, SECOND], { ...passive, peers });
  const west = net.add('west', [WEST], western(false));
  await net.start(east, west);
  await net.run(5000);
  assert.equal(places(east), ['by-first 192.0.2.1 192.0.2.2', 'by-second 198.51.100.1 192.0.2.2']);
  assert.equal([outer(west, 0), outer(west, 1)], ['192.0.2.2 192.0.2.1', '192.0.2.2 198.51.100.1']);
});

locals('without local-address the route decides, again when the address has changed', async () => {
  const net = new Net();
  const east = net.add('east', [EAST], {
    ...databases('east', { peer: { localAddress: undefined } }),
  });
  const anywhere = { address: address('0.0.0.0'), bits: 0 };
  net.add('west', [WEST], databases('west', { peer: { address: anywhere } }));
  await net.start(east);
  await net.run(1000);
  assert.is(outer(east, 0), '192.0.2.1 192.0.2.2');
  net.gateways[0]!.addresses.splice(0, 1, SECOND);
  await east.carry(east.engine.addressesChanged([SECOND]));
  await net.run(10_000);
  assert.equal(
    [outer(east, 0), places(east)],
    ['198.51.100.1 192.0.2.2', ['west 198.51.100.1 192.0.2.2']],
  );
});

locals.run();
