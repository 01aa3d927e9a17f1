// The figures for Prometheus: every counter, bytes and packets of peers and SAs, handshake times, the
// workers' load, what queues dropped. They are read when somebody asks.
import type { ControlHandlers } from './commands.js';
import { COUNTERS } from './counter-names.js';
import type { Family, Sample } from './exposition.js';
import { BOUNDS, type Handshakes } from './handshakes.js';
import type { ActivePeerRow, InstalledSaRow, StatisticsRow } from './rows.js';
import type { Directions } from './traffic-totals.js';
import type { WorkerLoad } from './worker-load.js';
import type { QueueDrops } from '../net/queue-drops.js';

/** What the gateway knows when it is asked. */
export interface Figures {
  readonly version: string;
  readonly startedAt: number;
  /** Names of all configured peers that are in use. */
  readonly peers: readonly string[];
  readonly statistics: StatisticsRow;
  readonly active: readonly ActivePeerRow[];
  readonly installed: readonly InstalledSaRow[];
  readonly traffic: ReadonlyMap<string, Directions>;
  readonly handshakes: Handshakes;
  readonly workers: readonly WorkerLoad[];
  readonly drops: readonly QueueDrops[];
  readonly policies: Awaited<ReturnType<ControlHandlers['policy print']>>;
}

/** What the gateway itself can say. */
export type GatewayFigures = Omit<Figures, 'version'>;

export function families(f: Figures): Family[] {
  return [
    gauge('culvert_info', 'The version of Culvert, as a label.', [
      { labels: { version: f.version }, value: 1 },
    ]),
    gauge('culvert_start_time_seconds', 'When the daemon started, Unix time.', [
      { value: f.startedAt / 1000 },
    ]),
    ...counters(f),
    ...ofPeers(f),
    ...ofPolicies(f),
    ...ofSas(f),
    handshakeFamily(f),
    ...load(f),
  ];
}

const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  type: 'gauge',
  help,
  samples,
});
const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  type: 'counter',
  help,
  samples,
});

/** RouterOS's 25 and ours: `in-no-states` is culvert_in_no_states_total. */
const counters = ({ statistics }: Figures): Family[] =>
  COUNTERS.map(({ name, cause }) =>
    counter(`culvert_${name.replaceAll('-', '_')}_total`, cause, [{ value: statistics[name] }]),
  );

function ofPeers({ peers, active, traffic, policies }: Figures): Family[] {
  const up = active.filter(({ state }) => state === 'established');
  const waiting = standby(policies);
  const sides = (what: 'bytes' | 'packets'): Sample[] =>
    [...traffic].flatMap(([peer, both]) =>
      (['in', 'out'] as const).map((direction) => ({
        labels: { peer, direction },
        value: both[direction][what],
      })),
    );
  return [
    gauge(
      'culvert_peer_up',
      'Whether there is an established IKE SA with the peer.',
      peers.map((peer) => ({
        labels: { peer },
        value: up.some((row) => row.peer === peer) ? 1 : 0,
      })),
    ),
    gauge(
      'culvert_peer_standby',
      'Whether the peer is not connected because one before it carries all policies they share.',
      peers.map((peer) => ({
        labels: { peer },
        value: waiting.has(peer) && !up.some((row) => row.peer === peer) ? 1 : 0,
      })),
    ),
    gauge(
      'culvert_peer_ike_sas',
      'Established IKE SAs with the peer.',
      peers.map((peer) => ({
        labels: { peer },
        value: up.filter((row) => row.peer === peer).length,
      })),
    ),
    counter(
      'culvert_peer_bytes_total',
      'Inner bytes through the tunnels of a peer.',
      sides('bytes'),
    ),
    counter(
      'culvert_peer_packets_total',
      'Inner packets through the tunnels of a peer.',
      sides('packets'),
    ),
  ];
}

/** Peers that are in some policy, and in each of theirs behind the peer that has it. */
function standby(policies: Figures['policies']): ReadonlySet<string> {
  const behind = new Map<string, boolean>();
  for (const row of policies.filter(({ disabled }) => !disabled)) {
    const order = row.peer.split(',');
    const current = order.indexOf(row['current-peer']);
    for (const [at, peer] of order.entries()) {
      behind.set(peer, (behind.get(peer) ?? true) && current >= 0 && current < at);
    }
  }
  return new Set([...behind].filter(([, all]) => all).map(([peer]) => peer));
}

/** By kind alone: ten thousand policies make no ten thousand lines. */
function ofPolicies({ policies }: Figures): Family[] {
  const used = policies.filter((row) => !row.disabled && !row.template && row.action === 'encrypt');
  const active = used.filter((row) => row.active).length;
  return [
    gauge('culvert_policies', 'Enabled encrypt policies, with an SA (active) and without.', [
      { labels: { active: 'yes' }, value: active },
      { labels: { active: 'no' }, value: used.length - active },
    ]),
    gauge('culvert_policies_backup', 'Policies whose SA is with another than their first peer.', [
      { value: used.filter((row) => row.backup).length },
    ]),
  ];
}

function ofSas({ installed }: Figures): Family[] {
  const samples = (value: (row: InstalledSaRow) => number): Sample[] =>
    installed.map((row) => ({
      labels: { peer: row.peer, direction: row.direction, spi: row.spi },
      value: value(row),
    }));
  return [
    counter(
      'culvert_sa_bytes_total',
      'Inner bytes an SA has carried.',
      samples((row) => row['current-bytes']),
    ),
    counter(
      'culvert_sa_packets_total',
      'Inner packets an SA has carried.',
      samples((row) => row['current-packets']),
    ),
    counter(
      'culvert_sa_invalid_packets_total',
      'Packets of an SA whose integrity check failed.',
      samples((row) => row['invalid-packets']),
    ),
    gauge(
      'culvert_sa_expires_seconds',
      'Seconds until the hard limit of an SA.',
      samples((row) => row['expires-in']),
    ),
  ];
}

function handshakeFamily({ handshakes }: Figures): Family {
  const samples = handshakes.list().flatMap(({ peer, side, within, count, seconds }): Sample[] => {
    const labels = { peer, side };
    return [
      ...[...BOUNDS, Number.POSITIVE_INFINITY].map((le, at) => ({
        suffix: '_bucket',
        labels: { ...labels, le: le === Number.POSITIVE_INFINITY ? '+Inf' : le },
        value: within[at] ?? count,
      })),
      { suffix: '_sum', labels, value: seconds },
      { suffix: '_count', labels, value: count },
    ];
  });
  const help = 'From the first message of a negotiation to the established IKE SA.';
  return { name: 'culvert_handshake_seconds', type: 'histogram', help, samples };
}

function load({ workers, drops }: Figures): Family[] {
  return [
    counter(
      'culvert_worker_cpu_seconds_total',
      "Processor time of a data plane thread: its rate is the thread's load, 1 is all of a core.",
      workers.flatMap(({ worker, cpuSeconds }) =>
        cpuSeconds === undefined ? [] : [{ labels: { worker }, value: cpuSeconds }],
      ),
    ),
    gauge(
      'culvert_worker_beat_age_seconds',
      'Since the last turn of a data plane thread; an idle one turns four times a second.',
      workers.map(({ worker, beatAgeSeconds }) => ({ labels: { worker }, value: beatAgeSeconds })),
    ),
    counter(
      'culvert_queue_drops_total',
      'Packets the kernel dropped because a queue of ours was full.',
      drops.map(({ queue, worker, packets }) => ({
        labels: worker < 0 ? { queue } : { queue, worker },
        value: packets,
      })),
    ),
  ];
}
