// A path that is narrower than the gateways' own links: found out, and what cannot be made smaller than
// the path comes through all the same, in fragments that the peer's kernel puts together.
// Shows tun.mtu-probe
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setLink } from '../../src/net/links.js';
import { buildSites, type Site } from '../../src/lab/sites.js';
import { captureClear, ownNamespaces } from '../helpers/namespaces.js';
import { insertRouter } from './narrow.js';
import { carries, echoes, type Gateway, type Ground, type Pair, until, withPair } from './pair.js';

const narrow = suite('narrow');

interface Choice {
  readonly outer: 4 | 6;
  readonly policy?: (site: Site, remote: Site) => object[];
}

function configuration(site: Site, remote: Site, { outer, policy }: Choice): object {
  const address = outer === 6 ? `${remote.outer6}/128` : `${remote.outer}/32`;
  const both = [
    { 'src-address': site.network, 'dst-address': remote.network },
    { 'src-address': site.network6, 'dst-address': remote.network6 },
  ];
  return {
    log: { level: 'debug' },
    peer: [{ name: remote.name, address, passive: site.name === 'east' }],
    identity: [{ peer: remote.name, secret: 'a secret of the two' }],
    policy: (policy?.(site, remote) ?? both).map((entry) => ({ ...entry, peer: remote.name })),
  };
}

async function start(pair: Pair, choice: Choice): Promise<[Gateway, Gateway]> {
  const east = await pair.start(pair.east, configuration(pair.east, pair.west, choice));
  const west = await pair.start(pair.west, configuration(pair.west, pair.east, choice));
  await west.established();
  return [west, east];
}

async function counter(gateway: Gateway, name: string): Promise<number> {
  const rows = await gateway.ask('statistics print', {});
  return (rows as unknown as Record<string, number>)[name]!;
}

for (const outer of [4, 6] as const) {
  narrow(`IPv6 inside, 1300 bytes of IPv${outer} outside: packets of 1280 come through`, () =>
    withPair(
      async (pair) => {
        const [west] = await start(pair, { outer });
        // 40 + 8 + 1232 = 1280: no IPv6 sender need go below
        const echo = () => echoes(pair.west, pair.east, 6, 1, 1232) || undefined;
        await until('an echo of 1280 bytes', echo);
        assert.is(echoes(pair.west, pair.east, 6, 3, 1232), 3);
        assert.is(echoes(pair.east, pair.west, 6, 3, 1232), 3);
        assert.ok((await counter(west, 'outer-fragmented')) > 0);
        await until(
          'a fragmented echo',
          () => echoes(pair.west, pair.east, 4, 1, 3000) || undefined,
        );
        for (const family of [4, 6] as const) {
          await carries(pair.west, pair.east, family);
          await carries(pair.east, pair.west, family);
        }
        assert.is(await counter(west, 'out-errors'), 0);
      },
      { mtu: 1300 },
    ),
  );
}

/** ESP and AH, both families, side by side: most of it is waiting. */
const HOLES = [
  [4, 'esp'],
  [6, 'esp'],
  [4, 'ah'],
] as const;

async function findHole(pair: Pair, outer: 4 | 6, protocol: string): Promise<void> {
  const policy = (site: Site, remote: Site): object[] =>
    [
      { 'src-address': site.network, 'dst-address': remote.network },
      { 'src-address': site.network6, 'dst-address': remote.network6 },
    ].map((entry) => ({ ...entry, 'ipsec-protocols': protocol }));
  const [west] = await start(pair, { outer, policy });
  assert.is(echoes(pair.west, pair.east, 4, 1, 1300), 0, 'a hole');
  await west.logged(/the path to .* swallows larger packets: it gets 1280 bytes/);
  // the host hears from us what the router did not say
  const large = () => echoes(pair.west, pair.east, 4, 1, 1300) || undefined;
  await until('a large echo', large, () => west.log);
  await carries(pair.west, pair.east, 4);
  await carries(pair.east, pair.west, 4);
  if (outer === 4) await west.logged(/the path to .* carries 12(8|9)\d bytes/);
  assert.is((await west.ask('active-peers print', {})).length, 1, 'the IKE SA stands');
}

narrow('a router that drops without a word: the answers of the peer show it', async () => {
  const runs = HOLES.map(([outer, protocol]) =>
    withPair((pair) => findHole(pair, outer, protocol), { mtu: 1300, silent: true }),
  );
  const failed = (await Promise.allSettled(runs)).filter((run) => run.status === 'rejected');
  if (failed.length > 0) throw failed[0]!.reason;
});

narrow('a path that becomes narrower without a word: asking the doctor has it found', () =>
  withPair(async (pair) => {
    const [west, east] = await start(pair, { outer: 4 });
    await west.logged(/the path has carried a large packet/);
    await east.logged(/the path has carried a large packet/);
    // what is larger than the device of the receiver is lost at it
    pair.east.gateway.configure((netlink) => setLink(netlink, 'wan', { mtu: 1300 }));
    assert.is(echoes(pair.west, pair.east, 4, 1, 1300), 0, 'a hole');
    await west.ask('doctor', { peer: 'east' });
    await west.logged(/the path to .* swallows larger packets: it gets 1280 bytes/);
    await carries(pair.west, pair.east, 4);
  }),
);

// ---- transport mode ------------------------------------------------------------------------------

/** The gateways as hosts of their own, the router between them. */
function hostGround(directory: string): Ground {
  const [west, east] = buildSites(directory);
  const router = insertRouter(west, east, 1300);
  const sites = [west, east].map((site) => ({
    ...site,
    host: site.gateway,
    hostAddress: site.outer,
    hostAddress6: site.outer6,
  })) as [Site, Site];
  const capture = captureClear(west.gateway, 'wan', [`${west.outer}/32`, `${west.outer6}/128`]);
  const close = (): void => {
    router.close();
    for (const { host } of [west, east]) host.close();
  };
  return { west: sites[0], east: sites[1], capture, offenders: () => [], close };
}

function hostConfiguration(site: Site, remote: Site, protocol: string): object {
  const ends = [
    ['four', site.outer, remote.outer],
    ['six', site.outer6, remote.outer6],
  ] as const;
  return {
    log: { level: 'debug' },
    peer: ends.map(([name, , address]) => ({ name, address, passive: site.name === 'east' })),
    identity: ends.map(([peer]) => ({ peer, secret: 'a secret of the two hosts' })),
    policy: ends.map(([peer, ours, theirs]) => ({
      'src-address': ours,
      'dst-address': theirs,
      peer,
      tunnel: false,
      'ipsec-protocols': protocol,
    })),
  };
}

for (const protocol of ['esp', 'ah'] as const) {
  narrow(
    `${protocol} in transport mode: datagrams larger than the path come through, both families`,
    () =>
      withPair(
        async (pair) => {
          await pair.start(pair.east, hostConfiguration(pair.east, pair.west, protocol));
          const west = await pair.start(
            pair.west,
            hostConfiguration(pair.west, pair.east, protocol),
          );
          for (const family of [4, 6] as const) {
            // 1328 and 1348 bytes before anything is added
            const large = () => echoes(pair.west, pair.east, family, 1, 1300) || undefined;
            await until(`a large echo over IPv${family}`, large, () => west.log);
            assert.is(echoes(pair.west, pair.east, family, 5, 1300), 5);
            assert.is(echoes(pair.east, pair.west, family, 5, 1300), 5);
            // more than the TUN carries: the kernels cut them first, as an ICMPv6 error about AH makes
            // them do, which reaches the socket of what is inside
            for (const size of [4000, 20_000, 60_000]) {
              assert.is(
                echoes(pair.west, pair.east, family, 3, size),
                3,
                `${size} over IPv${family}`,
              );
            }
            await carries(pair.west, pair.east, family);
          }
          assert.ok((await counter(west, 'outer-fragmented')) > 0);
          assert.ok((await counter(west, 'reassembled')) >= 18);
          assert.is(await counter(west, 'out-state-mode-errors'), 0);
        },
        { ground: hostGround },
      ),
  );
}

if (ownNamespaces()) narrow.run();
