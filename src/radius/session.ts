// A user's session towards the servers: the attributes that say who asks and for whom, the same in
// authentication and accounting (RFC 2865 §5, RFC 3579 §2, RFC 2866 §5).
import { attribute, optionally, splitEap } from './attributes.js';
import {
  ACCT_AUTHENTIC_RADIUS,
  NAS_PORT_TYPE_VIRTUAL,
  SERVICE_TYPE_FRAMED,
  STATUS_INTERIM,
  STATUS_OFF,
  STATUS_ON,
  STATUS_START,
  STATUS_STOP,
  TERMINATE_CAUSES,
  type TerminateCause,
} from './numbers.js';
import type { Attribute } from './packet.js';

/** This gateway. */
export interface Nas {
  readonly identifier: string;
  /** Our address towards the server: 4 or 16 bytes; undefined where there is no route to it. */
  readonly address: Uint8Array | undefined;
}

/** Acct-Session-Id: no other session ever has it, not even after a restart. */
export const sessionName = (boot: string, count: number): string => `${boot}-${count}`;
/** The same as NAS-Port: a virtual one for each session. */
export const numberOf = (session: string): number => Number(session.split('-').at(-1)) >>> 0;

export interface Subject {
  /** Acct-Session-Id. */
  readonly session: string;
  /** The configured peer the user came to. */
  readonly peer: string;
  readonly port: number;
  /** Addresses of the two ends as text, ours and the user's. */
  readonly called: string;
  readonly calling: string;
}

const nasAttributes = ({ identifier, address }: Nas): Attribute[] => [
  attribute('NAS-Identifier', identifier),
  ...(address === undefined
    ? []
    : [attribute(address.length === 4 ? 'NAS-IP-Address' : 'NAS-IPv6-Address', address)]),
];

const subjectAttributes = (subject: Subject): Attribute[] => [
  attribute('Service-Type', SERVICE_TYPE_FRAMED),
  attribute('NAS-Port-Type', NAS_PORT_TYPE_VIRTUAL),
  attribute('NAS-Port', subject.port),
  attribute('NAS-Port-Id', subject.peer),
  attribute('Called-Station-Id', subject.called),
  attribute('Calling-Station-Id', subject.calling),
  attribute('Acct-Session-Id', subject.session),
];

/** What EAP fragments of the server's must fit into (RFC 3579 §2.4): an IKE message in one datagram. */
const FRAMED_MTU = 1200;

/** An Access-Request that hands on what the user's EAP says. */
export const accessAttributes = (
  nas: Nas,
  subject: Subject,
  user: string,
  eap: Uint8Array,
  state: Uint8Array | undefined,
): Attribute[] => [
  attribute('User-Name', user),
  ...nasAttributes(nas),
  ...subjectAttributes(subject),
  attribute('Framed-MTU', FRAMED_MTU),
  ...optionally('State', state),
  ...splitEap(eap),
];

/** Of one session, so far. */
export interface Usage {
  readonly seconds: number;
  /** From the user. */
  readonly inputBytes: number;
  readonly inputPackets: number;
  /** To the user. */
  readonly outputBytes: number;
  readonly outputPackets: number;
}

/** What accounting says of a user. */
export interface Account {
  readonly subject: Subject;
  readonly user: string;
  readonly classes: readonly Uint8Array[];
  /** The addresses the user has inside the tunnel. */
  readonly framedAddress: Uint8Array | undefined;
  readonly framedAddress6: Uint8Array | undefined;
}

const accountAttributes = (nas: Nas, account: Account): Attribute[] => [
  attribute('User-Name', account.user),
  ...nasAttributes(nas),
  ...subjectAttributes(account.subject),
  ...optionally('Framed-IP-Address', account.framedAddress),
  ...optionally('Framed-IPv6-Address', account.framedAddress6),
  ...account.classes.map((one) => attribute('Class', one)),
  attribute('Acct-Authentic', ACCT_AUTHENTIC_RADIUS),
];

/** 64 bits as two attributes (RFC 2869 §5.1, §5.2). */
function usageAttributes(usage: Usage): Attribute[] {
  const high = (bytes: number): number => Math.floor(bytes / 2 ** 32);
  const low = (count: number): number => count % 2 ** 32;
  return [
    attribute('Acct-Session-Time', usage.seconds),
    attribute('Acct-Input-Octets', low(usage.inputBytes)),
    attribute('Acct-Input-Gigawords', high(usage.inputBytes)),
    attribute('Acct-Output-Octets', low(usage.outputBytes)),
    attribute('Acct-Output-Gigawords', high(usage.outputBytes)),
    attribute('Acct-Input-Packets', low(usage.inputPackets)),
    attribute('Acct-Output-Packets', low(usage.outputPackets)),
  ];
}

const record = (status: number, seconds: number, rest: readonly Attribute[]): Attribute[] => [
  attribute('Acct-Status-Type', status),
  // When it happened, whenever it arrives (RFC 2869 §5.3).
  attribute('Event-Timestamp', seconds),
  ...rest,
];

/** `at` is Unix time in seconds, here and below. */
export const startRecord = (nas: Nas, account: Account, at: number): Attribute[] =>
  record(STATUS_START, at, accountAttributes(nas, account));

export const interimRecord = (nas: Nas, account: Account, usage: Usage, at: number): Attribute[] =>
  record(STATUS_INTERIM, at, [...accountAttributes(nas, account), ...usageAttributes(usage)]);

export const stopRecord = (
  nas: Nas,
  account: Account,
  usage: Usage,
  cause: TerminateCause,
  at: number,
): Attribute[] =>
  record(STATUS_STOP, at, [
    ...accountAttributes(nas, account),
    ...usageAttributes(usage),
    attribute('Acct-Terminate-Cause', TERMINATE_CAUSES[cause]),
  ]);

/** Accounting-On and -Off: sessions from before are over (RFC 2866 §5.1). */
export const nasRecord = (nas: Nas, what: 'on' | 'off', session: string, at: number): Attribute[] =>
  record(what === 'on' ? STATUS_ON : STATUS_OFF, at, [
    ...nasAttributes(nas),
    attribute('Acct-Session-Id', session),
  ]);
