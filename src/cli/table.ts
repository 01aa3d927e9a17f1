// Tables as RouterOS prints them: a legend of the flags in use, numbered rows, columns in capitals,
// comments on a line of their own above the row. Columns that do not fit the terminal are left out
// from the right and named below the table, so that no line wraps.
//
//   Flags: A - ACTIVE; X - DISABLED
//   Columns: PEER, SRC-ADDRESS
//   #    PEER  SRC-ADDRESS
//   0 A  west  198.51.100.0/24

export interface Column<Row> {
  /** RouterOS's property name; the heading is this in capitals. */
  readonly name: string;
  readonly value: (row: Row) => string;
  readonly right?: true;
}

export interface Flag<Row> {
  readonly letter: string;
  readonly name: string;
  readonly on: (row: Row) => boolean;
}

export interface Table<Row> {
  readonly flags: readonly Flag<Row>[];
  /** The most important first. */
  readonly columns: readonly Column<Row>[];
  readonly comment?: (row: Row) => string;
  /** The row's number where it is not its position; undefined: it has none. */
  readonly number?: (row: Row) => number | undefined;
}

const GAP = '  ';

/** The whole table, or one line that says it is empty. Width 0: no limit. */
export function formatTable<Row>(table: Table<Row>, rows: readonly Row[], width = 0): string {
  if (rows.length === 0) return 'no entries\n';
  const flags = table.flags.filter((flag) => rows.some(flag.on));
  const numbers = rows.map((row, at) => String((table.number ? table.number(row) : at) ?? ''));
  const letters = rows.map((row) => flags.map((f) => (f.on(row) ? f.letter : ' ')).join(''));
  const numberWidth = Math.max(...numbers.map((text) => text.length));
  const heads = ['#'.padEnd(numberWidth), ...(flags.length > 0 ? [' '.repeat(flags.length)] : [])];
  const lead = heads.join(' ').length;
  const { kept, left } = fit(table.columns, rows, width === 0 ? Infinity : width - lead);
  const legend = legendOf(flags);
  const lines = [
    ...(legend === '' ? [] : [legend]),
    `Columns: ${kept.map(({ head }) => head).join(', ')}`,
    line([heads.join(' '), ...kept.map(({ head, size, right }) => pad(head, size, right))]),
    ...rows.flatMap((row, at) => {
      const start = [numbers[at]!.padStart(numberWidth), letters[at]!].join(' ').padEnd(lead);
      const cells = kept.map(({ cells: all, size, right }) => pad(all[at]!, size, right));
      const comment = printable(table.comment?.(row) ?? '');
      const note = comment === '' ? [] : [`${' '.repeat(lead)}${GAP};;; ${comment}`];
      return [...note, line([start.slice(0, lead), ...cells])];
    }),
    ...(left.length === 0 ? [] : [`not shown (narrow terminal): ${left.join(', ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** `Flags: A - ACTIVE; X - DISABLED`, empty without flags. */
export function legendOf<Row>(flags: readonly Flag<Row>[]): string {
  const all = flags.map(({ letter, name }) => `${letter} - ${name.toUpperCase()}`).join('; ');
  return all === '' ? '' : `Flags: ${all}`;
}

interface Measured {
  readonly head: string;
  readonly cells: readonly string[];
  readonly size: number;
  readonly right: boolean;
}

/** The first columns always stay, however narrow the terminal is: a row must say which it is. */
function fit<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  room: number,
): { kept: Measured[]; left: string[] } {
  const kept: Measured[] = [];
  const left: string[] = [];
  let used = 0;
  for (const { name, value, right = false } of columns) {
    const head = name.toUpperCase();
    const cells = rows.map((row) => printable(value(row)));
    const size = Math.max(head.length, ...cells.map((text) => text.length));
    used += GAP.length + size;
    if (left.length === 0 && (used <= room || kept.length < 2)) {
      kept.push({ head, cells, size, right });
    } else left.push(name);
  }
  return { kept, left };
}

const pad = (text: string, size: number, right: boolean): string =>
  right ? text.padStart(size) : text.padEnd(size);

const line = (cells: readonly string[]): string => cells.join(GAP).trimEnd();

/** Identities and comments come from elsewhere: no control character reaches the terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');

/** Name and value, one a line, as RouterOS prints a menu that is no list. */
export function formatProperties(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padStart(width)}: ${printable(value)}\n`).join('');
}
