// The outbound SAs of each policy, newest first, as workers see them: every record points to the next,
// while they may be walking the chain.
import type { SaRecords } from './sa-records.js';

export class Chains {
  readonly #records: SaRecords;
  /** Slots. */
  readonly #chains = new Map<number, number[]>();

  constructor(records: SaRecords) {
    this.#records = records;
  }

  /** What the policy is to point to: slot + 1 of its newest SA, 0: it has none. */
  head(policy: number): number {
    return linkTo(this.#chains.get(policy)?.[0]);
  }

  /** Its new head is to be published next. */
  add(policy: number, slot: number): void {
    const chain = this.#chains.get(policy) ?? [];
    // its end first, so that a reader never meets a half-made chain
    this.#records.at(slot).setNext(linkTo(chain[0]));
    this.#chains.set(policy, [slot, ...chain]);
  }

  /** A reader that stands on it still finds the rest. False: it was in none. */
  remove(policy: number, slot: number): boolean {
    const chain = this.#chains.get(policy) ?? [];
    const place = chain.indexOf(slot);
    if (place < 0) return false;
    if (place > 0) this.#records.at(chain[place - 1]!).setNext(linkTo(chain[place + 1]));
    const rest = chain.toSpliced(place, 1);
    if (rest.length > 0) this.#chains.set(policy, rest);
    else this.#chains.delete(policy);
    return true;
  }
}

const linkTo = (slot: number | undefined): number => (slot === undefined ? 0 : slot + 1);
