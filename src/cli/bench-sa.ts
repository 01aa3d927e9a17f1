// culvert bench sa: what many installed SAs cost a packet.
import type { Command } from 'commander';
import { formatFigure } from '../bench/chart.js';
import { runSas, SAS, type SaRow } from '../bench/run-sa.js';
import {
  deliver,
  type Output,
  type OutputOptions,
  wholeNumber,
  withOutput,
} from './bench-output.js';

interface Options extends OutputOptions {
  readonly rounds: string;
  readonly bytes: string;
}

const BATCHES = 40;

export function registerBenchSa(bench: Command): void {
  const command = bench
    .command('sa')
    .description('Packets per second on one core with 1, 100 and 10,000 SAs, one or all in use.')
    .option('--rounds <count>', 'rounds; every figure is their median', '15')
    .option('--bytes <count>', 'of an inner packet', '1400')
    .addHelpText('after', '\nExample:\n  culvert bench sa --bytes 64');
  withOutput(command).action(async (options: Options) => {
    const rounds = wholeNumber('--rounds', options.rounds);
    const bytes = wholeNumber('--bytes', options.bytes, 28);
    await deliver(options, OUTPUT, async (progress) =>
      runSas(SAS, { rounds, batches: BATCHES, bytes }, progress),
    );
  });
}

export const OUTPUT: Output<SaRow> = {
  table: {
    flags: [],
    columns: [
      { name: 'direction', value: ({ direction }) => direction },
      { name: 'sas', value: ({ sas }) => String(sas), right: true },
      { name: 'in-use', value: ({ used }) => String(used), right: true },
      { name: 'kpps', value: ({ value }) => formatFigure(value), right: true },
      { name: 'by-one-sa', value: ({ ratio }) => formatFigure(ratio), right: true },
    ],
  },
  chart: (rows) => ({
    title: 'Culvert with many SAs, on one core',
    groups: (['seal', 'open'] as const).map((direction) => ({
      title: direction,
      unit: 'kpps',
      bars: rows
        .filter((row) => row.direction === direction)
        .map(({ sas, used, value }) => ({ label: `${sas} SAs, ${used} in use`, value })),
    })),
  }),
};
