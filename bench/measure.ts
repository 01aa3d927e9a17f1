// Measures a case beside node:crypto, fairly: both are checked to give the same packet, warmed up, and
// take turns for several rounds. A round's rate is its mean, since node:crypto's garbage is part of its
// price; the figure is the median of the rounds, and the ratio the median of the rounds' ratios, so a
// round that other work on the machine disturbed does not count.
import { Bench } from 'tinybench';
import { BATCH } from '../src/contract/layout.js';
import type { Module } from '../src/dataplane/module.js';
import type { Case } from './cases.js';
import { type Kernel, prepare } from './kernels.js';

export interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly unit: 'MB/s';
  readonly value: number;
  readonly node: number;
  readonly ratio: number;
  /** Packets handed to our kernel at once; node:crypto has one at a time. */
  readonly batch: number;
  readonly rounds: number;
}

export interface Effort {
  readonly rounds: number;
  /** Milliseconds a round gives to each of the two. */
  readonly time: number;
}

export async function measure(
  module: Module,
  row: Case,
  bytes: number,
  effort: Effort,
): Promise<Row> {
  const kernel = prepare(module, row, bytes);
  compare(kernel, `${row.name} at ${bytes} bytes`);
  const ours: number[] = [];
  const node: number[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    const bench = new Bench({ time: effort.time, iterations: 3, warmup: round === 0 });
    // whoever goes first may meet a colder machine: they swap places every round
    const add = [
      () => bench.add('ours', () => kernel.ours()),
      () => bench.add('node', () => void kernel.node()),
    ];
    for (const one of round % 2 === 0 ? add : add.reverse()) one();
    await bench.run();
    ours.push(rate(bench, 'ours', bytes));
    node.push(rate(bench, 'node', bytes));
  }
  return {
    name: row.name,
    bytes,
    unit: 'MB/s',
    value: median(ours),
    node: median(node),
    ratio: median(ours.map((rate, i) => rate / node[i]!)),
    batch: BATCH,
    rounds: effort.rounds,
  };
}

/** A fast wrong answer is no figure. */
function compare(kernel: Kernel, what: string): void {
  kernel.ours();
  if (!kernel.last().equals(kernel.node())) throw new Error(`${what}: not what node:crypto says`);
}

function rate(bench: Bench, name: string, bytes: number): number {
  const result = bench.getTask(name)?.result;
  if (result?.state !== 'completed') throw new Error(`${name}: ${result?.state ?? 'missing'}`);
  // latency is in milliseconds for a batch
  return (BATCH * bytes) / result.latency.mean / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
