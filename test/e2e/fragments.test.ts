// Datagrams larger than a packet through policies with ports: the hosts cut them, only the first
// fragment shows ports, and all of them must take the tunnel.
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UdpResult } from '../../src/lab/checked-traffic.js';
import { type Site, startTraffic } from '../../src/lab/sites.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { type Gateway, type Pair, until, withPair } from './pair.js';

const fragments = suite('fragments');
const PORT = 5201; // of src/lab/checked-traffic.ts
const COUNT = 10;
const BYTES = 4000; // three fragments

/** Only UDP to the server in the east is protected. */
function configuration(site: Site, remote: Site): object {
  const port = site.name === 'east' ? 'src-port' : 'dst-port';
  const common = { peer: remote.name, protocol: 'udp', [port]: PORT };
  return {
    log: { level: 'debug' },
    peer: [{ name: remote.name, address: `${remote.outer}/32`, passive: site.name === 'east' }],
    identity: [{ peer: remote.name, secret: 'a secret of the two' }],
    policy: [
      { 'src-address': site.network, 'dst-address': remote.network, ...common },
      { 'src-address': site.network6, 'dst-address': remote.network6, ...common },
    ],
  };
}

async function start({ west, east, start }: Pair): Promise<[Gateway, Gateway]> {
  const right = await start(east, configuration(east, west));
  const left = await start(west, configuration(west, east));
  await left.established();
  return [left, right];
}

const counted = (gateways: readonly Gateway[]): Promise<Record<string, number>[]> =>
  Promise.all(
    gateways.map(async (gateway) => {
      const rows = await gateway.ask('statistics print', {});
      return rows as unknown as Record<string, number>;
    }),
  );

/** Datagrams from west to the server in the east and back; how many came back unchanged. */
async function echoed({ west, east }: Pair, family: 4 | 6, count: number): Promise<number> {
  const [from, to] =
    family === 4 ? [west.hostAddress, east.hostAddress] : [west.hostAddress6, east.hostAddress6];
  const server = startTraffic(east, ['serve', to]);
  try {
    await once(server.stdout!, 'data');
    const client = startTraffic(west, ['udp', from, to, `${count}`, `${BYTES}`]);
    const [text] = await once(client.stdout!.setEncoding('utf8'), 'data');
    return (JSON.parse(text as string) as UdpResult).received;
  } finally {
    server.kill('SIGKILL');
  }
}

fragments('large datagrams through policies with ports, both families, there and back', () =>
  withPair(async (pair) => {
    const gateways = await start(pair);
    for (const family of [4, 6] as const) {
      // The first ones find out what the path carries: fragments too large for it are missing then.
      const some = async () => (await echoed(pair, family, 1)) || undefined;
      await until(`a large datagram over IPv${family}`, some);
      const before = await counted(gateways);
      assert.is(await echoed(pair, family, COUNT), COUNT, `IPv${family}`);
      const after = await counted(gateways);
      after.forEach((counters, index) => {
        const moved = (name: string): number => counters[name]! - before[index]![name]!;
        assert.is(moved('in-policy-errors') + moved('out-policy-errors'), 0);
        assert.ok(moved('in-packets') >= 3 * COUNT, 'every fragment came in a packet of its own');
      });
    }
  }),
);

if (ownNamespaces()) fragments.run();
