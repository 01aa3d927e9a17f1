// A worker is brought down under load: another takes its row and goes on with the same SAs. One TCP
// transfer lives through it unchanged; the gap is printed, since how long it lasts depends on the machine.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TcpResult } from '../../src/lab/checked-traffic.js';
import { type Site, startTraffic } from '../../src/lab/sites.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echo, echoes, type Gateway, type Pair, until, withPair } from './pair.js';

const crash = suite('crash');
const WAYS = ['thread', 'trap', 'thread', 'trap'] as const;
const SECONDS = 4;
const ECHO_MS = 25;

const configuration = (site: Site, remote: Site): object => ({
  peer: [{ name: remote.name, address: `${remote.outer}/32`, passive: site.name === 'east' }],
  identity: [{ peer: remote.name, secret: 'a secret of the two' }],
  policy: [{ 'src-address': site.network, 'dst-address': remote.network, peer: remote.name }],
});

/** Everything that a rekey, a new IKE SA or a lost one would change. */
async function identity(gateway: Gateway): Promise<string[]> {
  const sas = await gateway.ask('installed-sa print', {});
  const peers = await gateway.ask('active-peers print');
  return [
    ...sas.map(({ spi, direction }) => `${direction} ${spi}`),
    ...peers.map(({ spii, spir, state }) => `${spii} ${spir} ${state}`),
  ].sort();
}

/** Echoes one after another until they come again after a pause, or for a second; the longest pause. */
function longestPause(pair: Pair): number {
  const started = performance.now();
  let last = started;
  let longest = 0;
  for (let now = started; now - started < 1000; now = performance.now()) {
    if (!echo(pair.west, pair.east, 4, ECHO_MS)) continue;
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  return Math.max(longest, performance.now() - last);
}

async function bringDown(pair: Pair, west: Gateway, file: string): Promise<string[]> {
  const pauses: string[] = [];
  for (const [index, way] of WAYS.entries()) {
    writeFileSync(file, way);
    west.process.kill('SIGUSR2');
    const pause = longestPause(pair);
    const ends = () => west.log.filter((line) => /worker \d ended/.test(line));
    const told = () => ends()[index];
    const line = await until(`the ${way} to be told`, told, () => west.log);
    if (way === 'trap') assert.match(line, /memory access out of bounds/);
    assert.match(line, /with its SAs intact/);
    await until('echoes', () => echo(pair.west, pair.east, 4, 1000) || undefined);
    pauses.push(`${way} ${pause.toFixed(0)} ms`);
  }
  return pauses;
}

crash('traffic goes on after a worker is brought down, on the same SAs', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-crash-'));
  const file = join(directory, 'crash');
  const hook = fileURLToPath(new URL('./crash-hook.js', import.meta.url));
  try {
    await withPair(async (pair) => {
      const east = await pair.start(pair.east, configuration(pair.east, pair.west));
      Object.assign(process.env, { NODE_OPTIONS: `--import ${hook}`, CULVERT_TEST_CRASH: file });
      const west = await pair.start(pair.west, configuration(pair.west, pair.east));
      delete process.env.NODE_OPTIONS;
      await west.established();
      await until('echoes', () => echoes(pair.west, pair.east, 4, 1) || undefined);
      const before = [await identity(west), await identity(east)];
      const server = startTraffic(pair.east, ['serve', pair.east.hostAddress]);
      try {
        await once(server.stdout!, 'data');
        const addresses = [pair.west.hostAddress, pair.east.hostAddress];
        const client = startTraffic(pair.west, ['tcp', ...addresses, `${2 * SECONDS}`, '0']);
        let output = '';
        client.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
        const ended = once(client, 'close');
        const pauses = await bringDown(pair, west, file);
        await ended;
        const tcp = JSON.parse(output) as TcpResult;
        assert.ok(tcp.intact && tcp.bytes > 0, output);
        assert.equal([await identity(west), await identity(east)], before);
        const rate = ((8 * tcp.bytes) / tcp.seconds / 1e6).toFixed(0);
        console.log(`\nNOTE longest pause between echoes under TCP at ${rate} Mbit/s: ${pauses}`);
      } finally {
        server.kill('SIGKILL');
      }
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

if (ownNamespaces()) crash.run();
