// What a server sends of its own accord (RFC 5176): Disconnect-Request ends sessions, CoA-Request
// changes what they were granted. Sans IO, in this order:
//   1 authentic   the keyed authenticator, a Message-Authenticator where there is one
//   2 fresh       Event-Timestamp not far from now (§6.3); a repetition gets the answer it got
//   3 for us      NAS-Identifier and addresses, where given
//   4 sessions    every attribute that names one must fit (§3)
//   5 carried out, and answered
import { checkRequest, sealAnswer } from './authenticators.js';
import { ATTRIBUTES, type AttributeName, attribute, firstOf, allOf } from './attributes.js';
import {
  COA_ACK,
  COA_NAK,
  COA_REQUEST,
  codeName,
  DISCONNECT_ACK,
  DISCONNECT_NAK,
  DISCONNECT_REQUEST,
  ERROR_INVALID_VALUE,
  ERROR_MISSING_ATTRIBUTE,
  ERROR_NAS_MISMATCH,
  ERROR_SESSION_NOT_FOUND,
  ERROR_UNSUPPORTED_ATTRIBUTE,
  ERROR_UNSUPPORTED_SERVICE,
} from './numbers.js';
import { type Attribute, decodePacket, type Packet, RadiusError } from './packet.js';
import type { Nas } from './session.js';

/** A session as a server may name it. */
export interface Session {
  readonly session: string;
  readonly user: string;
  readonly called: string;
  readonly calling: string;
  readonly port: number;
  readonly peer: string;
  readonly framedAddress: Uint8Array | undefined;
  readonly framedAddress6: Uint8Array | undefined;
}

/** What a CoA-Request changes; undefined: stays as it is. Seconds, 0: no limit any more. */
export interface Changes {
  readonly sessionTimeout: number | undefined;
  readonly idleTimeout: number | undefined;
  readonly interimInterval: number | undefined;
  readonly classes: readonly Uint8Array[] | undefined;
}

export interface Handler {
  sessions(): readonly Session[];
  disconnect(sessions: readonly string[]): void;
  change(sessions: readonly string[], changes: Changes): void;
}

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

const NAMES_SESSION: readonly AttributeName[] = [
  'User-Name',
  'Framed-IP-Address',
  'Framed-IPv6-Address',
  'Called-Station-Id',
  'Calling-Station-Id',
  'Acct-Session-Id',
  'NAS-Port',
  'NAS-Port-Id',
];
const NAMES_NAS: readonly AttributeName[] = [
  'NAS-IP-Address',
  'NAS-IPv6-Address',
  'NAS-Identifier',
];
const ALWAYS: readonly AttributeName[] = [
  'Event-Timestamp',
  'Message-Authenticator',
  'Proxy-State',
  'Reply-Message',
  'Acct-Terminate-Cause',
];
const CHANGEABLE: readonly AttributeName[] = [
  'Class',
  'Session-Timeout',
  'Idle-Timeout',
  'Acct-Interim-Interval',
];

/** A refusal with its Error-Cause. */
class Nak extends Error {
  readonly errorCause: number;
  constructor(cause: number, message: string) {
    super(message);
    this.errorCause = cause;
  }
}

export class Incoming {
  /** Answers to requests in the window, by sender, identifier and authenticator. */
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
    const key = `${from} ${request.identifier} ${Buffer.from(request.authenticator).toString('hex')}`;
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
    const count = isCoa ? change(request, options, handler) : disconnect(request, options, handler);
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

function disconnect(request: Packet, options: IncomingOptions, handler: Handler): number {
  refuseOthers(request, []);
  const found = find(request, options, handler);
  handler.disconnect(found);
  return found.length;
}

function change(request: Packet, options: IncomingOptions, handler: Handler): number {
  if (firstOf(request, 'Service-Type') !== undefined) {
    throw new Nak(ERROR_UNSUPPORTED_SERVICE, 'it has a Service-Type, which cannot be changed');
  }
  refuseOthers(request, CHANGEABLE);
  const classes = allOf(request, 'Class');
  const changes: Changes = {
    sessionTimeout: firstOf(request, 'Session-Timeout'),
    idleTimeout: firstOf(request, 'Idle-Timeout'),
    interimInterval: firstOf(request, 'Acct-Interim-Interval'),
    classes: classes.length > 0 ? classes : undefined,
  };
  if (Object.values(changes).every((value) => value === undefined)) {
    throw new Nak(ERROR_MISSING_ATTRIBUTE, 'it changes nothing');
  }
  const found = find(request, options, handler);
  handler.change(found, changes);
  return found.length;
}

/** RFC 5176 §2.3: all of it or nothing. */
function refuseOthers({ attributes }: Packet, more: readonly AttributeName[]): void {
  const known = [...NAMES_SESSION, ...NAMES_NAS, ...ALWAYS, ...more];
  const types = new Set(known.map((name) => ATTRIBUTES[name].type));
  const other = attributes.find(({ type }) => !types.has(type));
  if (!other) return;
  throw new Nak(ERROR_UNSUPPORTED_ATTRIBUTE, `attribute ${other.type} means nothing to it here`);
}

function find(request: Packet, { nas }: IncomingOptions, handler: Handler): string[] {
  const named = firstOf(request, 'NAS-Identifier');
  const address = firstOf(request, 'NAS-IP-Address') ?? firstOf(request, 'NAS-IPv6-Address');
  const other =
    (named !== undefined && named !== nas.identifier) ||
    (address !== undefined && nas.address !== undefined && !same(address, nas.address));
  if (other) throw new Nak(ERROR_NAS_MISMATCH, 'it is for another NAS');
  const given = {
    user: firstOf(request, 'User-Name'),
    session: firstOf(request, 'Acct-Session-Id'),
    port: firstOf(request, 'NAS-Port'),
    peer: firstOf(request, 'NAS-Port-Id'),
    called: firstOf(request, 'Called-Station-Id'),
    calling: firstOf(request, 'Calling-Station-Id'),
    framedAddress: firstOf(request, 'Framed-IP-Address'),
    framedAddress6: firstOf(request, 'Framed-IPv6-Address'),
  };
  if (Object.values(given).every((value) => value === undefined)) {
    throw new Nak(ERROR_MISSING_ATTRIBUTE, 'it names no session');
  }
  const found = handler.sessions().filter((one) => {
    return (Object.keys(given) as (keyof typeof given)[]).every((key) => {
      const wanted = given[key];
      const has = one[key];
      if (wanted === undefined) return true;
      if (!(wanted instanceof Uint8Array)) return wanted === has;
      return has instanceof Uint8Array && same(wanted, has);
    });
  });
  if (found.length === 0) throw new Nak(ERROR_SESSION_NOT_FOUND, 'there is no such session');
  return found.map(({ session }) => session);
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
