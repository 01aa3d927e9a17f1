// `culvert bench` as a user runs it: slips are named before anything is measured; table, JSON and chart
// come from one short run. No figure is judged here.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bestBuild } from '../../src/dataplane/module.js';
import { packageRoot } from '../../src/cli/version.js';
import { parseXml } from '../reference/xml.js';

const test = suite<{ directory: string }>('cli bench');
const SHORT = ['--rounds', '1', '--time', '1', '--no-openssl'];

test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-bench-test-'));
});
test.after.each(({ directory }) => rmSync(directory, { recursive: true, force: true }));

function bench(...args: string[]): Promise<{ status: number | null; out: string; err: string }> {
  const main = join(packageRoot, 'dist/src/cli/main.js');
  const child = spawn(process.execPath, [main, 'bench', ...args]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out, err })));
}

test('slips are named, and nothing is measured', async ({ directory }) => {
  const slips = [
    [['kernels', 'rot13'], 'no case is called rot13: expected part of one of aes-128-gcm, '],
    [['policy', 'heap'], 'no set is called heap: expected one of hub, '],
    [['policy', '--count', 'all'], '--count all: expected a whole number from 1 on'],
    [['sa', '--bytes', '20'], '--bytes 20: expected a whole number from 28 on'],
    [['kernels', '--rounds', '0'], '--rounds 0: expected a whole number from 1 on'],
    [['kernels', '--time', 'long'], '--time long: expected a whole number from 1 on'],
    [['kernels', '--build', 'mmx'], '--build mmx: this Node.js runs simd128'],
    [['kernels', '--out', 'a.png'], '--out a.png: expected a name ending in .svg'],
    [['kernels', '--out', join(directory, 'no/a.svg')], `there is no directory ${directory}/no`],
    [['kernel'], "unknown command 'kernel'"],
    [['tunnel', 'rot13'], 'rot13: expected one of '],
    [['tunnel', 'aes-128-gcm+sha256'], 'aes-128-gcm authenticates by itself: leave +sha256 out'],
    [['tunnel', 'aes-256-cbc'], 'aes-256-cbc: expected aes-256-cbc+ and one of '],
    [['peers', '--work', 'tcp-1', 'tcp-9'], '--work tcp-9: expected one of tcp-1, tcp-8, udp-64, '],
    [['peers', '--generator', 'nc'], '--generator nc: expected one of auto, iperf3, own'],
    [['peers', '--seconds', '0.5'], '--seconds 0.5: expected a whole number from 1 on'],
    [['tunnel', '--out', 'a.png'], '--out a.png: expected a name ending in .svg'],
  ] as const;
  const ends = await Promise.all(slips.map(([args]) => bench(...args)));
  ends.forEach(({ status, out, err }, at) => {
    assert.equal([status, out], [1, ''], slips[at]![0].join(' '));
    assert.match(err, slips[at]![1]);
  });
});

test('kernels: an object per row and a chart of the same figures', async ({ directory }) => {
  const file = join(directory, 'kernels.svg');
  const { status, out, err } = await bench(
    'kernels',
    'poly1305',
    ...SHORT,
    '--json',
    '--out',
    file,
  );
  assert.is(status, 0, err);
  const rows = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(
    rows.map(({ name, unit, bytes }) => [name, unit, bytes]),
    [64, 512, 1400].map((bytes) => ['chacha20-poly1305', 'MB/s', bytes]),
  );
  for (const row of rows) {
    assert.ok((row.value as number) > 0 && (row.nodeRatio as number) > 0);
    assert.match(row.environment as string, /^culvert .*; Linux .*; Node\.js v/);
    assert.is((row.load as number[]).length, 2);
    assert.not('openssl' in row);
    assert.is(row.build, bestBuild());
  }
  parseXml(readFileSync(file, 'utf8'));
});

test('kernels: a table under a line that says where', async ({ directory }) => {
  const { status, out, err } = await bench('kernels', 'null', ...SHORT);
  assert.is(status, 0, err);
  const lines = out.trimEnd().split('\n');
  assert.match(lines[0]!, /^culvert .*; load \d/);
  assert.match(lines[1]!, /^Columns: NAME, BYTES, BUILD, MB\/S, /);
  assert.is(lines.filter((line) => line.includes('null+sha256')).length, 3);
  assert.not(existsSync(join(directory, 'kernels.svg')));
});

test('policy: rows for misses, hits and a change of the sets and counts asked for', async () => {
  const args = ['policy', 'hub', '--count', '1', '10', '--rounds', '1', '--json'];
  const { status, out, err } = await bench(...args);
  assert.is(status, 0, err);
  const rows = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const kinds = ['miss', 'hit', 'change'];
  assert.equal(
    rows.map(({ set, kind, family, policies }) => [set, kind, family, policies]).sort(),
    [1, 10]
      .flatMap((count) =>
        [4, 6].flatMap((family) => kinds.map((kind) => ['hub', kind, family, count])),
      )
      .sort(),
  );
  assert.ok(rows.every(({ value }) => (value as number) > 0));
});

test.run();
