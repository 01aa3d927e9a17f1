// A second opinion on policy matching: the first policy in order that holds the packet (RFC 4301
// §4.4.1), on numbers and without a cache.
import type { Policy } from '../../src/policy/database.js';
import { prefixContains, parseAddress } from '../../src/policy/address.js';

/** A policy as ranges, both ends included: more than prefixes and single ports can say. */
export interface RangePolicy {
  readonly id: number;
  readonly family: 4 | 6;
  readonly action: 'encrypt' | 'discard' | 'none';
  readonly src: readonly [low: bigint, high: bigint];
  readonly dst: readonly [low: bigint, high: bigint];
  readonly srcPort: readonly [low: number, high: number];
  readonly dstPort: readonly [low: number, high: number];
  /** 256: any. */
  readonly protocol: number;
}

export interface RangeFlow {
  readonly src: { readonly family: 4 | 6; readonly value: bigint };
  readonly dst: { readonly family: 4 | 6; readonly value: bigint };
  readonly protocol: number;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly later: boolean;
}

export interface Flow {
  readonly src: string;
  readonly dst: string;
  readonly protocol: number;
  readonly srcPort: number;
  readonly dstPort: number;
  /** A fragment but the first: it has no ports. */
  readonly later: boolean;
}

export function firstMatch(
  policies: readonly Policy[],
  flow: Flow,
): Policy | 'ambiguous' | undefined {
  const src = parseAddress(flow.src)!;
  const dst = parseAddress(flow.dst)!;
  for (const policy of policies) {
    if (!prefixContains(policy.src, src) || !prefixContains(policy.dst, dst)) continue;
    if (policy.protocol !== 0 && policy.protocol !== flow.protocol) continue;
    const { srcPort, dstPort, action } = policy;
    if (flow.later) {
      if (srcPort === undefined && dstPort === undefined) return policy;
      if (action !== 'none') return 'ambiguous';
      continue;
    }
    const matches = (wanted: number | undefined, port: number): boolean =>
      wanted === undefined || wanted === port;
    if (matches(srcPort, flow.srcPort) && matches(dstPort, flow.dstPort)) return policy;
  }
  return undefined;
}

/** The same for ranges: the id of the first match. */
export function firstInRange(
  policies: readonly RangePolicy[],
  flow: RangeFlow,
): number | 'ambiguous' | undefined {
  const holds = <T>([low, high]: readonly [T, T], value: T): boolean =>
    value >= low && value <= high;
  const anyPort = ([low, high]: readonly [number, number]): boolean => low === 0 && high === 65535;
  for (const policy of policies) {
    if (policy.family !== flow.src.family) continue;
    if (!holds(policy.src, flow.src.value) || !holds(policy.dst, flow.dst.value)) continue;
    if (policy.protocol !== 256 && policy.protocol !== flow.protocol) continue;
    if (flow.later) {
      if (anyPort(policy.srcPort) && anyPort(policy.dstPort)) return policy.id;
      if (policy.action !== 'none') return 'ambiguous';
    } else if (holds(policy.srcPort, flow.srcPort) && holds(policy.dstPort, flow.dstPort)) {
      return policy.id;
    }
  }
  return undefined;
}
