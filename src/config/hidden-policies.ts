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
  const shapes = new Map<string, Shape>();
  return policies.map((policy, index) => {
    const earlier = [...shapes.values()]
      .filter((shape) => isWider(shape, policy))
      .map((shape) => shape.first.get(matchIn(shape, policy)))
      .filter((found) => found !== undefined);
    remember(shapes, policy, index);
    return earlier.length === 0 ? undefined : Math.min(...earlier);
  });
}

function remember(shapes: Map<string, Shape>, policy: Policy, index: number): void {
  const shape = {
    srcBits: policy['src-address'].bits,
    dstBits: policy['dst-address'].bits,
    srcPort: policy['src-port'] !== undefined,
    dstPort: policy['dst-port'] !== undefined,
    protocol: policy.protocol !== 0,
  };
  const key = Object.values(shape).join(' ');
  const known = shapes.get(key) ?? { ...shape, first: new Map<string, number>() };
  shapes.set(key, known);
  const match = matchIn(known, policy);
  if (!known.first.has(match)) known.first.set(match, index);
}

const isWider = (shape: Shape, policy: Policy): boolean =>
  shape.srcBits <= policy['src-address'].bits && shape.dstBits <= policy['dst-address'].bits;

/** What a policy of this shape must match to cover `policy`. */
function matchIn(shape: Shape, policy: Policy): string {
  const start = ({ address }: Policy['src-address'], kept: number): string => {
    const all = address.family === 4 ? 32 : 128;
    return kept === 0 ? '' : (address.value >> BigInt(all - kept)).toString(36);
  };
  const parts = [
    policy['src-address'].address.family,
    start(policy['src-address'], shape.srcBits),
    start(policy['dst-address'], shape.dstBits),
    shape.srcPort ? (policy['src-port'] ?? 'any') : '',
    shape.dstPort ? (policy['dst-port'] ?? 'any') : '',
    shape.protocol ? policy.protocol : '',
  ];
  return parts.join(' ');
}
