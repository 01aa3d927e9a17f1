// Traffic selectors as values (RFC 7296 §3.13): one address range, one port range, one protocol.
import { formatAddress, type Prefix, prefixRange } from './address.js';

/** Protocol 0 is any. For protocol any, ports are 0 … 65535. Ranges are inclusive. */
export interface TrafficSelector {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly startPort: number;
  readonly endPort: number;
}

/** A prefix, a protocol (0: any) and a port (undefined: any) as a selector. */
export function selectorOf(prefix: Prefix, protocol = 0, port?: number): TrafficSelector {
  return {
    family: prefix.address.family,
    protocol,
    ...prefixRange(prefix),
    startPort: port ?? 0,
    endPort: port ?? 65535,
  };
}

/** The part two selectors share, or undefined. */
export function intersect(a: TrafficSelector, b: TrafficSelector): TrafficSelector | undefined {
  if (a.family !== b.family) return undefined;
  if (a.protocol !== b.protocol && a.protocol !== 0 && b.protocol !== 0) return undefined;
  const start = a.start > b.start ? a.start : b.start;
  const end = a.end < b.end ? a.end : b.end;
  const startPort = Math.max(a.startPort, b.startPort);
  const endPort = Math.min(a.endPort, b.endPort);
  if (start > end || startPort > endPort) return undefined;
  return { family: a.family, protocol: a.protocol || b.protocol, start, end, startPort, endPort };
}

export function contains(outer: TrafficSelector, inner: TrafficSelector): boolean {
  const common = intersect(outer, inner);
  return common !== undefined && sameSelector(common, inner);
}

export function sameSelector(a: TrafficSelector, b: TrafficSelector): boolean {
  return (
    a.family === b.family &&
    a.protocol === b.protocol &&
    a.start === b.start &&
    a.end === b.end &&
    a.startPort === b.startPort &&
    a.endPort === b.endPort
  );
}

/** `198.18.0.0-198.18.255.255 protocol 6 port 80` and shorter forms. */
export function formatSelector(s: TrafficSelector): string {
  const address = (value: bigint): string => formatAddress({ family: s.family, value });
  const range = s.start === s.end ? address(s.start) : `${address(s.start)}-${address(s.end)}`;
  const protocol = s.protocol === 0 ? '' : ` protocol ${s.protocol}`;
  const all = s.startPort === 0 && s.endPort === 65535;
  const ports = s.startPort === s.endPort ? `${s.startPort}` : `${s.startPort}-${s.endPort}`;
  return `${range}${protocol}${all ? '' : ` port ${ports}`}`;
}
