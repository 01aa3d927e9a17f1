// What every fuzz test shares: bytes and texts as somebody who wants to break a parser changes them, and
// how many. All of it comes from a seed, so that a failure comes again. In a suite the runs are few;
//   CULVERT_FUZZ=200 CULVERT_FUZZ_SEED=7 node dist/test/run.js fuzz
// is for a night.
import type { Random } from '../wire/random.js';

const TIMES = Number(process.env.CULVERT_FUZZ ?? '1');
const SEED = Number(process.env.CULVERT_FUZZ_SEED ?? '0');

export const runs = (count: number): number => Math.ceil(count * TIMES);
export const seedOf = (seed: number): number => seed + 1_000_003 * SEED;

const EXTREMES = [0, 1, 2, 3, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xfe, 0xff];

/** One or several of: bits flipped, bytes at their limits, a part cut off, doubled, left out, added. */
export function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let changed = Uint8Array.from(bytes);
  for (let left = random.between(1, 3); left > 0; left--) changed = once(random, changed);
  return changed;
}

function once(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const from = random.between(0, bytes.length);
  const to = random.between(from, Math.min(bytes.length, from + 64));
  const join = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> =>
    new Uint8Array(Buffer.concat(parts));
  switch (random.between(0, 5)) {
    case 0:
      return join(bytes.subarray(0, from));
    case 1:
      return join(bytes.subarray(0, to), bytes.subarray(from));
    case 2:
      return join(bytes.subarray(0, from), bytes.subarray(to));
    case 3:
      return join(bytes.subarray(0, from), random.bytes(random.between(1, 40)), bytes.subarray(to));
    default: {
      const copy = Uint8Array.from(bytes);
      for (let left = random.between(1, 6); left > 0 && copy.length > 0; left--) {
        const at = random.between(0, copy.length - 1);
        copy[at] = random.chance(0.5) ? random.pick(EXTREMES) : copy[at]! ^ (1 << (left & 7));
      }
      return copy;
    }
  }
}

/** A text of `words` put in, left out, doubled and exchanged; `letters` as well, which need make no word. */
export function mutatedText(random: Random, text: string, words: readonly string[]): string {
  let changed = text;
  for (let left = random.between(1, 4); left > 0; left--) {
    const from = random.between(0, changed.length);
    const to = random.between(from, Math.min(changed.length, from + 40));
    const between = random.pick([
      '',
      random.pick(words),
      changed.slice(from, to).repeat(2),
      String.fromCodePoint(
        random.pick([0, 9, 10, 34, 92, 123, 0x7f, 0x85, 0x2028, 0xfeff, 0x1f600]),
      ),
    ]);
    changed = changed.slice(0, from) + between + changed.slice(to);
  }
  return changed;
}
