// Measures a case beside node:crypto and openssl, fairly: ours and node:crypto's are checked to give
// the same packet, warmed up, and all take turns for several rounds. Time is processor time of the
// whole process: what else runs on the machine takes none of it, and node:crypto's garbage, collected
// in other threads, is part of its price. The figure is the median of the rounds.
import { Bench } from 'tinybench';
import { BATCH } from '../contract/layout.js';
import type { Module } from '../dataplane/module.js';
import type { Case } from './cases.js';
import { type Kernel, prepare } from './kernels.js';
import { opensslRate } from './openssl.js';
import type { Row } from './row.js';
import { median, medianRatio } from './statistics.js';

export interface KernelRow extends Row {
  readonly unit: 'MB/s';
  /** Of the inner packet. */
  readonly bytes: number;
  readonly cyclesPerByte?: number;
  /** MB/s of node:crypto, one packet at a time, and our rate by its. */
  readonly node: number;
  readonly nodeRatio: number;
  /** The same of `openssl speed`, where it is there and has the algorithm. */
  readonly openssl?: number;
  readonly opensslRatio?: number;
  /** Packets handed to our kernel at once. */
  readonly batch: number;
  readonly rounds: number;
}

export interface Effort {
  readonly rounds: number;
  /** Milliseconds a round gives to each of the two. */
  readonly time: number;
  /** Rounds in which openssl has its turn of a second; 0: none. */
  readonly opensslRounds: number;
  readonly megahertz: number | undefined;
}

export async function measure(
  module: Module,
  row: Case,
  bytes: number,
  effort: Effort,
): Promise<KernelRow> {
  const kernel = prepare(module, row, bytes);
  compare(kernel, `${row.name} at ${bytes} bytes`);
  const ours: number[] = [];
  const node: number[] = [];
  const openssl: number[] = [];
  const besideOpenssl: number[] = [];
  const every = Math.max(1, Math.floor(effort.rounds / Math.max(1, effort.opensslRounds)));
  for (let round = 0; round < effort.rounds; round++) {
    const bench = new Bench({ time: effort.time, iterations: 3, warmup: round === 0 });
    // whoever goes first may meet a colder machine: they swap places every round
    const clocks = { ours: new Clock(), node: new Clock() };
    const add = [
      () => bench.add('ours', () => kernel.ours(), clocks.ours.hooks),
      () => bench.add('node', () => void kernel.node(), clocks.node.hooks),
    ];
    for (const one of round % 2 === 0 ? add : add.reverse()) one();
    await bench.run();
    ours.push(rate(bench, 'ours', bytes, clocks.ours));
    node.push(rate(bench, 'node', bytes, clocks.node));
    const turn = round % every === 0 && openssl.length < effort.opensslRounds;
    const theirs = turn ? opensslRate(row, bytes) : undefined;
    if (theirs === undefined) continue;
    openssl.push(theirs);
    besideOpenssl.push(ours.at(-1)!);
  }
  const value = median(ours);
  const { megahertz, rounds } = effort;
  return {
    name: row.name,
    unit: 'MB/s',
    value,
    bytes,
    ...(megahertz === undefined ? {} : { cyclesPerByte: megahertz / value }),
    node: median(node),
    nodeRatio: medianRatio(ours, node),
    ...(openssl.length === 0
      ? {}
      : { openssl: median(openssl), opensslRatio: medianRatio(besideOpenssl, openssl) }),
    batch: BATCH,
    rounds,
  };
}

/** A fast wrong answer is no figure. */
function compare(kernel: Kernel, what: string): void {
  kernel.ours();
  if (!kernel.last().equals(kernel.node())) throw new Error(`${what}: not what node:crypto says`);
}

/** Processor time of a task's last phase: the warm-up, where there is one, comes before it. */
class Clock {
  microseconds = 0;
  #started = process.cpuUsage();
  readonly hooks = {
    beforeAll: (): void => {
      this.#started = process.cpuUsage();
    },
    afterAll: (): void => {
      const { user, system } = process.cpuUsage(this.#started);
      this.microseconds = user + system;
    },
  };
}

/** MB/s, which is bytes in a microsecond. */
function rate(bench: Bench, name: string, bytes: number, { microseconds }: Clock): number {
  const result = bench.getTask(name)?.result;
  if (result?.state !== 'completed') throw new Error(`${name}: ${result?.state ?? 'missing'}`);
  return (result.latency.samplesCount * BATCH * bytes) / microseconds;
}
