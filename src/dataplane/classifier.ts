// Decision trees over the ordered policies of one copy of the table (assembly/classifier.ts looks
// packets up in them). For a set of boxes:
//   1. hull     the region in which any of them can match
//   2. hide     boxes behind the first that covers all of the region can never be the first match
//   3. leaf     a few are compared one by one, in order
//   4. cut      else the best cut (cut.ts) parts them; those that span it are copied to both sides
//               while they are few, or else get a tree of their own, which lookups visit as well
// How freely step 4 copies, and what it minds most, suits one set and not another: where lookups would be
// slow, several trees are grown and the best of them stays (best).
// Copies are bounded: a tree has at most CLASSIFIER_PLACES places in its leaves per policy, and every
// node has two or more children, so nodes are fewer than places. Where the places are spent, a leaf
// becomes long: a hostile set costs time, never memory, and never the order.
import { ACTION_NONE } from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import { type Boxes, FIELDS, LATER_FIELDS, readBoxes, WHOLE_FIELDS } from './boxes.js';
import { type ClassifierSize, Room } from './classifier-room.js';
import { chooseCut, type Cut, type Region } from './cut.js';

// Our own choices, by measurement (bench/policy.ts).
const LEAF = 2;
/** What spans a cut is copied to both sides where it is at most this share of a set. */
const COPIED_SHARE = 0.6;
/** A small set is copied more freely: a tree more costs a lookup more than a level more. */
const SMALL = 16;
const SMALL_SHARE = 0.7;
/** What chooseCut may be told about boxes that span a cut: they are looked at on either side. */
const ACROSS_WEIGHTS = [1.25, 1.5, 2];
/** About what steps of a lookup cost beside one node, and from when on a tree is good enough. */
const TREE_COST = 3;
const COMPARE_COST = 1.5;
const GOOD_COST = 40;
const GAIN = 0.9;
/** A box's lowest corner is a packet to try the tree with: of so many boxes, evenly spread. */
const PROBES = 256;
const NO_LIMIT: Region = {
  low: FIELDS.map(() => -(2 ** 31)),
  high: FIELDS.map(() => 2 ** 31 - 1),
};

/** Writes the trees of copy `copy`, whose `count` policies stand in the table already. */
export function writeClassifier(
  memory: WebAssembly.Memory,
  copy: number,
  count: number,
): ClassifierSize {
  const view = new DataView(memory.buffer);
  const policies = layout.POLICIES_AT + copy * layout.POLICIES_COPY;
  const base = layout.CLASSIFIERS_AT + copy * layout.CLASSIFIER_COPY;
  const room = new Room(memory, base);
  const families = [4, 6].map((family) => {
    const indices = Array.from({ length: count }, (_, index) => index).filter((index) => {
      const at = policies + index * layout.POLICY_SIZE;
      return view.getUint32(at + layout.POLICY_FAMILY, true) === family;
    });
    return readBoxes(view, policies, indices);
  });
  for (const [number, boxes] of families.entries()) {
    const root = base + layout.CLASSIFIER_ROOTS + 4 * number;
    const all = boxes.policy.map((_, box) => box);
    const whole = best({ boxes, fields: WHOLE_FIELDS, room }, all, ACROSS_WEIGHTS);
    // a fragment without ports cannot be told to match a policy with ports that encrypts nothing
    const ported = all.filter((box) => hasPorts(boxes, box));
    const passing = new Set(
      ported.filter((box) => actionOf(view, policies, boxes, box) === ACTION_NONE),
    );
    const others = all.filter((box) => !passing.has(box));
    const later =
      ported.length === 0
        ? whole
        : best({ boxes, fields: LATER_FIELDS, room }, others, [whole.weight]);
    view.setUint32(root, whole.reference, true);
    view.setUint32(root + layout.CLASSIFIER_LATER, later.reference, true);
  }
  return room.size();
}

/** The tree over `members` in which packets are found with the fewest steps, and its weight. */
function best(
  { boxes, fields, room }: Soil,
  members: readonly number[],
  weights: readonly number[],
): { reference: number; weight: number } {
  const mark = room.mark();
  const grow = (weight: number): { reference: number; weight: number; cost: number } => {
    room.release(mark);
    const tree = new Tree(boxes, fields, room, weight);
    return { reference: tree.place(members), weight, cost: tree.cost };
  };
  let [first, ...others] = weights;
  let chosen = grow(first!);
  for (let last = chosen; last.cost > GOOD_COST; ) {
    [first, ...others] = others;
    if (first === undefined) break;
    last = grow(first);
    // growing takes longer than a lookup ever will: one that gained little is the last
    if (last.cost > GAIN * chosen.cost) return last.cost < chosen.cost ? last : grow(chosen.weight);
    chosen = last;
  }
  return chosen;
}

const actionOf = (view: DataView, policies: number, boxes: Boxes, box: number): number => {
  const at = policies + boxes.policy[box]! * layout.POLICY_SIZE;
  return view.getUint32(at + layout.POLICY_ACTION, true);
};

const hasPorts = ({ low, high }: Boxes, box: number): boolean =>
  [2, 3].some((field) => low[field]![box] !== 0 || high[field]![box] !== 65535);

class Tree {
  readonly #boxes: Boxes;
  readonly #fields: readonly number[];
  readonly #room: Room;
  readonly #weight: number;
  #steps = 0;
  #probes = 1;

  constructor(boxes: Boxes, fields: readonly number[], room: Room, weight: number) {
    this.#boxes = boxes;
    this.#fields = fields;
    this.#room = room;
    this.#weight = weight;
  }

  /** What a lookup in it takes, about, on an average. */
  get cost(): number {
    return this.#steps / this.#probes;
  }

  /** The reference of the tree over `members`, boxes in ascending order. */
  place(members: readonly number[]): number {
    const places = members.length * layout.CLASSIFIER_PLACES;
    const step = Math.max(1, members.length / PROBES);
    const count = Math.min(members.length, PROBES);
    const probes = Array.from({ length: count }, (_, index) => members[Math.floor(index * step)]!);
    this.#probes = Math.max(1, count);
    return this.#place(members, NO_LIMIT, layout.CLASSIFIER_DEPTH, places, probes);
  }

  /**
   * `places` is how many its leaves may have, at least as many as there are members; `probes` are boxes
   * whose lowest corner comes here.
   */
  #place(
    members: readonly number[],
    within: Region,
    depth: number,
    places: number,
    probes: readonly number[],
  ): number {
    const all = this.#hull(members, within);
    const shown = this.#shown(members, all);
    const region = shown === members ? all : this.#hull(shown, within);
    const cut =
      shown.length > LEAF && depth > 0
        ? chooseCut(this.#boxes, shown, this.#fields, region, this.#weight)
        : undefined;
    const parts = cut && this.#part(shown, cut, places);
    if (!parts) {
      this.#steps += probes.length * shown.length * COMPARE_COST;
      return this.#room.leaf(shown.map((box) => this.#boxes.policy[box]!));
    }
    this.#steps += probes.length * (parts.across.length > 0 ? 1 + TREE_COST : 1);
    const { field, at } = cut;
    const node = this.#room.node(FIELDS[field]!, this.#boxes.threshold(field, at));
    const { below, above, across } = parts;
    const spare = places - below.length - above.length - across.length;
    const share = (part: readonly number[]): number =>
      part.length + Math.floor((spare * part.length) / (places - spare));
    const grow = (part: readonly number[], limits: Region, some: readonly number[]): number =>
      part.length === 0 ? 0 : this.#place(part, limits, depth - 1, share(part), some);
    const lows = this.#boxes.low[field]!;
    const lower = { ...region, high: replaced(region.high, field, at - 1) };
    const upper = { ...region, low: replaced(region.low, field, at) };
    this.#room.link(
      node,
      layout.NODE_BELOW,
      grow(
        below,
        lower,
        probes.filter((box) => lows[box]! < at),
      ),
    );
    this.#room.link(
      node,
      layout.NODE_ABOVE,
      grow(
        above,
        upper,
        probes.filter((box) => lows[box]! >= at),
      ),
    );
    this.#room.link(node, layout.NODE_ACROSS, grow(across, region, probes));
    if (across.length > 0) this.#room.setLeast(node, this.#boxes.policy[across[0]!]!);
    return node;
  }

  // ---- 1. hull -------------------------------------------------------------------------------------

  #hull(members: readonly number[], { low, high }: Region): Region {
    const region = { low: [...low], high: [...high] };
    for (const field of this.#fields) {
      const lows = this.#boxes.low[field]!;
      const highs = this.#boxes.high[field]!;
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < members.length; i++) {
        const box = members[i]!;
        if (lows[box]! < least) least = lows[box]!;
        if (highs[box]! > most) most = highs[box]!;
      }
      region.low[field] = Math.max(low[field]!, least);
      region.high[field] = Math.min(high[field]!, most);
    }
    return region;
  }

  // ---- 2. hide -------------------------------------------------------------------------------------

  #shown(members: readonly number[], region: Region): readonly number[] {
    const cover = members.findIndex((box) => this.#covers(box, region));
    return cover < 0 ? members : members.slice(0, cover + 1);
  }

  #covers(box: number, region: Region): boolean {
    if (this.#boxes.open[box] === 1) return false;
    for (const field of this.#fields) {
      if (this.#boxes.low[field]![box]! > region.low[field]!) return false;
      if (this.#boxes.high[field]![box]! < region.high[field]!) return false;
    }
    return true;
  }

  // ---- 4. cut --------------------------------------------------------------------------------------

  /** The members on either side, and those across where they are not copied; undefined: no gain. */
  #part(members: readonly number[], { field, at }: Cut, places: number): Parts | undefined {
    const parts: Record<keyof Parts, number[]> = { below: [], above: [], across: [] };
    const lows = this.#boxes.low[field]!;
    const highs = this.#boxes.high[field]!;
    for (const box of members) {
      if (highs[box]! < at) parts.below.push(box);
      else if (lows[box]! >= at) parts.above.push(box);
      else parts.across.push(box);
    }
    const span = parts.across.length;
    if (span === 0) return parts;
    const share = members.length <= SMALL ? SMALL_SHARE : COPIED_SHARE;
    if (span <= share * members.length && members.length + span <= places) {
      const side = (sign: boolean): number[] =>
        members.filter((box) => (sign ? lows[box]! < at : highs[box]! >= at));
      return { below: side(true), above: side(false), across: [] };
    }
    return span < members.length ? parts : undefined;
  }
}

/** What trees grow from and in. */
interface Soil {
  readonly boxes: Boxes;
  readonly fields: readonly number[];
  readonly room: Room;
}

interface Parts {
  readonly below: readonly number[];
  readonly above: readonly number[];
  readonly across: readonly number[];
}

function replaced(values: readonly number[], field: number, value: number): number[] {
  const copy = [...values];
  copy[field] = value;
  return copy;
}
