// What IKE costs a responder: whole handshakes (IKE_SA_INIT, IKE_AUTH, a child) as clients of their own
// call one after another, many at a time; then so many IKE SAs that stand with liveness checks on.
// Culvert and strongSwan on the same machine in the same run, one after the other.
//   1. a gateway in a namespace of its own   2. callers in another (ike-client.ts)
//   3. handshakes a second, and processor time of the gateway for each   4. what those that stand cost
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually, isRunning, processorSeconds, stopAll } from '../lab/processes.js';
import { buildSites, type Site, startGateway } from '../lab/sites.js';
import { startResponder } from '../lab/strongswan.js';
import { startCallers } from './callers.js';
import type { CallerTask, Proof } from './ike-client.js';
import { GATEWAY, makeKeys } from './ike-keys.js';
import type { LoopDelay } from './loop-delay.js';
import type { Progress, Row } from './row.js';

export interface IkeRow extends Row {
  readonly peer: IkePeer;
  readonly proof: ProofName;
  readonly figure: string;
}
export type IkePeer = 'culvert' | 'strongswan';
export const PROOFS = ['psk', 'ecdsa'] as const;
/** How both sides prove themselves: a secret of all, or certificates with keys of P-256. */
export type ProofName = (typeof PROOFS)[number];

export interface IkeEffort {
  readonly clients: number;
  readonly atOnce: number;
  readonly proofs: readonly ProofName[];
  /** How long they stand. */
  readonly seconds: number;
}

const SECRET = 'a secret of the bench that is long enough';
const DPD_SECONDS = 10;
/** After this share of the clients what a gateway takes once, it has taken: code, pools, tables. */
const EARLY = 0.2;
const KIB = 1024;
const sibling = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export async function runIke(
  peers: readonly IkePeer[],
  effort: IkeEffort,
  progress: Progress,
): Promise<IkeRow[]> {
  const rows: IkeRow[] = [];
  for (const proof of effort.proofs) {
    for (const peer of peers) rows.push(...(await measure(peer, proof, effort, progress)));
  }
  return rows;
}

async function measure(
  peer: IkePeer,
  name: ProofName,
  effort: IkeEffort,
  progress: Progress,
): Promise<IkeRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'culvert-bench-ike-'));
  const log: string[] = [];
  const [west, east] = buildSites(directory);
  const children: ChildProcess[] = [];
  try {
    progress(`${peer}, ${name}: starting`);
    const loop = join(directory, 'loop.json');
    const proof: Proof = name === 'psk' ? { secret: SECRET } : { keys: makeKeys(directory) };
    const gateway = await start[peer](east, west, { directory, log, loop, proof });
    children.push(gateway);
    const empty = memoryOf(gateway);
    progress(`${peer}, ${name}: ${effort.clients} handshakes, ${effort.atOnce} at a time`);
    const before = processorSeconds([gateway]);
    let early = empty;
    const say = Math.ceil(effort.clients * EARLY);
    const task = { ...taskOf(west, east, effort, proof), say };
    const {
      established,
      seconds,
      process: callers,
    } = await startCallers(west.gateway, task, () => {
      early = memoryOf(gateway);
    });
    children.push(callers);
    if (established !== effort.clients) {
      throw new Error(`${peer}, ${name}: ${established} of ${effort.clients} clients got in`);
    }
    const spent = processorSeconds([gateway]) - before;
    const full = memoryOf(gateway);
    const each = (full - empty) / established;
    const further = (full - early) / (established - say);
    progress(`${peer}, ${name}: ${established} IKE SAs stand for ${effort.seconds} s`);
    if (peer === 'culvert') gateway.kill('SIGUSR2');
    const idle = processorSeconds([gateway]);
    await sleep(effort.seconds * 1000);
    const busy = (processorSeconds([gateway]) - idle) / effort.seconds;
    for (const child of children) {
      if (!isRunning(child)) throw new Error(`${peer}, ${name}: a process has ended`);
    }
    const row = (figure: string, unit: string, value: number): IkeRow => ({
      name: `${peer}, ${name}, ${figure}`,
      unit,
      value,
      peer,
      proof: name,
      figure,
    });
    const standing = `${established} IKE SAs with DPD`;
    return [
      row('handshakes', '/s', established / seconds),
      row('processor time of a handshake', 'ms', (1000 * spent) / established),
      row('memory of an IKE SA and its child', 'KiB', each),
      row('memory of a further one', 'KiB', further),
      row(`processor, ${standing}`, '%', 100 * busy),
      ...(peer === 'culvert'
        ? [row(`event loop delay p99, ${standing}`, 'ms', delayIn(loop).p99)]
        : []),
    ];
  } catch (error) {
    const said = log.slice(-20).join('\n');
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${said}`);
  } finally {
    await stopAll(children);
    for (const { gateway, host } of [west, east]) {
      gateway.close();
      host.close();
    }
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Ground {
  readonly directory: string;
  readonly log: string[];
  readonly loop: string;
  readonly proof: Proof;
}

/** What Culvert's configuration says of it. */
const wordsOf = (proof: Proof): { certificate?: object[]; identity: object } =>
  'secret' in proof
    ? { identity: { secret: proof.secret } }
    : {
        certificate: [
          { name: 'own', file: proof.keys.certificate, 'key-file': proof.keys.key },
          { name: 'ca', file: proof.keys.ca, trusted: true },
        ],
        identity: {
          'auth-method': 'digital-signature',
          certificate: 'own',
          'my-id': `fqdn:${GATEWAY}`,
        },
      };

const start: Record<IkePeer, (site: Site, from: Site, ground: Ground) => Promise<ChildProcess>> = {
  async culvert(site, from, { directory, log, loop, proof }) {
    const { identity, ...certificates } = wordsOf(proof);
    const configuration = {
      settings: { 'ddos-cookie-threshold': 1000 },
      profile: [
        {
          name: 'bench',
          'dh-group': 'x25519',
          'enc-algorithm': 'aes-128-gcm',
          'hash-algorithm': 'sha256',
          'dpd-interval': `${DPD_SECONDS}s`,
        },
      ],
      proposal: [{ name: 'bench', 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'none' }],
      peer: [{ name: 'clients', address: `${from.outer}/32`, passive: true, profile: 'bench' }],
      ...certificates,
      identity: [{ peer: 'clients', 'remote-id': 'ignore', ...identity }],
      policy: [
        {
          'src-address': site.network,
          'dst-address': from.network,
          peer: 'clients',
          proposal: 'bench',
        },
      ],
      log: { level: 'warning' },
    };
    const environment = {
      NODE_OPTIONS: `--import=${sibling('./loop-delay.js')}`,
      CULVERT_BENCH_LOOP: loop,
    };
    const said: string[] = [];
    const write = (line: string): void => {
      said.push(line);
      log.push(line);
    };
    const child = startGateway(site, configuration, directory, write, environment);
    await eventually('culvert to be ready', () => {
      if (!isRunning(child)) throw new Error('culvert did not start');
      try {
        delayIn(loop);
        return true;
      } catch {
        return false;
      }
    });
    return child;
  },
  strongswan: (site, from, { directory, log, proof }) =>
    startResponder(site, from, { directory, log, proof, dpdSeconds: DPD_SECONDS }),
};

const delayIn = (file: string): LoopDelay => JSON.parse(readFileSync(file, 'utf8')) as LoopDelay;

/** Bytes that are resident. */
function memoryOf({ pid }: ChildProcess): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) * 1024) / KIB;
}

const taskOf = (
  from: Site,
  to: Site,
  { clients, atOnce }: IkeEffort,
  proof: Proof,
): CallerTask => ({
  local: from.outer,
  remote: to.outer,
  clients,
  atOnce,
  proof,
  theirs: to.network,
  ours: from.network,
});
