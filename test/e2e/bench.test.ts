// The bench's own tools on a path without a tunnel, where what must come out is known; then the
// command as a user runs it, and as he breaks it off. No figure is judged.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ownGenerator } from '../../src/bench/generator.js';
import { PROOFS, runIke } from '../../src/bench/run-ike.js';
import { perform } from '../../src/bench/tunnel-work.js';
import { WORKS } from '../../src/bench/work.js';
import { packageRoot } from '../../src/cli/version.js';
import { bare } from '../../src/lab/culvert.js';
import { openTunnel, type Tunnel } from '../../src/lab/tunnel.js';
import { eventually, ownNamespaces } from '../helpers/namespaces.js';

const test = suite<{ directory: string }>('e2e bench');
let path: Tunnel;

test.before(async (context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-bench-test-'));
  path = await openTunnel(bare, { enc: 'null' });
});
test.after(async ({ directory }) => {
  await path.close();
  rmSync(directory, { recursive: true, force: true });
});

const workNamed = (name: string) => WORKS.find((work) => work.name === name)!;

test('datagrams: every size arrives in its share, and its time is known', async () => {
  const outcome = await perform(path, workNamed('udp-imix'), 0.1, ownGenerator, {
    broken: path.failure,
  });
  const mean = (1e6 * outcome.mbits) / 8 / (1000 * outcome.kpps!);
  const expected = (7 * 64 + 4 * 512 + 1400) / 12;
  // A trial may end within the mix, and lose a little.
  assert.ok(Math.abs(mean / expected - 1) < 0.05, `${mean} bytes a packet, not ${expected}`);
  assert.ok(outcome.lossPercent! >= 0 && outcome.lossPercent! <= 100);
  assert.ok(outcome.mostKpps! >= outcome.kpps!);
  assert.ok(outcome.latencyP50Us! > 0 && outcome.latencyP99Us! >= outcome.latencyP50Us!);
  assert.is(outcome.cpuSecondsPerGb, undefined, 'there is no gateway');
});

test('datagrams: offered slowly, all arrive, once, in their trial', async () => {
  const { from, to, east } = path;
  for (const trial of [71, 72]) {
    await to.ask('begin', { trial });
    const where = { to: east.hostAddress, port: 5201 };
    const load = { rate: 2000, seconds: 0.2, payloads: [36, 100], trial };
    const { sent } = await from.ask('datagrams', { ...where, ...load });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { received, bytes } = await to.ask('heard');
    await to.ask('rest');
    assert.ok(sent > 0 && sent <= 400, `${sent} sent`);
    assert.is(received, sent);
    assert.is(bytes, 36 * Math.ceil(sent / 2) + 100 * Math.floor(sent / 2));
  }
});

test('streams: the far end says how much', async () => {
  const { bytes, seconds } = await ownGenerator.stream(path, 3, 0.2);
  assert.ok(seconds >= 0.2);
  assert.ok(bytes > 0 && bytes % 262_144 === 0, 'whole chunks arrive whole');
});

function bench(directory: string, ...args: string[]): ChildProcess {
  const main = join(packageRoot, 'dist/src/cli/main.js');
  return spawn(process.execPath, [main, 'bench', ...args], {
    env: { ...process.env, TMPDIR: directory },
  });
}

/** Processes whose command line names the directory: gateways have their configuration in it. */
function processesNaming(directory: string): number[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const named = numbers.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESRCH') return false; // it has just ended
      throw error;
    }
  });
  return named.map(Number);
}

test('bench tunnel: rows for the tunnel and the bare path, and nothing left', async ({
  directory,
}) => {
  const short = ['--work', 'tcp-1', '--seconds', '1', '--generator', 'own', '--json'];
  const child = bench(directory, 'tunnel', 'aes-128-gcm', ...short);
  let [out, err] = ['', ''];
  child.stdout!.on('data', (data) => (out += data));
  child.stderr!.on('data', (data) => (err += data));
  const [status] = await once(child, 'close');
  assert.is(status, 0, err);
  const rows = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(
    rows.map(({ name, unit, generator }) => [name, unit, generator]),
    ['culvert aes-128-gcm tcp-1', 'bare tcp-1'].map((name) => [name, 'Mbit/s', 'own generator']),
  );
  assert.ok(rows.every(({ value }) => (value as number) > 0));
  assert.ok((rows[0]!.cpuSecondsPerGb as number) > 0);
  assert.equal(readdirSync(directory), []);
  assert.equal(processesNaming(directory), []);
});

test('bench tunnel, broken off: nothing is left', async ({ directory }) => {
  const child = bench(directory, 'tunnel', 'aes-128-gcm', '--work', 'tcp-1', '--seconds', '60');
  let err = '';
  child.stderr!.on('data', (data) => (err += data));
  // The second tunnel is being made: the first one's gateways run.
  await eventually('the first tunnel', () => err.includes('bare') || child.exitCode !== null);
  assert.ok(processesNaming(directory).length >= 2, err);
  child.kill('SIGINT');
  const [status] = await once(child, 'close');
  assert.is(status, 130, err);
  assert.equal(readdirSync(directory), []);
  await eventually('the gateways to end', () => processesNaming(directory).length === 0);
});

test('bench tunnel, a gateway dies: it is said, and nothing is left', async ({ directory }) => {
  const child = bench(directory, 'tunnel', 'aes-128-gcm', '--work', 'tcp-1', '--seconds', '60');
  let err = '';
  child.stderr!.on('data', (data) => (err += data));
  await eventually('the first tunnel', () => err.includes('bare') || child.exitCode !== null);
  process.kill(processesNaming(directory)[0]!, 'SIGKILL');
  const [status] = await once(child, 'close');
  assert.is(status, 1, err);
  assert.ok(err.includes('culvert: culvert: a gateway ended with SIGKILL'), err);
  assert.equal(readdirSync(directory), []);
  assert.equal(processesNaming(directory), []);
});

if (ownNamespaces())
  test('bench ike: clients of their own get in, and stand', async () => {
    const effort = { clients: 25, atOnce: 8, seconds: 1, proofs: PROOFS };
    const rows = await runIke(['culvert'], effort, () => {});
    for (const proof of PROOFS) {
      const own = rows.filter((row) => row.proof === proof);
      assert.equal(
        own.map(({ figure }) => figure),
        [
          'handshakes',
          'processor time of a handshake',
          'memory of an IKE SA and its child',
          'memory of a further one',
          'processor, 25 IKE SAs with DPD',
          'event loop delay p99, 25 IKE SAs with DPD',
        ],
      );
      assert.ok(own[0]!.value > 0);
    }
    for (const { name, value } of rows) assert.ok(Number.isFinite(value), name);
  });

test.run();
