// The client: questions to several servers, sans IO. A question goes to the first server; without an
// answer within its timeout to the next, and round again with the wait doubled (RFC 5080 §2.2.1),
// three times to each. An answer that comes late from one that was asked before still counts.
//   ask        a question begins            receive   an answer, checked, settles it
//   tick       what has waited long enough  lost      a connection broke: its requests go again
import { checkAnswer, sealAccess, sealRequest } from './authenticators.js';
import {
  ACCESS_ACCEPT,
  ACCESS_CHALLENGE,
  ACCESS_REJECT,
  ACCESS_REQUEST,
  ACCOUNTING_REQUEST,
  ACCOUNTING_RESPONSE,
  codeName,
} from './numbers.js';
import { AUTHENTICATOR_AT, decodePacket, HEADER_BYTES, RadiusError } from './packet.js';
import {
  type Line,
  noWork,
  type Outcome,
  type Question,
  type Server,
  Servers,
  type Service,
  type Work,
} from './servers.js';

// Our own choices, but for the longest wait (RFC 5080 §2.2.1, MRT).
const TRIES = 3;
const LONGEST_WAIT_MS = 16_000;
const CHANNELS = 16;
const JITTER = 0.1;

const ANSWERS: Readonly<Record<Service, readonly number[]>> = {
  authentication: [ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE],
  accounting: [ACCOUNTING_RESPONSE],
};

/** A question as one server was asked it. */
interface Attempt {
  readonly asked: Asked;
  readonly line: Line;
  readonly identifier: number;
  readonly bytes: Uint8Array;
  sent: number;
}

interface Asked {
  readonly id: number;
  readonly question: Question;
  readonly attempts: Map<number, Attempt>;
  /** Whose answer is waited for, until when. */
  last: number;
  nextAt: number;
}

export class RadiusClient {
  readonly #servers: Servers;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #asked = new Map<number, Asked>();
  readonly #attempts = new Map<string, Attempt>();
  readonly #lines = new Map<string, { next: number; used: number }>();
  #id = 0;

  constructor(servers: readonly Server[], random: (bytes: number) => Uint8Array) {
    this.#servers = new Servers(servers);
    this.#random = random;
  }

  /** How many questions wait. */
  get waiting(): number {
    return this.#asked.size;
  }

  /** Throws RadiusError where it fits into no packet; then it was never asked. */
  ask(question: Question, now: number): Work & { readonly question: number } {
    const work = noWork();
    const id = ++this.#id;
    const asked: Asked = { id, question, attempts: new Map(), last: -1, nextAt: now };
    this.#asked.set(id, asked);
    try {
      this.#transmit(asked, now, work);
    } catch (error) {
      this.#forget(asked);
      throw error;
    }
    return { ...work, question: id };
  }

  /** Forgets a question: nobody waits for its answer. */
  drop(id: number): void {
    const asked = this.#asked.get(id);
    if (asked) this.#forget(asked);
  }

  // ---- answers ---------------------------------------------------------------------------------

  receive(line: Line, bytes: Uint8Array, now: number): Work {
    const work = noWork();
    const attempt = this.#attempts.get(keyOf(line, bytes[1] ?? -1));
    // A repetition of an answer that was taken, or nothing we asked for: no more is to be done.
    if (!attempt) return work;
    const { secret } = this.#servers.list[line.server]!;
    try {
      const reason = whyNot(attempt, bytes, secret);
      if (reason !== undefined) {
        this.#servers.complain(line.server, now, reason, work);
        return work;
      }
      const packet = decodePacket(bytes);
      const requestAuthenticator = attempt.bytes.slice(AUTHENTICATOR_AT, HEADER_BYTES);
      this.#servers.answered(line.server, work);
      const answer = { packet, server: line.server, requestAuthenticator };
      this.#settle(attempt.asked, { answer }, work);
    } catch (error) {
      if (!(error instanceof RadiusError)) throw error;
      this.#servers.complain(line.server, now, error.message, work);
    }
    return work;
  }

  #settle(asked: Asked, outcome: Outcome, work: Work): void {
    this.#forget(asked);
    work.settled.push({ question: asked.id, outcome });
  }

  #forget(asked: Asked): void {
    this.#asked.delete(asked.id);
    for (const attempt of asked.attempts.values()) {
      const key = keyOf(attempt.line, attempt.identifier);
      // Of a connection that is lost another may have the identifier by now.
      if (this.#attempts.get(key) === attempt) this.#release(key, attempt);
    }
  }

  // ---- time ------------------------------------------------------------------------------------

  nextTimeout(): number | undefined {
    let least: number | undefined;
    for (const { nextAt } of this.#asked.values()) {
      if (least === undefined || nextAt < least) least = nextAt;
    }
    return least;
  }

  tick(now: number): Work {
    const work = noWork();
    for (const asked of [...this.#asked.values()]) {
      if (asked.nextAt > now) continue;
      if (asked.last >= 0) this.#servers.missed(asked.last, now, work);
      this.#transmit(asked, now, work);
    }
    return work;
  }

  /** A connection broke, or could not be made: what waited there goes elsewhere, or there again. */
  lost({ server, service, channel }: Line, now: number): Work {
    const work = noWork();
    for (const [key, attempt] of [...this.#attempts]) {
      const { line, asked } = attempt;
      const same = line.server === server && line.service === service && line.channel === channel;
      if (!same) continue;
      this.#release(key, attempt);
      asked.attempts.set(server, { ...attempt, sent: TRIES });
      if (asked.question.untilMs !== undefined) asked.attempts.delete(server);
      this.#servers.missed(server, now, work);
      // At once, but for one that is asked for minutes: it would spin.
      if (asked.question.untilMs === undefined) this.#transmit(asked, now, work);
    }
    return work;
  }

  // ---- transmissions ---------------------------------------------------------------------------

  #transmit(asked: Asked, now: number, work: Work): void {
    const { question, attempts } = asked;
    const sent = (server: number): number => attempts.get(server)?.sent ?? 0;
    const candidates = this.#servers.candidates(question, now);
    const least = Math.min(...candidates.map(sent));
    const server = candidates.find((one) => sent(one) === least);
    const over =
      question.untilMs === undefined
        ? server === undefined || !this.#mayAgain(server, least)
        : now >= question.untilMs;
    if (over || server === undefined) {
      const names = this.#servers.list.filter((_, index) => attempts.has(index));
      const who = names.map(({ name }) => name).join(', ');
      const failure = who === '' ? 'there is no RADIUS server to ask' : `no answer of ${who}`;
      this.#settle(asked, { failure }, work);
      return;
    }
    const attempt = attempts.get(server) ?? this.#attempt(asked, server);
    if (!attempt) {
      this.#settle(asked, { failure: 'too many requests are under way' }, work);
      return;
    }
    asked.last = server;
    asked.nextAt = now + this.#wait(server, attempt.sent);
    if (attempt.sent === 0 || !this.#servers.list[server]!.reliable) {
      work.send.push({ line: attempt.line, bytes: attempt.bytes });
    }
    attempt.sent++;
  }

  /** What loses nothing is asked once, and waited for as long. */
  #mayAgain(server: number, sent: number): boolean {
    return sent < (this.#servers.list[server]!.reliable ? 1 : TRIES);
  }

  #wait(server: number, sent: number): number {
    const { timeoutMs, reliable } = this.#servers.list[server]!;
    const whole = reliable ? timeoutMs * (2 ** TRIES - 1) : timeoutMs * 2 ** sent;
    const chance = this.#random(1)[0]! / 255;
    return Math.min(whole, LONGEST_WAIT_MS) * (1 - JITTER / 2 + JITTER * chance);
  }

  #attempt(asked: Asked, server: number): Attempt | undefined {
    const { service, attributes } = asked.question;
    const place = this.#place(server, service);
    if (!place) return undefined;
    const { line, identifier } = place;
    const { secret } = this.#servers.list[server]!;
    const bytes =
      service === 'authentication'
        ? sealAccess({ code: ACCESS_REQUEST, identifier, attributes }, secret, this.#random(16))
        : sealRequest({ code: ACCOUNTING_REQUEST, identifier, attributes }, secret);
    const attempt: Attempt = { asked, line, identifier, bytes, sent: 0 };
    asked.attempts.set(server, attempt);
    this.#attempts.set(keyOf(line, identifier), attempt);
    this.#lines.get(nameOf(line))!.used++;
    return attempt;
  }

  /** A free identifier: the one longest unused of the first channel that has any. */
  #place(server: number, service: Service): { line: Line; identifier: number } | undefined {
    for (let channel = 0; channel < CHANNELS; channel++) {
      const line = { server, service, channel };
      const state = this.#lines.get(nameOf(line)) ?? { next: 0, used: 0 };
      if (state.used === 256) continue;
      this.#lines.set(nameOf(line), state);
      let identifier = state.next;
      while (this.#attempts.has(keyOf(line, identifier))) identifier = (identifier + 1) & 0xff;
      state.next = (identifier + 1) & 0xff;
      return { line, identifier };
    }
    return undefined;
  }

  #release(key: string, { line }: Attempt): void {
    this.#attempts.delete(key);
    this.#lines.get(nameOf(line))!.used--;
  }
}

const nameOf = ({ server, service, channel }: Line): string => `${server} ${service} ${channel}`;
const keyOf = (line: Line, identifier: number): string => `${nameOf(line)} ${identifier}`;

function whyNot(attempt: Attempt, bytes: Uint8Array, secret: Uint8Array): string | undefined {
  const { service } = attempt.line;
  if (!ANSWERS[service].includes(bytes[0]!)) return `${codeName(bytes[0]!)} is no answer to it`;
  const requestAuthenticator = attempt.bytes.subarray(AUTHENTICATOR_AT, HEADER_BYTES);
  return checkAnswer(bytes, secret, requestAuthenticator, service === 'authentication');
}
