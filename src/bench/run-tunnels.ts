// The tunnel bench: every subject (a peer with a proposal) stands ready at the same time, idle; a
// round gives each of them each work in turn, so that what else the machine does meets all alike. A
// figure is the median of the rounds; a ratio is the median of the rounds' ratios.
import { openTunnel, type Tunnel } from '../lab/tunnel.js';
import type { Generator } from './generator.js';
import type { Progress } from './row.js';
import { type Measured, nameOf, type Subject, type TunnelRow, tunnelRows } from './tunnel-rows.js';
import { type Outcome, perform } from './tunnel-work.js';
import type { Work } from './work.js';

export interface TunnelEffort {
  readonly rounds: number;
  /** Of a TCP run; UDP takes several trials of a quarter of it. */
  readonly seconds: number;
  readonly works: readonly Work[];
  readonly generator: Generator;
}

interface Standing extends Measured {
  readonly tunnel: Tunnel;
  readonly outcomes: Map<Work, Outcome[]>;
}

export async function runTunnels(
  subjects: readonly Subject[],
  effort: TunnelEffort,
  progress: Progress,
): Promise<TunnelRow[]> {
  const standing: Standing[] = [];
  try {
    for (const subject of subjects) {
      progress(`${nameOf(subject)}: bringing the tunnel up`);
      const tunnel = await openTunnel(subject.peer, subject.proposal);
      standing.push({ ...subject, tunnel, outcomes: new Map() });
    }
    for (let round = 1; round <= effort.rounds; round++) {
      for (const work of effort.works) {
        for (const one of inTurn(standing, round)) {
          // Should a gateway end, also of a tunnel that has no turn, no figure is worth the wait.
          const broken = Promise.race(standing.map(({ tunnel }) => tunnel.failure));
          const outcome = await performOnce(one, work, effort, broken);
          progress(`round ${round}, ${work.name}, ${nameOf(one)}: ${shown(outcome)}`);
        }
      }
    }
  } finally {
    await Promise.all(standing.map(({ tunnel }) => tunnel.close()));
  }
  return tunnelRows(standing, effort.works, effort.generator.name);
}

/** Each round begins with another: none is always first. */
const inTurn = <T>(all: readonly T[], round: number): T[] => {
  const first = round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
};

async function performOnce(
  one: Standing,
  work: Work,
  effort: TunnelEffort,
  broken: Promise<never>,
): Promise<Outcome> {
  const before = one.outcomes.get(work) ?? [];
  const { seconds, generator } = effort;
  const known = { earlier: before.at(-1), broken };
  const outcome = await perform(one.tunnel, work, seconds, generator, known);
  one.outcomes.set(work, [...before, outcome]);
  return outcome;
}

const shown = ({ mbits, kpps }: Outcome): string =>
  kpps === undefined ? `${mbits.toFixed(0)} Mbit/s` : `${kpps.toFixed(1)} kpps`;
