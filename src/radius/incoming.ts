// What a server sends of its own accord (RFC 5176): Disconnect-Request ends sessions, CoA-Request
// changes what they were granted. Sans IO, in this order:
//   1 authentic   the keyed authenticator, a Message-Authenticator where there is one
//   2 fresh       Event-Timestamp not far from now (§6.3); a repetition gets the answer it got
//   3 carried out (dynamic-authorization.ts), and answered
import { checkRequest, sealAnswer } from './authenticators.js';
import { allOf, attribute, firstOf } from './attributes.js';
import { change, disconnect, type Handler, Nak } from './dynamic-authorization.js';
import {
  COA_ACK,
  COA_NAK,
  COA_REQUEST,
  codeName,
  DISCONNECT_ACK,
  DISCONNECT_NAK,
  DISCONNECT_REQUEST,
  ERROR_INVALID_VALUE,
} from './numbers.js';
import { type Attribute, decodePacket, type Packet, RadiusError } from './packet.js';
import type { Nas } from './session.js';

export interface IncomingOptions {
  readonly secret: Uint8Array;
  /** Requests without an Event-Timestamp are refused: nothing else tells a replay from a request. */
  readonly needsTimestamp: boolean;
  readonly nas: Nas;
}

export type Reaction = {
  /** undefined: silently discarded. */
  readonly answer: Uint8Array | undefined;
  readonly level: 'debug' | 'info' | 'warning';
  readonly text: string;
};

/** RFC 5176 §6.3: the default. */
const WINDOW_SECONDS = 300;
/** Answers that are remembered; the oldest go first. */
const MEMORY = 4096;

export class Incoming {
  /**
   * Answers to requests in the window, by identifier and authenticator, which the secret makes. Not by
   * sender: servers may share a secret, and then what one sent could be played back in another's name.
   */
  readonly #answered = new Map<string, { readonly at: number; readonly bytes: Uint8Array }>();
  /** What was made before is refused: whether it was answered then is not known any more. */
  readonly #since: number;

  constructor(since: number) {
    this.#since = since;
  }

  /** `from` names the sender, `seconds` is Unix time. */
  receive(
    bytes: Uint8Array,
    from: string,
    seconds: number,
    options: IncomingOptions,
    handler: Handler,
  ): Reaction {
    let request: Packet;
    try {
      request = decodePacket(bytes);
      const wrong = checkRequest(bytes, options.secret, false);
      if (wrong !== undefined) return discard(from, request, wrong);
      if (request.code !== DISCONNECT_REQUEST && request.code !== COA_REQUEST) {
        return discard(from, request, 'it is none that a server sends of its own accord');
      }
    } catch (error) {
      if (!(error instanceof RadiusError)) throw error;
      return { answer: undefined, level: 'debug', text: `dropped from ${from}: ${error.message}` };
    }
    const stale = whyStale(request, seconds, this.#since, options.needsTimestamp);
    if (stale !== undefined) return discard(from, request, stale);
    const key = `${request.identifier} ${Buffer.from(request.authenticator).toString('hex')}`;
    const before = this.#answered.get(key);
    if (before) return { answer: before.bytes, level: 'debug', text: `${from} asks again` };
    const reaction = answer(request, from, seconds, options, handler);
    this.#remember(key, seconds, reaction.answer);
    return reaction;
  }

  #remember(key: string, seconds: number, bytes: Uint8Array): void {
    for (const [old, { at }] of this.#answered) {
      // A stamp may be a window ahead and be shown again for a window after that.
      if (seconds - at <= 2 * WINDOW_SECONDS && this.#answered.size < MEMORY) break;
      this.#answered.delete(old);
    }
    this.#answered.set(key, { at: seconds, bytes });
  }
}

function discard(from: string, { code }: Packet, reason: string): Reaction {
  const text = `${codeName(code)} of ${from} is dropped: ${reason}`;
  return { answer: undefined, level: 'warning', text };
}

function whyStale(
  request: Packet,
  seconds: number,
  since: number,
  needed: boolean,
): string | undefined {
  let stamp: number | undefined;
  try {
    stamp = firstOf(request, 'Event-Timestamp');
  } catch (error) {
    if (!(error instanceof RadiusError)) throw error;
    return error.message;
  }
  if (stamp === undefined) {
    return needed ? 'it has no Event-Timestamp, so it may be one from before' : undefined;
  }
  if (stamp < since) return 'it was made before this gateway started';
  const age = seconds - stamp;
  if (Math.abs(age) <= WINDOW_SECONDS) return undefined;
  return `its Event-Timestamp is ${Math.abs(age)} s ${age > 0 ? 'old' : 'ahead'}: is a clock wrong?`;
}

type Answered = Reaction & { readonly answer: Uint8Array };

function answer(
  request: Packet,
  from: string,
  seconds: number,
  options: IncomingOptions,
  handler: Handler,
): Answered {
  const isCoa = request.code === COA_REQUEST;
  const name = codeName(request.code);
  let code = isCoa ? COA_ACK : DISCONNECT_ACK;
  let more: Attribute[] = [];
  let reaction: Pick<Reaction, 'level' | 'text'>;
  try {
    const count = isCoa
      ? change(request, options.nas, handler)
      : disconnect(request, options.nas, handler);
    const sessions = `${count} ${count === 1 ? 'session' : 'sessions'}`;
    const done = isCoa ? `${sessions} changed` : `${sessions} ended`;
    reaction = { level: 'info', text: `${name} of ${from}: ${done}` };
  } catch (error) {
    if (!(error instanceof Nak) && !(error instanceof RadiusError)) throw error;
    code = isCoa ? COA_NAK : DISCONNECT_NAK;
    const cause = error instanceof Nak ? error.errorCause : ERROR_INVALID_VALUE;
    more = [attribute('Error-Cause', cause)];
    reaction = { level: 'warning', text: `${name} of ${from} is refused: ${error.message}` };
  }
  const attributes = [
    attribute('Event-Timestamp', seconds),
    ...more,
    // RFC 5176 §3.1: as they came, in their order.
    ...allOf(request, 'Proxy-State').map((value) => attribute('Proxy-State', value)),
  ];
  const content = { code, identifier: request.identifier, attributes };
  const bytes = sealAnswer(content, options.secret, request.authenticator, true);
  return { ...reaction, answer: bytes };
}
