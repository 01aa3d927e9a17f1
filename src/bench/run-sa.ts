// What many SAs cost: packets sealed at one gateway and opened at another, every packet another flow
// of another SA, drawn evenly; beside the same packets through one SA.
//   1. two sites with a policy and an SA for each of N networks   2. a batch of packets of random ones
//   3. seal it, carry it over, open it: the calls into WebAssembly are timed, nothing else
import type { Association } from '../dataplane/association.js';
import { toBytes } from '../policy/address.js';
import type { Policy } from '../policy/database.js';
import { selectorOf } from '../policy/selector.js';
import { policySet, type Random, seeded } from './policy-sets.js';
import type { Progress, Row } from './row.js';
import { Site } from './sa-site.js';
import { median, medianRatio } from './statistics.js';

export interface SaRow extends Row {
  /** Installed, and how many of them carry packets. */
  readonly sas: number;
  readonly used: number;
  readonly direction: 'seal' | 'open';
  /** Against the same direction with one SA, round by round of the same run. */
  readonly ratio: number;
}

export interface SaEffort {
  /** Every figure is the median of as many rounds. */
  readonly rounds: number;
  /** Batches of 64 packets in a round. */
  readonly batches: number;
  /** Bytes of an inner packet. */
  readonly bytes: number;
}

export const SAS: readonly number[] = [1, 100, 10_000];
const WEST = { family: 4, value: 0xc0000201n } as const;
const EAST = { family: 4, value: 0xc0000202n } as const;
const PORT = 4500;
const KEY = 32;
const PATH_MTU = 9000;
/** A batch, as long as its largest packets have room. */
const PACKETS = 48;

interface Pair {
  readonly west: Site;
  readonly east: Site;
  readonly sas: number;
  /** Whose packets are sent. */
  readonly used: readonly Policy[];
}

interface Rates {
  readonly seal: number[];
  readonly open: number[];
}

/**
 * Rounds of all counts by turns, so that a busy machine is busy for each of them; of each count with
 * traffic on one SA, which shows what the others cost by being there, and with traffic on all.
 */
export function runSas(counts: readonly number[], effort: SaEffort, progress: Progress): SaRow[] {
  const pairs = counts.flatMap((count) => {
    progress(`installing ${count} SAs`);
    const pair = makePair(count);
    return count === 1 ? [pair] : [{ ...pair, used: pair.used.slice(0, 1) }, pair];
  });
  const rates = pairs.map((): Rates => ({ seal: [], open: [] }));
  const random = seeded(11);
  for (let round = -1; round < effort.rounds; round++) {
    for (const [index, pair] of pairs.entries()) {
      const { seal, open } = measure(pair, effort, random);
      if (round < 0) continue; // warms up
      rates[index]!.seal.push(seal);
      rates[index]!.open.push(open);
    }
  }
  return pairs.flatMap(({ sas, used }, index) =>
    (['seal', 'open'] as const).map((direction) => ({
      name: `${direction}, ${sas} SAs, ${used.length} in use, ${effort.bytes} bytes`,
      unit: 'kpps',
      value: median(rates[index]![direction]),
      ratio: medianRatio(rates[index]![direction], rates[0]![direction]),
      sas,
      used: used.length,
      direction,
    })),
  );
}

// ---- 1. sites ------------------------------------------------------------------------------------

function makePair(count: number): Pair {
  const random = seeded(count);
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));
  const [west, east] = [new Site(bytes), new Site(bytes)];
  const { policies } = policySet('hub', 4, count);
  west.tables.setPolicies(policies);
  east.tables.setPolicies(
    policies.map((policy) => ({ ...policy, src: policy.dst, dst: policy.src })),
  );
  for (const policy of policies) {
    const child = association(policy, bytes);
    west.tables.install(child, { activate: true, pathMtu: PATH_MTU });
    east.tables.install(mirror(child), { activate: true, pathMtu: PATH_MTU });
  }
  return { west, east, sas: count, used: policies };
}

function association(policy: Policy, bytes: (length: number) => Uint8Array): Association {
  const keys = (spi: number): Association['inbound'] => ({
    spi,
    encryptionKey: bytes(KEY),
    salt: bytes(4),
    integrityKey: new Uint8Array(0),
  });
  const spi = 0x10000 + 2 * policy.id;
  return {
    id: policy.id,
    peer: 'bench',
    policy: policy.id,
    local: { address: WEST, port: PORT },
    remote: { address: EAST, port: PORT },
    udpEncapsulation: true,
    protocol: 'esp',
    mode: 'tunnel',
    encryption: 'chacha20poly1305',
    integrity: 'null',
    esn: true,
    inbound: keys(spi),
    outbound: keys(spi + 1),
    localSelectors: [selectorOf(policy.src)],
    remoteSelectors: [selectorOf(policy.dst)],
    replayWindow: 128,
    lifetime: { softSeconds: 1440, hardSeconds: 1800, softBytes: 0, hardBytes: 0 },
  };
}

const mirror = (child: Association): Association => ({
  ...child,
  local: child.remote,
  remote: child.local,
  inbound: child.outbound,
  outbound: child.inbound,
  localSelectors: child.remoteSelectors,
  remoteSelectors: child.localSelectors,
});

// ---- 2. packets ----------------------------------------------------------------------------------

function packet({ src, dst }: Policy, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, length);
  view.setUint8(8, 64);
  view.setUint8(9, 17);
  bytes.set(toBytes({ ...src.address, value: src.address.value + 1n }), 12);
  bytes.set(toBytes({ ...dst.address, value: dst.address.value + 1n }), 16);
  view.setUint16(20, 5001);
  view.setUint16(22, 5001);
  return bytes;
}

// ---- 3. measure ----------------------------------------------------------------------------------

/** Thousands of packets a second, each way. A packet that did not arrive is no figure. */
function measure(
  { west, east, used }: Pair,
  { batches, bytes }: SaEffort,
  random: Random,
): { seal: number; open: number } {
  let [sealing, opening] = [0, 0];
  for (let batch = 0; batch < batches; batch++) {
    const count = PACKETS;
    const packets = Array.from({ length: count }, () => {
      return packet(used[random(used.length)]!, bytes);
    });
    west.read(packets);
    const { sealed, time } = west.seal(count);
    sealing += time;
    let arrived = 0;
    for (let first = 0; first < sealed.length; ) {
      const room = east.receive(sealed.slice(first), [...toBytes(WEST)], PORT);
      const done = east.open(room);
      opening += done.time;
      arrived += done.opened;
      first += room;
    }
    if (arrived !== count) throw new Error(`bench sa: ${arrived} of ${count} packets arrived`);
  }
  const packets = batches * PACKETS;
  return { seal: packets / sealing, open: packets / opening };
}
