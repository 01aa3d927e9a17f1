// culvert bench flood: what a tunnel keeps of its throughput while forged first messages come.
import type { Command } from 'commander';
import { formatFigure } from '../bench/chart.js';
import { chooseGenerator } from '../bench/generator.js';
import type { Row } from '../bench/row.js';
import { runFlood } from '../bench/run-flood.js';
import type { FloodKind } from '../lab/flood.js';
import {
  checkOutput,
  deliver,
  type Output,
  type OutputOptions,
  wholeNumber,
  withOutput,
} from './bench-output.js';
import { withNamespaces } from './unshared.js';

interface Options extends OutputOptions {
  readonly rate: string;
  readonly rounds: string;
  readonly seconds: string;
  readonly clients: string;
  readonly mix?: boolean;
}

const ALL: readonly FloodKind[] = ['first', 'first', 'first', 'cookie', 'garbage', 'forged'];

export function registerBenchFlood(bench: Command): void {
  const command = bench
    .command('flood')
    .description('A tunnel under TCP while first messages of IKE come from forged addresses.')
    .option('--rate <count>', 'forged messages a second', '10000')
    .option('--rounds <count>', 'of three windows: quiet, dropped by the kernel, flooded', '5')
    .option('--seconds <count>', 'of a window', '10')
    .option('--clients <count>', 'honest ones that call meanwhile, one after another', '20')
    .option('--mix', 'false cookies, garbage and forged SPIs as well')
    .addHelpText('after', '\nExample:\n  culvert bench flood --rate 20000 --rounds 3');
  withOutput(command).action(async (options: Options) => {
    const effort = {
      rate: wholeNumber('--rate', options.rate),
      rounds: wholeNumber('--rounds', options.rounds),
      seconds: wholeNumber('--seconds', options.seconds),
      clients: wholeNumber('--clients', options.clients),
      kinds: options.mix ? ALL : (['first'] as const),
      generator: chooseGenerator(),
    };
    checkOutput(options);
    await withNamespaces('bench flood', () =>
      deliver(options, OUTPUT, (say) => runFlood(effort, say)),
    );
  });
}

export const OUTPUT: Output<Row> = {
  table: {
    flags: [],
    columns: [
      { name: 'figure', value: ({ name }) => name },
      { name: 'value', value: ({ value }) => formatFigure(value), right: true },
      { name: 'unit', value: ({ unit }) => unit },
    ],
  },
  chart: (rows) => ({
    title: 'A tunnel under a flood of first messages',
    groups: [
      {
        title: 'Throughput',
        unit: 'Mbit/s',
        bars: rows
          .filter(({ unit }) => unit === 'Mbit/s')
          .map(({ name, value }) => ({ label: name, value })),
      },
    ],
  }),
};
