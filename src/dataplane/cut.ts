// Where to cut a set of boxes in two: the field and the coordinate that leave the fewest on the larger
// side, where what spans the cut counts against it. Of many boxes a sample decides, evenly spread.
import type { Boxes } from './boxes.js';

/** Cuts between coordinate - 1 and coordinate. */
export interface Cut {
  readonly field: number;
  readonly at: number;
}

/** Closed ranges per field: where packets come from that reach this set. */
export interface Region {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

// Our own choices, by measurement.
const SAMPLE = 32;

const begins = new Int32Array(SAMPLE);
const ends = new Int32Array(SAMPLE);

/**
 * The best cut of `members` within `region`; undefined where no cut parts any two of the sample.
 * `weight`: what a box that spans the cut counts, beside one on the larger side.
 */
export function chooseCut(
  boxes: Boxes,
  members: readonly number[],
  fields: readonly number[],
  region: Region,
  weight: number,
): Cut | undefined {
  const step = Math.max(1, members.length / SAMPLE);
  const count = Math.min(members.length, SAMPLE);
  let best: Cut | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const field of fields) {
    const from = region.low[field]!;
    const to = region.high[field]!;
    if (from === to) continue;
    const low = boxes.low[field]!;
    const high = boxes.high[field]!;
    for (let i = 0; i < count; i++) {
      const box = members[Math.floor(i * step)]!;
      begins[i] = low[box]!;
      ends[i] = high[box]! + 1;
    }
    const found = sweep(count, [from, to], least, weight);
    if (!found) continue;
    least = found.cost;
    best = { field, at: found.at };
  }
  return best;
}

/** Walks over begins and ends in order; what lies on either side of each is then known. */
function sweep(
  count: number,
  [from, to]: readonly [number, number],
  least: number,
  weight: number,
): { at: number; cost: number } | undefined {
  sort(begins, count);
  sort(ends, count);
  let best: { at: number; cost: number } | undefined;
  let cheapest = least;
  let begun = 0; // boxes that begin below the cut
  let ended = 0; // boxes that end at or below it
  for (let i = 0; i < 2 * count; i++) {
    // the next place: the lower of the next begin and the next end
    const nextBegin = begun < count ? begins[begun]! : Number.POSITIVE_INFINITY;
    const nextEnd = ended < count ? ends[ended]! : Number.POSITIVE_INFINITY;
    const at = Math.min(nextBegin, nextEnd);
    if (at > to) break;
    while (ended < count && ends[ended]! <= at) ended++;
    if (at > from) {
      const cost = Math.max(ended, count - begun) + weight * (begun - ended);
      if (cost < cheapest) {
        cheapest = cost;
        best = { at, cost };
      }
    }
    while (begun < count && begins[begun]! <= at) begun++;
  }
  return best;
}

/** In place; most sets are a handful, where nothing is faster than insertion. */
function sort(values: Int32Array, count: number): void {
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    let place = i - 1;
    for (; place >= 0 && values[place]! > value; place--) values[place + 1] = values[place]!;
    values[place + 1] = value;
  }
}
