// Policy lookups per second on one core: through the flow cache with flows it holds, and past it, for
// 1, 100 and 10,000 policies of either family; and how long a change of one of them takes.
import { CONTROL_ROW } from '../contract/layout.js';
import { loadModule } from '../dataplane/module.js';
import { Tables } from '../dataplane/tables.js';
import { Flows } from './flows.js';
import { flowsOf, type PolicySet, policySet, seeded } from './policy-sets.js';
import type { Progress, Row } from './row.js';
import { median } from './statistics.js';

export interface PolicyRow extends Row {
  /** The set (policy-sets.ts). */
  readonly set: string;
  readonly family: 4 | 6;
  readonly policies: number;
  /** Lookups: past the flow cache or through it; change: the whole table anew. */
  readonly kind: 'miss' | 'hit' | 'change';
  /** Bytes per policy of the decision trees, beside the 128 of the policy, in each of two copies. */
  readonly bytes: number;
}

export interface PolicyEffort {
  /** Every figure is the median of as many rounds. */
  readonly rounds: number;
  /** Lookups a round makes. */
  readonly lookups: number;
}

export const COUNTS: readonly number[] = [1, 100, 10_000];
const MISSING = 8192;
/** Well within the cache, so that few share a place. */
const CACHED = 64;
const CHANGES = 5;

export function runPolicy(
  sets: readonly string[],
  counts: readonly number[],
  effort: PolicyEffort,
  progress: Progress,
): PolicyRow[] {
  const control = loadModule(CONTROL_ROW);
  const tables = new Tables(control, { workers: 1, random: (bytes) => new Uint8Array(bytes) });
  const flows = new Flows(loadModule(0, control.memory));
  return counts.flatMap((count) =>
    sets.flatMap((name) =>
      ([4, 6] as const).flatMap((family) => {
        progress(`${name}, ${count} policies, IPv${family}`);
        const set = policySet(name, family, count);
        const shared = { set: name, family, policies: count };
        const change = measureChange(tables, set);
        const bytes = Math.round(tables.classifierSize.bytes / count);
        const row = (kind: PolicyRow['kind'], unit: string, value: number): PolicyRow => ({
          name: `${kind}, ${name}, ${count} policies, IPv${family}`,
          unit,
          value,
          ...shared,
          kind,
          bytes,
        });
        return [
          row('miss', 'M lookups/s', measureLookups(flows, set, false, effort)),
          row('hit', 'M lookups/s', measureLookups(flows, set, true, effort)),
          row('change', 'ms', change),
        ];
      }),
    ),
  );
}

/** Milliseconds until a changed set is in force. */
function measureChange(tables: Tables, { policies }: PolicySet): number {
  const times = Array.from({ length: CHANGES }, (_, change) => {
    const changed = [...policies];
    changed[change % policies.length] = { ...policies[change % policies.length]! };
    const start = performance.now();
    tables.setPolicies(changed);
    return performance.now() - start;
  });
  return median(times);
}

/** Millions a second. */
function measureLookups(
  flows: Flows,
  set: PolicySet,
  cached: boolean,
  { rounds, lookups }: PolicyEffort,
): number {
  const count = cached ? CACHED : MISSING;
  flows.put(flowsOf(set, count, seeded(7)));
  const calls = Math.max(1, Math.ceil(lookups / count));
  for (let warm = 0; warm < 3; warm++) flows.look(cached);
  const rates = Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (let call = 0; call < calls; call++) flows.look(cached);
    return (calls * count) / (performance.now() - start) / 1000;
  });
  return median(rates);
}
