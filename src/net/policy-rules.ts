// The routing rules of one policy, as values: which packets go to the TUN, and how a packet of this
// host whose sender has not chosen an address yet gets one inside the policy.
import { addressText, familyOf, type IpPrefix, isUnspecified, prefixHolds } from './addressing.js';
import { SystemError } from './libc.js';
import type { Netlink } from './netlink.js';
import { reach } from './routes.js';
import type { Rule } from './rules.js';

/** What of a policy matters for routing. */
export interface RoutedPolicy {
  readonly action: 'encrypt' | 'discard' | 'none';
  readonly src: IpPrefix;
  readonly dst: IpPrefix;
  /** IP protocol, 0: all. */
  readonly protocol: number;
  readonly srcPort: number | undefined;
  readonly dstPort: number | undefined;
}

const OPEN_SOURCE_4: IpPrefix = { address: new Uint8Array(4), bits: 32 };
/** Together every IPv6 source that is set: a rule with a prefix never matches an open one. */
const SET_SOURCE_6 = [0, 0x80].map((first) => {
  const address = new Uint8Array(16);
  address[0] = first;
  return { address, bits: 1 };
});

/** Whether the kernel takes a port in a rule: it refuses 65535. */
const ruled = (port: number | undefined): port is number =>
  port !== undefined && port > 0 && port < 65535;

/** Whether rules can say exactly what the policy matches. */
export const isRuled = ({ srcPort, dstPort }: RoutedPolicy): boolean =>
  (srcPort === undefined || ruled(srcPort)) && (dstPort === undefined || ruled(dstPort));

/** What a policy matches besides its source and ports. */
function wide(policy: RoutedPolicy): Partial<Rule> {
  return {
    ...(policy.dst.bits > 0 ? { to: policy.dst } : {}),
    ...(policy.protocol === 0 ? {} : { ipProtocol: policy.protocol }),
  };
}

function narrow(policy: RoutedPolicy): Partial<Rule> {
  return {
    ...wide(policy),
    ...(ruled(policy.srcPort) ? { sourcePort: policy.srcPort } : {}),
    ...(ruled(policy.dstPort) ? { destinationPort: policy.dstPort } : {}),
  };
}

/** Below the kernel's main table (32766). Fixed: two rules that differ in their goal only clash. */
export const END_PRIORITY = 32000;
/** Priorities that one policy takes. */
export const STRIDE = 3;

/**
 * The policy's own rule: to `table`, or for none to `end`. A rule with ports holds no fragment of a
 * datagram that is forwarded, not even the first: it would leave in the clear. So what leads to the
 * TUN names no ports, and the data plane sends on what no policy holds.
 */
export function policyRules(policy: RoutedPolicy, at: number, end: number, table: number): Rule[] {
  // one that matches more than its policy would lead past the TUN what a later policy protects
  if (policy.action === 'none' && !isRuled(policy)) return [];
  const none = policy.action === 'none';
  const action: Rule['action'] = none ? { kind: 'goto', priority: end } : { kind: 'lookup', table };
  const from = policy.src.bits > 0 ? { from: policy.src } : {};
  const family = familyOf(policy.dst.address);
  return [{ family, priority: at + 2, ...from, ...(none ? narrow : wide)(policy), action }];
}

/** Rules for packets of this host whose sender has not chosen an address yet. */
export function openSourceRules(policy: RoutedPolicy, at: number, table: number): Rule[] {
  const family = familyOf(policy.dst.address);
  const local = { family, iif: 'lo', ...narrow(policy) };
  const lookup: Rule = { ...local, priority: at + 1, action: { kind: 'lookup', table } };
  if (family === 4) return [{ ...lookup, from: OPEN_SOURCE_4 }];
  // IPv6 cannot name the open source in a rule: jump over the lookup where a source is set.
  const jump = { kind: 'goto', priority: at + 2 } as const;
  const skips = SET_SOURCE_6.map((from): Rule => ({ ...local, priority: at, from, action: jump }));
  return [...skips, lookup];
}

/** Our own address inside the policy's source; of several, the one the host would use anyway. */
export function preferredSource(
  netlink: Netlink,
  policy: RoutedPolicy,
  addresses: readonly Uint8Array[],
  mark: number,
): Uint8Array | undefined {
  const inside = addresses.filter(
    (address) => prefixHolds(policy.src, address) && !isLocalOnly(address),
  );
  if (inside.length < 2 || isUnspecified(policy.dst.address)) return inside[0];
  const usual = usualSource(netlink, policy.dst.address, mark);
  return inside.find((address) => addressText(address) === usual) ?? inside[0];
}

function usualSource(netlink: Netlink, remote: Uint8Array, mark: number): string | undefined {
  try {
    return addressText(reach(netlink, remote, { mark }).local);
  } catch (error) {
    // No route there without us: nothing is usual.
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

/** Loopback and link-local addresses reach nobody through a tunnel. */
const isLocalOnly = (address: Uint8Array): boolean =>
  address.length === 4
    ? address[0] === 127 || (address[0] === 169 && address[1] === 254)
    : (address[0] === 0xfe && (address[1]! & 0xc0) === 0x80) ||
      (address[15] === 1 && isUnspecified(address.subarray(0, 15)));
