// Rows of the tunnel bench from the outcomes of its rounds: a figure is the median of the rounds, a
// ratio the median of the rounds' ratios.
import { type Peer, type Proposal, proposalText } from '../lab/peer.js';
import { ownGenerator } from './generator.js';
import type { Row } from './row.js';
import { median, medianRatio } from './statistics.js';
import type { Outcome } from './tunnel-work.js';
import type { Work } from './work.js';

export interface Subject {
  readonly peer: Peer;
  readonly proposal: Proposal;
}

/** A subject with what came of each work, a round after the other. */
export interface Measured extends Subject {
  readonly outcomes: ReadonlyMap<Work, readonly Outcome[]>;
}

export interface TunnelRow extends Row, Outcome {
  /** Mbit/s for TCP, kpps for UDP; `value` is of this unit. */
  readonly unit: 'Mbit/s' | 'kpps';
  readonly peer: string;
  readonly version: string;
  readonly cipher: string;
  readonly work: string;
  /** Who made the load. */
  readonly generator: string;
  /** `value` of every round, in order. */
  readonly rounds: readonly number[];
  /** Culvert's rows only: our value by theirs, our CPU time per byte by theirs. */
  readonly ratios?: Readonly<Record<string, number>>;
  readonly cpuRatios?: Readonly<Record<string, number>>;
}

export const nameOf = ({ peer, proposal }: Subject): string =>
  peer.name === 'bare' ? peer.name : `${peer.name} ${proposalText(proposal)}`;

export function tunnelRows(
  measured: readonly Measured[],
  works: readonly Work[],
  generator: string,
): TunnelRow[] {
  return works.flatMap((work) => measured.map((one) => row(one, work, measured, generator)));
}

const figureOf = ({ mbits, kpps }: Outcome): number => kpps ?? mbits;

function row(one: Measured, work: Work, all: readonly Measured[], generator: string): TunnelRow {
  const outcomes = one.outcomes.get(work)!;
  const { peer, proposal } = one;
  const rounds = outcomes.map(figureOf);
  return {
    name: `${nameOf(one)} ${work.name}`,
    unit: outcomes[0]!.kpps === undefined ? 'Mbit/s' : 'kpps',
    value: median(rounds),
    peer: peer.name,
    version: peer.version(),
    cipher: peer.name === 'bare' ? 'none' : proposalText(proposal),
    work: work.name,
    ...medians(outcomes),
    generator: 'flows' in work ? generator : ownGenerator.name,
    rounds,
    ...(peer.name === 'culvert' ? ratios(one, work, all) : {}),
  };
}

function medians(outcomes: readonly Outcome[]): Outcome {
  const keys = Object.keys(outcomes[0]!) as (keyof Outcome)[];
  const seen = (key: keyof Outcome): number[] =>
    outcomes.map((outcome) => outcome[key] ?? Number.NaN).filter(Number.isFinite);
  const pairs = keys.map((key) => [key, median(seen(key))]);
  return Object.fromEntries(pairs) as Outcome;
}

/** Beside the others: the same cipher where the peer has it, else what it has. */
function ratios(one: Measured, work: Work, all: readonly Measured[]) {
  const same = ({ proposal }: Measured): boolean =>
    proposalText(proposal) === proposalText(one.proposal);
  const names = new Set(all.map(({ peer }) => peer.name).filter((name) => name !== 'culvert'));
  const values: Record<string, number> = {};
  const cpu: Record<string, number> = {};
  for (const name of names) {
    const theirs = all.filter(({ peer }) => peer.name === name);
    const other = (theirs.find(same) ?? theirs[0]!).outcomes.get(work)!;
    const ours = one.outcomes.get(work)!;
    values[name] = medianRatio(ours.map(figureOf), other.map(figureOf));
    if (name === 'bare') continue;
    const spent = ({ cpuSecondsPerGb }: Outcome): number => cpuSecondsPerGb ?? Number.NaN;
    cpu[name] = medianRatio(ours.map(spent), other.map(spent));
  }
  return { ratios: values, cpuRatios: cpu };
}
