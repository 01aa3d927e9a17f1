// What `culvert run` does around the gateway: the control socket, signals, failures. The gateway is
// a small one of ours; the real one is in test/e2e.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runGateway } from '../../src/cli/run.js';
import { ask } from '../../src/cli/socket.js';
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

const loaded = parse('{"log":{"level":"error"}}') as Extract<Loaded, { ok: true }>;

interface Fake extends RunningGateway {
  stopped: number;
}
function fake(failure: Promise<Error> = new Promise(() => {})): Fake {
  const handlers = { 'policy print': () => [] } as unknown as ControlHandlers;
  const gateway: Fake = {
    handlers,
    failure,
    stopped: 0,
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
  const status = runGateway(loaded, socket, async () => gateway);
  await until(() => existsSync(socket));
  assert.equal(await ask(socket, 'policy print'), []);
  process.emit('SIGTERM', 'SIGTERM');
  assert.equal([await status, gateway.stopped, existsSync(socket)], [0, 1, false]);
});

running('a signal during the start stops it as soon as it stands', async ({ directory }) => {
  const gateway = fake();
  let begun = false;
  let go: (gateway: Fake) => void = () => {};
  const status = runGateway(loaded, join(directory, 'x.sock'), () => {
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
  const status = await runGateway(loaded, join(directory, 'x.sock'), async () => gateway);
  assert.equal([status, gateway.stopped], [1, 1]);
});

running('no control socket: the gateway is stopped again', async ({ directory }) => {
  const gateway = fake();
  const socket = join(directory, 'no\u0000such', 'x.sock');
  const failed = await runGateway(loaded, socket, async () => gateway).catch(
    (error: Error) => error.name,
  );
  assert.equal([failed, gateway.stopped], ['ControlError', 1]);
});

running.run();
