// What a Disconnect- or CoA-Request is about (RFC 5176), once it is known to be authentic and fresh:
//   1 for us      NAS-Identifier and addresses, where given
//   2 sessions    every attribute that names one must fit (§3)
//   3 carried out, all of it or nothing (§2.3)
// A Nak says what stands against it.
import { ATTRIBUTES, type AttributeName, allOf, firstOf } from './attributes.js';
import {
  ERROR_MISSING_ATTRIBUTE,
  ERROR_NAS_MISMATCH,
  ERROR_SESSION_NOT_FOUND,
  ERROR_UNSUPPORTED_ATTRIBUTE,
  ERROR_UNSUPPORTED_SERVICE,
} from './numbers.js';
import type { Packet } from './packet.js';
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
export class Nak extends Error {
  readonly errorCause: number;
  constructor(cause: number, message: string) {
    super(message);
    this.errorCause = cause;
  }
}

export function disconnect(request: Packet, nas: Nas, handler: Handler): number {
  refuseOthers(request, []);
  const found = find(request, nas, handler);
  handler.disconnect(found);
  return found.length;
}

export function change(request: Packet, nas: Nas, handler: Handler): number {
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
  const found = find(request, nas, handler);
  handler.change(found, changes);
  return found.length;
}

/** What is not known here cannot be heeded, and nothing is done by halves. */
function refuseOthers({ attributes }: Packet, more: readonly AttributeName[]): void {
  const known = [...NAMES_SESSION, ...NAMES_NAS, ...ALWAYS, ...more];
  const types = new Set(known.map((name) => ATTRIBUTES[name].type));
  const other = attributes.find(({ type }) => !types.has(type));
  if (!other) return;
  throw new Nak(ERROR_UNSUPPORTED_ATTRIBUTE, `attribute ${other.type} means nothing to it here`);
}

function find(request: Packet, nas: Nas, handler: Handler): string[] {
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
