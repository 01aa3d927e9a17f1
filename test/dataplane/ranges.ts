// Random policies as ranges, and flows at their edges; and the ranges as records of the policy table,
// which can say more than src/policy/database.ts does today.
import * as ids from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import type { seeded } from '../assembly/arena.js';
import type { RangeFlow, RangePolicy } from '../reference/policy.js';

type Random = ReturnType<typeof seeded>;
type Range<T> = readonly [low: T, high: T];

const ACTIONS = { encrypt: ids.ACTION_ENCRYPT, discard: ids.ACTION_DISCARD, none: ids.ACTION_NONE };
const LAST = { 4: 2n ** 32n - 1n, 6: 2n ** 128n - 1n };
const PROTOCOLS = [0, 1, 6, 17, 58, 255];

/** How much the policies of a set lie over each other: addresses are drawn from this many. */
export interface Density {
  readonly places: number;
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random.number(values.length)]!;

/** One of `places` addresses; the first and the last of the family among them. */
function address(random: Random, family: 4 | 6, { places }: Density): bigint {
  const place = random.number(places);
  if (place === 0) return 0n;
  if (place === 1) return LAST[family];
  // spread over all words, so that each decides somewhere
  const step = BigInt(place) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835n;
  return step & LAST[family];
}

function ordered<T>(a: T, b: T): Range<T> {
  return a < b ? [a, b] : [b, a];
}

function addresses(random: Random, family: 4 | 6, density: Density): Range<bigint> {
  const kind = random.number(4);
  if (kind === 0) return [0n, LAST[family]];
  const one = address(random, family, density);
  return kind === 1 ? [one, one] : ordered(one, address(random, family, density));
}

const port = (random: Random): number => pick(random, [0, 1, 80, 443, 500, 1023, 65534, 65535]);

function ports(random: Random): Range<number> {
  const one = port(random);
  return random.number(2) === 0 ? [one, one] : ordered(one, port(random));
}

export function randomRanges(random: Random, count: number, density: Density): RangePolicy[] {
  return Array.from({ length: count }, (_, id) => {
    const family = random.number(2) === 0 ? 4 : 6;
    const ported = random.number(3) === 0;
    return {
      id,
      family,
      action: pick(random, ['encrypt', 'encrypt', 'discard', 'none'] as const),
      src: addresses(random, family, density),
      dst: addresses(random, family, density),
      srcPort: ported && random.number(2) === 0 ? ports(random) : [0, 65535],
      dstPort: ported ? ports(random) : [0, 65535],
      protocol: random.number(2) === 0 ? 256 : pick(random, PROTOCOLS),
    };
  });
}

/** At an edge of some policy, one below or one above it, for every field by itself. */
export function edgeFlow(random: Random, policies: readonly RangePolicy[]): RangeFlow {
  const family = random.number(2) === 0 ? 4 : 6;
  const own = policies.filter((policy) => policy.family === family);
  const near = <T>(of: (policy: RangePolicy) => Range<T>, otherwise: T): T =>
    own.length === 0 ? otherwise : of(pick(random, own))[random.number(2)]!;
  const host = (of: (policy: RangePolicy) => Range<bigint>): RangeFlow['src'] => {
    const value = near(of, 1n) + BigInt(random.number(3) - 1);
    const inside = value < 0n ? 0n : value > LAST[family] ? LAST[family] : value;
    return { family, value: inside };
  };
  const portNear = (of: (policy: RangePolicy) => Range<number>): number =>
    Math.min(65535, Math.max(0, near(of, 80) + random.number(3) - 1));
  return {
    src: host(({ src }) => src),
    dst: host(({ dst }) => dst),
    protocol: pick(random, PROTOCOLS),
    srcPort: portNear(({ srcPort }) => srcPort),
    dstPort: portNear(({ dstPort }) => dstPort),
    later: random.number(5) === 0,
  };
}

/** Writes them as copy `copy` of the table. */
export function writeRanges(
  memory: WebAssembly.Memory,
  copy: number,
  policies: readonly RangePolicy[],
): void {
  const view = new DataView(memory.buffer);
  for (const [index, policy] of policies.entries()) {
    const at = layout.POLICIES_AT + copy * layout.POLICIES_COPY + index * layout.POLICY_SIZE;
    const put = (offset: number, value: bigint): void => {
      const wide = policy.family === 4 ? (0xffffn << 32n) | value : value;
      view.setBigUint64(at + offset, wide >> 64n);
      view.setBigUint64(at + offset + 8, wide & 0xffff_ffff_ffff_ffffn);
    };
    put(layout.POLICY_SRC_LOW, policy.src[0]);
    put(layout.POLICY_SRC_HIGH, policy.src[1]);
    put(layout.POLICY_DST_LOW, policy.dst[0]);
    put(layout.POLICY_DST_HIGH, policy.dst[1]);
    const ports = [...policy.srcPort, ...policy.dstPort];
    for (const [place, value] of ports.entries()) {
      view.setUint16(at + layout.POLICY_SRC_PORT_LOW + 2 * place, value, true);
    }
    view.setUint32(at + layout.POLICY_PROTOCOL, policy.protocol, true);
    view.setUint32(at + layout.POLICY_ACTION, ACTIONS[policy.action], true);
    view.setUint32(at + layout.POLICY_FAMILY, policy.family, true);
    view.setUint32(at + layout.POLICY_ID, policy.id, true);
  }
}
