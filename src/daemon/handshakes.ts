// How long IKE SAs took to come up, by peer and by who began: a histogram, from the engine's events.
import type { EngineEvent } from '../ike/step.js';

/** Seconds; our own choice: a local peer takes milliseconds, one behind retransmissions many seconds. */
export const BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

export interface Histogram {
  readonly peer: string;
  readonly side: string;
  /** How many took at most as long as each of BOUNDS. */
  readonly within: number[];
  count: number;
  seconds: number;
}

export class Handshakes {
  readonly #all = new Map<string, Histogram>();

  note({ peer, facts = {} }: EngineEvent): void {
    const { took, side } = facts;
    if (peer === undefined || typeof took !== 'number' || typeof side !== 'string') return;
    const key = `${side} ${peer}`;
    const found = this.#all.get(key) ?? {
      peer,
      side,
      within: BOUNDS.map(() => 0),
      count: 0,
      seconds: 0,
    };
    this.#all.set(key, found);
    const seconds = took / 1000;
    BOUNDS.forEach((bound, at) => {
      if (seconds <= bound) found.within[at]!++;
    });
    found.count++;
    found.seconds += seconds;
  }

  list(): readonly Histogram[] {
    return [...this.#all.values()];
  }
}
