// What is wrong with a configuration: where, what stands there, what was expected. Every reader
// collects these instead of throwing, so that one run of `culvert check` names all of them.

export interface Problem {
  /** `policy[2].src-address`; `line 3, column 7` where the file is not JSON. */
  readonly path: string;
  /** What stands there, as JSON; `[hidden]` for a secret, `nothing` where it is missing. */
  readonly value: string;
  /** Completes "expected …". */
  readonly expected: string;
}

/** Something that works and is probably not meant, or is unsafe. */
export interface Warning {
  readonly path: string;
  readonly value: string;
  readonly text: string;
}

/** A file may have names of any length, lines for a person may not. */
const LONGEST_PATH = 200;
const clipped = (path: string): string =>
  path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH)}…`;

export const formatWarning = ({ path, value, text }: Warning): string =>
  `${clipped(path)}: ${value}: ${text}`;

/** One line for a person. */
export const formatProblem = ({ path, value, expected }: Problem): string =>
  `${clipped(path)}: ${value}: expected ${expected}`;

const LONGEST = 60;

/** A value as an error shows it: JSON, cut to a readable length. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

/** ` (did you mean "x"?)` for the known name nearest to `name`, empty where none is near. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (!near || near.distance > Math.max(1, Math.floor(name.length / 3))) return '';
  return ` (did you mean "${near.candidate}"?)`;
}

/** Levenshtein's distance, with two exchanged neighbours as one step. A long name is near nothing. */
function editDistance(a: string, b: string): number {
  if (a.length > 64) return a.length;
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const [before, row, next] = [rows[i - 2], rows[i - 1]!, [i]];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (before && j > 1 && exchanged) next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    rows.push(next);
  }
  return rows[a.length]![b.length]!;
}
