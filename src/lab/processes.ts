// The processes of a lab: started in a namespace, their output kept for the case of failure, their
// processor time read, and none of them left behind however this process ends (but SIGKILL).
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Namespace } from '../net/namespace.js';

/** USER_HZ: fixed at 100 for every architecture that Node.js runs on (proc(5), sysconf(3)). */
const TICKS_PER_SECOND = 100;
const STOP_MS = 5_000;
const undo = new Set<() => void>();
let listening = false;

/** Registers a synchronous clean-up for the end of this process; returns the way to forget it. */
export function atExit(action: () => void): () => void {
  if (!listening) listen();
  undo.add(action);
  return () => undo.delete(action);
}

function listen(): void {
  listening = true;
  process.on('exit', () => {
    for (const action of [...undo].reverse()) action();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** Kills `child` when this process ends before it. */
export function tether(child: ChildProcess): ChildProcess {
  const forget = atExit(() => child.kill('SIGKILL'));
  child.on('close', forget);
  return child;
}

/** Starts a command inside; what it says goes to `log`, also that it could not be started. */
export function spawnLogged(
  namespace: Namespace,
  argv: readonly [string, ...string[]],
  log: string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  const [command, ...args] = argv;
  const options: SpawnOptions = {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  };
  const child = tether(namespace.spawn(command, args, options));
  child.on('error', (error) => log.push(`${command}: ${error.message}\n`));
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => log.push(text));
  }
  return child;
}

export const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

/** SIGTERM, and SIGKILL for what does not end in time. */
export async function stopAll(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.filter(isRunning).map(async (child) => {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await closed;
      clearTimeout(late);
    }),
  );
}

/** Seconds of processor time, user and system, of the processes with all their threads. */
export function processorSeconds(children: readonly ChildProcess[]): number {
  const ticks = children.map(({ pid }) => ticksOf(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}

/** utime and stime, fields 14 and 15 of proc(5); field 2, the name, may hold anything. */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Polls until `look` gives true; throws `what` at the deadline, or at once when `look` throws. */
export async function eventually(
  what: string,
  look: () => boolean | Promise<boolean>,
  seconds = 20,
): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; !(await look()); ) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
