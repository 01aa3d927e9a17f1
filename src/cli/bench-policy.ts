// culvert bench policy: how fast the first policy that holds a packet is found, remembered or not.
import type { Command } from 'commander';
import { formatFigure } from '../bench/chart.js';
import { SETS } from '../bench/policy-sets.js';
import { COUNTS, type PolicyRow, runPolicy } from '../bench/run-policy.js';
import {
  deliver,
  type Output,
  type OutputOptions,
  wholeNumber,
  withOutput,
} from './bench-output.js';
import { UserError } from './socket.js';

interface Options extends OutputOptions {
  readonly rounds: string;
  readonly count?: readonly string[];
}

const LOOKUPS = 16_384;

export function registerBenchPolicy(bench: Command): void {
  const command = bench
    .command('policy')
    .description('Policy lookups per second on one core, and how long changing a policy takes.')
    .argument('[set...]', `only these of ${SETS.join(', ')}`)
    .option('--rounds <count>', 'rounds; every figure is their median', '15')
    .option('--count <policies...>', `how many policies (default: ${COUNTS.join(' ')})`)
    .addHelpText('after', '\nExample:\n  culvert bench policy hub mixed --count 10000');
  withOutput(command).action(async (names: string[], options: Options) => {
    const unknown = names.find((name) => !SETS.includes(name));
    if (unknown !== undefined) {
      throw new UserError(`no set is called ${unknown}: expected one of ${SETS.join(', ')}`);
    }
    const rounds = wholeNumber('--rounds', options.rounds);
    const counts = options.count?.map((text) => wholeNumber('--count', text)) ?? COUNTS;
    const sets = names.length > 0 ? names : SETS;
    await deliver(options, OUTPUT, async (progress) =>
      runPolicy(sets, counts, { rounds, lookups: LOOKUPS }, progress),
    );
  });
}

export const OUTPUT: Output<PolicyRow> = {
  table: {
    flags: [],
    columns: [
      { name: 'kind', value: ({ kind }) => kind },
      { name: 'set', value: ({ set }) => set },
      { name: 'family', value: ({ family }) => `IPv${family}` },
      { name: 'policies', value: ({ policies }) => String(policies), right: true },
      { name: 'value', value: ({ value }) => formatFigure(value), right: true },
      { name: 'unit', value: ({ unit }) => unit },
      { name: 'bytes/policy', value: ({ bytes }) => String(bytes), right: true },
    ],
  },
  chart: (rows) => ({
    title: 'Culvert’s policy lookup: past the flow cache, on one core',
    groups: [...new Set(rows.map(({ set }) => set))].map((set) => ({
      title: set,
      unit: 'M lookups/s',
      bars: rows
        .filter((row) => row.set === set && row.kind === 'miss')
        .map(({ policies, family, value }) => ({ label: `${policies}, IPv${family}`, value })),
    })),
  }),
};
