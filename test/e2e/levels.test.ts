// What a policy does while there is no SA, on the wire between two daemons of which neither calls of its
// own accord: the first packet waits and is answered (require, unique); it goes in the clear and asks
// for nothing (use); no SA ever (none, discard). And what level=use does once there is one.
// Shows policy.action, policy.level
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildSites, type Site } from '../../src/lab/sites.js';
import { addAddress } from '../../src/net/addresses.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { ping } from '../../src/net/echo.js';
import { addRoute } from '../../src/net/routes.js';
import { captureClear, ownNamespaces } from '../helpers/namespaces.js';
import { echoes, type Gateway, type Ground, type Pair, until, withPair } from './pair.js';

const levels = suite('levels');

/** Addresses of the eastern host, a policy each. */
const TO = {
  none: '198.19.1.1',
  discard: '198.19.2.1',
  use: '198.19.3.1',
  unique: '198.19.4.1',
};
const POLICIES: readonly (readonly [string, object])[] = [
  [TO.none, { action: 'none' }],
  [TO.discard, { action: 'discard' }],
  [TO.use, { level: 'use' }],
  [TO.unique, { level: 'unique' }],
];

function configuration(site: Site, remote: Site, passive: boolean): object {
  const flow = (east: string, west: string): object =>
    site.name === 'west'
      ? { 'src-address': west, 'dst-address': east }
      : { 'src-address': east, 'dst-address': west };
  const [west, east] = site.name === 'west' ? [site, remote] : [remote, site];
  return {
    log: { level: 'debug' },
    peer: [{ name: remote.name, address: `${remote.outer}/32`, passive }],
    identity: [{ peer: remote.name, secret: 'a secret of the two' }],
    policy: [
      ...POLICIES.map(([address, more]) => ({
        ...flow(`${address}/32`, west.network),
        ...('action' in more ? {} : { peer: remote.name }),
        ...more,
      })),
      { ...flow(east.network, west.network), peer: remote.name },
      { ...flow(east.network6, west.network6), peer: remote.name },
    ],
  };
}

/** The demo's network, where what passes in the clear has a way; only that may be seen. */
function ground(directory: string): Ground {
  const [west, east] = buildSites(directory);
  east.host.configure((netlink) => {
    for (const address of Object.values(TO)) addAddress(netlink, 'lan', prefixOf(`${address}/16`));
  });
  for (const [site, remote] of [
    [west, east],
    [east, west],
  ] as const) {
    const gateway = addressBytes(remote.outer);
    const destination = prefixOf(remote.network);
    const route = { destination, gateway, table: 254, type: 'unicast' } as const;
    site.gateway.configure((netlink) => addRoute(netlink, route));
  }
  const capture = captureClear(west.gateway, 'wan', [west.network, east.network]);
  const capture6 = captureClear(west.gateway, 'wan', [west.network6, east.network6]);
  const allowed = [TO.none, TO.use].map((address) => ` ${address} `);
  const offenders = (): string[] =>
    [...capture.finish(), ...capture6.finish()].filter(
      (line) => !allowed.some((address) => ` ${line}`.includes(address)),
    );
  return { west, east, capture, offenders };
}

function reaches({ west }: Pair, to: string, count = 1): number {
  const [from, target] = [addressBytes(west.hostAddress), addressBytes(to)];
  // a first packet waits for a whole negotiation
  return west.host.enter(() => ping({ from, to: target, count, timeoutMs: 5000 })).received;
}

const counters = async (gateway: Gateway): Promise<Record<string, number>> =>
  (await gateway.ask('statistics print', {})) as unknown as Record<string, number>;

const seen = ({ capture }: Pair, address: string): number =>
  capture.packets().filter((line) => ` ${line}`.includes(` ${address} `)).length;

async function start(pair: Pair, passive: boolean): Promise<[Gateway, Gateway]> {
  const east = await pair.start(pair.east, configuration(pair.east, pair.west, true));
  const west = await pair.start(pair.west, configuration(pair.west, pair.east, passive));
  return [west, east];
}

levels('without an SA: none, discard and use ask for none; require and unique lose no packet', () =>
  withPair(
    async (pair) => {
      const [west] = await start(pair, true);
      assert.is(reaches(pair, TO.none, 3), 3, 'none: around the tunnel');
      assert.is(seen(pair, TO.none), 6);
      assert.is(reaches(pair, TO.use, 3), 3, 'use: in the clear');
      assert.is(seen(pair, TO.use), 6);
      const [from, to] = [pair.west.hostAddress, TO.discard].map(addressBytes);
      const lost = pair.west.host.enter(() =>
        ping({ from: from!, to: to!, count: 2, timeoutMs: 50 }),
      );
      assert.is(lost.received, 0, 'discard');
      const before = await counters(west);
      assert.is(before['out-policy-blocked'], 2);
      assert.is(before.held, 0);
      assert.equal(await west.ask('active-peers print', {}), [], 'nobody asked for an SA');

      // the first packet that ever wants an SA: IKE_SA_INIT, IKE_AUTH, then it leaves
      assert.is(reaches(pair, pair.east.hostAddress), 1, 'the first ping of a fresh tunnel');
      const first = await west.ask('installed-sa print', {});
      assert.is(first.length, 2, 'one SA each way');
      // and of further policies, under the IKE SA that stands
      assert.is(reaches(pair, TO.unique), 1, 'unique: the first ping');
      assert.is(echoes(pair.west, pair.east, 6, 1), 1, 'IPv6: the first ping');
      const after = await counters(west);
      assert.is(after.held, 3);
      assert.is(after['out-no-states'], 0);
      assert.is(after['out-packets'], 3);

      // unique: its SA carries its packets, those of require carry none of them
      const packets = async (): Promise<number[]> =>
        (await west.ask('installed-sa print', {})).map((sa) => Number(sa['current-packets']));
      const rest = await packets();
      assert.is(rest.length, 6, 'three children');
      assert.is(reaches(pair, TO.unique, 5), 5);
      const moved = (await packets()).map((count, index) => count - rest[index]!);
      assert.equal(moved, [0, 0, 5, 5, 0, 0]);
      assert.is(reaches(pair, TO.use, 1), 1, 'use has none and asks for none still');
      assert.is(seen(pair, TO.use), 8);
      assert.is(seen(pair, TO.discard), 0);
    },
    { ground },
  ),
);

levels('level=use with an SA: encrypted; in the clear again when it is gone', () =>
  withPair(
    async (pair) => {
      const [west] = await start(pair, false);
      const all = async () => {
        const rows = await west.ask('policy print');
        const established = rows.filter((row) => row['ph2-state'] === 'established');
        return established.length === 4 || undefined;
      };
      await until('every policy to have its SA', all, () => west.log);
      assert.is(reaches(pair, TO.use, 5), 5);
      assert.is(seen(pair, TO.use), 0, 'nothing of it in the clear');
      await pair.stop(west);
      const again = await pair.start(pair.west, configuration(pair.west, pair.east, true));
      assert.is(reaches(pair, TO.use, 2), 2);
      assert.is(seen(pair, TO.use), 4);
      assert.equal(await again.ask('active-peers print', {}), []);
    },
    { ground },
  ),
);

levels('a peer that never answers: what waits is dropped and counted', () =>
  withPair(
    async (pair) => {
      const west = await pair.start(pair.west, configuration(pair.west, pair.east, true));
      const [from, to] = [pair.west.hostAddress, pair.east.hostAddress].map(addressBytes);
      for (let i = 0; i < 12; i++) {
        pair.west.host.enter(() => ping({ from: from!, to: to!, count: 1, timeoutMs: 1 }));
      }
      const given = async () => {
        const { 'out-no-states': lost } = await counters(west);
        return lost === 12 || undefined;
      };
      await until('all of them to be counted', given, () => west.log);
      assert.is((await counters(west)).held, 8, 'no more than so many wait');
    },
    { ground },
  ),
);

if (ownNamespaces()) levels.run();
