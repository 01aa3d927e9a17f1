// Bytes and packets of each peer since the daemon started, or of each connection. An SA counts from its
// own beginning, so when it goes its counts are kept here; otherwise a rekey would take the figures back.
import type { InstalledSa } from '../dataplane/association.js';

export interface Traffic {
  readonly bytes: number;
  readonly packets: number;
}
export type Directions = Readonly<Record<'in' | 'out', Traffic>>;

export const NONE: Traffic = { bytes: 0, packets: 0 };
export const add = (a: Traffic, b: Traffic): Traffic => ({
  bytes: a.bytes + b.bytes,
  packets: a.packets + b.packets,
});

export class TrafficTotals {
  readonly #gone = new Map<string, Directions>();

  /** Of a child that is about to be removed. */
  keep(peer: string, traffic: Directions): void {
    const before = this.#gone.get(peer) ?? { in: NONE, out: NONE };
    this.#gone.set(peer, { in: add(before.in, traffic.in), out: add(before.out, traffic.out) });
  }

  /** What is kept under a name. */
  kept(name: string): Directions {
    return this.#gone.get(name) ?? { in: NONE, out: NONE };
  }

  get size(): number {
    return this.#gone.size;
  }

  /** All names but these are over. */
  retain(names: ReadonlySet<string>): void {
    for (const name of [...this.#gone.keys()]) if (!names.has(name)) this.#gone.delete(name);
  }

  /** With what the installed SAs have counted so far. */
  totals(installed: readonly InstalledSa[]): ReadonlyMap<string, Directions> {
    const now = new TrafficTotals();
    for (const [peer, traffic] of this.#gone) now.#gone.set(peer, traffic);
    for (const [peer, traffic] of sum(installed)) now.keep(peer, traffic);
    return now.#gone;
  }
}

/** An AH around an ESP carries the same packets again: the first half of each child counts. */
function sum(sas: readonly InstalledSa[]): ReadonlyMap<string, Directions> {
  const counted = new Set<string>();
  const peers = new Map<string, Directions>();
  for (const { association, direction, bytes, packets } of sas) {
    const half = `${association.id} ${direction}`;
    if (counted.has(half)) continue;
    counted.add(half);
    const before = peers.get(association.peer) ?? { in: NONE, out: NONE };
    const more = { ...before, [direction]: add(before[direction], { bytes, packets }) };
    peers.set(association.peer, more);
  }
  return peers;
}
