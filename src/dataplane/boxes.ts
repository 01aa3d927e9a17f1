// Policies as boxes for the classifier: five closed ranges of small integers each. Ports and protocols
// are themselves; an address is its rank among the addresses where some range of the family begins or
// has just ended, so that cuts need look nowhere else and 128 bits cost no more than 32.
import { ACTION_TEMPLATE } from '../contract/ids.js';
import * as layout from '../contract/layout.js';

/** The fields of a key, in the order of a box's ranges. */
export const FIELDS = [
  layout.KEY_SRC,
  layout.KEY_DST,
  layout.KEY_SRC_PORT,
  layout.KEY_DST_PORT,
  layout.KEY_PROTOCOL,
] as const;
/** Places in FIELDS: all of them, and those that a fragment without ports has. */
export const WHOLE_FIELDS: readonly number[] = [0, 1, 2, 3, 4];
export const LATER_FIELDS: readonly number[] = [0, 1, 4];
const ADDRESSES = [
  [layout.POLICY_SRC_LOW, layout.POLICY_SRC_HIGH],
  [layout.POLICY_DST_LOW, layout.POLICY_DST_HIGH],
] as const;
const PORTS = [
  [layout.POLICY_SRC_PORT_LOW, layout.POLICY_SRC_PORT_HIGH],
  [layout.POLICY_DST_PORT_LOW, layout.POLICY_DST_PORT_HIGH],
] as const;
const LAST_PROTOCOL = 255;
const WORDS = 4;
const WORD = 0x1_0000_0000;

export interface Boxes {
  /** Index of each box's policy, ascending. */
  readonly policy: readonly number[];
  /** Per field, by box. */
  readonly low: readonly Int32Array[];
  readonly high: readonly Int32Array[];
  /** By box, 1: a template, which may hold nothing of what lies in it. */
  readonly open: Uint8Array;
  /** The first value of a field at or above `coordinate`, as four 32-bit words from the highest. */
  threshold(field: number, coordinate: number): readonly number[];
}

/** The policies `indices` (ascending, all of one family) of the table at `first`. */
export function readBoxes(view: DataView, first: number, indices: readonly number[]): Boxes {
  const at = indices.map((index) => first + index * layout.POLICY_SIZE);
  const addresses = ADDRESSES.map(([low, high]) => rankRanges(view, at, low, high));
  const low = addresses.map((ranks) => ranks.low);
  const high = addresses.map((ranks) => ranks.high);
  for (const [from, to] of PORTS) {
    low.push(Int32Array.from(at, (policy) => view.getUint16(policy + from, true)));
    high.push(Int32Array.from(at, (policy) => view.getUint16(policy + to, true)));
  }
  const protocols = at.map((policy) => view.getUint32(policy + layout.POLICY_PROTOCOL, true));
  const any = (protocol: number): boolean => protocol > LAST_PROTOCOL;
  low.push(Int32Array.from(protocols, (protocol) => (any(protocol) ? 0 : protocol)));
  high.push(Int32Array.from(protocols, (protocol) => (any(protocol) ? LAST_PROTOCOL : protocol)));
  const actions = at.map((policy) => view.getUint32(policy + layout.POLICY_ACTION, true));
  return {
    policy: indices,
    low,
    high,
    open: Uint8Array.from(actions, (action) => (action === ACTION_TEMPLATE ? 1 : 0)),
    threshold: (field, coordinate) =>
      addresses[field]?.address(coordinate) ?? [0, 0, 0, coordinate],
  };
}

interface Ranks {
  readonly low: Int32Array;
  readonly high: Int32Array;
  address(rank: number): readonly number[];
}

/** Ranks of the ranges that stand at `low` and `high` of each policy. */
function rankRanges(view: DataView, at: readonly number[], low: number, high: number): Ranks {
  const count = at.length;
  // begins first, then ends; doubles, since the end of the last range may be 2^128
  const words = new Float64Array(2 * count * WORDS);
  at.forEach((policy, box) => {
    readAddress(view, policy + low, words, box * WORDS);
    readAddress(view, policy + high, words, (count + box) * WORDS);
    increment(words, (count + box) * WORDS);
  });
  const order = Uint32Array.from({ length: 2 * count }, (_, index) => index * WORDS);
  order.sort((a, b) => compare(words, a, b));
  const ranks = new Int32Array(2 * count);
  const distinct: number[] = [];
  for (const value of order) {
    const last = distinct.at(-1);
    if (last === undefined || compare(words, last, value) !== 0) distinct.push(value);
    ranks[value / WORDS] = distinct.length - 1;
  }
  return {
    low: ranks.subarray(0, count),
    high: ranks.subarray(count).map((end) => end - 1),
    address: (rank) => [...words.subarray(distinct[rank]!, distinct[rank]! + WORDS)],
  };
}

function readAddress(view: DataView, from: number, words: Float64Array, to: number): void {
  for (let word = 0; word < WORDS; word++) words[to + word] = view.getUint32(from + 4 * word);
}

/** To the address behind; behind the last one stands 2^128. */
function increment(words: Float64Array, at: number): void {
  let word = WORDS - 1;
  for (; word > 0 && words[at + word] === WORD - 1; word--) words[at + word] = 0;
  words[at + word]!++;
}

function compare(words: Float64Array, a: number, b: number): number {
  return (
    words[a]! - words[b]! ||
    words[a + 1]! - words[b + 1]! ||
    words[a + 2]! - words[b + 2]! ||
    words[a + 3]! - words[b + 3]!
  );
}
