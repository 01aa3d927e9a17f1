// Where this instance works: every worker attaches its instance to its own row of the shared memory.
// Globals here are set once at attach and constant from then on; all mutable state lives in memory.
import {
  CONTROL_AT,
  CONTROL_VERSION,
  COUNTERS_AT,
  COUNTERS_ROW,
  LAYOUT_VERSION,
  WORKER_SCRATCH,
  WORKER_SIZE,
  WORKERS_AT,
} from '../src/contract/layout';

/** First byte of this instance's worker region. */
export let workerAt: usize = WORKERS_AT;
/** First byte of this instance's row of counters. */
export let countersAt: usize = COUNTERS_AT;
/**
 * 64 KiB of scratch for the kernels of this instance. Quarters by owner: 0 aes, 16384 hash,
 * 32768 chacha20-poly1305, 49152 packet path.
 */
export let scratchAt: usize = WORKERS_AT + WORKER_SCRATCH;

/** Binds this instance to a worker row (0 … CONTROL_ROW) before anything else is called. */
export function attach(row: u32): void {
  workerAt = WORKERS_AT + row * WORKER_SIZE;
  countersAt = COUNTERS_AT + row * COUNTERS_ROW;
  scratchAt = workerAt + WORKER_SCRATCH;
  store<u32>(CONTROL_AT + CONTROL_VERSION, LAYOUT_VERSION);
}
