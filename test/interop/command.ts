// Runs commands, inside a network namespace where one is named, polls for conditions with a
// deadline, and keeps the list of what must be undone when this process ends, however it ends.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface Finished {
  readonly status: number;
  readonly output: string;
}

/** A machine under load is slow, not broken: deadlines are generous and only failures reach them. */
export const PATIENCE_SECONDS = 30;

/** A look is a process or two: what takes long is not asked for twenty times a second. */
const FIRST_WAIT_MS = 20;
const LAST_WAIT_MS = 250;

const inside = (namespace: string | undefined, argv: readonly string[]): readonly string[] =>
  namespace === undefined ? argv : ['ip', 'netns', 'exec', namespace, ...argv];

/** Runs to the end; standard output and error in one text. */
export function run(namespace: string | undefined, argv: readonly string[]): Promise<Finished> {
  const [command = '', ...args] = inside(namespace, argv);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ status: code ?? -1, output: signal ? `${output}(ended by ${signal})` : output }),
    );
  });
}

/** Runs a shell script, stopping at its first failing line, and throws what it said. */
export async function shell(namespace: string | undefined, script: string): Promise<string> {
  const { status, output } = await run(namespace, ['sh', '-ec', script]);
  if (status !== 0) throw new Error(`exit status ${status} of:\n${script}\n${output}`);
  return output;
}

/** Starts a process that goes on; its output goes to a file. It is killed when this process ends. */
export function background(
  namespace: string | undefined,
  argv: readonly string[],
  logPath: string,
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const [command = '', ...args] = inside(namespace, argv);
  const log = openSync(logPath, 'a');
  const child = spawn(command, args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...environment },
  });
  const forget = atExit(() => child.kill('SIGKILL'));
  child.on('close', forget);
  return child;
}

export const isRunning = (child: ChildProcess): boolean =>
  child.exitCode === null && child.signalCode === null;

/** Sends a signal and waits for the end; kills what does not end in time and says so by throwing. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals, what: string) {
  if (!isRunning(child)) return;
  child.kill(signal);
  try {
    await eventually(`${what} to end after ${signal}`, () => !isRunning(child));
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Polls until `look` gives something truthy; throws at the deadline, with `explain` added. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  seconds = PATIENCE_SECONDS,
  explain: () => string | Promise<string> = () => '',
): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = Date.now() + seconds * 1000;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(1.5 * waitMs, LAST_WAIT_MS)) {
    const found = await look();
    if (found) return found as Exclude<NonNullable<T>, false>;
    if (Date.now() > deadline) {
      throw new Error(`waited ${seconds} s for ${what}\n${await explain()}`);
    }
    await pause(waitMs);
  }
}

/** A failure with what the processes said, for a reader who has no other trace of the run. */
export function withLogs(error: unknown, logs: readonly (() => string)[]): Error {
  const { message, details = '' } = error as Error & { readonly details?: string };
  const said = logs.map((log) => log()).join('\n');
  const wrapped = new Error(`${message}\n${details}\n${said}`);
  // uvu prints message and stack: without this the logs would stand there twice.
  wrapped.stack = (error as Error).stack ?? '';
  return wrapped;
}

const undo = new Set<() => void>();

/** Registers a synchronous clean-up for the end of the process; returns the way to forget it. */
export function atExit(action: () => void): () => void {
  undo.add(action);
  return () => undo.delete(action);
}

process.on('exit', () => {
  for (const action of [...undo].reverse()) action();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(1));
}

/** For clean-ups only, where nothing can be awaited any more. */
export function runNow(argv: readonly string[]): string {
  const [command = '', ...args] = argv;
  return spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '';
}
