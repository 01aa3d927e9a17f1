// culvert bench: measures this machine, to size it and to compare. One file per part.
import type { Command } from 'commander';
import { registerBenchFlood } from './bench-flood.js';
import { registerBenchIke } from './bench-ike.js';
import { registerBenchKernels } from './bench-kernels.js';
import { registerBenchPeers } from './bench-peers.js';
import { registerBenchPolicy } from './bench-policy.js';
import { registerBenchSa } from './bench-sa.js';
import { registerBenchTunnel } from './bench-tunnel.js';

const PARTS: readonly ((bench: Command) => void)[] = [
  registerBenchKernels,
  registerBenchTunnel,
  registerBenchPeers,
  registerBenchPolicy,
  registerBenchSa,
  registerBenchIke,
  registerBenchFlood,
];

export function registerBench(program: Command): void {
  const bench = program
    .command('bench')
    .description('Measure what this machine carries: size a gateway, compare with other peers.')
    .addHelpText('after', '\nExample:\n  culvert bench kernels');
  for (const register of PARTS) register(bench);
}
