// Waits until no worker can still be using what was unpublished. A worker's epoch is odd while it
// works on a batch; a batch that begins later cannot find what is no longer published.
import { MAX_WORKERS, WORKER_EPOCH, WORKER_SIZE, WORKERS_AT } from '../contract/layout.js';

/** A batch lasts well under this; a worker that died in one is settled by the pool. */
const CHECK_MS = 2;

interface Waiting {
  readonly slots: readonly number[];
  /** Per worker in a batch: the epoch it must leave. */
  readonly epochs: readonly (readonly [row: number, epoch: number])[];
}

export class Quiescence {
  readonly #words: Uint32Array;
  readonly #release: (slot: number) => void;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(memory: WebAssembly.Memory, release: (slot: number) => void) {
    this.#words = new Uint32Array(memory.buffer);
    this.#release = release;
  }

  /** Releases the slots at once where no worker is in a batch, else when those have ended. */
  after(slots: readonly number[]): void {
    const epochs = Array.from(
      { length: MAX_WORKERS },
      (_, row) => [row, this.#epoch(row)] as const,
    );
    this.#waiting.push({ slots, epochs: epochs.filter(([, epoch]) => (epoch & 1) === 1) });
    this.#check();
  }

  /** Releases everything that waits: no worker runs any more. */
  now(): void {
    clearTimeout(this.#timer);
    for (const { slots } of this.#waiting.splice(0)) slots.forEach(this.#release);
  }

  #check(): void {
    clearTimeout(this.#timer);
    const over = ({ epochs }: Waiting): boolean =>
      epochs.every(([row, epoch]) => this.#epoch(row) !== epoch);
    const ended = this.#waiting.filter(over);
    this.#waiting = this.#waiting.filter((waiting) => !ended.includes(waiting));
    for (const { slots } of ended) slots.forEach(this.#release);
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#check(), CHECK_MS);
  }

  #epoch(row: number): number {
    return Atomics.load(this.#words, (WORKERS_AT + row * WORKER_SIZE + WORKER_EPOCH) / 4);
  }
}
