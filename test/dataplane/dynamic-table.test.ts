// Policies made from templates, among the ordered ones: each flow gets the policy that stands first when
// made ones stand in their template's place; one more or less costs the same among a thousand.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Flows } from '../../src/bench/flows.js';
import { flowsOf, policySet, seeded } from '../../src/bench/policy-sets.js';
import * as layout from '../../src/contract/layout.js';
import { loadModule } from '../../src/dataplane/module.js';
import { Tables } from '../../src/dataplane/tables.js';
import { addressBits, formatAddress, parsePrefix } from '../../src/policy/address.js';
import { type DynamicPolicy, FIRST_DYNAMIC } from '../../src/policy/database.js';
import type { Policy, Template } from '../../src/policy/database.js';
import { ordered } from '../../src/policy/template.js';
import { westChild } from '../assembly/site.js';
import { firstMatch } from '../reference/policy.js';

const dynamic = suite('dynamic policies');
const ALL = parsePrefix('::/0')!;
const EPOCH = (layout.CONTROL_AT + layout.CONTROL_POLICY_EPOCH) / 4;

function gateway() {
  const control = loadModule(layout.CONTROL_ROW);
  const random = (bytes: number): Uint8Array => new Uint8Array(bytes);
  const tables = new Tables(control, { workers: 1, random });
  return { tables, flows: new Flows(loadModule(0, control.memory)), memory: control.memory };
}

const template = (policy: Policy, id: number, place: number): Template => ({
  ...policy,
  id,
  place,
  src: ALL,
  dst: ALL,
  protocol: 0,
  srcPort: undefined,
  dstPort: undefined,
  group: 'default',
});

const made = (policy: Policy, number: number, from: Template): DynamicPolicy => ({
  ...policy,
  id: FIRST_DYNAMIC + number,
  place: from.place,
  template: from.id,
  templates: [from.id],
  owner: FIRST_DYNAMIC + number,
  notrackChain: undefined,
  allPorts: false,
  agreed: { local: [], remote: [] },
  served: { local: [], remote: [] },
});

/** What a table in which made policies stand in their template's place would say. */
function expected(
  entries: readonly (Policy | Template)[],
  there: ReadonlyMap<number, DynamicPolicy>,
  flow: Parameters<Flows['put']>[0][number],
): number | 'ambiguous' | undefined {
  const inPlace = entries.flatMap((entry): Policy[] => {
    if (!('group' in entry)) return [entry];
    const family = entry.src.address.family;
    const own = [...there.values()].filter((one) => one.template === entry.id);
    return own.filter(({ dst }) => dst.address.family === family).sort((a, b) => a.id - b.id);
  });
  const words = { src: formatAddress(flow.src), dst: formatAddress(flow.dst) };
  const found = firstMatch(inPlace, { ...flow, ...words });
  return typeof found === 'object' ? found.id : found;
}

dynamic('among ordered policies each stands in the place of its template', () => {
  for (const family of [4, 6] as const) {
    const { tables, flows } = gateway();
    const random = seeded(family);
    const set = policySet('mixed', family, 60);
    const [first] = set.policies;
    // three templates: before all, in the middle, behind all
    const templates = [0, 1, 2].map((index) => template(first!, 1000 + index, index * 30 - 0.5));
    const entries = ordered({ policies: set.policies, templates });
    tables.setPolicies(entries);
    const pool = policySet('nested', family, 120).policies;
    const there = new Map<number, DynamicPolicy>();
    const asked = [
      ...flowsOf(set, 300, random),
      ...flowsOf({ name: 'nested', policies: pool }, 300, random),
      ...flowsOf(set, 100, random).map((flow) => ({ ...flow, later: true })),
    ];
    for (let change = 0; change < 100; change++) {
      const number = random(pool.length);
      const id = FIRST_DYNAMIC + number;
      if (there.has(id)) {
        tables.removeDynamic(id);
        there.delete(id);
      } else {
        // the very same prefixes, or one host of them
        const one = pool[number]!;
        const host = { ...one.dst, bits: addressBits(family) };
        const policy = random(2) === 0 ? one : { ...one, dst: host };
        const next = made(policy, number, templates[random(3)]!);
        tables.addDynamic(next);
        there.set(id, next);
      }
      if (change % 20 !== 19) continue;
      flows.put(asked);
      for (const cached of [true, false]) {
        flows.look(cached);
        flows.answers().forEach((answer, index) => {
          const wanted = expected(entries, there, asked[index]!);
          assert.is(answer, wanted, `change ${change}, flow ${index}, cached ${cached}`);
        });
      }
    }
  }
});

/** One client's: everything of ours, one address of the pool. */
const client = (from: Template, number: number): DynamicPolicy => ({
  ...made(from, number, from),
  src: parsePrefix('0.0.0.0/0')!,
  dst: parsePrefix(`198.18.${number >> 8}.${number & 255}/32`)!,
});

dynamic(
  'the thousandth client costs what the first did, and the ordered table is left alone',
  () => {
    const { tables, memory } = gateway();
    const [first] = policySet('hub', 4, 1).policies;
    const from = template(first!, 7, 0);
    tables.setPolicies(ordered({ policies: [first!], templates: [from] }));
    const ordinary = (): Buffer =>
      Buffer.from(memory.buffer, layout.POLICIES_AT, layout.POLICIES_SIZE);
    const before = Buffer.from(ordinary());
    const costs: number[] = [];
    for (let number = 0; number < 1000; number++) {
      const writes = tables.dynamics.writes;
      tables.addDynamic(client(from, number));
      costs.push(tables.dynamics.writes - writes);
    }
    assert.equal([...new Set(costs)], [costs[0]], 'each costs the same');
    assert.ok(ordinary().equals(before));
    const removals = Array.from({ length: 1000 }, (_, number) => {
      const writes = tables.dynamics.writes;
      tables.removeDynamic(FIRST_DYNAMIC + number);
      return tables.dynamics.writes - writes;
    });
    assert.equal([...new Set(removals)], [1]);
    assert.is(tables.dynamics.count, 0);
    // and their places are there for others
    for (let number = 0; number < layout.MAX_DYNAMIC; number++)
      tables.addDynamic(client(from, number));
    assert.throws(() => tables.addDynamic(client(from, layout.MAX_DYNAMIC)), /16384 places/);
  },
);

dynamic('policies of one owner have its SAs, and hear of each change', () => {
  const { tables, memory } = gateway();
  const words = new Uint32Array(memory.buffer);
  const [first] = policySet('hub', 4, 1).policies;
  const from = template(first!, 7, 0);
  tables.setPolicies(ordered({ policies: [], templates: [from] }));
  const owner = client(from, 0);
  const [epoch] = [words[EPOCH]!];
  tables.install(westChild(1, { policy: owner.id }), { activate: true, pathMtu: 1500 });
  tables.addDynamic(owner);
  tables.addDynamic({ ...client(from, 1), owner: owner.id });
  assert.is(words[EPOCH], epoch + 2, 'flows are looked up again');
  const at = (index: number, field: number): number =>
    words[(layout.DYNAMIC_RECORDS + index * layout.POLICY_SIZE + field) / 4]!;
  assert.ok(at(0, layout.POLICY_SA) !== 0);
  assert.is(at(1, layout.POLICY_SA), at(0, layout.POLICY_SA));
  tables.install(westChild(2, { policy: owner.id }), { activate: true, pathMtu: 1500 });
  assert.is(at(1, layout.POLICY_SA), at(0, layout.POLICY_SA));
  tables.remove(2);
  tables.remove(1);
  assert.equal(
    [0, 1].map((index) => at(index, layout.POLICY_SA)),
    [0, 0],
  );
  assert.is(words[EPOCH], epoch + 2, 'SAs alone empty no flow cache');
});

dynamic.run();
