// Loaded into a daemon by `node --import`: on SIGUSR2 every outbound SA has sent nearly all the packets it
// may, so many that live traffic would take hours. What the file CULVERT_TEST_OVERFLOW holds is the number
// sent last. The product has no such door: the hook takes the memory from the tasks of the pools.
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { SA_FLAG_OUTBOUND, SA_MATURE } from '../../src/contract/ids.js';
import { SA_FLAGS, SA_SEQ, SA_SIZE, SA_STATE, SAS_AT } from '../../src/contract/layout.js';
import type { WorkerTask } from '../../src/dataplane/worker.js';

const SLOTS = 64; // more than a test installs
let memory: WebAssembly.Memory | undefined;

function advance(): void {
  const last = BigInt(readFileSync(process.env.CULVERT_TEST_OVERFLOW!, 'utf8'));
  for (let slot = 0; slot < SLOTS; slot++) {
    const record = new DataView(memory!.buffer, SAS_AT + slot * SA_SIZE, SA_SIZE);
    const used = record.getUint32(SA_STATE, true) === SA_MATURE;
    if (!used || (record.getUint32(SA_FLAGS, true) & SA_FLAG_OUTBOUND) === 0) continue;
    record.setBigUint64(SA_SEQ, last, true);
  }
}

if (isMainThread) {
  const run = Piscina.prototype.run;
  Piscina.prototype.run = function (this: Piscina, task: WorkerTask, ...rest) {
    memory = task.memory ?? memory;
    return run.call(this, task, ...rest);
  };
  process.on('SIGUSR2', advance);
}
