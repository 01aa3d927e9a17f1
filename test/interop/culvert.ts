// The gateway under test: `culvert run FILE` in a namespace, as a user would start it, and stopped by
// SIGTERM. Commands go through its own command line; rows, which tests wait for, straight over the
// control socket: a process of Node.js for every look would keep the machine busy with looking.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from '../../src/cli/socket.js';
import type {
  ActivePeerRow,
  InstalledSaRow,
  PolicyRow,
  StatisticsRow,
} from '../../src/daemon/rows.js';
import { background, eventually, type Finished, isRunning, run, stop } from './command.js';
import { readOr } from './strongswan.js';

/** An entry of a menu: RouterOS's property names, as a user writes them. */
export type Entry = Readonly<Record<string, string | number | boolean>>;

export interface Configuration {
  readonly peer: readonly Entry[];
  readonly identity: readonly Entry[];
  readonly profile?: readonly Entry[];
  readonly proposal?: readonly Entry[];
  readonly policy: readonly Entry[];
  readonly certificate?: readonly Entry[];
  readonly user?: readonly Entry[];
  readonly tun?: Entry;
  readonly log?: Entry;
  readonly metrics?: Entry;
  /** Menus that few scenarios need. */
  readonly [menu: string]: Entry | readonly Entry[] | undefined;
}

interface Prints {
  readonly 'policy print': readonly PolicyRow[];
  readonly 'active-peers print': readonly ActivePeerRow[];
  readonly 'installed-sa print': readonly InstalledSaRow[];
  readonly 'statistics print': StatisticsRow;
}

export interface Culvert {
  print<C extends keyof Prints>(command: C): Promise<Prints[C]>;
  /** Any other command; throws unless it ends with 0. */
  command(...words: string[]): Promise<string>;
  /** What `culvert doctor` says, and its exit status. */
  doctor(): Promise<Finished>;
  /** A command that goes on, in the background; its output is in `path`. */
  spawn(path: string, ...words: string[]): ChildProcess;
  /** The same as a shell would write it. */
  shellCommand(...words: string[]): string;
  /** Until a row of active-peers is established. */
  established(): Promise<ActivePeerRow>;
  log(): string;
  logged(pattern: RegExp): Promise<void>;
  running(): boolean;
  /** SIGTERM; resolves when the process has ended with status 0. */
  stop(): Promise<void>;
  /** SIGKILL: the daemon undoes nothing. */
  kill(): Promise<void>;
}

export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export async function startCulvert(
  namespace: string,
  folder: string,
  configuration: Configuration,
): Promise<Culvert> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'culvert.json');
  const logPath = join(folder, 'culvert.out');
  const socketPath = join(folder, 'control', 'culvert.sock');
  const socket = ['--socket', socketPath];
  const written = { log: { level: 'debug' }, ...configuration };
  writeFileSync(file, JSON.stringify(written, undefined, 2), { mode: 0o600 });
  const argv = [process.execPath, MAIN, 'run', file, ...socket];
  // What outlives a run stays with the test: nothing of the host's own gateway is read or written.
  const child = background(namespace, argv, logPath, { STATE_DIRECTORY: folder });
  const log = (): string => readOr(logPath);
  const culvert = (...words: string[]) =>
    run(namespace, [process.execPath, MAIN, ...words, ...socket]);

  const command = async (...words: string[]): Promise<string> => {
    const { status, output } = await culvert(...words);
    if (status !== 0) throw new Error(`culvert ${words.join(' ')}: ${output}\n${log()}`);
    return output;
  };
  const print = async <C extends keyof Prints>(name: C): Promise<Prints[C]> =>
    (await ask(socketPath, name)) as Prints[C];
  const answers = () =>
    ask(socketPath, 'policy print').then(
      () => true,
      () => false,
    );
  const up = async () => !isRunning(child) || answers();
  await eventually('culvert to answer on its control socket', up, undefined, log);
  if (!isRunning(child)) throw new Error(`culvert did not start:\n${log()}`);

  return {
    print,
    command,
    doctor: () => culvert('doctor', 'sun'),
    shellCommand: (...words) =>
      ['ip', 'netns', 'exec', namespace, process.execPath, MAIN, ...words, ...socket].join(' '),
    spawn: (path, ...words) =>
      background(namespace, [process.execPath, MAIN, ...words, ...socket], path),
    established: () => {
      const look = async () =>
        (await print('active-peers print')).find(({ state }) => state === 'established');
      return eventually('an established peer in active-peers', look, undefined, log);
    },
    log,
    logged: async (pattern) =>
      void (await eventually(
        `culvert's log to have ${pattern}`,
        () => pattern.test(log()),
        30,
        log,
      )),
    running: () => isRunning(child),
    kill: () => stop(child, 'SIGKILL', 'culvert'),
    stop: async () => {
      if (!isRunning(child)) throw new Error(`culvert had ended by itself:\n${log()}`);
      await stop(child, 'SIGTERM', 'culvert');
      if (child.exitCode !== 0) {
        throw new Error(`culvert ended with ${child.exitCode ?? child.signalCode}:\n${log()}`);
      }
    },
  };
}
