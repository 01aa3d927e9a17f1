// The classifier finds what a linear scan finds, for ranges of every kind and for the sets that
// `culvert bench policy` times; and it stays within the memory and the depth that it promises.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Flows } from '../../src/bench/flows.js';
import { flowsOf, policySet, SETS, seeded as seededSet } from '../../src/bench/policy-sets.js';
import * as layout from '../../src/contract/layout.js';
import { writeClassifier } from '../../src/dataplane/classifier.js';
import type { ClassifierSize } from '../../src/dataplane/classifier-room.js';
import { loadModule } from '../../src/dataplane/module.js';
import { Tables } from '../../src/dataplane/tables.js';
import { prefixRange } from '../../src/policy/address.js';
import type { Policy } from '../../src/policy/database.js';
import { seeded } from '../assembly/arena.js';
import { firstInRange, type RangePolicy } from '../reference/policy.js';
import { edgeFlow, randomRanges, writeRanges } from './ranges.js';

const classifier = suite('classifier');
const control = loadModule(layout.CONTROL_ROW);
const module = loadModule(0, control.memory);
const { memory } = module;
const view = new DataView(memory.buffer);
const flows = new Flows(module);
const tables = new Tables(control, { workers: 1, random: (bytes) => new Uint8Array(bytes) });
const liveCopy = (): number => view.getUint32(layout.CONTROL_AT + layout.CONTROL_POLICY_COPY, true);

/** Puts range policies in force, as PolicyTable does. */
function publish(policies: readonly RangePolicy[]): ClassifierSize {
  const copy = 1 - liveCopy();
  writeRanges(memory, copy, policies);
  const size = writeClassifier(memory, copy, policies.length);
  view.setUint32(layout.CONTROL_AT + layout.CONTROL_POLICY_COPY, copy, true);
  return size;
}

const asRanges = (policy: Policy): RangePolicy => {
  const range = (prefix: Policy['src']): [bigint, bigint] => {
    const { start, end } = prefixRange(prefix);
    return [start, end];
  };
  const port = (value: number | undefined): [number, number] =>
    value === undefined ? [0, 65535] : [value, value];
  return {
    ...policy,
    family: policy.src.address.family,
    src: range(policy.src),
    dst: range(policy.dst),
    srcPort: port(policy.srcPort),
    dstPort: port(policy.dstPort),
    protocol: policy.protocol || 256,
  };
};

/** Nodes on the longest path, and every reference of the trees, checked to stay inside the copy. */
function depthOf(reference: number, copy: number): number {
  const kind = reference % 4;
  if (reference === 0 || kind === layout.REF_POLICY) return 0;
  const base = layout.CLASSIFIERS_AT + copy * layout.CLASSIFIER_COPY;
  assert.ok(reference >= base + layout.CLASSIFIER_HEADER);
  assert.ok(reference < base + layout.CLASSIFIER_COPY);
  if (kind === layout.REF_LIST) return 0;
  const child = (offset: number): number => depthOf(view.getUint32(reference + offset, true), copy);
  const children = [layout.NODE_BELOW, layout.NODE_ABOVE, layout.NODE_ACROSS].map(child);
  return 1 + Math.max(...children);
}

function checkBounds(size: ClassifierSize, count: number, name: string): void {
  const most = 2 * layout.CLASSIFIER_PLACES * count;
  assert.ok(size.places <= most, `${name}: ${size.places} places`);
  assert.ok(size.nodes <= Math.max(0, size.places - 1), `${name}: ${size.nodes} nodes`);
  assert.ok(size.bytes <= layout.CLASSIFIER_HEADER + most * layout.CLASSIFIER_PLACE, name);
  const copy = liveCopy();
  const roots = layout.CLASSIFIERS_AT + copy * layout.CLASSIFIER_COPY + layout.CLASSIFIER_ROOTS;
  for (let root = 0; root < 4; root++) {
    const depth = depthOf(view.getUint32(roots + 4 * root, true), copy);
    assert.ok(depth <= layout.CLASSIFIER_DEPTH, `${name}: a path of ${depth} nodes`);
  }
}

for (const count of [0, 1, 2, 3, 7, 30, 200, 1000]) {
  classifier(`${count} policies of ranges: at every edge what a linear scan finds`, () => {
    for (const places of [3, 12, 5000]) {
      const random = seeded(count + places);
      for (let round = 0; round < (count < 100 ? 20 : 2); round++) {
        const policies = randomRanges(random, count, { places });
        const size = publish(policies);
        checkBounds(size, count, `${places} places`);
        const asked = Array.from({ length: 500 }, () => edgeFlow(random, policies));
        flows.put(asked);
        flows.look(false);
        const found = flows.answers();
        for (const [index, flow] of asked.entries()) {
          const wanted = firstInRange(policies, flow);
          if (found[index] !== wanted) assert.is(found[index], wanted, describe(flow));
        }
      }
    }
  });
}

const describe = (flow: object): string =>
  JSON.stringify(flow, (_, value) => (typeof value === 'bigint' ? value.toString(16) : value));

for (const name of SETS) {
  for (const family of [4, 6] as const) {
    classifier(`10,000 policies "${name}" of IPv${family}: the first match, cached or not`, () => {
      const set = policySet(name, family, 10_000);
      tables.setPolicies(set.policies);
      const policies = set.policies.map(asRanges);
      const random = seededSet(family);
      const drawn = flowsOf(set, 60, random);
      const asked = [...drawn, ...drawn.slice(0, 20).map((flow) => ({ ...flow, later: true }))];
      const wanted = asked.map((flow) => firstInRange(policies, flow));
      flows.put(asked);
      for (const cached of [false, true, true]) {
        flows.look(cached);
        assert.equal(flows.answers(), wanted);
      }
    });
  }
}

classifier('a full table of policies that all lie over each other keeps to its memory', () => {
  const random = seeded(9);
  const count = layout.MAX_POLICIES;
  const policies = randomRanges(random, count, { places: 4000 }).map((policy) => ({
    ...policy,
    family: 6 as const,
    // no policy hides another: each has a corner of its own
    src: [BigInt(policy.id), BigInt(count + policy.id)] as const,
    dst: [BigInt(count - policy.id), BigInt(2 * count - policy.id)] as const,
    protocol: 256,
  }));
  checkBounds(publish(policies), count, 'staircase');
  const at = (value: number): { family: 6; value: bigint } => ({ family: 6, value: BigInt(value) });
  const asked = Array.from({ length: 40 }, () => ({
    src: at(random.number(2 * count)),
    dst: at(random.number(2 * count)),
    protocol: 6,
    srcPort: random.number(65536),
    dstPort: random.number(65536),
    later: random.number(4) === 0,
  }));
  flows.put(asked);
  flows.look(false);
  assert.equal(
    flows.answers(),
    asked.map((flow) => firstInRange(policies, flow)),
  );
});

classifier.run();
