// Traffic selectors: what we ask for, and how a responder narrows (RFC 7296 §2.9).
import type { Policy } from '../../policy/database.js';
import {
  contains,
  formatSelector,
  intersect,
  sameSelector,
  selectorOf,
  type TrafficSelector,
} from '../../policy/selector.js';
import type { TsPayload } from '../../wire/payloads/traffic-selector.js';
import type { AcquirePacket } from '../context.js';

export type Side = {
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
};

/** What a policy lets an SA carry: one range each side. */
export interface Allowed {
  readonly local: TrafficSelector;
  readonly remote: TrafficSelector;
}

const WITH_PORTS = new Set([6, 17, 132, 136]); // TCP, UDP, SCTP, UDP-Lite

export const policySelectors = ({ src, dst, srcPort, dstPort, protocol }: Policy): Allowed => ({
  local: selectorOf(src, protocol, srcPort),
  remote: selectorOf(dst, protocol, dstPort),
});

/** The packet's own selector first, then all that is allowed: the responder may have to choose. */
export function offeredSelectors(whole: Allowed, packet: AcquirePacket | undefined): Side {
  if (!packet) return { local: [whole.local], remote: [whole.remote] };
  const one = (address: AcquirePacket['source'], port: number): TrafficSelector => {
    const all = !WITH_PORTS.has(packet.protocol);
    return {
      family: address.family,
      protocol: packet.protocol,
      start: address.value,
      end: address.value,
      startPort: all ? 0 : port,
      endPort: all ? 65535 : port,
    };
  };
  const first = one(packet.source, packet.sourcePort);
  const second = one(packet.destination, packet.destinationPort);
  if (!contains(whole.local, first) || !contains(whole.remote, second)) {
    return { local: [whole.local], remote: [whole.remote] };
  }
  return { local: [first, whole.local], remote: [second, whole.remote] };
}

export const buildTs = (type: 'TSi' | 'TSr', selectors: readonly TrafficSelector[]): TsPayload => ({
  type,
  selectors: selectors.map((selector) => ({ ...selector })),
});

/** The selectors of a payload that we understand. */
export function readTs({ selectors }: TsPayload): TrafficSelector[] {
  return selectors.flatMap((selector) => {
    if (selector.family === 'unknown') return [];
    const { family, protocol, start, end, startPort, endPort } = selector;
    return [{ family, protocol, start, end, startPort, endPort }];
  });
}

/** What of `offered` lies within `allowed`; parts that lie within another part are left out. */
export function narrow(
  allowed: TrafficSelector,
  offered: readonly TrafficSelector[],
): TrafficSelector[] {
  const parts = offered.flatMap((one) => intersect(allowed, one) ?? []);
  return parts.filter(
    (part, index) =>
      !parts.some(
        (other, at) =>
          at !== index && contains(other, part) && (!sameSelector(other, part) || at < index),
      ),
  );
}

export interface Narrowed extends Side {
  readonly policy: Policy;
}

/**
 * Responder: the policy this child is for, and its selectors. A policy whose networks are the ones
 * asked for goes before one that holds the first pair (the packet's), that before one that overlaps.
 */
export function narrowToPolicy(
  policies: readonly (readonly [Policy, Allowed])[],
  asked: Side,
): Narrowed | undefined {
  const [firstLocal, firstRemote] = [asked.local[0], asked.remote[0]];
  const rank = ({ local, remote }: Allowed): number => {
    const exact =
      asked.local.some((one) => sameSelector(one, local)) &&
      asked.remote.some((one) => sameSelector(one, remote));
    if (exact) return 0;
    return firstLocal && firstRemote && contains(local, firstLocal) && contains(remote, firstRemote)
      ? 1
      : 2;
  };
  const ranked = policies.map(([policy, whole]) => ({ policy, whole, rank: rank(whole) }));
  for (const { policy, whole } of ranked.sort((a, b) => a.rank - b.rank)) {
    const local = narrow(whole.local, asked.local);
    const remote = narrow(whole.remote, asked.remote);
    if (local.length > 0 && remote.length > 0) return { policy, local, remote };
  }
  return undefined;
}

/** Initiator: the answer may only be a part of what was asked. */
export const isNarrowing = (
  asked: readonly TrafficSelector[],
  answer: readonly TrafficSelector[],
): boolean => answer.length > 0 && answer.every((one) => asked.some((all) => contains(all, one)));

export const formatSelectors = (selectors: readonly TrafficSelector[]): string =>
  selectors.map(formatSelector).join(', ') || 'nothing that is known here';
