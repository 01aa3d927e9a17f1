// culvert bench tunnel: what two gateways in namespaces of this machine carry, beside the bare
// path.
import type { Command } from 'commander';
import { formatFigure, type Group } from '../bench/chart.js';
import { runTunnels } from '../bench/run-tunnels.js';
import type { Subject, TunnelRow } from '../bench/tunnel-rows.js';
import { bare, culvert } from '../lab/culvert.js';
import {
  readEffort,
  readProposals,
  type TunnelOptions,
  withTunnelOptions,
} from './bench-options.js';
import { checkOutput, deliver, type Output } from './bench-output.js';
import { withNamespaces } from './unshared.js';
import { version } from './version.js';

export function registerBenchTunnel(bench: Command): void {
  const command = bench
    .command('tunnel')
    .description('Traffic through two gateways in namespaces: throughput, loss, latency, CPU time.')
    .addHelpText(
      'after',
      '\nExample:\n  culvert bench tunnel aes-256-cbc+sha256 --work tcp-1 udp-imix --rounds 3',
    );
  withTunnelOptions(command, 1)
    .option('--udp', 'put ESP into UDP (`udp-encapsulation` of the peer)')
    .action(async (texts: string[], options: TunnelOptions & { udp?: boolean }) => {
      const subjects: Subject[] = readProposals(texts).map((proposal) => ({
        peer: culvert(version(), options.udp === true),
        proposal,
      }));
      subjects.push({ peer: bare, proposal: subjects[0]!.proposal });
      const effort = readEffort(options);
      checkOutput(options);
      await withNamespaces('bench tunnel', () =>
        deliver(options, OUTPUT, (progress) => runTunnels(subjects, effort, progress)),
      );
    });
}

const figure = (value: (row: TunnelRow) => number | undefined) => ({
  value: (row: TunnelRow): string => formatFigure(value(row)),
  right: true as const,
});

export const OUTPUT: Output<TunnelRow> = {
  table: {
    flags: [],
    columns: [
      { name: 'peer', value: ({ peer }) => peer },
      { name: 'cipher', value: ({ cipher }) => cipher },
      { name: 'work', value: ({ work }) => work },
      { name: 'mbit/s', ...figure(({ mbits }) => mbits) },
      { name: 'kpps', ...figure(({ kpps }) => kpps) },
      { name: 'loss-%', ...figure(({ lossPercent }) => lossPercent) },
      { name: 'p50-us', ...figure(({ latencyP50Us }) => latencyP50Us) },
      { name: 'p99-us', ...figure(({ latencyP99Us }) => latencyP99Us) },
      { name: 'cpu-s/gb', ...figure(({ cpuSecondsPerGb }) => cpuSecondsPerGb) },
      { name: 'most-kpps', ...figure(({ mostKpps }) => mostKpps) },
    ],
  },
  chart: (rows) => ({
    title: 'Through a tunnel between two gateways on this machine',
    groups: [...groupsOf(rows, ({ unit, value }) => [unit, value]), ...cpuGroups(rows)],
  }),
};

function groupsOf(
  rows: readonly TunnelRow[],
  look: (row: TunnelRow) => readonly [unit: string, value: number | undefined],
): Group[] {
  return [...new Set(rows.map(({ work }) => work))].map((work) => {
    const shown = rows.filter((row) => row.work === work && row.peer !== 'bare');
    return {
      title: work,
      unit: look(shown[0] ?? rows[0]!)[0],
      bars: shown.map((row) => ({
        label: `${row.peer} ${row.cipher}`,
        value: look(row)[1] ?? Number.NaN,
      })),
    };
  });
}

/** Of TCP's one flow: the smaller the better, and of the rest it says little more. */
const cpuGroups = (rows: readonly TunnelRow[]): Group[] =>
  groupsOf(
    rows.filter(({ work }) => work === 'tcp-1'),
    ({ cpuSecondsPerGb }) => [
      'CPU-seconds of both gateways per GB, less is better',
      cpuSecondsPerGb,
    ],
  );
