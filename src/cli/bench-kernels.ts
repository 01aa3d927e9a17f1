// culvert bench kernels: the data plane's kernels beside node:crypto and `openssl speed`.
import type { Command } from 'commander';
import { CASES, SIZES } from '../bench/cases.js';
import { formatFigure } from '../bench/chart.js';
import { environment } from '../bench/environment.js';
import type { KernelRow } from '../bench/measure.js';
import { opensslVersion } from '../bench/openssl.js';
import { chooseCases, runKernels } from '../bench/run-kernels.js';
import {
  deliver,
  type Output,
  type OutputOptions,
  wholeNumber,
  withOutput,
} from './bench-output.js';
import { UserError } from './socket.js';
import { version } from './version.js';

interface Options extends OutputOptions {
  readonly rounds: string;
  readonly time: string;
  readonly openssl: boolean;
}

/** Each takes a second or two: more would make openssl nearly all of the run. */
const OPENSSL_ROUNDS = 3;

export function registerBenchKernels(bench: Command): void {
  const command = bench
    .command('kernels')
    .description('MB/s of each algorithm at three packet sizes, beside node:crypto and openssl.')
    .argument('[name...]', 'only the cases whose name contains one of these')
    .option('--rounds <count>', 'rounds; every figure is their median', '15')
    .option('--time <ms>', 'milliseconds a round gives to each side', '20')
    .option('--no-openssl', 'leave `openssl speed` out, which takes seconds per figure')
    .addHelpText('after', '\nExample:\n  culvert bench kernels gcm chacha --out kernels.svg');
  withOutput(command).action(async (names: string[], options: Options) => {
    const cases = chooseCases(names);
    if (cases.length === 0) {
      const known = CASES.map(({ name }) => name).join(', ');
      throw new UserError(`no case is called ${names.join(' ')}: expected part of one of ${known}`);
    }
    const rounds = wholeNumber('--rounds', options.rounds);
    const time = wholeNumber('--time', options.time);
    const { megahertz } = environment(version());
    const found = options.openssl ? opensslVersion() : undefined;
    await deliver(options, OUTPUT, (progress) => {
      if (megahertz !== undefined) progress(`cycles are those of the ${megahertz} MHz counter`);
      if (options.openssl) progress(found ?? 'openssl is left out: apt-get install openssl');
      const opensslRounds = found === undefined ? 0 : Math.min(OPENSSL_ROUNDS, rounds);
      return runKernels(cases, { rounds, time, opensslRounds, megahertz }, progress);
    });
  });
}

const figure = (value: (row: KernelRow) => number | undefined) => ({
  value: (row: KernelRow): string => formatFigure(value(row)),
  right: true as const,
});

/** The chart shows one size; the table has them all. */
const largest = ({ bytes }: KernelRow): boolean => bytes === Math.max(...SIZES);

export const OUTPUT: Output<KernelRow> = {
  table: {
    flags: [],
    columns: [
      { name: 'name', value: ({ name }) => name },
      { name: 'bytes', value: ({ bytes }) => String(bytes), right: true },
      { name: 'mb/s', ...figure(({ value }) => value) },
      { name: 'cycles/byte', ...figure(({ cyclesPerByte }) => cyclesPerByte) },
      { name: 'openssl', ...figure(({ openssl }) => openssl) },
      { name: 'by-openssl', ...figure(({ opensslRatio }) => opensslRatio) },
      { name: 'node-crypto', ...figure(({ node }) => node) },
      { name: 'by-node', ...figure(({ nodeRatio }) => nodeRatio) },
    ],
  },
  chart: (rows) => ({
    title: 'Culvert’s kernels: sealing packets on one core',
    groups: rows.filter(largest).map(({ name, bytes, unit, value, node, openssl }) => ({
      title: `${name}, ${bytes} bytes`,
      unit,
      bars: [
        { label: 'culvert', value },
        { label: 'node:crypto per packet', value: node },
        ...(openssl === undefined ? [] : [{ label: 'openssl speed', value: openssl }]),
      ],
    })),
  }),
};
