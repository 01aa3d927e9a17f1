// Traffic selectors: what we ask for, and how a responder narrows (RFC 7296 §2.9).
import { isDynamic, type Policy, type Selectors } from '../../policy/database.js';
import {
  contains,
  formatSelector,
  intersect,
  sameSelector,
  selectorOf,
  type TrafficSelector,
} from '../../policy/selector.js';
import { byFamily, isTemplate } from '../../policy/template.js';
import type { TsPayload } from '../../wire/payloads/traffic-selector.js';
import type { AcquirePacket } from '../context.js';

export type Side = Selectors;

const WITH_PORTS = new Set([6, 17, 132, 136]); // TCP, UDP, SCTP, UDP-Lite

/** What a policy lets an SA carry: what was agreed for one that is made, the patterns of a template. */
export function policySelectors(policy: Policy): Side {
  if (isDynamic(policy)) return policy.agreed;
  const all = isTemplate(policy) ? byFamily(policy) : [policy];
  return {
    local: all.map(({ src, srcPort, protocol }) => selectorOf(src, protocol, srcPort)),
    remote: all.map(({ dst, dstPort, protocol }) => selectorOf(dst, protocol, dstPort)),
  };
}

/** The packet's own selector first, then all that is allowed: the responder may have to choose. */
export function offeredSelectors(whole: Side, packet: AcquirePacket | undefined): Side {
  if (!packet) return whole;
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
  if (!holdsAll(whole.local, [first]) || !holdsAll(whole.remote, [second])) return whole;
  return { local: [first, ...whole.local], remote: [second, ...whole.remote] };
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

/** Whether each of `parts` lies within one of `wholes`. */
export const holdsAll = (
  wholes: readonly TrafficSelector[],
  parts: readonly TrafficSelector[],
): boolean => parts.every((part) => wholes.some((whole) => contains(whole, part)));

/** What of `offered` lies within `allowed`; parts that lie within another part are left out. */
export function narrow(
  allowed: readonly TrafficSelector[],
  offered: readonly TrafficSelector[],
): TrafficSelector[] {
  const parts = offered.flatMap((one) => allowed.flatMap((whole) => intersect(whole, one) ?? []));
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
  policies: readonly (readonly [Policy, Side])[],
  asked: Side,
): Narrowed | undefined {
  const first = { local: asked.local.slice(0, 1), remote: asked.remote.slice(0, 1) };
  const isAsked = (whole: readonly TrafficSelector[], parts: readonly TrafficSelector[]): boolean =>
    whole.every((one) => parts.some((part) => sameSelector(one, part)));
  const rank = ({ local, remote }: Side): number => {
    if (isAsked(local, asked.local) && isAsked(remote, asked.remote)) return 0;
    const some = first.local.length > 0 && first.remote.length > 0;
    return some && holdsAll(local, first.local) && holdsAll(remote, first.remote) ? 1 : 2;
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
): boolean => answer.length > 0 && holdsAll(asked, answer);

export const formatSelectors = (selectors: readonly TrafficSelector[]): string =>
  selectors.map(formatSelector).join(', ') || 'nothing that is known here';
