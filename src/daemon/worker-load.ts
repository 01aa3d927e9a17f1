// What the workers cost: processor time of each one's thread, and how long ago its last turn was.
import { readFileSync } from 'node:fs';
import { WORKER_BEAT, WORKER_SIZE, WORKER_THREAD, WORKERS_AT } from '../contract/layout.js';

export interface WorkerLoad {
  readonly worker: number;
  /** User and system time since it started; undefined where it does not run. */
  readonly cpuSeconds: number | undefined;
  readonly beatAgeSeconds: number;
}

/** USER_HZ, which is the same on every Linux platform that Node.js runs on. */
const TICKS = 100;

export function workerLoad(memory: WebAssembly.Memory, workers: number, now: number): WorkerLoad[] {
  const view = new DataView(memory.buffer);
  return Array.from({ length: workers }, (_, worker) => {
    const at = WORKERS_AT + worker * WORKER_SIZE;
    const beat = Number(view.getBigUint64(at + WORKER_BEAT, true));
    const thread = view.getUint32(at + WORKER_THREAD, true);
    return {
      worker,
      cpuSeconds: thread === 0 ? undefined : cpuSecondsOf(thread),
      beatAgeSeconds: beat === 0 ? 0 : Math.max(0, (now - beat) / 1000),
    };
  });
}

/** utime and stime of proc_pid_stat(5), the 12th and 13th behind the name, which may hold anything. */
function cpuSecondsOf(thread: number): number | undefined {
  try {
    const text = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch (error) {
    // Between its death and its successor there is no such thread.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
