// What the commands that ask a running daemon have in common: --socket, --json, the terminal's width.
import type { Command } from 'commander';
import type { ControlCommand, ControlHandlers, ControlResult } from '../daemon/control.js';
import { type Detail, formatDetail, formatTerse } from './detail.js';
import { ask, findSocket } from './socket.js';
import type { Table } from './table.js';
import { filterRows, type PrintWords, parsePrintWords } from './words.js';

export interface Options {
  readonly socket?: string;
  readonly json?: boolean;
  readonly file?: string;
}

/** A row of the answer, where the answer is a list. */
type RowOf<C extends ControlCommand> =
  ControlResult<C> extends readonly (infer Row)[] ? Row : never;

interface Question<C extends ControlCommand> {
  /** What the daemon is asked; its last word is the verb on the command line. */
  readonly command: C;
  readonly description: string;
  readonly example: string;
  /** The answer as text; `width` is 0 where the output is no terminal. */
  readonly format: (answer: ControlResult<C>, width: number) => string;
  /** Further options, and what they mean to the daemon. */
  readonly options?: readonly (readonly [flags: string, description: string])[];
  /** `print` of a list: also takes `detail`, `terse` and `where name=value`, by this table's flags. */
  readonly table?: Table<RowOf<C>>;
  /** What a configuration file, instead of the daemon, has to say (--file). */
  readonly ofFile?: (path: string, words: readonly string[], options: Options) => string;
  /** The same answer worked out from a configuration file. */
  readonly answerOfFile?: (path: string) => ControlResult<C>;
  /** Words in place of `detail` and `where` that do something else. */
  readonly instead?: Readonly<Record<string, (options: Options) => Promise<void>>>;
  readonly args?: (given: Readonly<Record<string, unknown>>) => Parameters<ControlHandlers[C]>[0];
}

/** The noun a verb belongs to, made at its first verb. */
export function noun(program: Command, name: string, description: string): Command {
  return (
    program.commands.find((command) => command.name() === name) ??
    program
      .command(name)
      .description(description)
      .addHelpText('after', `\nExample:\n  culvert ${name} print`)
  );
}

/** Adds a verb that asks the daemon and prints its answer. */
export function addQuestion<C extends ControlCommand>(parent: Command, q: Question<C>): void {
  const verb = parent
    .command(q.command.split(' ').at(-1)!)
    .description(q.description)
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .option('--json', 'print JSON: times in seconds, RouterOS property names')
    .addHelpText('after', `\nExample:\n  ${q.example}`);
  if (q.ofFile || q.answerOfFile) verb.option('--file <path>', 'print this file instead');
  for (const [flags, description] of q.options ?? []) verb.option(flags, description);
  if (q.table)
    verb.argument(
      '[words...]',
      '[detail | terse | count-only] [where name=value !name name~pattern …]',
    );
  verb.action(async (...given: unknown[]) => {
    const options = given.at(-2) as Options & Record<string, unknown>;
    const words = q.table ? (given[0] as string[]) : [];
    if (options.file !== undefined && q.ofFile) {
      process.stdout.write(q.ofFile(options.file, words, options));
      return;
    }
    const other = words.length === 1 ? q.instead?.[words[0]!] : undefined;
    if (other) {
      await other(options);
      return;
    }
    const { form, count, where } = parsePrintWords(words);
    const all =
      options.file !== undefined && q.answerOfFile
        ? q.answerOfFile(options.file)
        : await ask(await findSocket(options.socket), q.command, q.args?.(options));
    const answer = (
      q.table ? filterAnswer(all as unknown as Rows, where) : all
    ) as ControlResult<C>;
    const width = process.stdout.isTTY ? process.stdout.columns : 0;
    if (count) {
      process.stdout.write(`${(answer as unknown as Rows).length}\n`);
      return;
    }
    const text = (): string =>
      form !== 'table' && q.table
        ? linesOf(q.table as unknown as Table<Rows[number]>, answer as unknown as Rows, form, width)
        : q.format(answer, width);
    process.stdout.write(options.json ? `${JSON.stringify(answer, null, 2)}\n` : text());
  });
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** As `where` compares and `detail` shows a value of the answer. */
export function valueText(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.join('/') : String(value ?? '');
}

function filterAnswer(rows: Rows, where: PrintWords['where']): Rows {
  // The rows say which properties there are; of an empty table every condition holds.
  const known = rows.length > 0 ? Object.keys(rows[0]!) : where.map(({ name }) => name);
  return filterRows(rows, where, known, (row, name) => valueText(row[name]));
}

function linesOf(
  table: Table<Rows[number]>,
  rows: Rows,
  form: 'detail' | 'terse',
  width: number,
): string {
  // People read times as times; `terse` is for programs, which count.
  const shown = (row: Rows[number], name: string): string => {
    const column = table.columns.find((one) => one.name === name && !one.right);
    const plain = form === 'terse' || (typeof row[name] !== 'number' && !Array.isArray(row[name]));
    return plain || column === undefined ? valueText(row[name]) : column.value(row);
  };
  const detail: Detail<Rows[number]> = {
    flags: table.flags,
    number: (row) => (table.number ? table.number(row) : rows.indexOf(row)),
    comment: (row) => table.comment?.(row) ?? '',
    pairs: (row) =>
      Object.keys(row)
        .filter((name) => name !== 'number' && name !== 'comment')
        .map((name) => [name, shown(row, name)]),
  };
  return form === 'terse' ? formatTerse(detail, rows) : formatDetail(detail, rows, width);
}
