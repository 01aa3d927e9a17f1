// Sets of policies to look flows up in, of either family: what gateways have, and what is hard.
import { type Address, addressBits } from '../policy/address.js';
import type { Policy } from '../policy/database.js';
import type { Flow } from './flows.js';

export interface PolicySet {
  readonly name: string;
  readonly policies: readonly Policy[];
}

export type Random = (below: number) => number;

/** xorshift32: the same sets and flows at every run. */
export function seeded(seed: number): Random {
  let state = seed || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const NETWORK = { 4: 0x0a000000n, 6: 0x20010db8n << 96n } as const;
const HOST_BITS = { 4: 8, 6: 64 } as const;
const TCP = 6;

/** Network `number` of a family: 10.x.y.0/24 or 2001:db8:x:y::/64; shorter `bits` round it down. */
function network(family: 4 | 6, number: number, bits?: number): Policy['src'] {
  const all = addressBits(family);
  const length = bits ?? all - HOST_BITS[family];
  const value = NETWORK[family] + (BigInt(number) << BigInt(HOST_BITS[family]));
  const host = BigInt(all - length);
  return { address: { family, value: (value >> host) << host }, bits: length };
}

const any = (family: 4 | 6): Policy['src'] => ({ address: { family, value: 0n }, bits: 0 });

function policy(id: number, src: Policy['src'], dst: Policy['dst'], more = {}): Policy {
  return {
    id,
    place: id,
    comment: '',
    action: 'encrypt',
    src,
    dst,
    srcPort: undefined,
    dstPort: undefined,
    protocol: 0,
    level: 'require',
    tunnel: true,
    protection: 'esp',
    peer: 'bench',
    proposal: PROPOSAL,
    ...more,
  };
}

const PROPOSAL: Policy['proposal'] = {
  name: 'bench',
  encAlgorithms: ['chacha20poly1305'],
  authAlgorithms: ['null'],
  lifetime: 1800,
  lifebytes: 0,
  pfsGroup: undefined,
  esn: 'yes',
  replayWindow: 128,
};

const NETWORKS = 32768;

type Make = (family: 4 | 6, index: number, count: number, random: Random) => Policy;

const MAKERS: Readonly<Record<string, Make>> = {
  /** A hub: one network of ours, one of each site. */
  hub: (family, index) =>
    policy(index, network(family, 0, family === 4 ? 9 : 40), network(family, NETWORKS + index)),
  /** Sites of ours and theirs in pairs. */
  pairs: (family, index) =>
    policy(index, network(family, index), network(family, NETWORKS + index)),
  /** Networks of many sizes over each other, a third with protocol and port. */
  mixed: (family, index, _, random) => {
    const least = family === 4 ? 10 : 34;
    const most = addressBits(family) - HOST_BITS[family];
    const side = (base: number): Policy['src'] =>
      network(family, base + random(NETWORKS), least + random(most - least + 1));
    const ports = random(3) === 0 ? { protocol: TCP, dstPort: 1 + random(1024) } : {};
    return policy(index, side(0), side(NETWORKS), ports);
  },
  /** Half name only the source, half only the destination: each cut spans half of them. */
  crossing: (family, index) =>
    index % 2 === 0
      ? policy(index, network(family, index), any(family))
      : policy(index, any(family), network(family, NETWORKS + index)),
  /** One pair of networks, every policy a port. */
  ports: (family, index, count) =>
    policy(index, network(family, 0), network(family, NETWORKS), {
      protocol: TCP,
      srcPort: 1 + (index >> 8),
      dstPort: 1 + (count - index),
    }),
  /** Pairs of prefix lengths around a few places: all over each other. */
  nested: (family, index, _, random) => {
    const [short, long] = family === 4 ? [4, 24] : [16, 64];
    const length = (): number => long - random(long - short + 1);
    const near = (): number => random(2) * random(2 ** (index % 15));
    return policy(
      index,
      network(family, near(), length()),
      network(family, NETWORKS + near(), length()),
    );
  },
};

export const SETS = Object.keys(MAKERS);

/** `count` policies of a family, as `name` makes them. */
export function policySet(name: string, family: 4 | 6, count: number): PolicySet {
  const random = seeded(count + family);
  const make = MAKERS[name]!;
  const policies = Array.from({ length: count }, (_, index) => make(family, index, count, random));
  // the narrow before the wide, as one writes them: the other way round few would ever match
  const width = ({ src, dst, dstPort }: Policy): number =>
    src.bits + dst.bits + (dstPort === undefined ? 0 : 16);
  const ordered = policies.sort((a, b) => width(b) - width(a));
  return { name, policies: ordered.map((row, id) => ({ ...row, id })) };
}

/** Flows of which each lies in some policy of the set, drawn evenly: not always its first match. */
export function flowsOf({ policies }: PolicySet, count: number, random: Random): Flow[] {
  return Array.from({ length: count }, () => {
    const { src, dst, protocol, srcPort, dstPort } = policies[random(policies.length)]!;
    return {
      src: inside(src, random),
      dst: inside(dst, random),
      protocol: protocol || TCP,
      srcPort: srcPort ?? random(65536),
      dstPort: dstPort ?? random(65536),
      later: false,
    };
  });
}

/** An address of the prefix, at a network of the bench if the prefix is wider. */
function inside({ address, bits }: Policy['src'], random: Random): Address {
  const { family } = address;
  const free = BigInt(addressBits(family) - bits);
  const drawn = (BigInt(random(2 * NETWORKS)) << BigInt(HOST_BITS[family])) + BigInt(random(250));
  const value = NETWORK[family] + drawn;
  return { family, value: address.value | (value & ((1n << free) - 1n)) };
}
