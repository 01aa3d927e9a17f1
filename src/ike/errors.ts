// Everything that can go wrong in a negotiation, by blame. One row: what the peer is told, whether
// the IKE SA survives, and one sentence on the usual cause with what to try.
import { N } from '../wire/notifications.js';

export type Blame = 'malformed' | 'misbehaved' | 'incompatible' | 'refused' | 'ours';

export interface ErrorRow {
  readonly blame: Blame;
  /** What a peer is told in the answer; undefined: nothing, the message is dropped. */
  readonly notify: number | undefined;
  /** The IKE SA ends with it (RFC 7296 §2.21.2, §2.21.3). */
  readonly fatal: boolean;
  /** The usual cause, and what to try. */
  readonly advice: string;
}

const row = (
  blame: Blame,
  notify: number | undefined,
  fatal: boolean,
  advice: string,
): ErrorRow => ({ blame, notify, fatal, advice });

export const ERRORS = {
  'invalid-syntax': row(
    'malformed',
    N.INVALID_SYNTAX,
    true,
    'the peer sent a message that breaks RFC 7296; look for an update of its software',
  ),
  'critical-payload': row(
    'incompatible',
    N.UNSUPPORTED_CRITICAL_PAYLOAD,
    false,
    'the peer insists on an extension that is not built here; switch it off there',
  ),
  'missing-payload': row(
    'malformed',
    N.INVALID_SYNTAX,
    true,
    'the peer left out a payload that the exchange needs, or the state does not expect this message',
  ),
  'no-proposal': row(
    'incompatible',
    N.NO_PROPOSAL_CHOSEN,
    false,
    'the two sides allow no common algorithms; make one list overlap the other',
  ),
  'bad-answer': row(
    'misbehaved',
    undefined,
    true,
    'the peer chose something that was not offered; look for an update of its software',
  ),
  'invalid-ke': row(
    'incompatible',
    N.INVALID_KE_PAYLOAD,
    false,
    'the peer guessed another key exchange group; it asks again by itself',
  ),
  'bad-public-value': row(
    'misbehaved',
    N.INVALID_SYNTAX,
    true,
    'the public value is none of its group: broken software, or somebody between the two',
  ),
  'authentication-failed': row(
    'refused',
    N.AUTHENTICATION_FAILED,
    true,
    'the secrets differ, or the identity that is sent is not the one expected',
  ),
  'eap-failed': row(
    'refused',
    N.AUTHENTICATION_FAILED,
    true,
    'compare username, password and eap-methods with the server; its certificate needs a CA trusted here',
  ),
  'certificate-refused': row(
    'refused',
    N.AUTHENTICATION_FAILED,
    true,
    'compare remote-id, remote-certificate and the trusted CAs of the menu certificate with what it shows',
  ),
  'unexpected-identity': row(
    'refused',
    N.AUTHENTICATION_FAILED,
    true,
    'compare remote-id here with my-id there, and my-id here with remote-id there',
  ),
  'ts-unacceptable': row(
    'refused',
    N.TS_UNACCEPTABLE,
    false,
    'no policy of this peer covers the networks asked for; compare src-address and dst-address of both sides',
  ),
  'mode-mismatch': row(
    'incompatible',
    N.NO_PROPOSAL_CHOSEN, // §3.10.1: also where USE_TRANSPORT_MODE is what does not fit
    false,
    'the two sides want different modes: set tunnel here as the peer has it (strongSwan: mode)',
  ),
  'ah-through-nat': row(
    'incompatible',
    N.NO_PROPOSAL_CHOSEN,
    false,
    'AH protects the addresses too, which a NAT changes: use ipsec-protocols=esp on both sides',
  ),
  'no-address': row(
    'refused',
    N.INTERNAL_ADDRESS_FAILURE,
    false,
    'the pool is too small for the clients that are here: add ranges to it, or a next-pool',
  ),
  'unknown-pool': row(
    'refused',
    N.INTERNAL_ADDRESS_FAILURE,
    false,
    'add it to the menu pool, or correct Framed-Pool at the RADIUS server',
  ),
  'configuration-required': row(
    'incompatible',
    N.FAILED_CP_REQUIRED,
    false,
    'let the client ask for an address (strongSwan: vips = 0.0.0.0), or take mode-config from its identity',
  ),
  'child-not-found': row(
    'misbehaved',
    N.CHILD_SA_NOT_FOUND,
    false,
    'the peer speaks of an SA that is gone here; it makes a new one',
  ),
  'no-additional-sas': row(
    'refused',
    N.NO_ADDITIONAL_SAS,
    false,
    'this gateway wants no further SA under this IKE SA',
  ),
  'childless-only': row(
    'refused',
    N.NO_ADDITIONAL_SAS, // with the IKE SA; under it is another matter (RFC 6023)
    false,
    'let the other side ask for children under the IKE SA (strongSwan: childless = prefer), or set ' +
      'childless=allow here',
  ),
  temporary: row(
    'misbehaved',
    N.TEMPORARY_FAILURE,
    false,
    'the SA is being replaced or closed; the peer asks again',
  ),
} as const satisfies Record<string, ErrorRow>;
export type ErrorName = keyof typeof ERRORS;

/** The only error a transition throws. Its text is for the operator and holds no secret. */
export class IkeError extends Error {
  override readonly name = 'IkeError';
  readonly error: ErrorName;
  /** Data of the notification. */
  readonly data: Uint8Array;

  constructor(error: ErrorName, text: string, data: Uint8Array = new Uint8Array(0)) {
    super(text);
    this.error = error;
    this.data = data;
  }

  get row(): ErrorRow {
    return ERRORS[this.error];
  }
}

/** What an error notification of the peer usually means, and what to try. */
export const NOTIFIED: ReadonlyMap<number, string> = new Map([
  [N.NO_PROPOSAL_CHOSEN, 'the peer allows none of what we offered; its log says what it allows'],
  [
    N.AUTHENTICATION_FAILED,
    'the peer does not accept our secret, certificate or identity: compare secret (or the CA ' +
      'it trusts), my-id here and remote-id there',
  ],
  [
    N.TS_UNACCEPTABLE,
    'the peer has no policy for these networks: compare src-address and dst-address of both sides',
  ],
  [N.INVALID_KE_PAYLOAD, 'the peer wants another key exchange group than we allow'],
  [N.NO_ADDITIONAL_SAS, 'the peer wants no further SA under this IKE SA'],
  [N.INVALID_SYNTAX, 'the peer found our message malformed: one of the two is broken'],
  [N.INVALID_MAJOR_VERSION, 'the peer does not speak IKEv2'],
  [N.UNSUPPORTED_CRITICAL_PAYLOAD, 'the peer does not know an extension we marked critical'],
  [N.TEMPORARY_FAILURE, 'the peer is busy with this SA; asked again shortly'],
  [N.CHILD_SA_NOT_FOUND, 'the peer has lost this SA; a new one is made'],
  [N.INVALID_IKE_SPI, 'the peer has lost this IKE SA, or something answers in its name'],
  [N.FAILED_CP_REQUIRED, 'the peer insists on assigning an address (mode-config)'],
  [N.INTERNAL_ADDRESS_FAILURE, 'the peer has no address left to assign'],
]);
