// A thousand tunnels between two gateways as a user starts them: every one an IKE SA of its own with a
// pair of ESP SAs, and what the idle processes then take of the machine's memory, all of it.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addAddress } from '../../src/net/addresses.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { addRoute } from '../../src/net/routes.js';
import { MAIN_TABLE } from '../../src/lab/sites.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { demoGround, echo, type Gateway, type Ground, until, withPair } from './pair.js';

const many = suite('e2e/many');
const TUNNELS = 1000;
/** Of the first host there is one (sites.ts); the others are only addresses. */
const HOSTS = Array.from({ length: TUNNELS }, (_, n) => n + 10);
const PATIENCE_MS = 300_000;
/** What an operator is promised (docs/performance.md). */
const MOST_MEGABYTES = 300;
const WEST_OUTER = '2001:db8::1';
/** Behind east's own address: the kernel's neighbour tables hold 1024 hosts of all namespaces together. */
const EAST_OUTERS = '2001:db8:e::/64';
const eastOuter = (n: number): string => `2001:db8:e::${n.toString(16)}`;
const behind = (n: number): string => `198.19.${n >> 8}.${n & 255}`;

/** Tunnel n is between west and the nth address of east, for one host there. */
function configuration(side: 'west' | 'east'): object {
  return {
    peer: HOSTS.map((n) => ({
      name: `tunnel${n}`,
      address: `${side === 'west' ? eastOuter(n) : WEST_OUTER}/128`,
      'local-address': side === 'west' ? WEST_OUTER : eastOuter(n),
      passive: side === 'east',
    })),
    identity: HOSTS.map((n) => ({ peer: `tunnel${n}`, secret: 'a secret that is long enough' })),
    policy: HOSTS.map((n) => {
      const [here, there] = ['198.18.0.0/16', `${behind(n)}/32`];
      return {
        'src-address': side === 'west' ? here : there,
        'dst-address': side === 'west' ? there : here,
        peer: `tunnel${n}`,
        tunnel: true,
      };
    }),
  };
}

const established = async (gateway: Gateway): Promise<number> => {
  const rows = await gateway.ask('policy print');
  return rows.filter((row) => row['ph2-state'] === 'established').length;
};

const megabytes = ({ process }: Gateway, what: 'VmRSS' | 'VmHWM'): number => {
  const status = readFileSync(`/proc/${process.pid}/status`, 'utf8');
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
};

function layOut(directory: string): Ground {
  const ground = demoGround(directory);
  const { west, east } = ground;
  east.gateway.configure((netlink) => {
    for (const n of HOSTS) addAddress(netlink, 'lo', prefixOf(`${eastOuter(n)}/128`));
  });
  const way = { destination: prefixOf(EAST_OUTERS), gateway: addressBytes(east.outer6) };
  west.gateway.configure((netlink) =>
    addRoute(netlink, { ...way, table: MAIN_TABLE, type: 'unicast' }),
  );
  return ground;
}

const stand = () =>
  withPair(
    async ({ west, east, start }) => {
      const passive = await start(east, configuration('east'));
      const active = await start(west, configuration('west'));
      for (const gateway of [active, passive]) {
        const all = async () => ((await established(gateway)) === TUNNELS ? true : undefined);
        await until(`${TUNNELS} tunnels`, all, () => gateway.log, PATIENCE_MS);
        assert.is((await gateway.ask('active-peers print')).length, TUNNELS);
        assert.is((await gateway.ask('installed-sa print')).length, 2 * TUNNELS);
      }
      assert.ok(echo(west, east, 4, 2000), 'and they carry');
      for (const gateway of [active, passive]) {
        const [now, most] = [megabytes(gateway, 'VmRSS'), megabytes(gateway, 'VmHWM')];
        const text = `${gateway.site.name}: ${now.toFixed(0)} MB resident, at most ${most.toFixed(0)}`;
        console.log(`\nNOTE ${text}`);
        assert.ok(now < MOST_MEGABYTES, text);
      }
    },
    { ground: layOut },
  );

many(`${TUNNELS} tunnels stand, idle, in less than ${MOST_MEGABYTES} MB`, stand);

if (ownNamespaces()) many.run();
