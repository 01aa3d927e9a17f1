// The search for what one path carries (RFC 8899 §5, RFC 4821 §7): which size to ask about next, and
// what an answer means. Sans IO: it asks nothing itself.
//   top      the size that the kernel believes in: where it passes there is nothing to find out
//   low      it did not pass, so the path swallows what is too large (a "black hole"): at once a size that
//            nearly every path carries is the limit, and shown to pass
//   between  halving, until what is known to pass is near what is known not to
//   rest     until somebody says `again`
type Phase = 'top' | 'low' | 'between' | 'rest';

/** RFC 8899 §5.1.2, BASE_PLPMTU of IPv6; for IPv4 it would be 1200, and nearly every path carries more. */
const BASE = 1280;
// Our own choices.
/** One packet may be lost for any reason (MAX_PROBES); a wrong step while halving costs less. */
const TRIES = { top: 3, low: 3, between: 2 } as const;
const GRAIN = 16;

/** Whether a question of `wanted` bytes passed, as a packet of `bytes`. */
export interface Answer {
  readonly wanted: number;
  readonly bytes: number;
  readonly passed: boolean;
}

export class PathSearch {
  readonly #floor: number;
  #phase: Phase = 'top';
  #low = 0;
  #high = 0;
  #tries = 0;
  #limit: number | undefined;

  /** `floor`: no path is taken to be narrower. */
  constructor(floor: number) {
    this.#floor = floor;
  }

  /** What was found out: a packet may have so many bytes; undefined: nothing speaks against the kernel. */
  get limit(): number | undefined {
    return this.#limit;
  }

  get rests(): boolean {
    return this.#phase === 'rest';
  }

  /** Paths change: from the top again, with the present limit in force meanwhile. */
  again(): void {
    this.#phase = 'top';
    this.#tries = 0;
  }

  /** No answer at all, not even to fragments: hands off, and a size that should pass. */
  abandon(): void {
    this.#limit = Math.max(this.#floor, Math.min(this.#limit ?? BASE, BASE));
    this.#phase = 'rest';
  }

  /** The size to ask about, where the kernel believes in `top`; undefined: there is nothing to ask. */
  question(top: number): number | undefined {
    if (this.#phase === 'top') return top;
    if (this.#phase === 'low') return this.#low;
    if (this.#phase === 'rest') return undefined;
    // the kernel may have learned meanwhile
    this.#high = Math.min(this.#high, top + 1);
    if (this.#high - this.#low > GRAIN) return (this.#low + this.#high) >> 1;
    this.#phase = 'rest';
    return undefined;
  }

  /** Narrower for another reason: until somebody asks `again`. */
  narrow(limit: number): void {
    this.#limit = Math.min(this.#limit ?? limit, limit);
    this.#phase = 'rest';
    this.#tries = 0;
  }

  answer({ wanted, bytes, passed }: Answer): void {
    if (this.#phase === 'rest') return;
    if (!passed && ++this.#tries < TRIES[this.#phase]) return;
    this.#tries = 0;
    if (this.#phase === 'top') this.#answerTop(wanted, passed);
    else if (this.#phase === 'low') this.#answerLow(wanted, passed);
    else if (passed) this.#limit = this.#low = Math.max(this.#low, bytes);
    else this.#high = wanted;
  }

  #answerTop(wanted: number, passed: boolean): void {
    this.#phase = 'rest';
    if (passed) this.#limit = undefined;
    else if (wanted > this.#floor) {
      this.#high = wanted;
      this.#low = Math.max(this.#floor, wanted > BASE ? BASE : this.#floor);
      if (this.#limit !== undefined && this.#limit < wanted) this.#low = this.#limit;
      this.#limit = this.#low;
      this.#phase = 'low';
    }
  }

  #answerLow(wanted: number, passed: boolean): void {
    if (passed) this.#phase = 'between';
    else if (wanted > this.#floor) {
      this.#high = wanted;
      this.#limit = this.#low = this.#floor;
    } else this.#phase = 'rest';
  }
}
