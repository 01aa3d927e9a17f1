// A second opinion on the replay window and on extended sequence numbers: RFC 4303 §3.4.3 and appendix
// A2 word for word, numbers kept in a set.

export class ReplayWindow {
  readonly #size: bigint;
  readonly #seen = new Set<bigint>();
  right: bigint;

  constructor(size: number, right = 0n) {
    this.#size = BigInt(size);
    this.right = right;
  }

  /** Whether the number may still be taken. */
  check(sequence: bigint): boolean {
    if (sequence === 0n || sequence <= this.right - this.#size) return false;
    return !this.#seen.has(sequence);
  }

  /** Takes it; the caller has checked. */
  commit(sequence: bigint): void {
    this.#seen.add(sequence);
    if (sequence > this.right) this.right = sequence;
  }

  /** Appendix A2.2: the high half of a number whose low half is on the wire; undefined: none. */
  infer(low: bigint): bigint | undefined {
    const subspace = 1n << 32n;
    const high = this.right / subspace;
    const rightLow = this.right % subspace;
    if (rightLow >= this.#size - 1n) {
      // case A: the window is in one subspace
      const inSubspace = low >= rightLow - this.#size + 1n;
      return (inSubspace ? high : high + 1n) * subspace + low;
    }
    // case B: it reaches back into the subspace before
    if (low >= rightLow - this.#size + 1n + subspace) {
      return high === 0n ? undefined : (high - 1n) * subspace + low;
    }
    return high * subspace + low;
  }
}
