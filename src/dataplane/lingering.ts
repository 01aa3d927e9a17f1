// Inbound SAs that have been replaced and are to go: they receive a moment longer. What the peer sent through
// one before it took the successor may be on the way when the word of the deletion is here, or in the queue
// of a worker that is slower than main.

// Our own choices: strongSwan waits as long; more at once than that many rekeys a second are not served.
const LINGER_MS = 5000;
const MOST = 1024;

export class Lingering {
  readonly #ms: number;
  /** By timer, in the order in which they end. */
  readonly #ends = new Map<NodeJS.Timeout, () => void>();

  constructor(ms = LINGER_MS) {
    this.#ms = ms;
  }

  /** Calls `end` when the moment is over, or earlier where there are too many. */
  add(end: () => void): void {
    const timer = setTimeout(() => this.#end(timer), this.#ms).unref();
    this.#ends.set(timer, end);
    if (this.#ends.size <= MOST) return;
    const [first] = this.#ends.keys();
    this.#end(first!);
  }

  /** No worker runs any more. */
  endAll(): void {
    for (const timer of [...this.#ends.keys()]) this.#end(timer);
  }

  #end(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    const end = this.#ends.get(timer);
    this.#ends.delete(timer);
    end?.();
  }
}
