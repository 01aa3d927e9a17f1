// The command as a user runs it: a process, its output, its exit status; the daemon is a control
// socket with rows of ours behind it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildProgram } from '../../src/cli/main.js';
import { packageRoot, version } from '../../src/cli/version.js';
import { type ControlHandlers, type ControlServer, openControl } from '../../src/daemon/control.js';
import { COUNTERS } from '../../src/daemon/counter-names.js';
import type { LogRow } from '../../src/daemon/history.js';
import type { ActivePeerRow, StatisticsRow } from '../../src/daemon/rows.js';

const commands = suite<{ directory: string; socket: string }>('cli commands');

commands.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-cli-'));
  context.socket = join(context.directory, 'culvert0.sock');
});
commands.after.each(async (context) => {
  // Also those of a test that failed: an open server would keep the suite from ending.
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(context.directory, { recursive: true, force: true });
});

const servers: ControlServer[] = [];
async function open(path: string, answers: ControlHandlers): Promise<ControlServer> {
  const server = await openControl(path, answers);
  servers.push(server);
  return server;
}

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}
function culvert(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const main = join(packageRoot, 'dist/src/cli/main.js');
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out, err })));
}

function handlers(asked: unknown[]): ControlHandlers {
  return {
    'configuration print': () => ({}),
    'policy print': () => [],
    'certificate print': () => [],
    'configuration path': () => '/etc/culvert/site.json',
    'peer addresses': () => [],
    'active-peers print': () => [],
    'active-peers kill-connections': (args) => {
      asked.push(args);
      return { killed: 1 };
    },
    'installed-sa print': (args) => {
      asked.push(args);
      return [];
    },
    'installed-sa flush': () => ({ flushed: 4 }),
    'log print': () => [],
    'installed-sa wireshark': () => ({ esp_sa: [], ikev2_decryption_table: [] }),
    doctor: () => [],
    reload: () => ({ added: 1, removed: 0, kept: 2, peers: ['east'] }),
    'statistics print': () =>
      Object.fromEntries(COUNTERS.map(({ name }) => [name, 7])) as unknown as StatisticsRow,
  };
}

commands('check: ok and not ok', async ({ directory }) => {
  const file = join(directory, 'site.json');
  writeFileSync(file, '{"peer":[{"name":"a b"}],"log":{"level":"loud"}}', { mode: 0o600 });
  const bad = await culvert(['check', file]);
  assert.is(bad.status, 1);
  assert.match(bad.out, 'error: peer[0].name: "a b": expected a name of 1 to 64 characters');
  assert.match(bad.out, 'error: log.level: "loud": expected one of debug, info, warning, error');
  assert.match(bad.out, /site.json: 2 errors\n$/);
  const json = await culvert(['check', '--json', file]);
  assert.is((JSON.parse(json.out) as { errors: unknown[] }).errors.length, 2);
  writeFileSync(file, '{}');
  const good = await culvert(['check', file]);
  assert.equal([good.status, good.err], [0, '']);
  assert.match(good.out, /site.json: ok: 0 peers, 0 identities, 0 policies\n$/);
});

commands(
  'import and export: the configuration, the notes, the exit status',
  async ({ directory }) => {
    const [script, file] = [join(directory, 'r.rsc'), join(directory, 'site.json')];
    const peer = '/ip ipsec peer add name=w address=192.0.2.1/32 exchange-mode=ike2\n';
    const rest = '/ip ipsec identity add peer=w secret="a long, long secret"\n/ip route add x=y\n';
    writeFileSync(script, peer + rest);
    const shown = await culvert(['import', script]);
    assert.is(shown.status, 0);
    assert.is(
      shown.err,
      `${script}: line 3: /ip route: 1 command skipped: there is no such menu here\n`,
    );
    const { peer: peers } = JSON.parse(shown.out) as { peer: { name: string }[] };
    assert.is(peers[0]!.name, 'w');
    const written = await culvert(['import', script, '--out', file]);
    assert.equal([written.status, written.out], [0, '']);
    assert.is(statSync(file).mode & 0o777, 0o600);
    assert.is(readFileSync(file, 'utf8'), shown.out);
    const exported = await culvert(['export', file]);
    assert.is(exported.status, 0);
    assert.match(
      exported.out,
      '/ip ipsec peer\nadd address=192.0.2.1/32 exchange-mode=ike2 name=w\n',
    );
    assert.match(exported.out, '# secret is left out: --show-secrets\n');
    assert.match(
      (await culvert(['export', '--show-secrets', file])).out,
      'secret="a long, long secret"',
    );
    writeFileSync(script, '/ip ipsec identity add peer=w secret="a long, long secret"\n');
    const bad = await culvert(['import', script]);
    assert.is(bad.status, 1);
    assert.match(
      bad.err,
      'line 1: identity[0].peer: "w": expected the name of a peer: there is none',
    );
    assert.match(bad.err, /r.rsc: the result is not complete: correct what is named\n$/);
    assert.match(
      (await culvert(['import', join(directory, 'no')])).err,
      /^culvert: .*no: not found\n$/,
    );
  },
);

commands('run refuses a wrong file before it touches anything', async ({ directory }) => {
  const { status, err } = await culvert(['run', join(directory, 'none.json')]);
  assert.is(status, 1);
  assert.match(err, /none.json: not found: expected a configuration file/);
});

commands('no daemon: one clear sentence, status 1', async ({ directory, socket }) => {
  const named = await culvert(['policy', 'print', '--socket', socket]);
  assert.equal([named.status, named.out], [1, '']);
  assert.is(named.err, `culvert: no daemon is running: there is no socket at ${socket}\n`);
  const found = await culvert(['policy', 'print'], { RUNTIME_DIRECTORY: directory });
  assert.match(found.err, /^culvert: no daemon is running: there is no socket of yours in /);
  assert.match(found.err, /Start one with `culvert run FILE`/);
});

commands('the only live socket is found; several are named', async ({ directory, socket }) => {
  const env = { RUNTIME_DIRECTORY: directory };
  await open(socket, handlers([]));
  // What a killed daemon leaves: a socket nobody listens on.
  const dead = createServer().listen(join(directory, 'dead.sock'));
  await once(dead, 'listening');
  renameSync(join(directory, 'dead.sock'), join(directory, 'left.sock'));
  dead.close();
  assert.is((await culvert(['installed-sa', 'flush'], env)).out, '4 SAs flushed\n');
  await open(join(directory, 'culvert1.sock'), handlers([]));
  const { status, err } = await culvert(['installed-sa', 'flush'], env);
  assert.is(status, 1);
  assert.match(err, `--socket ${socket}\n`);
  assert.match(err, `--socket ${join(directory, 'culvert1.sock')}\n`);
  assert.not.match(err, 'left.sock');
});

commands('every print command, as table and as JSON', async ({ socket }) => {
  const asked: unknown[] = [];
  await open(socket, handlers(asked));
  const ask = (...args: string[]): Promise<Outcome> => culvert([...args, '--socket', socket]);
  assert.equal(await ask('policy', 'print'), { status: 0, out: 'no entries\n', err: '' });
  assert.is((await ask('active-peers', 'print', '--json')).out, '[]\n');
  assert.is((await ask('installed-sa', 'flush')).out, '4 SAs flushed\n');
  assert.is((await ask('active-peers', 'kill-connections')).out, '1 connection killed\n');
  await ask('active-peers', 'kill-connections', '--peer', 'west');
  await ask('installed-sa', 'print');
  await ask('installed-sa', 'print', '--show-secrets');
  assert.equal(asked, [{}, { peer: 'west' }, {}, { 'show-secrets': true }]);
  const statistics = await ask('statistics', 'print', '--json');
  assert.is((JSON.parse(statistics.out) as Record<string, number>)['in-no-states'], 7);
  assert.match((await ask('statistics', 'print')).out, /^ +in-errors: 7\n/);
});

commands(
  'active-peers remove: entries by number or filter, named by their SPIs',
  async ({ socket }) => {
    const asked: unknown[] = [];
    const peer = (name: string, digit: string) =>
      ({
        peer: name,
        'natt-peer': name === 'west',
        uptime: 3723,
        'rx-bytes': 5000,
        spii: digit.repeat(16),
        spir: 'f'.repeat(16),
      }) as unknown as ActivePeerRow;
    await open(socket, {
      ...handlers(asked),
      'active-peers print': () => [peer('west', '1'), peer('east', '2'), peer('west', '3')],
    });
    const remove = (...words: string[]): Promise<Outcome> =>
      culvert(['active-peers', 'remove', ...words, '--socket', socket]);
    const chosen = (...digits: string[]) => ({
      connections: digits.map((digit) => `${digit.repeat(16)}-${'f'.repeat(16)}`).join(','),
    });
    const print = ['active-peers', 'print', 'detail', '--socket', socket];
    assert.match((await culvert(print)).out, ' uptime=1h2m3s rx-bytes=5000 ');
    assert.match((await culvert(print.with(2, 'terse'))).out, ' uptime=3723 ');
    assert.equal(await remove('1'), { status: 0, out: '1 connection killed\n', err: '' });
    await remove('0,2', '0');
    await remove('[find where peer=west spii~"^3"]');
    await remove('where', '!natt-peer');
    await remove('[find peer=nobody]');
    assert.equal(asked, [chosen('2'), chosen('1', '3'), chosen('3'), chosen('2'), chosen()]);
    for (const [word, error] of [
      ['3', /there is no entry 3: the last one is 2/],
      ['west', /west: expected a number, \[find …\] or where name=value/],
      ['[find colour=red]', /there is no property colour here/],
    ] as const) {
      const { status, err } = await remove(word);
      assert.equal([status, asked.length], [1, 5]);
      assert.match(err, error);
    }
  },
);

const logRow = (number: number, text: string): LogRow => ({
  number,
  time: '2026-11-23T16:20:01.123Z',
  level: 'error',
  topic: 'ike.auth',
  peer: 'west',
  text,
});

commands('log: the last lines, and those that follow until the daemon ends', async ({ socket }) => {
  const asked: unknown[] = [];
  let written = false;
  const answers = handlers([]);
  answers['log print'] = (args) => {
    asked.push(args);
    return [logRow(1, 'no answer')];
  };
  const server = await openControl(socket, answers, {
    'log follow': async function* (args, signal) {
      asked.push(args);
      yield { missed: 0, rows: [logRow(1, 'no answer')] };
      yield { missed: 3, rows: [logRow(5, 'no answer again')] };
      // asked for the next, so both are written
      written = true;
      await once(signal, 'abort');
    },
  });
  servers.push(server);
  const shown = '2026-11-23 16:20:01.123 error ike.auth[west] no answer';
  const { out: last, err: complaint } = await culvert(['log', '--socket', socket]);
  assert.equal([last, complaint], [`${shown}\n`, '']);
  const printed = await culvert(['log', 'print', '-n', '7', '--topic', 'ike', '--socket', socket]);
  assert.is(printed.out, `${shown}\n`);
  const json = await culvert(['log', 'print', '--json', '--level', 'debug', '--socket', socket]);
  assert.equal(JSON.parse(json.out), logRow(1, 'no answer'));
  const following = culvert(['log', '-f', '--peer', 'west', '--lines', '0', '--socket', socket]);
  while (!written) await new Promise((resolve) => setTimeout(resolve, 10));
  await server.close();
  const { status, out, err } = await following;
  assert.is(out, `${shown}\n${shown} again\n`);
  assert.match(err, 'more than 3 lines came too fast');
  assert.match(err, /the daemon at .* has ended\n$/);
  assert.is(status, 1);
  assert.equal(asked, [
    {},
    { lines: 7, topic: 'ike' },
    { level: 'debug' },
    { lines: 0, peer: 'west' },
  ]);
  const wrong = await culvert(['log', '--lines', 'x', '--socket', socket]);
  assert.equal([wrong.status, wrong.err], [1, 'culvert: --lines x: expected a whole number\n']);
});

commands('log print --file: what the menu log of a file says', async ({ directory }) => {
  const file = join(directory, 'site.json');
  writeFileSync(file, '{"log":{"level":"debug"}}', { mode: 0o600 });
  const { out } = await culvert(['log', 'print', '--file', file]);
  assert.is(out, ' level: debug\nformat: text\n');
});

commands('an error of the daemon is one line', async ({ socket }) => {
  const broken = handlers([]);
  broken['policy print'] = () => {
    throw new Error('no memory');
  };
  await open(socket, broken);
  const { status, err } = await culvert(['policy', 'print', '--socket', socket]);
  assert.equal([status, err], [1, 'culvert: policy print failed: no memory\n']);
});

commands('a slip of the command is named', async () => {
  const { status, err } = await culvert(['polcy', 'print']);
  assert.is(status, 1);
  assert.match(err, "unknown command 'polcy'");
  assert.match(err, 'Did you mean policy?');
});

commands('--version', async () => {
  assert.is((await culvert(['--version'])).out, `${version()}\n`);
});

/** The help of a command, with what addHelpText adds. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

commands('every command has a sentence and an example in its help', () => {
  const all: Command[] = [];
  const walk = (command: Command): void => {
    all.push(command);
    command.commands.forEach(walk);
  };
  walk(buildProgram());
  assert.ok(all.length >= 10);
  for (const command of all) {
    const help = helpOf(command);
    assert.match(command.description(), /\.$/, command.name());
    assert.match(help, '\nExample:\n  culvert', command.name());
  }
});

commands.run();
