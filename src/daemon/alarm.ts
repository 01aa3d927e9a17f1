// One timer for whoever says when something is due next.

/** After a step the timer is set anew within this: the engine's are of seconds. */
const SCHEDULE_MS = 20;
/** It rings at least this often, so that a clock step or a lost timer costs little. */
const LONGEST_SLEEP_MS = 10_000;

export class Alarm {
  readonly #now: () => number;
  readonly #due: () => number;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #scheduling: NodeJS.Timeout | undefined;

  constructor(now: () => number, due: () => number, ring: () => void) {
    this.#now = now;
    this.#due = due;
    this.#ring = ring;
  }

  /** What is due may have changed. Soon: a start of many tunnels is many steps. */
  schedule(): void {
    this.#scheduling ??= setTimeout(() => {
      this.#scheduling = undefined;
      this.#set();
    }, SCHEDULE_MS);
  }

  #set(): void {
    clearTimeout(this.#timer);
    const wait = Math.min(Math.max(this.#due() - this.#now(), 0), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(this.#ring, wait);
  }

  close(): void {
    clearTimeout(this.#scheduling);
    clearTimeout(this.#timer);
  }
}
