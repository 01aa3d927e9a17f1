// Policies that no packet ever reaches, since an earlier one matches all its packets. Found by what
// earlier policies look like (prefix lengths, whether there are ports and a protocol): of ten thousand
// policies there are few such shapes, and within one a look-up tells.
import type { Entry } from './menu.js';
import type { policyMenu } from './menus.js';

type Policy = Entry<typeof policyMenu>;

interface Shape {
  readonly srcBits: number;
  readonly dstBits: number;
  readonly srcPort: boolean;
  readonly dstPort: boolean;
  readonly protocol: boolean;
  /** Index of the first policy of this shape for each match. */
  readonly first: Map<string, number>;
}

/** For each policy the index of the first earlier one that covers it, or undefined. */
export function coveredBy(policies: readonly Policy[]): (number | undefined)[] {
  const shapes = new Map<number, Shape>();
  return policies.map((policy, index) => {
    let earliest: number | undefined;
    for (const shape of shapes.values()) {
      if (!isWider(shape, policy)) continue;
      const found = shape.first.get(matchIn(shape, policy));
      if (found !== undefined && found < (earliest ?? index)) earliest = found;
    }
    remember(shapes, policy, index);
    return earliest;
  });
}

function remember(shapes: Map<number, Shape>, policy: Policy, index: number): void {
  const shape = {
    srcBits: policy['src-address'].bits,
    dstBits: policy['dst-address'].bits,
    srcPort: policy['src-port'] !== undefined,
    dstPort: policy['dst-port'] !== undefined,
    protocol: policy.protocol !== 0,
  };
  const named = Number(shape.srcPort) + 2 * Number(shape.dstPort) + 4 * Number(shape.protocol);
  const key = (shape.srcBits * 256 + shape.dstBits) * 8 + named;
  const known = shapes.get(key) ?? { ...shape, first: new Map<string, number>() };
  shapes.set(key, known);
  const match = matchIn(known, policy);
  if (!known.first.has(match)) known.first.set(match, index);
}

const isWider = (shape: Shape, policy: Policy): boolean =>
  shape.srcBits <= policy['src-address'].bits && shape.dstBits <= policy['dst-address'].bits;

/** What a policy of this shape must match to cover `policy`. */
function matchIn(shape: Shape, policy: Policy): string {
  const { 'src-address': src, 'dst-address': dst } = policy;
  const addresses = `${src.address.family} ${start(src, shape.srcBits)} ${start(dst, shape.dstBits)}`;
  if (!shape.srcPort && !shape.dstPort && !shape.protocol) return addresses;
  const parts = [
    shape.srcPort ? (policy['src-port'] ?? 'any') : '',
    shape.dstPort ? (policy['dst-port'] ?? 'any') : '',
    shape.protocol ? policy.protocol : '',
  ];
  return `${addresses} ${parts.join(' ')}`;
}

/** The first `kept` bits; of IPv4 as a plain number, which is much quicker. */
function start({ address }: Policy['src-address'], kept: number): string {
  if (kept === 0) return '';
  if (address.family === 4) return String(Number(address.value) >>> (32 - kept));
  return (address.value >> BigInt(128 - kept)).toString(36);
}
