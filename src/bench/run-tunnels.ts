// The tunnel bench: every subject (a peer with a proposal) stands ready at the same time, idle; a
// round gives each of them each work in turn, so that what else the machine does meets all alike. A
// figure is the median of the rounds; a ratio is the median of the rounds' ratios.
import { openTunnel, type Tunnel } from '../lab/tunnel.js';
import { type Peer, type Proposal, proposalText } from '../lab/peer.js';
import type { Generator } from './generator.js';
import type { Progress, Row } from './row.js';
import { median, medianRatio } from './statistics.js';
import { type Outcome, perform } from './tunnel-work.js';
import type { Work } from './work.js';

export interface Subject {
  readonly peer: Peer;
  readonly proposal: Proposal;
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

export interface TunnelEffort {
  readonly rounds: number;
  /** Of a TCP run; UDP takes several trials of half of it. */
  readonly seconds: number;
  readonly works: readonly Work[];
  readonly generator: Generator;
}

interface Standing extends Subject {
  readonly tunnel: Tunnel;
  /** By work, a round after the other. */
  readonly outcomes: Map<Work, Outcome[]>;
}

const nameOf = ({ peer, proposal }: Subject): string =>
  peer.name === 'bare' ? peer.name : `${peer.name} ${proposalText(proposal)}`;

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
          const failures = standing.map(({ tunnel }) => tunnel.failure);
          const outcome = await Promise.race([...failures, performOnce(one, work, effort)]);
          progress(`round ${round}, ${work.name}, ${nameOf(one)}: ${shown(outcome)}`);
        }
      }
    }
  } finally {
    await Promise.all(standing.map(({ tunnel }) => tunnel.close()));
  }
  return effort.works.flatMap((work) => standing.map((one) => row(one, work, standing, effort)));
}

/** Each round begins with another: none is always first. */
const inTurn = <T>(all: readonly T[], round: number): T[] => {
  const first = round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
};

async function performOnce(one: Standing, work: Work, effort: TunnelEffort): Promise<Outcome> {
  const before = one.outcomes.get(work) ?? [];
  const { seconds, generator } = effort;
  const outcome = await perform(one.tunnel, work, seconds, generator, before.at(-1));
  one.outcomes.set(work, [...before, outcome]);
  return outcome;
}

const shown = ({ mbits, kpps }: Outcome): string =>
  kpps === undefined ? `${mbits.toFixed(0)} Mbit/s` : `${kpps.toFixed(1)} kpps`;

const figureOf = ({ mbits, kpps }: Outcome): number => kpps ?? mbits;

function row(
  one: Standing,
  work: Work,
  all: readonly Standing[],
  { generator }: TunnelEffort,
): TunnelRow {
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
    generator: 'flows' in work ? generator.name : 'own generator',
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
function ratios(one: Standing, work: Work, all: readonly Standing[]) {
  const same = ({ proposal }: Standing): boolean =>
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
