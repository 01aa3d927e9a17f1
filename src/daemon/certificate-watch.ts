// Asks the engine, at every reload and from time to time, whether peers that stand by certificates are
// still to be trusted: a few at once, since each may ask servers, and none at the cost of traffic.
import type { Step } from '../ike/step.js';

/** Our own choice: how many are asked about at once. */
const AT_ONCE = 8;

export interface WatchOptions {
  /** One for each peer that stands by certificates, as IkeEngine.rechecks gives them. */
  readonly rechecks: () => readonly (() => Promise<Step>)[];
  /** Carries a Step out. */
  readonly carry: (step: Promise<Step>) => Promise<unknown>;
  /** Between two rounds; 0: at reloads only. */
  readonly everyMs: () => number;
}

export class CertificateWatch {
  readonly #options: WatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  /** Something has changed since the round under way began. */
  #again = false;
  #closed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#wait();
  }

  /** What is trusted may be other than it was; resolves when all were asked about. */
  changed(): Promise<void> {
    if (this.#round) this.#again = true;
    else this.#round = this.#run();
    return this.#round;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    do {
      this.#again = false;
      const queue = [...this.#options.rechecks()];
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.#work(queue)));
    } while (this.#again && !this.#closed);
    this.#round = undefined;
    this.#wait();
  }

  async #work(queue: (() => Promise<Step>)[]): Promise<void> {
    for (let next = queue.shift(); next && !this.#closed; next = queue.shift()) {
      // Its failure would be a bug, which who carries steps out has logged.
      await this.#options.carry(next()).catch(() => {});
      await new Promise(setImmediate);
    }
  }

  #wait(): void {
    const every = this.#options.everyMs();
    if (every === 0 || this.#closed) return;
    this.#timer = setTimeout(() => void this.changed(), every);
    this.#timer.unref();
  }
}
