// What is known of the RADIUS servers: which answer, which have been silent, and whom to ask next.
import type { Attribute, Packet } from './packet.js';

export interface Server {
  /** Its address, for the log. */
  readonly name: string;
  readonly secret: Uint8Array;
  /** How long the first transmission of a request waits for its answer. */
  readonly timeoutMs: number;
  /** How long a server that does not answer is left alone. */
  readonly deadMs: number;
  /** A connection that loses nothing (RFC 6613 §2.6): a request is sent once. */
  readonly reliable: boolean;
}

export type Service = 'authentication' | 'accounting';

export interface Question {
  readonly service: Service;
  readonly attributes: readonly Attribute[];
  /** This server alone: another knows nothing of the State it gave (RFC 2865 §5.24). */
  readonly only?: number | undefined;
  /** This one before the others, as long as it answers. */
  readonly first?: number | undefined;
  /** Asked again until then, instead of a few times. */
  readonly untilMs?: number | undefined;
}

/** A socket or connection towards a server: 256 requests can be under way on one (RFC 2865 §3). */
export interface Line {
  readonly server: number;
  readonly service: Service;
  readonly channel: number;
}

export interface Answer {
  readonly packet: Packet;
  readonly server: number;
  /** For what the server encrypted: keys.ts. */
  readonly requestAuthenticator: Uint8Array;
}

export type Outcome = { readonly answer: Answer } | { readonly failure: string };

export interface Event {
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly text: string;
}

/** What is to be done outside. */
export interface Work {
  readonly send: { readonly line: Line; readonly bytes: Uint8Array }[];
  readonly settled: { readonly question: number; readonly outcome: Outcome }[];
  readonly events: Event[];
}

export const noWork = (): Work => ({ send: [], settled: [], events: [] });

/** Transmissions without an answer after which a server counts as dead: our own choice. */
const MISSES = 3;
/** Answers that are not believed are logged this seldom. */
const COMPLAINT_MS = 10_000;

interface Health {
  misses: number;
  deadUntil: number;
  complainedAt: number;
}

export class Servers {
  readonly list: readonly Server[];
  readonly #health: Health[];

  constructor(list: readonly Server[]) {
    this.list = list;
    this.#health = list.map(() => ({ misses: 0, deadUntil: 0, complainedAt: -COMPLAINT_MS }));
  }

  isDead(server: number, now: number): boolean {
    return this.#health[server]!.deadUntil > now;
  }

  /** Whom a question may go to, in order. Where all are dead they are asked nevertheless. */
  candidates({ only, first }: Question, now: number): number[] {
    if (only !== undefined) return [only];
    const all = this.list.map((_, index) => index);
    const alive = all.filter((index) => !this.isDead(index, now));
    const pool = alive.length > 0 ? alive : all;
    return first !== undefined && pool.includes(first)
      ? [first, ...pool.filter((index) => index !== first)]
      : pool;
  }

  missed(server: number, now: number, work: Work): void {
    const health = this.#health[server]!;
    health.misses++;
    if (health.misses < MISSES || health.deadUntil > now) return;
    const { name, deadMs } = this.list[server]!;
    health.deadUntil = now + deadMs;
    const others = this.list.length > 1 ? ', the others are asked' : '';
    const text = `server ${name} does not answer: it is left alone for ${deadMs / 1000} s${others}`;
    work.events.push({ level: 'warning', text });
  }

  answered(server: number, work: Work): void {
    const health = this.#health[server]!;
    const { name } = this.list[server]!;
    if (health.misses >= MISSES) {
      work.events.push({ level: 'info', text: `server ${name} answers again` });
    }
    Object.assign(health, { misses: 0, deadUntil: 0 });
  }

  complain(server: number, now: number, reason: string, work: Work): void {
    const health = this.#health[server]!;
    if (now - health.complainedAt < COMPLAINT_MS) return;
    health.complainedAt = now;
    const text = `an answer of ${this.list[server]!.name} is not believed: ${reason}`;
    work.events.push({ level: 'warning', text });
  }
}
