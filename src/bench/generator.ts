// Who makes the TCP load: iperf3 where it is installed, else our own generator. One run uses one of
// them for every peer. Datagrams are always our own: iperf3 knows neither mixes nor latencies.
import { once } from 'node:events';
import { findCommand, versionOf } from '../lab/peer.js';
import type { Streamed } from '../lab/load.js';
import { PORT, type Tunnel } from '../lab/tunnel.js';

export interface Generator {
  readonly name: string;
  /** TCP, west to east, as fast as it goes. */
  stream(tunnel: Tunnel, flows: number, seconds: number): Promise<Streamed>;
}

export const ownGenerator: Generator = {
  name: 'own generator',
  stream: ({ from, east }, flows, seconds) =>
    from.ask('stream', { to: east.hostAddress, port: PORT, flows, seconds }),
};

/** undefined: not installed. */
export function iperf3(): Generator | undefined {
  if (!findCommand('iperf3')) return undefined;
  return { name: versionOf('iperf3', ['--version'], /^iperf \S+/), stream: streamByIperf3 };
}

export const chooseGenerator = (): Generator => iperf3() ?? ownGenerator;

const IPERF3_PORT = PORT + 1;

async function streamByIperf3(tunnel: Tunnel, flows: number, seconds: number): Promise<Streamed> {
  const { west, east } = tunnel;
  const log: string[] = [];
  const said: string[] = [];
  const port = `${IPERF3_PORT}`;
  const listen = [
    'iperf3',
    '-s',
    '-1',
    '-B',
    east.hostAddress,
    '-p',
    port,
    '--forceflush',
  ] as const;
  const server = tunnel.spawn(east, [...listen], log);
  if (log.length === 0) await once(server.stdout!, 'data');
  const call = ['iperf3', '-c', east.hostAddress, '-p', port, '-J'] as const;
  const client = tunnel.spawn(west, [...call, '-t', `${seconds}`, '-P', `${flows}`], said);
  await Promise.all([once(client, 'close'), once(server, 'close')]);
  return parseIperf3(said.join(''));
}

/** What the far end received, of `iperf3 -J`. */
export function parseIperf3(text: string): Streamed {
  const report = JSON.parse(text) as {
    error?: string;
    end?: { sum_received?: { bytes: number; seconds: number } };
  };
  const sum = report.end?.sum_received;
  if (report.error !== undefined || !sum) throw new Error(`iperf3: ${report.error ?? 'no sum'}`);
  return { bytes: sum.bytes, seconds: sum.seconds };
}
