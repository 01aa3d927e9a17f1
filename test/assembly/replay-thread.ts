// A thread of replay.test.ts: takes every number 1 … n, in stretches turned round, on a shared SA.
import { parentPort, workerData } from 'node:worker_threads';
import { loadModule } from '../../src/dataplane/module.js';

const { memory, row, sa, numbers } = workerData as {
  memory: WebAssembly.Memory;
  row: number;
  sa: number;
  numbers: number;
};
const { exports } = loadModule(row, memory);
const { checkReplay, commitReplay } = exports as unknown as Record<
  string,
  (sa: number, sequence: bigint) => number
>;
const STRETCH = 64;

let taken = 0;
for (let first = 1; first <= numbers; first += STRETCH) {
  for (let i = Math.min(STRETCH, numbers - first + 1) - 1; i >= 0; i--) {
    const sequence = BigInt(first + i);
    if (checkReplay!(sa, sequence) !== 0 && commitReplay!(sa, sequence) !== 0) taken++;
  }
}
parentPort!.postMessage(taken);
