// A thread of policy-table.test.ts: looks flows up as a worker does, batch by batch, while the main
// thread changes the policies; counts answers by what they are.
import { parentPort, workerData } from 'node:worker_threads';
import { Flows, type Flow } from '../../src/bench/flows.js';
import { WORKER_EPOCH, WORKERS_AT } from '../../src/contract/layout.js';
import { loadModule } from '../../src/dataplane/module.js';

/** What a flow may be told: the id of the policy in each of the sets, by turns in force. */
export type Wanted = readonly (number | 'ambiguous' | undefined)[];

export interface LookupTask {
  readonly memory: WebAssembly.Memory;
  readonly asked: readonly Flow[];
  readonly wanted: readonly Wanted[];
  /** Word 0: 1 when the main thread is done; word 1: batches so far, -1 at the end. */
  readonly shared: Int32Array;
}

export interface LookupResult {
  /** Batches that were answered by each set alone. */
  readonly pure: number[];
  /** Batches in which the sets changed. */
  readonly mixed: number;
  readonly wrong: string[];
}

const { memory, asked, wanted, shared } = workerData as LookupTask;
const flows = new Flows(loadModule(0, memory));
flows.put(asked);
const words = new Uint32Array(memory.buffer);
const epoch = (WORKERS_AT + WORKER_EPOCH) / 4;
const result: LookupResult & { mixed: number } = {
  pure: wanted.map(() => 0),
  mixed: 0,
  wrong: [],
};

for (let batch = 0; Atomics.load(shared, 0) === 0; batch++) {
  Atomics.add(words, epoch, 1);
  flows.look(batch % 2 === 1);
  // inside the batch: the ids are read from the copy that was in use
  const answers = flows.answers();
  Atomics.add(words, epoch, 1);
  const alone = wanted.findIndex((set) => set.every((id, index) => answers[index] === id));
  if (alone >= 0) result.pure[alone]!++;
  else result.mixed++;
  answers.forEach((answer, index) => {
    if (wanted.some((set) => set[index] === answer)) return;
    if (result.wrong.length < 5) result.wrong.push(`batch ${batch}, flow ${index}: ${answer}`);
  });
  Atomics.store(shared, 1, batch);
}
Atomics.store(shared, 1, -1);
parentPort!.postMessage(result);
