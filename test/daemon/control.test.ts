// The control socket: who may open it, what it answers, what it does with nonsense.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTERS } from '../../src/daemon/counter-names.js';
import {
  answer,
  ControlError,
  type ControlHandlers,
  type ControlReply,
  type ControlServer,
  openControl,
} from '../../src/daemon/control.js';
import type { LogRow } from '../../src/daemon/history.js';
import type { StatisticsRow } from '../../src/daemon/rows.js';

const control = suite<{ directory: string }>('daemon control');

control.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-control-'));
});
control.after.each(async (context) => {
  // Also those of a test that failed: an open server would keep the suite from ending.
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(context.directory, { recursive: true, force: true });
});

const servers: ControlServer[] = [];
async function open(path: string): Promise<ControlServer> {
  const server = await openControl(path, handlers);
  servers.push(server);
  return server;
}

const calls: unknown[] = [];
const handlers: ControlHandlers = {
  'configuration print': () => ({}),
  'policy print': () => [],
  'certificate print': () => [],
  'configuration path': () => '/etc/culvert/site.json',
  'peer addresses': () => [],
  'active-peers print': () => {
    throw new Error('the table is being rebuilt');
  },
  'active-peers kill-connections': (args) => {
    calls.push(args);
    return { killed: 2 };
  },
  'installed-sa print': async () => [],
  'installed-sa flush': () => ({ flushed: 0 }),
  'log print': () => [],
  'installed-sa wireshark': () => ({ esp_sa: [], ikev2_decryption_table: [] }),
  doctor: () => [],
  reload: () => ({ added: 0, removed: 0, kept: 0, peers: [] }),
  'statistics print': () =>
    Object.fromEntries(COUNTERS.map(({ name }, at) => [name, at])) as unknown as StatisticsRow,
};

/** Sends raw text and gives back every reply until the daemon or we close. */
function talk(path: string, sent: string, replies: number): Promise<ControlReply[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve(
        text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as ControlReply),
      );
    };
    socket.on('connect', () => socket.write(sent));
    socket.on('error', reject);
    socket.on('end', done);
    socket.on('data', (data) => {
      text += data;
      if (text.split('\n').length > replies) done();
    });
  });
}

control('directory 0700, socket 0600, gone after close', async ({ directory }) => {
  const path = join(directory, 'new', 'culvert0.sock');
  const before = process.umask();
  const server = await open(path);
  assert.is(process.umask(), before, 'the mask of the process is as it was');
  assert.is(lstatSync(join(directory, 'new')).mode & 0o777, 0o700);
  assert.is(lstatSync(path).mode & 0o777, 0o600);
  await server.close();
  assert.not(existsSync(path));
});

control('another user cannot connect', async ({ directory }) => {
  const nobody = { uid: 65534, gid: 65534, cwd: '/', encoding: 'utf8' } as const;
  if (spawnSync(process.execPath, ['--version'], nobody).status !== 0) {
    console.log('SKIP another user cannot connect: this user cannot run Node.js as another');
    return;
  }
  const server = await open(join(directory, 'x.sock'));
  const script = `require('node:net').connect(process.argv[1])
    .on('connect', () => { console.log('connected'); process.exit(); })
    .on('error', (error) => console.log(error.code));`;
  const outcome = (): string => execFileSync(process.execPath, ['-e', script, server.path], nobody);
  assert.is(outcome(), 'EACCES\n');
  // The socket itself is closed to others even where its directory is not.
  chmodSync(directory, 0o755);
  assert.is(outcome(), 'EACCES\n');
  chmodSync(server.path, 0o666);
  assert.is(outcome(), 'connected\n', 'the test can tell an open socket from a closed one');
});

control('a directory open to others is refused', async ({ directory }) => {
  for (const mode of [0o755, 0o770, 0o1777]) {
    chmodSync(directory, mode);
    const opening = open(join(directory, 'x.sock'));
    const error = await opening.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.instance(error, ControlError);
    assert.match((error as Error).message, /is open to other users: .* mode 0700/);
  }
});

control('a second daemon is refused, a dead one is replaced', async ({ directory }) => {
  const path = join(directory, 'x.sock');
  const first = await open(path);
  const refused = await open(path).catch((error: Error) => error.message);
  assert.match(refused as string, /another daemon already answers on/);
  await first.close();
  writeFileSync(path, 'no socket');
  const other = await open(path).catch((error: Error) => error.message);
  assert.match(other as string, /exists and is not a socket/);
});

control('several requests on one connection are answered in order', async ({ directory }) => {
  const server = await open(join(directory, 'x.sock'));
  const commands = ['installed-sa print', 'installed-sa flush', 'policy print'];
  const sent = commands.map((command) => `${JSON.stringify({ command })}\n`).join('');
  const replies = await talk(server.path, sent, 3);
  await server.close();
  assert.equal(replies, [
    { ok: true, result: [] },
    { ok: true, result: { flushed: 0 } },
    { ok: true, result: [] },
  ]);
});

control('nonsense gets an error each, and the daemon goes on', async ({ directory }) => {
  const server = await open(join(directory, 'x.sock'));
  const nonsense = ['', '{', '[]', '7', '{"command":7}', '{"command":"toString"}', '\u0000\u00ff'];
  const replies = await talk(server.path, `${nonsense.join('\n')}\n`, nonsense.length);
  assert.is(replies.filter(({ ok }) => !ok).length, nonsense.length);
  const [after] = await talk(server.path, '{"command":"policy print"}\n', 1);
  assert.ok(after!.ok);
});

control('a request without end is cut off', async ({ directory }) => {
  const server = await open(join(directory, 'x.sock'));
  const [reply, ...more] = await talk(server.path, 'x'.repeat(100_000), 9);
  assert.equal(more, []);
  assert.equal(reply, { ok: false, error: 'the request is longer than 16384 characters' });
});

control('a client that leaves before its answer harms nobody', async ({ directory }) => {
  const server = await open(join(directory, 'x.sock'));
  await new Promise<void>((resolve) => {
    const socket = connect(server.path, () => {
      socket.write('{"command":"statistics print"}\n'.repeat(200));
      socket.on('close', () => resolve());
      socket.destroy();
    });
    socket.on('error', () => resolve());
  });
  const [after] = await talk(server.path, '{"command":"policy print"}\n', 1);
  assert.ok(after!.ok);
});

/** Numbers as fast as they are taken, and how far the source got. */
function counting(from: { next: number; ended: boolean }) {
  return {
    'log follow': async function* (_args: unknown, signal: AbortSignal) {
      try {
        // Big enough that no socket buffer holds many of them.
        const rows = Array.from({ length: 200 }, () => ({ text: 'x'.repeat(500) }) as LogRow);
        while (!signal.aborted) yield { missed: from.next++, rows };
      } finally {
        from.ended = true;
      }
    },
  };
}

control('a stream waits for its client and ends with it', async ({ directory }) => {
  const source = { next: 0, ended: false };
  const server = await openControl(join(directory, 'x.sock'), handlers, counting(source));
  servers.push(server);
  const socket = connect(server.path);
  socket.write('{"command":"log follow"}\n');
  socket.pause();
  const settled = async (): Promise<number> => {
    for (let before = -1; before !== source.next || before === 0; ) {
      before = source.next;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return source.next;
  };
  const first = await settled();
  assert.ok(first < 20, `${first} answers wait for a client that reads none`);
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (part: string) => (text += part));
  socket.resume();
  while (source.next < first + 10) await new Promise((resolve) => setTimeout(resolve, 10));
  socket.destroy();
  while (!source.ended) await new Promise((resolve) => setTimeout(resolve, 10));
  const got = text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { result: { missed: number } }).result.missed);
  assert.ok(got.length >= 10);
  assert.equal(got, [...got.keys()], 'every answer once, in order');
  const [after] = await talk(server.path, '{"command":"policy print"}\n', 1);
  assert.ok(after!.ok);
});

control('a client that stalls keeps no daemon from ending', async ({ directory }) => {
  const source = { next: 0, ended: false };
  const server = await openControl(join(directory, 'x.sock'), handlers, counting(source));
  const socket = connect(server.path);
  socket.write('{"command":"log follow"}\n');
  socket.pause();
  while (source.next === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await server.close();
  while (!source.ended) await new Promise((resolve) => setTimeout(resolve, 10));
  socket.destroy();
});

control('a stream that cannot even begin says why', async ({ directory }) => {
  const server = await openControl(join(directory, 'x.sock'), handlers, {
    'log follow': () => {
      throw new Error('level "loud": expected one of debug, info');
    },
  });
  servers.push(server);
  const refused = { ok: false, error: 'level "loud": expected one of debug, info' };
  assert.equal(await talk(server.path, '{"command":"log follow"}\n', 9), [refused]);
});

control('a stream that fails says why; one that is over says so', async ({ directory }) => {
  let fail = true;
  const server = await openControl(join(directory, 'x.sock'), handlers, {
    'log follow': async function* () {
      yield { missed: 0, rows: [] };
      if (fail) throw new Error('level "loud": expected one of debug, info');
    },
  });
  servers.push(server);
  const first = { ok: true, result: { missed: 0, rows: [] } };
  const refused = { ok: false, error: 'level "loud": expected one of debug, info' };
  assert.equal(await talk(server.path, '{"command":"log follow"}\n', 9), [first, refused]);
  fail = false;
  const over = await talk(server.path, '{"command":"log follow"}\n', 9);
  assert.equal(over as unknown, [first, { ok: true, done: true }]);
  const [wrong] = await talk(server.path, '{"command":"log follow","args":{"lines":"7"}}\n', 1);
  assert.equal(wrong, { ok: false, error: 'argument lines must be a number' });
});

const replies: [string, RegExp][] = [
  [
    '{"command":"policy prnt"}',
    /^no such command "policy prnt"; there are: configuration print, configuration path, /,
  ],
  ['{"command":"policy print","args":[]}', /^"args" must be an object$/],
  ['{"command":"policy print","args":{"x":1}}', /^policy print takes no argument "x"$/],
  ['{"command":"installed-sa print","args":{"show-secrets":1}}', /show-secrets must be a boolean$/],
  ['{"command":"active-peers kill-connections","args":{"peer":5}}', /peer must be a string$/],
  ['{"command":"active-peers print"}', /^active-peers print failed: the table is being rebuilt$/],
  ['{"command":"__proto__"}', /^no such command/],
  ['null', /^the request is not an object/],
];
for (const [line, expected] of replies) {
  control(`refused: ${line}`, async () => {
    const reply = await answer(line, handlers);
    assert.not(reply.ok);
    assert.match(reply.ok ? '' : reply.error, expected);
  });
}

control('arguments reach the handler', async () => {
  const line = '{"command":"active-peers kill-connections","args":{"peer":"west"}}';
  assert.equal(await answer(line, handlers), { ok: true, result: { killed: 2 } });
  assert.equal(calls, [{ peer: 'west' }]);
});

control.run();
