// culvert run FILE: the daemon, in the foreground. The steps:
//   1. read the configuration            3. open the control socket
//   2. start the gateway                 4. wait for a signal or a failure, then stop both
import type { Command } from 'commander';
import { type Loaded, load } from '../config/load.js';
import { formatWarning } from '../config/problem.js';
import { type ControlServer, openControl } from '../daemon/control.js';
import { type Log, openLog } from '../daemon/log.js';
import type { StartGateway } from '../daemon/running.js';
import { report } from './check.js';
import { defaultSocket } from './socket.js';

type Good = Extract<Loaded, { ok: true }>;

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('Run a gateway in the foreground until SIGTERM or SIGINT; the log is on stderr.')
    .argument('<file>', 'the configuration, JSON')
    .option('--socket <path>', 'the control socket (default: named after the TUN device)')
    .addHelpText('after', '\nExample:\n  culvert run /etc/culvert/site.json')
    .action(async (file: string, options: { socket?: string }) => {
      const loaded = load(file);
      if (!loaded.ok) {
        process.stderr.write(report(file, loaded));
        process.exitCode = 1;
        return;
      }
      // Loaded late: `check` and the print commands need no system calls and no WebAssembly.
      const { startGateway } = await import('../daemon/gateway.js');
      process.exitCode = await runGateway(loaded, options.socket, startGateway);
    });
}

/** Runs until a signal or a failure; the exit status. */
export async function runGateway(
  loaded: Good,
  socket: string | undefined,
  start: StartGateway,
): Promise<number> {
  const { settings } = loaded;
  const log = openLog(settings.log);
  for (const warning of loaded.warnings) log.warning('config', formatWarning(warning));
  // Before the start: a signal in the middle of it must not leave routes and rules behind.
  const signalled = firstSignal(log);
  const gateway = await start(loaded, log);
  let control: ControlServer;
  try {
    control = await openControl(socket ?? defaultSocket(settings.tun.name), gateway.handlers);
  } catch (error) {
    await gateway.stop();
    throw error;
  }
  log.info('system', `ready; the control socket is ${control.path}`);
  const failure = await Promise.race([signalled, gateway.failure]);
  if (failure) log.error('system', `the gateway cannot go on: ${failure.message}`);
  await control.close();
  await gateway.stop();
  log.info('system', 'stopped');
  return failure ? 1 : 0;
}

/** Resolves at the first signal; a second one does not wait for the goodbyes. */
function firstSignal(log: Log): Promise<undefined> {
  return new Promise((resolve) => {
    let before = false;
    const signalled = (signal: NodeJS.Signals): void => {
      if (before) process.exit(1);
      before = true;
      log.info('system', `${signal}: stopping`);
      resolve(undefined);
    };
    process.on('SIGINT', signalled);
    process.on('SIGTERM', signalled);
  });
}
