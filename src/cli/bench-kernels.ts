// culvert bench kernels: the data plane's kernels beside node:crypto and `openssl speed`.
import type { Command } from 'commander';
import { CASES, SIZES } from '../bench/cases.js';
import { formatFigure } from '../bench/chart.js';
import { environment } from '../bench/environment.js';
import { opensslVersion } from '../bench/openssl.js';
import { type BuildRow, builds, chooseCases, runKernels } from '../bench/run-kernels.js';
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
  readonly build?: string;
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
    .option('--build <name>', 'of the module: simd128 or relaxed (default: the faster)')
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
    const build = readBuild(options.build);
    const { megahertz } = environment(version());
    const found = options.openssl ? opensslVersion() : undefined;
    await deliver(options, OUTPUT, (progress) => {
      if (megahertz !== undefined) progress(`cycles are those of the ${megahertz} MHz counter`);
      if (options.openssl) progress(found ?? 'openssl is left out: apt-get install openssl');
      const opensslRounds = found === undefined ? 0 : Math.min(OPENSSL_ROUNDS, rounds);
      return runKernels(cases, build, { rounds, time, opensslRounds, megahertz }, progress);
    });
  });
}

/** The last of the builds is the fastest. */
function readBuild(wanted: string | undefined) {
  const known = builds();
  const build = wanted === undefined ? known.at(-1) : known.find((name) => name === wanted);
  if (build !== undefined) return build;
  throw new UserError(`--build ${wanted}: this Node.js runs ${known.join(' and ')}`);
}

const figure = (value: (row: BuildRow) => number | undefined) => ({
  value: (row: BuildRow): string => formatFigure(value(row)),
  right: true as const,
});

/** The chart shows one size; the table has them all. */
const largest = ({ bytes }: BuildRow): boolean => bytes === Math.max(...SIZES);

export const OUTPUT: Output<BuildRow> = {
  table: {
    flags: [],
    columns: [
      { name: 'name', value: ({ name }) => name },
      { name: 'bytes', value: ({ bytes }) => String(bytes), right: true },
      { name: 'build', value: ({ build }) => build },
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
