// Counters of the packet path: a row per worker, a column per cause (src/contract/drops.ts); one
// writer each, so a sum over the rows is all it takes. Their names are src/daemon/counter-names.ts's.
import { COUNTERS_AT, COUNTERS_ROW, WORKER_ROWS } from '../contract/layout.js';

/** A column summed over all workers; exact up to 2^53. */
export function readCounter(memory: WebAssembly.Memory, column: number): number {
  const view = new DataView(memory.buffer, COUNTERS_AT, WORKER_ROWS * COUNTERS_ROW);
  let sum = 0n;
  for (let row = 0; row < WORKER_ROWS; row++) {
    sum += view.getBigUint64(row * COUNTERS_ROW + column * 8, true);
  }
  return Number(sum);
}
