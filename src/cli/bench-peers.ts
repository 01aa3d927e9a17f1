// culvert bench peers: the work of `bench tunnel` for Culvert, strongSwan's ESP in user space and
// wireguard-go, in turn, on the same machine at the same time.
import type { Command } from 'commander';
import { formatFigure } from '../bench/chart.js';
import { runTunnels } from '../bench/run-tunnels.js';
import type { Subject, TunnelRow } from '../bench/tunnel-rows.js';
import { bare, culvert } from '../lab/culvert.js';
import type { Proposal } from '../lab/peer.js';
import { strongswan } from '../lab/strongswan.js';
import { wireguardGo } from '../lab/wireguard.js';
import {
  readEffort,
  readProposals,
  type TunnelOptions,
  withTunnelOptions,
} from './bench-options.js';
import { checkOutput, deliver, type Output, progress } from './bench-output.js';
import { OUTPUT as TUNNEL } from './bench-tunnel.js';
import { withNamespaces } from './unshared.js';
import { version } from './version.js';

const OTHERS = [strongswan, wireguardGo];

export function registerBenchPeers(bench: Command): void {
  const command = bench
    .command('peers')
    .description('The same traffic through Culvert, strongSwan in user space and wireguard-go.')
    .addHelpText(
      'after',
      '\nExample:\n  culvert bench peers --work tcp-1 udp-64 --out peers.svg\n\n' +
        'Peers that are not installed are left out; the command says how to install them. All of\n' +
        'them send UDP; `bench tunnel` shows Culvert with plain ESP too.',
    );
  withTunnelOptions(command, 5).action(async (texts: string[], options: TunnelOptions) => {
    const proposals = readProposals(texts);
    const effort = readEffort(options);
    checkOutput(options);
    await withNamespaces('bench peers', () =>
      deliver(options, OUTPUT, () => runTunnels(subjectsOf(proposals), effort, progress)),
    );
  });
}

/** Culvert with each proposal, then whoever is installed with those it carries. */
function subjectsOf(proposals: readonly Proposal[]): Subject[] {
  const subjects: Subject[] = proposals.map((proposal) => ({
    peer: culvert(version(), true),
    proposal,
  }));
  for (const peer of OTHERS) {
    const missing = peer.missing();
    if (missing !== undefined) {
      progress(`${peer.name} is left out: it is not installed: ${missing}`);
      continue;
    }
    const carried = proposals.filter(peer.carries);
    if (carried.length === 0) progress(`${peer.name} is left out: it has none of these ciphers`);
    subjects.push(...carried.map((proposal) => ({ peer, proposal })));
  }
  return [...subjects, { peer: bare, proposal: proposals[0]! }];
}

const ratio = (peer: string, of: 'ratios' | 'cpuRatios') => ({
  value: (row: TunnelRow): string => formatFigure(row[of]?.[peer]),
  right: true as const,
});

export const OUTPUT: Output<TunnelRow> = {
  table: {
    flags: [],
    // Culvert's value by the peer's: what a reader came for stands before loss and latency.
    columns: [
      ...TUNNEL.table.columns.slice(0, 5),
      { name: 'by-strongswan', ...ratio('strongswan', 'ratios') },
      { name: 'by-wireguard-go', ...ratio('wireguard-go', 'ratios') },
      ...TUNNEL.table.columns.slice(5),
      { name: 'cpu-by-strongswan', ...ratio('strongswan', 'cpuRatios') },
      { name: 'cpu-by-wireguard-go', ...ratio('wireguard-go', 'cpuRatios') },
    ],
  },
  chart: (rows) => ({ ...TUNNEL.chart(rows), title: 'User-space tunnels on one machine' }),
};
