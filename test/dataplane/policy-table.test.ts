// A change of policies under lookups: in force at once or a batch later, never over a copy in use; and
// SAs that come and go without a new classifier, nor new lookups for the flows of other policies.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Flows } from '../../src/bench/flows.js';
import { flowsOf, policySet, seeded } from '../../src/bench/policy-sets.js';
import * as layout from '../../src/contract/layout.js';
import { loadModule } from '../../src/dataplane/module.js';
import { Tables } from '../../src/dataplane/tables.js';
import type { Policy } from '../../src/policy/database.js';
import { westChild } from '../assembly/site.js';
import type { LookupResult, LookupTask } from './lookup-thread.js';

const table = suite('policy table');

function gateway(): {
  memory: WebAssembly.Memory;
  tables: Tables;
  flows: Flows;
  words: Uint32Array;
} {
  const control = loadModule(layout.CONTROL_ROW);
  const { memory } = control;
  const random = (bytes: number): Uint8Array => new Uint8Array(bytes);
  const tables = new Tables(control, { workers: 1, random });
  const flows = new Flows(loadModule(0, memory));
  return { memory, tables, flows, words: new Uint32Array(memory.buffer) };
}

const PATIENCE_MS = 30_000;
const EPOCH = (layout.WORKERS_AT + layout.WORKER_EPOCH) / 4;
const LIVE = (layout.CONTROL_AT + layout.CONTROL_POLICY_COPY) / 4;
const POLICY_EPOCH = (layout.CONTROL_AT + layout.CONTROL_POLICY_EPOCH) / 4;

/** The same networks in every set, differently ordered and under ids of the set's own. */
function variant(number: number, count: number): Policy[] {
  const { policies } = policySet('mixed', 4, count);
  const turn = (number * count) / 3;
  const turned = [...policies.slice(turn), ...policies.slice(0, turn)];
  return turned.map((policy, index) => ({ ...policy, id: number * count + index }));
}

/** Fails rather than wait for a thread that a torn classifier has caught in a loop. */
const until = async (done: () => boolean): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS;
  while (!done()) {
    assert.ok(Date.now() < deadline, 'the thread that looks up is dead or caught');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

/** 300 changes: some at once behind each other, some with batches in between. */
async function changeWhile(
  tables: Tables,
  sets: readonly (readonly Policy[])[],
  shared: Int32Array,
  done: Promise<unknown[]>,
): Promise<LookupResult> {
  await until(() => Atomics.load(shared, 1) > 0);
  for (let change = 0; change < 300; change++) {
    tables.setPolicies(sets[change % 3]!);
    if (change % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    if (change % 7 === 0) {
      const seen = Atomics.load(shared, 1);
      await until(() => Atomics.load(shared, 1) > seen);
    }
  }
  Atomics.store(shared, 0, 1);
  await until(() => Atomics.load(shared, 1) < 0);
  const [result] = (await done) as [LookupResult];
  return result;
}

table(
  'a batch in work keeps its copy: of several changes the last one comes when it has ended',
  async () => {
    const { memory, tables, words } = gateway();
    const [first, second, third, fourth] = [0, 1, 2, 3].map((number) => variant(number, 30));
    tables.setPolicies(first!);
    const copyInUse = words[LIVE]!;
    const bytes = (copy: number): Buffer =>
      Buffer.concat([
        Buffer.from(memory.buffer, layout.POLICIES_AT + copy * layout.POLICIES_COPY, 30 * 128),
        Buffer.from(memory.buffer, layout.CLASSIFIERS_AT + copy * layout.CLASSIFIER_COPY, 65536),
      ]);
    Atomics.store(words, EPOCH, 1); // a batch begins: it has seen the first set
    const before = bytes(copyInUse);
    tables.setPolicies(second!);
    assert.is(words[LIVE], 1 - copyInUse, 'the first change is in force at once');
    const idAt = (index: number): number => {
      const at =
        layout.POLICIES_AT + words[LIVE]! * layout.POLICIES_COPY + index * layout.POLICY_SIZE;
      return words[(at + layout.POLICY_ID) / 4]!;
    };
    tables.setPolicies(third!);
    tables.setPolicies(fourth!);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.is(idAt(0), second![0]!.id, 'the next waits for the batch');
    assert.equal(bytes(copyInUse), before);
    Atomics.store(words, EPOCH, 2);
    await until(() => words[LIVE] === copyInUse);
    assert.is(idAt(0), fourth![0]!.id, 'the third set was never in force');
  },
);

table('more policies than have room are refused, and those in force stay', () => {
  const { tables, flows } = gateway();
  const [policy] = policySet('hub', 4, 1).policies;
  tables.setPolicies([policy!]);
  const many = new Array<Policy>(layout.MAX_POLICIES + 1).fill(policy!);
  assert.throws(() => tables.setPolicies(many), /16385 policies: at most 16384 have room/);
  flows.put(flowsOf({ name: 'hub', policies: [policy!] }, 1, seeded(1)));
  flows.look(false);
  assert.equal(flows.answers(), [policy!.id]);
});

table(
  'a worker that looks up all the while gets the old set or the new one, never a mix',
  async () => {
    const { memory, tables, flows } = gateway();
    const sets = [0, 1, 2].map((number) => variant(number, 300));
    const asked = flowsOf({ name: 'mixed', policies: sets[0]! }, 400, seeded(5));
    flows.put(asked);
    const wanted = sets.map((set) => {
      tables.setPolicies(set);
      flows.look(false);
      return flows.answers();
    });
    assert.ok(wanted[0]!.some((id, index) => id !== wanted[1]![index]));
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const task: LookupTask = { memory, asked, wanted, shared };
    const worker = new Worker(new URL('./lookup-thread.js', import.meta.url), { workerData: task });
    try {
      const result = await changeWhile(tables, sets, shared, once(worker, 'message'));
      assert.equal(result.wrong, []);
      assert.ok(result.pure.filter((batches) => batches > 0).length > 1, JSON.stringify(result));
    } finally {
      await worker.terminate();
    }
  },
);

table('SAs come and go without a new classifier or an empty flow cache', () => {
  const { tables, words } = gateway();
  tables.setPolicies(variant(0, 30));
  const [epoch, live] = [words[POLICY_EPOCH], words[LIVE]];
  const at = layout.POLICIES_AT + live! * layout.POLICIES_COPY;
  const chain = (index: number): number =>
    words[(at + index * layout.POLICY_SIZE + layout.POLICY_CHAIN) / 4]!;
  const before = [chain(3), chain(4)];
  tables.install(westChild(1, { policy: 3 }), { activate: true, pathMtu: 1500 });
  tables.install(westChild(2, { policy: 3 }), { activate: true, pathMtu: 1500 });
  tables.remove(1); // not the head: flows that use it must still look again
  assert.is(words[POLICY_EPOCH], epoch);
  assert.is(words[LIVE], live);
  assert.is(chain(3), before[0]! + 3);
  assert.is(chain(4), before[1], 'flows of another policy are left alone');
});

table.run();
