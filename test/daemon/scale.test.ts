// Ten thousand policies load in a time that grows with their number, not with its square: twice as many
// may execute little more than twice as many blocks of our code. The clock is not asked (the figures are
// in docs/performance.md); what is counted is the same on every machine.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Loaded, parse } from '../../src/config/load.js';
import { createMemory } from '../../src/dataplane/module.js';
import { PolicyTable } from '../../src/dataplane/policy-table.js';
import { Quiescence } from '../../src/dataplane/quiescence.js';
import { guardedPolicy, routedPolicy } from '../../src/daemon/host.js';
import { policiesOf } from '../../src/ike/directory.js';
import type { World } from '../../src/ike/exchange.js';
import { policyStatus } from '../../src/ike/print.js';
import { aggregate } from '../../src/net/many-policies.js';
import { fillRequests } from '../../src/net/plain-guard-rules.js';
import { reconcile } from '../../src/policy/reconcile.js';
import { blocksExecuted } from '../helpers/executed.js';

const scale = suite('daemon/scale');
/** Work that grows as n log n stays below; the square of n would be 4. */
const MOST = 2.5;
const [FEW, MANY] = [600, 1200];

/** Each policy with a peer of its own, that with an identity; a proposal and a profile to each hundred. */
function written(count: number): string {
  const every = <T>(of: number, make: (index: number) => T): T[] =>
    Array.from({ length: Math.ceil(count / of) }, (_, index) => make(index));
  return JSON.stringify({
    profile: every(100, (i) => ({ name: `profile${i}` })),
    proposal: every(100, (i) => ({ name: `proposal${i}` })),
    peer: every(1, (i) => ({
      name: `peer${i}`,
      address: `198.18.${i >> 8}.${i & 255}`,
      profile: `profile${Math.floor(i / 100)}`,
    })),
    identity: every(1, (i) => ({ peer: `peer${i}`, secret: 'a secret of some length' })),
    policy: every(1, (i) => ({
      'src-address': `10.${i % 50}.0.0/16`,
      'dst-address': `172.${16 + (i >> 12)}.${(i >> 4) & 255}.${(i & 15) << 4}/28`,
      peer: `peer${i}`,
      proposal: `proposal${Math.floor(i / 100)}`,
      ...(i % 10 === 0 ? { 'ipsec-protocols': 'ah' } : {}),
    })),
  });
}

type Good = Extract<Loaded, { readonly ok: true }>;
function loaded(count: number): Good {
  const found = parse(written(count));
  if (!found.ok) throw new Error(JSON.stringify(found.errors[0]));
  return found;
}

/** How many times the work of FEW is that of MANY. */
async function growth(part: string, work: (built: Good, count: number) => unknown) {
  const counts: number[] = [];
  for (const count of [FEW, MANY]) {
    const built = loaded(count);
    counts.push(await blocksExecuted(part, () => work(built, count)));
  }
  const [few = 0, many = 0] = counts;
  assert.ok(few > FEW, `${part}: only ${few} blocks were counted`);
  return many / few;
}

const linear = async (
  part: string,
  work: (built: Good, count: number) => unknown,
): Promise<void> => {
  const times = await growth(part, work);
  assert.ok(times < MOST, `${part}: twice the policies, ${times.toFixed(2)} times the work`);
};

scale('the count itself: what compares each with each is seen', async () => {
  const squared = (count: number): number => {
    let sum = 0;
    for (let a = 0; a < count; a++) for (let b = 0; b < count; b++) sum += a ^ b;
    return sum;
  };
  const times = await growth('scale.test.js', (_, count) => squared(count));
  assert.ok(times > 3.5, `${times}`);
});

scale('reading, checking and building the configuration', () =>
  linear('/src/', (_, count) => assert.ok(parse(written(count)).ok)),
);

scale('a configuration in which every policy is wrong', () =>
  linear('/src/', (_, count) => {
    const found = parse(written(count).replaceAll('"peer":"peer', '"peer":"nobody'));
    assert.not(found.ok);
  }),
);

scale('the table of policies and its trees', () =>
  linear('/src/', ({ databases }) => {
    const memory = createMemory();
    new PolicyTable(memory, new Quiescence(memory)).set(databases.policies, () => 0);
  }),
);

scale('routes and packet filter', () =>
  linear('/src/', ({ databases: { policies } }) => {
    aggregate(policies.map(routedPolicy));
    const requests = [...fillRequests('table', policies.map(guardedPolicy))];
    assert.ok(requests.length >= policies.length);
  }),
);

scale('what policy print asks the engine, with a child of each policy', () =>
  linear('/src/', ({ databases }) => {
    const all = databases.policies.map((policy) => {
      const child = { policy, state: 'installed', sa: { local: {}, remote: {} } };
      return { children: new Map([[policy.id, child]]), tasks: [], window: {}, peer: {} };
    });
    const rows = policyStatus({ databases, store: { all: () => all } } as unknown as World);
    assert.ok(rows.every(({ state, count }) => state === 'established' && count === 1));
    for (const peer of databases.peers) assert.is(policiesOf(databases, peer).length, 1);
  }),
);

scale('a reload in which half of the policies changed', () =>
  linear('/src/', ({ databases }, count) => {
    const policies = databases.policies.map((policy, index) =>
      index % 2 === 0 ? policy : { ...policy, level: 'unique' as const },
    );
    const { added } = reconcile(databases, { ...databases, policies }, count);
    assert.is(added.length, count / 2);
  }),
);

scale.run();
