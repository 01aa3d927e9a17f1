// Sequence numbers never wrap (RFC 4303 §3.3.3): near their end a new SA is negotiated and nothing is
// lost; where that cannot be, the last number is sent, and then nothing. Each numbered on the wire.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Site } from '../../src/lab/sites.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echo, echoes, type Gateway, type Pair, until, withPair } from './pair.js';

const overflow = suite('overflow');
const SOFT = 0xf000_0000; // src/dataplane/sa-record.ts
const LAST = 0xffff_ffff;

const configuration = (site: Site, remote: Site): object => ({
  log: { level: 'debug' },
  // another DPD: a peer that is stopped shall not be given up for dead meanwhile
  profile: [{ name: 'default', 'dpd-interval': '10m' }],
  proposal: [{ name: 'default', esn: 'no' }],
  peer: [{ name: remote.name, address: `${remote.outer}/32`, passive: site.name === 'east' }],
  identity: [{ peer: remote.name, secret: 'a secret of the two' }],
  policy: [{ 'src-address': site.network, 'dst-address': remote.network, peer: remote.name }],
});

async function withHook(
  body: (pair: Pair, sites: [Gateway, Gateway], sent: Sent) => Promise<void>,
) {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-overflow-'));
  const file = join(directory, 'sent');
  const hook = fileURLToPath(new URL('./overflow-hook.js', import.meta.url));
  try {
    await withPair(async (pair) => {
      const east = await pair.start(pair.east, configuration(pair.east, pair.west));
      Object.assign(process.env, { NODE_OPTIONS: `--import ${hook}`, CULVERT_TEST_OVERFLOW: file });
      const west = await pair.start(pair.west, configuration(pair.west, pair.east));
      delete process.env.NODE_OPTIONS;
      await west.established();
      await until('echoes', () => echoes(pair.west, pair.east, 4, 1) || undefined);
      await body(pair, [west, east], async (last) => {
        writeFileSync(file, `${last}`);
        west.process.kill('SIGUSR2');
        await west.ask('policy print'); // the signal came before the question
      });
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

type Sent = (last: number) => Promise<void>;
const spis = async (gateway: Gateway): Promise<string[]> =>
  (await gateway.ask('installed-sa print', {})).map(({ spi }) => String(spi)).sort();
const counter = async (gateway: Gateway, name: string): Promise<number> =>
  ((await gateway.ask('statistics print', {})) as unknown as Record<string, number>)[name]!;

overflow('near the end: another SA first, and no packet lost', () =>
  withHook(async (pair, [west, east], sent) => {
    const before = await spis(west);
    await sent(SOFT - 5);
    assert.is(echoes(pair.west, pair.east, 4, 20), 20);
    const replaced = async () => {
      const now = await spis(west);
      return (now.length === 2 && now.every((spi) => !before.includes(spi))) || undefined;
    };
    await until('the SAs to be replaced', replaced, () => west.log);
    assert.is(echoes(pair.west, pair.east, 4, 20), 20);
    for (const gateway of [west, east]) {
      assert.is(await counter(gateway, 'out-state-sequence-errors'), 0);
      assert.is(await counter(gateway, 'in-state-sequence-errors'), 0);
      assert.is(await counter(gateway, 'out-no-states'), 0);
    }
  }),
);

overflow('no other SA to be had: the last number, and then nothing at all', () =>
  withHook(async (pair, [west, east], sent) => {
    // what east has seen so far lies far behind; its kernel queues what comes meanwhile
    east.process.kill('SIGSTOP');
    try {
      await sent(LAST - 2);
      for (let i = 0; i < 5; i++) echo(pair.west, pair.east, 4, 20);
      // the first one too many ends the SA; those after it wait for another
      const counted = async () => {
        const over = await counter(west, 'out-state-sequence-errors');
        return (over > 0 && over + (await counter(west, 'held')) === 3) || undefined;
      };
      await until('three to be held back', counted, () => west.log);
      await west.logged(/has reached its hard lifetime/);
      assert.equal(await spis(west), [], 'the SA is gone');
    } finally {
      east.process.kill('SIGCONT');
    }
    // the two with the last numbers were good
    const came = async () => (await counter(east, 'in-packets')) >= 3 || undefined;
    await until('the last two to arrive', came, () => east.log);
    assert.is(await counter(east, 'in-state-sequence-errors'), 0);
    await until('echoes, under another SA', () => echo(pair.west, pair.east, 4, 1000) || undefined);
  }),
);

if (ownNamespaces()) overflow.run();
