// Real traffic between the two sites: ping, large ping, TCP opened from either end, UDP. Each
// throws, with what the tool said, when something does not come back as it should.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { background, eventually, isRunning, run, stop } from './command.js';
import { ALICE, BOB, type Host, type Topology } from './topology.js';

export const AGENT = fileURLToPath(new URL('./agent.js', import.meta.url));
export type Family = 'v4' | 'v6';
type End = 'alice' | 'bob';

const PORT = 7007;
const BULK_BYTES = 1_000_000;
const address = (end: End, family: Family): string => (end === 'alice' ? ALICE : BOB)[family];
const far = (end: End): End => (end === 'alice' ? 'bob' : 'alice');

/**
 * How many of the first `count` echoes came back. Told to stop after so many, ping(8) waits for the
 * last of them only for twice the longest time so far: on a busy machine that is too short. With a
 * deadline it goes on until as many have come; those it sent beyond `count` meanwhile do not matter.
 */
export async function ping(
  topology: Topology,
  from: End,
  family: Family,
  { count = 3, size = 56, to = address(far(from), family), seconds = 10 } = {},
): Promise<number> {
  const argv = [
    'ping',
    '-n',
    '-c',
    `${count}`,
    '-w',
    `${seconds}`,
    '-i',
    '0.1',
    '-s',
    `${size}`,
    to,
  ];
  const { output } = await run(topology.namespace(from), argv);
  const numbers = [...output.matchAll(/ bytes from .* icmp_seq=(\d+) /g)].map(([, n]) => Number(n));
  return new Set(numbers.filter((number) => number <= count)).size;
}

/** Where nothing may pass: not one of the echoes of two seconds is answered. */
export async function nothingPasses(
  topology: Topology,
  from: End,
  family: Family,
  to = address(far(from), family),
): Promise<void> {
  const answered = await ping(topology, from, family, { count: 20, to, seconds: 2 });
  if (answered > 0) throw new Error(`${from}: ${answered} pings to ${to} came back`);
}

/** Until the tunnel carries: one answered ping. Used where a tunnel is coming up. */
export async function carries(
  topology: Topology,
  from: End,
  family: Family,
  { size = 56, explain = (): string | Promise<string> => '' } = {},
): Promise<void> {
  const look = async () =>
    (await ping(topology, from, family, { count: 1, size, seconds: 1 })) === 1;
  const what = `a ping of ${from} with ${size} bytes to be answered (${family})`;
  await eventually(what, look, undefined, explain);
}

export async function allPingsAnswered(topology: Topology, family: Family): Promise<void> {
  for (const from of ['alice', 'bob'] as const) {
    for (const size of [56, 3000]) {
      // The first large one may go to path MTU discovery, each way (RFC 8201 §4).
      await carries(topology, from, family, { size });
      const answered = await ping(topology, from, family, { size });
      if (answered !== 3) throw new Error(`${from}: ${answered} of 3 pings of ${size} bytes back`);
    }
  }
}

/** Starts the server at one end and runs `body` while it serves. */
async function served(topology: Topology, end: End, family: Family, body: () => Promise<void>) {
  const log = join(topology.folder, `server-${end}-${family}-${Date.now()}.log`);
  const argv = [process.execPath, AGENT, 'serve', address(end, family), `${PORT}`];
  const server = background(topology.namespace(end), argv, log);
  const said = (): string => readFileSync(log, 'utf8');
  try {
    await eventually(
      `the server at ${end}`,
      () => said().includes('serving') || !isRunning(server),
      undefined,
      said,
    );
    await body();
  } finally {
    await stop(server, 'SIGTERM', 'the server');
  }
}

async function client(topology: Topology, host: Host, ...args: string[]): Promise<void> {
  const argv = [process.execPath, AGENT, ...args];
  const { status, output } = await run(topology.namespace(host), argv);
  if (status !== 0) throw new Error(`${host}: agent ${args.join(' ')}: ${output}`);
}

/** A megabyte each way on a connection opened from each end, every byte compared; then datagrams. */
export async function tcpAndUdp(topology: Topology, family: Family): Promise<void> {
  for (const end of ['bob', 'alice'] as const) {
    const to = address(end, family);
    await served(topology, end, family, async () => {
      await client(topology, far(end), 'tcp', to, `${PORT}`, `${BULK_BYTES}`);
      await client(topology, far(end), 'udp', to, `${PORT}`);
    });
  }
}

/** All of the above: what "the tunnel carries traffic" means in the suites. */
export async function everything(topology: Topology, family: Family): Promise<void> {
  await allPingsAnswered(topology, family);
  await tcpAndUdp(topology, family);
}
