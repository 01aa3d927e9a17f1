// Loaded into a daemon by `node --import`: brings one of its workers down on SIGUSR2, the one that has
// delivered most. What the file CULVERT_TEST_CRASH holds says how:
//   thread   its thread is ended from outside, wherever it is
//   trap     its flow cache is filled with policies that do not exist: WASM traps at its next packet
// The product has no such door: the hook takes the pools as they start their tasks.
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { IN_PACKETS } from '../../src/contract/drops.js';
import {
  COUNTERS_AT,
  COUNTERS_ROW,
  FLOW_ENTRIES,
  FLOW_ENTRY,
  FLOW_POLICY,
  WORKER_FLOWS,
  WORKER_SIZE,
  WORKERS_AT,
} from '../../src/contract/layout.js';
import type { WorkerTask } from '../../src/dataplane/worker.js';

/** Beyond the end of any memory of ours. */
const NO_ADDRESS = 0xffff_ff00;
const running = new Map<number, { readonly pool: Piscina; readonly task: WorkerTask }>();

function delivered({ memory, row }: WorkerTask): bigint {
  const at = COUNTERS_AT + row * COUNTERS_ROW + IN_PACKETS * 8;
  return new DataView(memory.buffer).getBigUint64(at, true);
}

function crash(): void {
  const [busiest] = [...running.values()].sort((a, b) =>
    delivered(a.task) < delivered(b.task) ? 1 : -1,
  );
  const { pool, task } = busiest!;
  if (readFileSync(process.env.CULVERT_TEST_CRASH!, 'utf8') === 'thread') {
    void pool.threads[0]!.terminate();
    return;
  }
  const view = new DataView(task.memory.buffer, WORKERS_AT + task.row * WORKER_SIZE + WORKER_FLOWS);
  for (let flow = 0; flow < FLOW_ENTRIES; flow++) {
    view.setUint32(flow * FLOW_ENTRY + FLOW_POLICY, NO_ADDRESS, true);
  }
}

if (isMainThread) {
  const run = Piscina.prototype.run;
  Piscina.prototype.run = function (this: Piscina, task: WorkerTask, ...rest) {
    if (task.memory !== undefined) running.set(task.row, { pool: this, task });
    return run.call(this, task, ...rest);
  };
  process.on('SIGUSR2', crash);
}
