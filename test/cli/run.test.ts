// What `culvert run` does around the gateway: the control socket, signals, failures. The gateway is
// a small one of ours; the real one is in test/e2e.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runGateway } from '../../src/cli/run.js';
import { ask } from '../../src/cli/socket.js';
import type { Built } from '../../src/config/databases.js';
import { type Loaded, parse } from '../../src/config/load.js';
import type { ControlHandlers } from '../../src/daemon/control.js';
import type { RunningGateway } from '../../src/daemon/running.js';

const running = suite<{ directory: string }>('cli run');

running.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-run-'));
});
running.after.each(({ directory }) => {
  rmSync(directory, { recursive: true, force: true });
  process.removeAllListeners('SIGTERM');
  process.removeAllListeners('SIGINT');
});

const FILE = '/nowhere/site.json';
const loaded = parse('{"log":{"level":"error"}}') as Extract<Loaded, { ok: true }>;

interface Fake extends RunningGateway {
  stopped: number;
  reloaded: Built[];
}
function fake(failure: Promise<Error> = new Promise(() => {})): Fake {
  const handlers = { 'policy print': () => [] } as unknown as ControlHandlers;
  const gateway: Fake = {
    handlers,
    streams: { capture: () => assert.unreachable() as never },
    file: () => loaded.file,
    examine: () => assert.unreachable() as never,
    figures: () => assert.unreachable() as never,
    failure,
    stopped: 0,
    reloaded: [],
    reload: async (next) => {
      gateway.reloaded.push(next);
      return { added: 0, removed: 0, kept: 0, peers: [] };
    },
    stop: async () => {
      gateway.stopped++;
    },
  };
  return gateway;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

running('answers until SIGTERM, then stops the gateway and removes the socket', async (context) => {
  const socket = join(context.directory, 'x.sock');
  const gateway = fake();
  const status = runGateway(FILE, loaded, socket, async () => gateway);
  await until(() => existsSync(socket));
  assert.equal(await ask(socket, 'policy print'), []);
  process.emit('SIGTERM', 'SIGTERM');
  assert.equal([await status, gateway.stopped, existsSync(socket)], [0, 1, false]);
});

running(
  'SIGHUP and reload read the file again; one with errors changes nothing',
  async (context) => {
    const socket = join(context.directory, 'x.sock');
    const file = join(context.directory, 'site.json');
    const gateway = fake();
    const status = runGateway(file, loaded, socket, async () => gateway);
    await until(() => existsSync(socket));
    const failed = (): Promise<string> =>
      ask(socket, 'reload').then(String, ({ message }) => message);
    const absent = await failed();
    writeFileSync(file, '{"tun":{"mtu":"big"}}', { mode: 0o600 });
    const wrong = await failed();
    const before = gateway.reloaded.length;
    writeFileSync(file, '{"tun":{"mtu":1300},"log":{"level":"error"}}', { mode: 0o600 });
    const result = await ask(socket, 'reload');
    process.emit('SIGHUP', 'SIGHUP');
    await until(() => gateway.reloaded.length === 2);
    process.emit('SIGTERM', 'SIGTERM');
    // What is wrong is said when the gateway has stopped: a test that fails must not hang.
    assert.is(await status, 0);
    assert.match(absent, /not found.*file that can be read/s);
    assert.match(wrong, /mtu.*big/s);
    assert.is(before, 0);
    assert.equal(result, { added: 0, removed: 0, kept: 0, peers: [] });
    assert.is(gateway.reloaded[1]!.settings.tun.mtu, 1300);
    assert.is(process.listenerCount('SIGHUP'), 0);
  },
);

running('a signal during the start stops it as soon as it stands', async ({ directory }) => {
  const gateway = fake();
  let begun = false;
  let go: (gateway: Fake) => void = () => {};
  const status = runGateway(FILE, loaded, join(directory, 'x.sock'), () => {
    begun = true;
    return new Promise((resolve) => {
      go = resolve;
    });
  });
  await until(() => begun);
  process.emit('SIGINT', 'SIGINT');
  assert.is(gateway.stopped, 0);
  go(gateway);
  assert.equal([await status, gateway.stopped], [0, 1]);
});

running('a failure of the gateway is status 1', async ({ directory }) => {
  const gateway = fake(Promise.resolve(new Error('the device is gone')));
  const status = await runGateway(FILE, loaded, join(directory, 'x.sock'), async () => gateway);
  assert.equal([status, gateway.stopped], [1, 1]);
});

running('no control socket: the gateway is stopped again', async ({ directory }) => {
  const gateway = fake();
  const socket = join(directory, 'no\u0000such', 'x.sock');
  const failed = await runGateway(FILE, loaded, socket, async () => gateway).catch(
    (error: Error) => error.name,
  );
  assert.equal([failed, gateway.stopped], ['ControlError', 1]);
});

running.run();
