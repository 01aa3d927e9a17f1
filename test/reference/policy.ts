// A second opinion on policy matching: the first policy in order that holds the packet (RFC 4301
// §4.4.1), on numbers and without a cache.
import type { Policy } from '../../src/policy/database.js';
import { prefixContains, parseAddress } from '../../src/policy/address.js';

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
