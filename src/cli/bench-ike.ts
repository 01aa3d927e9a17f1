// culvert bench ike: handshakes as responder, and what thousands of IKE SAs cost that stand.
import { type Command, Option } from 'commander';
import { formatFigure } from '../bench/chart.js';
import { type IkePeer, type IkeRow, PROOFS, type ProofName, runIke } from '../bench/run-ike.js';
import { strongswan } from '../lab/strongswan.js';
import {
  deliver,
  type Output,
  type OutputOptions,
  progress,
  wholeNumber,
  withOutput,
} from './bench-output.js';
import { withNamespaces } from './unshared.js';

interface Options extends OutputOptions {
  readonly clients: string;
  readonly atOnce: string;
  readonly seconds: string;
  readonly auth: readonly string[];
}

export function registerBenchIke(bench: Command): void {
  const command = bench
    .command('ike')
    .description(
      'Handshakes a second as responder, beside strongSwan; thousands of IKE SAs at rest.',
    )
    .option('--clients <count>', 'that call, and stand afterwards', '5000')
    .option('--at-once <count>', 'calls under way', '32')
    .addOption(
      new Option('--auth <how...>', 'a secret of all, or ECDSA certificates of P-256')
        .choices(PROOFS)
        .default([...PROOFS]),
    )
    .option('--seconds <count>', 'how long they stand', '30')
    .addHelpText('after', '\nExample:\n  culvert bench ike --clients 1000');
  withOutput(command).action(async (options: Options) => {
    const clients = wholeNumber('--clients', options.clients);
    const atOnce = wholeNumber('--at-once', options.atOnce);
    const seconds = wholeNumber('--seconds', options.seconds);
    const proofs = options.auth as readonly ProofName[];
    const missing = strongswan.missing();
    if (missing !== undefined) progress(`without strongSwan: ${missing}`);
    const peers: IkePeer[] = missing === undefined ? ['culvert', 'strongswan'] : ['culvert'];
    await withNamespaces('bench ike', () =>
      deliver(options, OUTPUT, (say) => runIke(peers, { clients, atOnce, seconds, proofs }, say)),
    );
  });
}

export const OUTPUT: Output<IkeRow> = {
  table: {
    flags: [],
    columns: [
      { name: 'peer', value: ({ peer }) => peer },
      { name: 'auth', value: ({ proof }) => proof },
      { name: 'figure', value: ({ figure }) => figure },
      { name: 'value', value: ({ value }) => formatFigure(value), right: true },
      { name: 'unit', value: ({ unit }) => unit },
    ],
  },
  chart: (rows) => ({
    title: 'IKE as responder',
    groups: [...new Set(rows.map(({ figure }) => figure))].map((figure) => {
      const bars = rows.filter((row) => row.figure === figure);
      return {
        title: figure,
        unit: bars[0]!.unit,
        bars: bars.map(({ peer, proof, value }) => ({ label: `${peer}, ${proof}`, value })),
      };
    }),
  }),
};
