// The routing of more policies than rules can carry: the kernel walks rules one after another for
// each packet, but finds a route among thousands at once. So their destinations become routes, in a
// table for each source (or shorter prefix around sources, where they are too many), and there are few
// rules. That leads some packets to the TUN which no policy protects, never the other way round: the
// data plane knows the policies in full and sends those on in the clear.
//   1. exempt   policies of action none that nothing protected stands before: rules of their own
//   2. group    the others by family and source, destinations collected
import { addressText, familyOf, type IpPrefix, prefixHolds } from './addressing.js';
import { isRuled, type RoutedPolicy } from './policy-rules.js';

/** Where packets from `source` to one of `destinations` go to the TUN. */
export interface Group {
  readonly family: 4 | 6;
  readonly source: IpPrefix;
  readonly destinations: readonly IpPrefix[];
}

export interface Aggregate {
  /** Policies of action none that may have a rule in front of all others. */
  readonly exempt: readonly RoutedPolicy[];
  readonly groups: readonly Group[];
}

// Our own choices: what a rule costs each packet against what a packet too many costs.
/** Policies up to this many have rules of their own, which say exactly what they match. */
export const MOST_RULED = 256;
const MOST_SOURCES = 64;
const MOST_EXEMPT = 64;

/** A template is no policy, but what is made from it stands before the policies behind it. */
export function aggregate(
  policies: readonly (RoutedPolicy & { readonly template?: number })[],
): Aggregate {
  const led = policies.filter(
    ({ action, template }) => action !== 'none' && template === undefined,
  );
  const groups = ([4, 6] as const).flatMap((family) =>
    groupBySource(
      family,
      led.filter(({ dst }) => familyOf(dst.address) === family),
    ),
  );
  return { exempt: findExempt(policies), groups };
}

// ---- 1. exempt -----------------------------------------------------------------------------------

/** The rest of action none goes through the data plane, which passes it on. */
function findExempt(policies: readonly RoutedPolicy[]): RoutedPolicy[] {
  const led: RoutedPolicy[] = [];
  const exempt: RoutedPolicy[] = [];
  for (const policy of policies) {
    if (policy.action !== 'none') led.push(policy);
    else if (exempt.length < MOST_EXEMPT && isRuled(policy)) {
      if (!led.some((other) => overlap(other.src, policy.src) && overlap(other.dst, policy.dst))) {
        exempt.push(policy);
      }
    }
  }
  return exempt;
}

const overlap = (a: IpPrefix, b: IpPrefix): boolean =>
  a.bits < b.bits ? prefixHolds(a, b.address) : prefixHolds(b, a.address);

// ---- 2. group ------------------------------------------------------------------------------------

function groupBySource(family: 4 | 6, policies: readonly RoutedPolicy[]): Group[] {
  const bits = sourceBits(policies.map(({ src }) => src));
  const groups = new Map<string, { source: IpPrefix; destinations: Map<string, IpPrefix> }>();
  for (const { src, dst } of policies) {
    const source = shortened(src, bits);
    const key = prefixKey(source);
    const group = groups.get(key) ?? { source, destinations: new Map<string, IpPrefix>() };
    groups.set(key, group);
    group.destinations.set(prefixKey(dst), dst);
  }
  return [...groups.values()].map(({ source, destinations }) => ({
    family,
    source,
    destinations: [...destinations.values()],
  }));
}

/** How long sources may be, so that there are at most MOST_SOURCES of them. */
function sourceBits(sources: readonly IpPrefix[]): number {
  const distinct = [...new Map(sources.map((source) => [prefixKey(source), source])).values()];
  const longest = Math.max(0, ...distinct.map(({ bits }) => bits));
  for (let bits = longest; bits > 0; bits--) {
    const left = new Set(distinct.map((source) => prefixKey(shortened(source, bits))));
    if (left.size <= MOST_SOURCES) return bits;
  }
  return 0;
}

/** Equal for equal prefixes of one family, and quicker than text. */
export const prefixKey = ({ address, bits }: IpPrefix): string =>
  `${Buffer.from(address).toString('latin1')}${bits}`;

function shortened(prefix: IpPrefix, bits: number): IpPrefix {
  if (prefix.bits <= bits) return prefix;
  const address = prefix.address.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - 8 * index));
    return byte & (0xff << (8 - kept));
  });
  return { address, bits };
}

/** Destinations by the address that a sender of ours takes for them, in the policies' order. */
export function groupByAddress(
  policies: readonly RoutedPolicy[],
  preferred: (policy: RoutedPolicy) => Uint8Array | undefined,
): { address: Uint8Array; destinations: IpPrefix[] }[] {
  const groups = new Map<string, { address: Uint8Array; destinations: Map<string, IpPrefix> }>();
  for (const policy of policies) {
    const address = policy.action === 'encrypt' ? preferred(policy) : undefined;
    if (!address) continue;
    const key = addressText(address);
    const group = groups.get(key) ?? { address, destinations: new Map<string, IpPrefix>() };
    groups.set(key, group);
    group.destinations.set(prefixKey(policy.dst), policy.dst);
  }
  return [...groups.values()].map(({ address, destinations }) => ({
    address,
    destinations: [...destinations.values()],
  }));
}
