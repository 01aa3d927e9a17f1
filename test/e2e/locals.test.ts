// Two addresses of one gateway, a peer entry for each: two IKE SAs with the same gateway, each with its
// policy, from the address it names; the other end answers from where it is called.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addAddress } from '../../src/net/addresses.js';
import { prefixOf } from '../../src/net/addressing.js';
import { type Site, tunnelConfiguration } from '../../src/lab/sites.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echoes, until, withPair } from './pair.js';

const locals = suite('local addresses');
const SECOND = '192.0.2.71';

interface Menus {
  readonly peer: readonly object[];
  readonly identity: readonly object[];
  readonly policy: readonly object[];
}

/** One peer for what is inside over IPv4, another for IPv6; they differ as `ends` says. */
function twoPeers(site: Site, remote: Site, ends: readonly [object, object]): object {
  const { peer, identity, policy } = tunnelConfiguration(site, remote) as Menus;
  const networks = { 'src-address': site.network6, 'dst-address': remote.network6 };
  return {
    peer: ends.map((end, n) => ({ ...peer[0], name: `peer${n}`, ...end })),
    identity: ends.map((_, n) => ({ ...identity[0], peer: `peer${n}` })),
    policy: [
      { ...policy[0], peer: 'peer0' },
      { ...policy[0], peer: 'peer1', ...networks },
    ],
  };
}

locals('both carry their own policy', async () => {
  await withPair(async ({ west, east, start }) => {
    west.gateway.configure((netlink) => addAddress(netlink, 'wan', prefixOf(`${SECOND}/24`)));
    const callers = [{ address: west.outer }, { address: SECOND }] as const;
    const called = await start(east, twoPeers(east, west, callers));
    const from = [{ 'local-address': west.outer }, { 'local-address': SECOND }] as const;
    const gateway = await start(west, twoPeers(west, east, from));
    await until('both IKE SAs', async () => {
      const rows = await gateway.ask('active-peers print');
      return rows.filter(({ state }) => state === 'established').length === 2 || undefined;
    });
    await until('echoes', () => echoes(west, east, 4, 1) || undefined);
    await until('echoes', () => echoes(west, east, 6, 1) || undefined);
    const ends = (await gateway.ask('policy print')).map((row) => [
      row.peer,
      row['sa-src-address'],
      row['sa-dst-address'],
    ]);
    assert.equal(ends, [
      ['peer0', west.outer, east.outer],
      ['peer1', SECOND, east.outer],
    ]);
    const there = (await called.ask('active-peers print')).map((row) => [
      row.peer,
      row['remote-address'],
    ]);
    assert.equal(there.sort(), [
      ['peer0', west.outer],
      ['peer1', SECOND],
    ]);
    const sas = await gateway.ask('installed-sa print');
    assert.equal([...new Set(sas.map((row) => row['src-address']))].sort(), [
      west.outer,
      east.outer,
      SECOND,
    ]);
  });
});

if (ownNamespaces()) locals.run();
