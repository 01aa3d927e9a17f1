// culvert run FILE: the daemon, in the foreground. The steps:
//   1. read the configuration            3. open the control socket
//   2. start the gateway                 4. wait for a signal or a failure, then stop both
// Meanwhile SIGHUP and `culvert reload` read the file again (`reloadFile`).
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Loaded, load } from '../config/load.js';
import { formatWarning } from '../config/problem.js';
import { type ControlServer, openControl } from '../daemon/control.js';
import { visit } from '../daemon/doctor-visit.js';
import { History } from '../daemon/history.js';
import { type Log, openLog } from '../daemon/log.js';
import { logCommands } from '../daemon/log-commands.js';
import { exposition } from '../daemon/exposition.js';
import { families } from '../daemon/metrics.js';
import { type MetricsServer, serveMetrics } from '../daemon/metrics-server.js';
import { formatReload, ReloadError, type ReloadResult } from '../daemon/reload.js';
import type { RunningGateway, StartGateway } from '../daemon/running.js';
import { report } from './check.js';
import { defaultSocket } from './socket.js';
import { version } from './version.js';

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
      process.exitCode = await runGateway(resolve(file), loaded, options.socket, startGateway);
    });
}

/** Runs until a signal or a failure; the exit status. */
export async function runGateway(
  file: string,
  loaded: Good,
  socket: string | undefined,
  start: StartGateway,
): Promise<number> {
  const { settings } = loaded;
  const history = new History();
  const log = openLog(settings.log, process.stderr, (row) => history.add(row));
  for (const warning of loaded.warnings) log.warning('config', formatWarning(warning));
  // Before the start: a signal in the middle of it must not leave routes and rules behind.
  const signalled = firstSignal(log);
  const gateway = await start(loaded, log);
  const reload = (): Promise<ReloadResult> => reloadFile(file, gateway, log);
  const hangup = (): void => void reload().catch(() => {});
  process.on('SIGHUP', hangup);
  let control: ControlServer;
  try {
    const { handlers, streams } = logCommands(history);
    control = await openControl(
      socket ?? defaultSocket(settings.tun.name),
      {
        ...gateway.handlers,
        ...handlers,
        reload,
        'configuration path': () => file,
        doctor: ({ peer }) => visit(file, gateway, peer),
      },
      { ...streams, ...gateway.streams },
    );
  } catch (error) {
    process.off('SIGHUP', hangup);
    await gateway.stop();
    throw error;
  }
  const metrics = await serve(settings.metrics, gateway, log);
  log.info('system', `ready; the control socket is ${control.path}`);
  const failure = await Promise.race([signalled, gateway.failure]);
  if (failure) log.error('system', `the gateway cannot go on: ${failure.message}`);
  await control.close();
  await metrics?.close();
  await gateway.stop();
  process.off('SIGHUP', hangup);
  log.info('system', 'stopped');
  return failure ? 1 : 0;
}

/** A port that is taken costs the figures, not the tunnels. */
async function serve(
  settings: Good['settings']['metrics'],
  gateway: RunningGateway,
  log: Log,
): Promise<MetricsServer | undefined> {
  const text = (): string => exposition(families({ ...gateway.figures(), version: version() }));
  try {
    const server = await serveMetrics(settings, text);
    const { address, port } = settings;
    if (server) log.info('system', `metrics are at address ${address}, port ${port}, /metrics`);
    return server;
  } catch (error) {
    log.error('system', (error as Error).message);
    return undefined;
  }
}

/** The file as it is now; one with errors changes nothing. Success and failure are logged. */
async function reloadFile(file: string, gateway: RunningGateway, log: Log): Promise<ReloadResult> {
  try {
    const loaded = load(file);
    if (!loaded.ok) throw new ReloadError(report(file, loaded).trimEnd());
    for (const warning of loaded.warnings) log.warning('config', formatWarning(warning));
    const result = await gateway.reload(loaded);
    log.info('system', `reloaded ${file}: ${formatReload(result)}`);
    return result;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    log.error('system', `${file} is not taken over, the gateway goes on as before: ${text}`);
    throw error;
  }
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
