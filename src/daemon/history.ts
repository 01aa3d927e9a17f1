// The last lines of the log, kept for `culvert log`: two rings of bounded size, so that a flood of
// debug lines pushes out no error. A follower has a place in them and no queue of its own: one that
// reads slowly costs no memory, and is told how many lines it missed.
import type { LogLevel } from './log.js';

export interface LogRow {
  /** Counts from 0 at the start of the daemon. */
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly level: LogLevel;
  readonly topic: string;
  /** Empty where the line is about none. */
  readonly peer: string;
  readonly text: string;
  /** Without secrets, as in the log. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Which lines somebody wants to see. */
export interface LogFilter {
  readonly level: LogLevel;
  readonly peer?: string;
  /** A topic and those below it: `ike` is `ike.auth`, too. */
  readonly topic?: string;
}

/** What a follower gets. */
export interface LogNews {
  /** Lines that were pushed out before they could be read. */
  readonly missed: number;
  readonly rows: readonly LogRow[];
}

// Our own choices.
const KEPT = 2000;
const AT_ONCE = 200;
export const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warning', 'error'];

export class History {
  readonly #important: Ring;
  readonly #debug: Ring;
  #next = 0;
  readonly #waiting = new Set<() => void>();

  constructor(kept = KEPT) {
    this.#important = new Ring(kept);
    this.#debug = new Ring(kept);
  }

  add(row: Omit<LogRow, 'number'>): void {
    const ring = row.level === 'debug' ? this.#debug : this.#important;
    ring.add({ number: this.#next++, ...row });
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** The last `count` of the lines that the filter lets through, oldest first. */
  last(filter: LogFilter, count: number): LogRow[] {
    return count === 0 ? [] : this.#from(0, filter).slice(-count);
  }

  /** The last `count` lines, then each as it comes, until `signal` is aborted. */
  async *follow(filter: LogFilter, count: number, signal: AbortSignal): AsyncGenerator<LogNews> {
    let seen = this.#next;
    yield { missed: 0, rows: this.last(filter, count) };
    while (!signal.aborted) {
      if (seen === this.#next) {
        await this.#change(signal);
        continue;
      }
      const missed = this.#pushedOut(seen, filter);
      const rows = this.#from(seen, filter).slice(0, AT_ONCE);
      seen = rows.length === AT_ONCE ? rows.at(-1)!.number + 1 : this.#next;
      if (missed > 0 || rows.length > 0) yield { missed, rows };
    }
  }

  #from(number: number, filter: LogFilter): LogRow[] {
    const rings = filter.level === 'debug' ? [this.#debug, this.#important] : [this.#important];
    return rings
      .flatMap((ring) => ring.from(number))
      .filter((row) => passes(row, filter))
      .sort((a, b) => a.number - b.number);
  }

  /** Lines that came after `number` and are gone, whether the filter would have let them through or not. */
  #pushedOut(number: number, filter: LogFilter): number {
    const rings = filter.level === 'debug' ? [this.#debug, this.#important] : [this.#important];
    return rings.reduce((sum, ring) => sum + ring.pushedOut(number), 0);
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

function passes(row: LogRow, { level, peer, topic }: LogFilter): boolean {
  if (LEVELS.indexOf(row.level) < LEVELS.indexOf(level)) return false;
  if (peer !== undefined && row.peer !== peer) return false;
  return topic === undefined || row.topic === topic || row.topic.startsWith(`${topic}.`);
}

class Ring {
  readonly #rows: LogRow[] = [];
  readonly #size: number;
  #oldest = 0;
  /** The numbers of the last lines that were overwritten, as many as a ring holds. */
  readonly #gone: number[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(row: LogRow): void {
    if (this.#rows.length < this.#size) {
      this.#rows.push(row);
      return;
    }
    this.#gone[this.#oldest] = this.#rows[this.#oldest]!.number;
    this.#rows[this.#oldest] = row;
    this.#oldest = (this.#oldest + 1) % this.#size;
  }

  from(number: number): LogRow[] {
    return this.#rows.filter((row) => row.number >= number);
  }

  /** At most a ring's size: who missed more has missed at least that. */
  pushedOut(number: number): number {
    return this.#gone.filter((gone) => gone >= number).length;
  }
}
