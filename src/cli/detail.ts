// `print detail`: every property of every row as name=value, lines broken between them; and `print
// terse`, an entry a line without a legend, for other programs to read.
import { type Flag, legendOf, printable } from './table.js';

export interface Detail<Row> {
  readonly flags: readonly Flag<Row>[];
  readonly number: (row: Row) => number | undefined;
  readonly comment: (row: Row) => string;
  readonly pairs: (row: Row) => readonly (readonly [name: string, text: string])[];
}

const INDENT = 6;
// Our own choices: where the output is no terminal, and where the terminal is too narrow.
const USUAL_WIDTH = 80;
const LEAST_WIDTH = 40;

export function formatDetail<Row>(
  detail: Detail<Row>,
  rows: readonly Row[],
  width: number,
): string {
  if (rows.length === 0) return 'no entries\n';
  const legend = legendOf(detail.flags.filter(({ on }) => rows.some(on)));
  const entries = rows.map((row) => {
    const letters = detail.flags.map(({ letter, on }) => (on(row) ? letter : '')).join('');
    const head = `${String(detail.number(row) ?? '').padStart(2)} ${letters}`.padEnd(INDENT);
    const comment = detail.comment(row);
    const words = detail.pairs(row).map(([name, text]) => `${name}=${quoted(text)}`);
    const note = comment === '' ? [] : [`;;; ${printable(comment)}`];
    const lines = [...note, ...wrapped(words, Math.max(LEAST_WIDTH, width || USUAL_WIDTH))];
    return lines.map((line, at) => `${at === 0 ? head : ' '.repeat(INDENT)}${line}\n`).join('');
  });
  return `${legend === '' ? '' : `${legend}\n`}${entries.join('')}`;
}

/** An entry a line, the comment as a property of its own. */
export function formatTerse<Row>(detail: Detail<Row>, rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const letters = detail.flags.map(({ letter, on }) => (on(row) ? letter : '')).join('');
    const comment = detail.comment(row);
    const pairs = [
      ...(comment === '' ? [] : [['comment', comment] as const]),
      ...detail.pairs(row),
    ];
    const words = pairs.map(([name, text]) => `${name}=${quoted(text)}`);
    const head = [String(detail.number(row) ?? ''), letters].filter((text) => text !== '');
    return `${[...head, ...words].join(' ')}\n`;
  });
  return lines.join('');
}

const quoted = (text: string): string =>
  /[\s"]/.test(text) || text === '' ? `"${printable(text)}"` : printable(text);

function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || INDENT + last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
