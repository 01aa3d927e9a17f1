// Loaded into a daemon by bench ike (`node --import`): how long its event loop lets others wait, written
// once a second to the file that CULVERT_BENCH_LOOP names; SIGUSR2 begins anew.
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env.CULVERT_BENCH_LOOP;
const MS = 1e6;

/** Milliseconds; the histogram's own step is a millisecond, which is taken off. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

if (isMainThread && file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on('SIGUSR2', () => delay.reset());
  setInterval(() => {
    const beyond = (nanoseconds: number): number => Math.max(0, nanoseconds / MS - 1);
    const found: LoopDelay = {
      p50: beyond(delay.percentile(50)),
      p99: beyond(delay.percentile(99)),
      max: beyond(delay.max),
    };
    writeFileSync(`${file}.new`, JSON.stringify(found));
    renameSync(`${file}.new`, file);
  }, 1000).unref();
}
