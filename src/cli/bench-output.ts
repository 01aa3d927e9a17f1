// What every part of `culvert bench` does with its rows: a table for a person or, with --json, an
// object per row; with --out a chart. What is being measured now goes to standard error meanwhile.
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Chart, drawChart } from '../bench/chart.js';
import { describe, environment, load } from '../bench/environment.js';
import type { Progress, Row } from '../bench/row.js';
import { UserError } from './socket.js';
import { formatTable, type Table } from './table.js';
import { version } from './version.js';

export interface OutputOptions {
  readonly json?: boolean;
  readonly out?: string;
}

export interface Output<R extends Row> {
  readonly table: Table<R>;
  readonly chart: (rows: readonly R[]) => Omit<Chart, 'notes'>;
}

export const withOutput = (command: Command): Command =>
  command
    .option('--json', 'an object per row')
    .option('--out <file.svg>', 'draw the figures as a bar chart into this file');

/** A whole number from `least` on, or the error that names the option. */
export function wholeNumber(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UserError(`${option} ${text}: expected a whole number from ${least} on`);
}

/** Before the work: an hour of it is not lost to a wrong file name. */
export function checkOutput({ out }: OutputOptions): void {
  if (out === undefined) return;
  if (!out.endsWith('.svg')) throw new UserError(`--out ${out}: expected a name ending in .svg`);
  const folder = dirname(resolve(out));
  if (!existsSync(folder)) throw new UserError(`--out ${out}: there is no directory ${folder}`);
}

export const progress: Progress = (text) => void process.stderr.write(`${text}\n`);

/** Measures, then prints and draws. */
export async function deliver<R extends Row>(
  options: OutputOptions,
  output: Output<R>,
  measure: (progress: Progress) => Promise<readonly R[]>,
): Promise<void> {
  checkOutput(options);
  const about = describe(environment(version()));
  // Of a machine with other work the figures say little: the reader must be able to see that.
  const loads = [load()];
  if (!options.json) process.stdout.write(`${about}; load ${loads[0]}\n`);
  const rows = await measure(progress);
  loads.push(load());
  const run = { environment: about, load: loads };
  if (options.json) {
    for (const row of rows) process.stdout.write(`${JSON.stringify({ ...row, ...run })}\n`);
  } else process.stdout.write(formatTable(output.table, rows, process.stdout.columns ?? 0));
  if (options.out === undefined) return;
  const notes = [...about.split('; '), `load ${loads.join(' before, ')} after`];
  writeFileSync(options.out, drawChart({ ...output.chart(rows), notes }));
  progress(`drawn: ${options.out}`);
}
