// A thread of replay.test.ts: presents numbers `first` … `first + numbers - 1` to a shared SA as packets
// with a right ICV, block after block, each block in an order of its own and then the block before it
// again. All threads go from block to block together, so that they meet on the same words.
import { parentPort, workerData } from 'node:worker_threads';
import { loadModule } from '../../src/dataplane/module.js';

export interface ReplayTask {
  readonly memory: WebAssembly.Memory;
  readonly row: number;
  readonly sa: number;
  readonly first: bigint;
  readonly numbers: number;
  /** A power of two. */
  readonly block: number;
  readonly threads: number;
  /** How many threads have come to the end of a block, counted on. */
  readonly barrier: Int32Array;
  /** Per number, how often it was taken. */
  readonly taken: Uint8Array;
}

const task = workerData as ReplayTask;
const { exports } = loadModule(task.row, task.memory);
const { checkReplay, commitReplay, inferSequence } = exports as unknown as {
  checkReplay(sa: number, sequence: bigint): number;
  commitReplay(sa: number, sequence: bigint): number;
  inferSequence(sa: number, low: number): bigint;
};

/** What the packet path does: infer, check; a wrong high half fails the ICV; commit. */
function present(index: number): void {
  const sequence = task.first + BigInt(index);
  const inferred = inferSequence(task.sa, Number(BigInt.asIntN(32, sequence)));
  if (inferred !== sequence || checkReplay(task.sa, sequence) === 0) return;
  if (commitReplay(task.sa, sequence) !== 0) Atomics.add(task.taken, index, 1);
}

function meet(target: number): void {
  const { barrier } = task;
  if (Atomics.add(barrier, 0, 1) + 1 === target) Atomics.notify(barrier, 0);
  for (let seen = Atomics.load(barrier, 0); seen < target; seen = Atomics.load(barrier, 0)) {
    Atomics.wait(barrier, 0, seen);
  }
}

let presented = 0;
for (let from = 0, round = 1; from < task.numbers; from += task.block, round++) {
  const factor = 2 * (task.row * 7919 + round) + 1; // odd: a permutation of the block
  for (const start of [from, from - task.block]) {
    for (let i = 0; i < task.block && start >= 0; i++) {
      present(start + ((Math.imul(i, factor) + task.row * 31) & (task.block - 1)));
      presented++;
    }
  }
  meet(round * task.threads);
}
parentPort!.postMessage(presented);
