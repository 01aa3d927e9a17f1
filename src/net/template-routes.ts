// Routing for policies made from templates, which come and go with their peers. Where a template stands
// among the policies there are a rule for each source of its made policies (few: what is ours) and a
// route for each destination (many: the peers'), so that one more costs a route, however many there are:
//   exempt        to itself → the end: networks behind us whose other packets go through the tunnel
//   open source   to DST    → a table that prefers our address inside the policy, where we have one
//   from SRC      to DST    → a table of the destinations; without a match the next rule follows
//   mark          the same table, for packets of marked connections (marked.ts)
import { familyOf, type IpPrefix } from './addressing.js';
import { prefixKey } from './many-policies.js';
import { END_PRIORITY, openSourceRules, policyRules, type RoutedPolicy } from './policy-rules.js';
import { type Rule, ruleText } from './rules.js';

/** Where a template stands: of one family, with two tables of its own. */
export interface Spot {
  readonly template: number;
  readonly policy: RoutedPolicy;
  /** Its first priority. */
  readonly at: number;
  /** Of the destinations; the next one is that of preferred sources. */
  readonly table: number;
}

/** A policy made from a template. */
export interface RoutedDynamic extends Omit<RoutedPolicy, 'action'> {
  readonly id: number;
  readonly template: number;
  /** No policy: what goes from `src` to `src` stays away from the tunnel (a network behind us). */
  readonly exempt?: true;
  /** No policy: packets with this mark of ours take the way of `dst`, whatever their source. */
  readonly mark?: number;
}

/** Destinations in a table, with the address a sender of ours takes for them. */
export interface SpotTable {
  readonly family: 4 | 6;
  readonly table: number;
  readonly destinations: readonly IpPrefix[];
  readonly source?: Uint8Array;
}

export interface Difference {
  readonly rules: { readonly add: readonly Rule[]; readonly remove: readonly Rule[] };
  readonly tables: { readonly add: readonly SpotTable[]; readonly remove: readonly SpotTable[] };
}

// Our own choice: more sources than that share one rule, which then leads more to the TUN than needed.
const MOST_SOURCES = 64;
export const TABLES_PER_SPOT = 2;
const WHOLE_MARK = 0xffffffff;

interface Use {
  readonly prefix: IpPrefix;
  preferred: Uint8Array | undefined;
  count: number;
}

interface State {
  readonly sources: Map<string, Use>;
  readonly destinations: Map<string, Use>;
  readonly exempt: Map<string, Use>;
  /** How often each mark is used. */
  readonly marks: Map<number, number>;
}

const newState = (): State => ({
  sources: new Map(),
  destinations: new Map(),
  exempt: new Map(),
  marks: new Map(),
});

export class TemplateRoutes {
  #spots: readonly Spot[] = [];
  readonly #made = new Map<number, RoutedDynamic>();
  readonly #states = new Map<string, State>();

  /** Templates stand elsewhere from now on; what is made from them stays. */
  place(spots: readonly Spot[]): void {
    this.#spots = spots;
  }

  /** All rules and tables there must be. */
  all(): { rules: Rule[]; tables: SpotTable[] } {
    return {
      rules: this.#spots.flatMap((spot) => rulesOf(spot, this.#state(spot))),
      tables: this.#spots.flatMap((spot) =>
        [...this.#state(spot).destinations.values()].flatMap((use) => tablesOf(spot, use)),
      ),
    };
  }

  /** `preferred`: our own address inside the policy's source, if we have one. */
  add(dynamic: RoutedDynamic, preferred: Uint8Array | undefined): Difference {
    this.#made.set(dynamic.id, dynamic);
    return this.#change(dynamic, (state) => {
      const { mark } = dynamic;
      if (dynamic.exempt) return void use(state.exempt, dynamic.src, undefined);
      if (mark === undefined) use(state.sources, dynamic.src, undefined);
      else state.marks.set(mark, (state.marks.get(mark) ?? 0) + 1);
      return use(state.destinations, dynamic.dst, preferred);
    });
  }

  /** Unknown ids are ignored. */
  remove(id: number): Difference | undefined {
    const dynamic = this.#made.get(id);
    if (!dynamic) return undefined;
    this.#made.delete(id);
    return this.#change(dynamic, (state) => {
      const { mark } = dynamic;
      if (dynamic.exempt) return void leave(state.exempt, dynamic.src);
      if (mark === undefined) leave(state.sources, dynamic.src);
      else {
        const count = state.marks.get(mark)! - 1;
        if (count > 0) state.marks.set(mark, count);
        else state.marks.delete(mark);
      }
      return leave(state.destinations, dynamic.dst);
    });
  }

  /** `act` returns the destination that is new or has gone. */
  #change(dynamic: RoutedDynamic, act: (state: State) => Use | undefined): Difference {
    const key = stateKey(dynamic.template, familyOf(dynamic.dst.address));
    const state = this.#states.get(key) ?? newState();
    this.#states.set(key, state);
    const spot = this.#spots.find(
      ({ template, policy }) => stateKey(template, familyOf(policy.dst.address)) === key,
    );
    const before = spot ? rulesOf(spot, state) : [];
    const changed = act(state);
    if (state.destinations.size + state.exempt.size === 0) this.#states.delete(key);
    const after = spot ? rulesOf(spot, state) : [];
    const tables = spot && changed ? tablesOf(spot, changed) : [];
    const isThere = changed !== undefined && changed.count > 0;
    return {
      rules: { add: without(after, before), remove: without(before, after) },
      tables: { add: isThere ? tables : [], remove: isThere ? [] : tables },
    };
  }

  #state({ template, policy }: Spot): State {
    const key = stateKey(template, familyOf(policy.dst.address));
    return this.#states.get(key) ?? newState();
  }
}

const stateKey = (template: number, family: 4 | 6): string => `${template} ${family}`;

/** The entry where it is new, or prefers an address from now on. */
function use(
  uses: Map<string, Use>,
  prefix: IpPrefix,
  preferred: Uint8Array | undefined,
): Use | undefined {
  const key = prefixKey(prefix);
  const known = uses.get(key);
  if (known) {
    known.count++;
    if (!preferred || known.preferred) return undefined;
    known.preferred = preferred;
    return known;
  }
  const made = { prefix, preferred, count: 1 };
  uses.set(key, made);
  return made;
}

/** The entry where it has gone. */
function leave(uses: Map<string, Use>, prefix: IpPrefix): Use | undefined {
  const key = prefixKey(prefix);
  const known = uses.get(key);
  if (!known || --known.count > 0) return undefined;
  uses.delete(key);
  return known;
}

function rulesOf(spot: Spot, { sources, destinations, exempt, marks }: State): Rule[] {
  const { policy, at, table } = spot;
  if (destinations.size === 0) return [];
  const all = [...sources.values()].map(({ prefix }) => prefix);
  const shown = all.length > MOST_SOURCES ? [policy.src] : all;
  const whole = { ...policy, action: 'encrypt', protocol: 0 } as const;
  const open = { ...whole, srcPort: undefined, dstPort: undefined };
  const past = { ...open, action: 'none' } as const;
  return [
    // a rule of priority at: policyRules counts from two below
    ...[...exempt.values()].flatMap(({ prefix: own }) =>
      policyRules({ ...past, src: own, dst: own }, at - 2, END_PRIORITY, table),
    ),
    ...openSourceRules(open, at, table + 1),
    ...shown.flatMap((src) => policyRules({ ...open, src }, at, END_PRIORITY, table)),
    ...[...marks.keys()].map((mark): Rule => {
      const action = { kind: 'lookup', table } as const;
      const family = familyOf(policy.dst.address);
      return { family, priority: at + 2, mark: { value: mark, mask: WHOLE_MARK }, action };
    }),
  ];
}

function tablesOf({ policy, table }: Spot, { prefix, preferred }: Use): SpotTable[] {
  const family = familyOf(policy.dst.address);
  const own = { family, table, destinations: [prefix] };
  if (!preferred) return [own];
  return [own, { ...own, table: table + 1, source: preferred }];
}

function without(rules: readonly Rule[], others: readonly Rule[]): Rule[] {
  const known = new Set(others.map(ruleText));
  return rules.filter((rule) => !known.has(ruleText(rule)));
}
