// The second promise: no packet that a policy protects leaves in the clear. A host sends without pause
// while its gateway starts, reloads, loses workers, is killed, comes back, is stopped and comes back; a
// packet socket on the link sees every packet of the protected networks that is not in a tunnel. All of
// it in IPv4 and in IPv6.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAIN_TABLE, type Site } from '../../src/lab/sites.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { ping } from '../../src/net/echo.js';
import { addRoute, deleteRoute } from '../../src/net/routes.js';
import { release } from '../../src/net/release.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echoes, type Gateway, type Pair, until, withPair } from './pair.js';

const leak = suite('leak');

interface Closed {
  readonly 'fail-closed'?: boolean;
}
const configuration = (site: Site, remote: Site, tun: Closed = {}): object => ({
  tun: { workers: 2, ...tun },
  peer: [{ name: remote.name, address: `${remote.outer}/32`, passive: site.name === 'east' }],
  identity: [{ peer: remote.name, secret: 'a secret of the two' }],
  policy: [
    { 'src-address': site.network, 'dst-address': remote.network, peer: remote.name },
    { 'src-address': site.network6, 'dst-address': remote.network6, peer: remote.name },
  ],
});

/** From west's host, without waiting for answers; how many answers came, of IPv4 and of IPv6. */
function send({ west, east }: Pair, count = 5): [number, number] {
  const received = (from: string, to: string): number => {
    const options = { from: addressBytes(from), to: addressBytes(to), count, timeoutMs: 20 };
    return west.host.enter(() => ping(options)).received;
  };
  return [
    received(west.hostAddress, east.hostAddress),
    received(west.hostAddress6, east.hostAddress6),
  ];
}
const NONE = [0, 0];

/** Sends until `work` is over. */
async function sendDuring<T>(pair: Pair, work: Promise<T>): Promise<T> {
  let over = false;
  const settled = work.finally(() => {
    over = true;
  });
  settled.catch(() => {});
  while (!over) {
    send(pair, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return settled;
}

/** Without a tunnel, packets to the other network would go over the link: a way for leaks. */
function plainRoutes({ west, east }: Pair, change: typeof addRoute | typeof deleteRoute): void {
  const ways = [
    [east.network, east.outer],
    [east.network6, east.outer6],
  ] as const;
  west.gateway.configure((netlink) => {
    for (const [network, by] of ways) {
      const way = { destination: prefixOf(network), gateway: addressBytes(by) };
      change(netlink, { ...way, table: MAIN_TABLE, type: 'unicast' });
    }
  });
}

/** Until the tunnels carry; the first packets may be lost, or wait for their SA. */
async function carries(pair: Pair): Promise<void> {
  for (const family of [4, 6] as const) {
    await until(
      `echoes of IPv${family}`,
      () => echoes(pair.west, pair.east, family, 1) || undefined,
    );
  }
}

async function reload(pair: Pair, west: Gateway): Promise<void> {
  const base = configuration(pair.west, pair.east) as { policy: object[] };
  // Another policy before the one that protects, and then none again.
  const other = { 'src-address': '203.0.113.0/26', 'dst-address': '203.0.113.64/26', peer: 'east' };
  for (const policy of [[other, ...base.policy], base.policy]) {
    west.rewrite(JSON.stringify({ ...base, policy }));
    await sendDuring(pair, west.ask('reload'));
    send(pair);
  }
}

async function crashWorkers(pair: Pair, west: Gateway, file: string): Promise<void> {
  for (const [at, way] of ['thread', 'trap'].entries()) {
    writeFileSync(file, way);
    west.process.kill('SIGUSR2');
    const ended = (): true | undefined =>
      west.log.filter((line) => /worker \d ended/.test(line)).length > at ? true : undefined;
    await sendDuring(
      pair,
      until(`the ${way} to be told`, ended, () => west.log),
    );
    await carries(pair);
  }
}

leak('start, reload, crash of workers, kill -9, stop: nothing in the clear', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-leak-'));
  const file = join(directory, 'crash');
  const hook = fileURLToPath(new URL('./crash-hook.js', import.meta.url));
  try {
    await withPair(async (pair) => {
      plainRoutes(pair, addRoute);
      const east = await pair.start(pair.east, configuration(pair.east, pair.west));
      const start = async (): Promise<Gateway> => {
        Object.assign(process.env, { NODE_OPTIONS: `--import ${hook}`, CULVERT_TEST_CRASH: file });
        const starting = pair.start(pair.west, configuration(pair.west, pair.east));
        delete process.env.NODE_OPTIONS;
        return starting;
      };
      // Before its first start a host knows nothing of policies: the start is the second one below.
      let west = await start();
      await carries(pair);
      await reload(pair, west);
      await carries(pair);
      await crashWorkers(pair, west, file);
      await pair.stop(west, 'SIGKILL');
      assert.equal(send(pair), NONE, 'nothing passes a host whose daemon was killed');
      west = await sendDuring(pair, start());
      await carries(pair);
      await sendDuring(pair, pair.stop(west));
      assert.equal(send(pair), NONE, 'nothing passes a host whose daemon was stopped');
      west = await sendDuring(pair, start());
      await carries(pair);
      assert.is(
        pair.west.gateway.enter(() => release('culvert0')),
        false,
        'it is in use',
      );
      await pair.stop(west);
      assert.equal(pair.seen(), []);
      assert.ok(pair.west.gateway.enter(() => release('culvert0')));
      assert.ok(east.process.exitCode === null);
      plainRoutes(pair, deleteRoute);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** What was seen may not be in the clear for withPair; here it must be, and then it is gone. */
leak(
  'fail-closed=no: what a killed daemon protected leaves in the clear, and is seen',
  async () => {
    let clear: readonly string[] = [];
    const failed = await withPair(async (pair) => {
      plainRoutes(pair, addRoute);
      await pair.start(pair.east, configuration(pair.east, pair.west));
      const tun = { 'fail-closed': false };
      const west = await pair.start(pair.west, configuration(pair.west, pair.east, tun));
      await carries(pair);
      assert.equal(pair.seen(), []);
      await pair.stop(west, 'SIGKILL');
      send(pair);
      clear = [...pair.seen()];
      plainRoutes(pair, deleteRoute);
      pair.west.gateway.enter(() => release('culvert0'));
    }).then(
      () => '',
      (error: Error) => error.message,
    );
    for (const family of [/^198\.18\./, /^2001:db8:18:/]) {
      assert.ok(
        clear.some((packet) => family.test(packet)),
        `the capture sees ${family} leave`,
      );
    }
    assert.ok(failed !== '', 'and the harness takes it for a fault');
  },
);

if (ownNamespaces()) leak.run();
