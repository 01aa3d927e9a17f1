// Does one work on one tunnel, west to east, and says what came of it. TCP: as fast as it goes.
// UDP: the highest rate with less than one percent lost, then latency at half of it.
import { setTimeout } from 'node:timers/promises';
import type { Agent } from '../lab/agent.js';
import { processorSeconds } from '../lab/processes.js';
import { PORT, type Tunnel } from '../lab/tunnel.js';
import type { Generator } from './generator.js';
import { type Found, deliveredOf, lossOf, searchRate, type Trial } from './search.js';
import { percentile } from './statistics.js';
import type { TcpWork, UdpWork, Work } from './work.js';

export interface Outcome {
  /** Inner packets' bits: of TCP the payload, of UDP with IP and UDP headers. */
  readonly mbits: number;
  readonly kpps?: number;
  readonly lossPercent?: number;
  /** Most that was delivered at any loss. */
  readonly mostKpps?: number;
  /** One way, from before the send call until after the receive call, at half the load. */
  readonly latencyP50Us?: number;
  readonly latencyP99Us?: number;
  /** User and system time of both gateways per 10^9 bytes delivered; absent: no gateway process. */
  readonly cpuSecondsPerGb?: number;
}

/** IP and UDP headers. */
const HEADERS = 28;
/** What is still under way when the sender is done. */
const DRAIN_MS = 100;
const MOST_QUEUED_MS = 5_000;
/** Beyond what the work itself takes: a machine under load is slow, not broken. */
const PATIENCE_SECONDS = 30;
let lastTrial = 0;

/**
 * `earlier`: of the same work on the same tunnel, to begin the search at its rate. `broken` rejects
 * where no figure is worth the wait any more.
 */
export async function perform(
  tunnel: Tunnel,
  work: Work,
  seconds: number,
  generator: Generator,
  { earlier, broken }: { readonly earlier?: Outcome | undefined; readonly broken: Promise<never> },
): Promise<Outcome> {
  const late = new AbortController();
  const limit = PATIENCE_SECONDS + 20 * seconds;
  const deadline = setTimeout(1000 * limit, undefined, { signal: late.signal }).then(() => {
    throw new Error(`${work.name} was not done after ${limit} s: the tunnel carries nothing`);
  });
  const done =
    'flows' in work
      ? stream(tunnel, work, seconds, generator)
      : datagrams(tunnel, work, seconds, earlier);
  try {
    return await Promise.race([done, deadline, broken]);
  } finally {
    // What is still under way ends with the tunnel, and nobody waits for it.
    for (const left of [done, deadline]) left.catch(() => undefined);
    late.abort();
  }
}

async function stream(
  tunnel: Tunnel,
  { flows }: TcpWork,
  seconds: number,
  generator: Generator,
): Promise<Outcome> {
  const before = processorSeconds(tunnel.gateways);
  const sent = await generator.stream(tunnel, flows, seconds);
  const cpu = processorSeconds(tunnel.gateways) - before;
  return { mbits: (8 * sent.bytes) / sent.seconds / 1e6, ...perGb(cpu, sent.bytes) };
}

interface UdpTrial extends Trial {
  /** Of inner packets received. */
  readonly bytes: number;
  readonly cpu: number;
  readonly latencies: readonly number[];
}

async function datagrams(
  tunnel: Tunnel,
  { packets }: UdpWork,
  seconds: number,
  earlier: Outcome | undefined,
): Promise<Outcome> {
  const payloads = packets.map((bytes) => bytes - HEADERS);
  const offer = (rate: number, time = seconds / 4): Promise<UdpTrial> =>
    trial(tunnel, payloads, rate, time);
  const guess = earlier?.kpps === undefined ? undefined : 1000 * earlier.kpps;
  const { best, most }: Found<UdpTrial> = await searchRate(offer, guess);
  const half = await offer(deliveredOf(best) / 2, seconds / 2);
  return {
    mbits: (8 * best.bytes) / best.seconds / 1e6,
    kpps: deliveredOf(best) / 1000,
    lossPercent: 100 * lossOf(best),
    mostKpps: most / 1000,
    latencyP50Us: percentile(half.latencies, 50) / 1000,
    latencyP99Us: percentile(half.latencies, 99) / 1000,
    ...perGb(best.cpu, best.bytes),
  };
}

async function trial(
  { from, to, east, gateways }: Tunnel,
  payloads: readonly number[],
  rate: number,
  seconds: number,
): Promise<UdpTrial> {
  const number = ++lastTrial;
  await to.ask('begin', { trial: number });
  const before = processorSeconds(gateways);
  const where = { to: east.hostAddress, port: PORT };
  const sent = await from.ask('datagrams', { ...where, rate, seconds, payloads, trial: number });
  await setTimeout(DRAIN_MS);
  const cpu = processorSeconds(gateways) - before;
  const { received, bytes, latencies, all } = await to.ask('heard');
  await becomeQuiet(to, all);
  return { ...sent, received, bytes: bytes + received * HEADERS, cpu, latencies };
}

/** A gateway may have queued seconds of a flood: that must not be in the next trial's way. */
async function becomeQuiet(to: Agent, seen: number): Promise<void> {
  for (let waited = 0, last = -1, all = seen; all !== last && waited < MOST_QUEUED_MS; ) {
    last = all;
    await setTimeout(DRAIN_MS);
    waited += DRAIN_MS;
    ({ all } = await to.ask('heard'));
  }
  await to.ask('rest');
}

/** Without a gateway process there is nothing to tell. */
const perGb = (cpu: number, bytes: number): Pick<Outcome, 'cpuSecondsPerGb'> =>
  cpu > 0 && bytes > 0 ? { cpuSecondsPerGb: (1e9 * cpu) / bytes } : {};
