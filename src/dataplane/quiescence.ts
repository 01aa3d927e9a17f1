// Waits until no worker can still be using what was unpublished. A worker's epoch is odd while it
// works on a batch; a batch that begins later cannot find what is no longer published.
import { MAX_WORKERS, WORKER_EPOCH, WORKER_SIZE, WORKERS_AT } from '../contract/layout.js';

/** A batch lasts well under this; a worker that died in one is settled by the pool. */
const CHECK_MS = 2;

interface Waiting {
  readonly act: () => void;
  /** Per worker in a batch: the epoch it must leave. */
  readonly epochs: readonly (readonly [row: number, epoch: number])[];
}

export class Quiescence {
  readonly #words: Uint32Array;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#words = new Uint32Array(memory.buffer);
  }

  /** Acts at once where no worker is in a batch, else when those have ended; in order. */
  after(act: () => void): void {
    const epochs = Array.from(
      { length: MAX_WORKERS },
      (_, row) => [row, this.#epoch(row)] as const,
    );
    this.#waiting.push({ act, epochs: epochs.filter(([, epoch]) => (epoch & 1) === 1) });
    this.#check();
  }

  /** Does everything that waits: no worker runs any more. */
  now(): void {
    clearTimeout(this.#timer);
    for (const { act } of this.#waiting.splice(0)) act();
  }

  /** Whoever came later waits for the same batches or later ones: the first decides. */
  #check(): void {
    clearTimeout(this.#timer);
    const goesOn = this.#waiting.findIndex(({ epochs }) =>
      epochs.some(([row, epoch]) => this.#epoch(row) === epoch),
    );
    const ended = this.#waiting.splice(0, goesOn < 0 ? this.#waiting.length : goesOn);
    for (const { act } of ended) act();
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#check(), CHECK_MS).unref();
  }

  #epoch(row: number): number {
    return Atomics.load(this.#words, (WORKERS_AT + row * WORKER_SIZE + WORKER_EPOCH) / 4);
  }
}
