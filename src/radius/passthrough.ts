// EAP through RADIUS (RFC 3579): what the user's EAP says goes to the server, what the server's says
// comes back. The server's verdict and its EAP packet must agree (§2.6.3), or nobody gets in.
import { joinEap, firstOf, allOf } from './attributes.js';
import { masterSessionKey } from './keys.js';
import {
  ACCESS_ACCEPT,
  ACCESS_CHALLENGE,
  SERVICE_TYPE_AUTHORIZE_ONLY,
  TERMINATION_ACTION_RADIUS_REQUEST,
} from './numbers.js';
import type { Packet } from './packet.js';

/** EAP codes (RFC 3748 §4). */
const EAP_REQUEST = 1;
const EAP_RESPONSE = 2;
const EAP_SUCCESS = 3;
const EAP_FAILURE = 4;
const EAP_HEADER_BYTES = 4;
const EAP_IDENTITY = 1;

/** What an Accept grants, in RADIUS's own terms; absent attributes are undefined. */
export interface Grant {
  readonly user: string | undefined;
  /** Four bytes; undefined also where the choice is ours. */
  readonly framedAddress: Uint8Array | undefined;
  readonly framedPool: string | undefined;
  readonly framedAddress6: Uint8Array | undefined;
  readonly framedPrefix6: { readonly bits: number; readonly address: Uint8Array } | undefined;
  readonly framedPool6: string | undefined;
  readonly dns: readonly Uint8Array[];
  readonly sessionTimeout: number | undefined;
  readonly reauthenticate: boolean;
  readonly idleTimeout: number | undefined;
  readonly interimInterval: number | undefined;
  readonly classes: readonly Uint8Array[];
}

export type Verdict =
  | { readonly kind: 'challenge'; readonly eap: Uint8Array; readonly state: Uint8Array | undefined }
  | {
      readonly kind: 'accept';
      readonly eap: Uint8Array;
      /** undefined: the method makes no key. */
      readonly msk: Uint8Array | undefined;
      readonly grant: Grant;
    }
  | {
      readonly kind: 'reject';
      /** EAP's Failure, for the user. */
      readonly eap: Uint8Array | undefined;
      /** For the operator. */
      readonly reason: string;
    };

/** The user name of an EAP-Response/Identity (RFC 3748 §5.1); undefined: it is another message. */
export function identityOf(eap: Uint8Array): string | undefined {
  if (eap[0] !== EAP_RESPONSE || eap[EAP_HEADER_BYTES] !== EAP_IDENTITY) return undefined;
  const said = eap.subarray(EAP_HEADER_BYTES + 1);
  // RFC 3748 §5.1: what follows a zero is not the name.
  const end = said.indexOf(0);
  try {
    const name = end < 0 ? said : said.subarray(0, end);
    return new TextDecoder('utf-8', { fatal: true }).decode(name);
  } catch {
    return undefined;
  }
}

/** Only a Response with a whole header may go on to a server (RFC 3579 §2.2). */
export const isResponse = (eap: Uint8Array): boolean =>
  eap.length > EAP_HEADER_BYTES &&
  eap[0] === EAP_RESPONSE &&
  ((eap[2]! << 8) | eap[3]!) === eap.length;

export function verdictOf(
  packet: Packet,
  secret: Uint8Array,
  requestAuthenticator: Uint8Array,
): Verdict {
  const eap = joinEap(packet);
  const says = eap?.[0];
  if (packet.code === ACCESS_CHALLENGE) {
    if (!eap || says !== EAP_REQUEST) return contradiction('a challenge without an EAP request');
    return { kind: 'challenge', eap, state: firstOf(packet, 'State') };
  }
  if (packet.code === ACCESS_ACCEPT) {
    if (!eap || says !== EAP_SUCCESS) return contradiction('an Accept without EAP success');
    if (firstOf(packet, 'Service-Type') === SERVICE_TYPE_AUTHORIZE_ONLY) {
      return contradiction('an Accept for Authorize-Only, which was not asked for');
    }
    const msk = masterSessionKey(packet, secret, requestAuthenticator);
    return { kind: 'accept', eap, msk, grant: grantOf(packet) };
  }
  const said = allOf(packet, 'Reply-Message').join(' ');
  const reason = said === '' ? 'the RADIUS server rejects the user' : `rejected: ${said}`;
  return { kind: 'reject', eap: says === EAP_FAILURE ? eap : undefined, reason };
}

const contradiction = (what: string): Verdict => ({
  kind: 'reject',
  eap: undefined,
  reason: `the RADIUS server sent ${what}`,
});

/** RFC 2865 §5.8: the user chooses, the NAS chooses. */
const CHOOSE: readonly number[] = [0xffffffff, 0xfffffffe];

function grantOf(packet: Packet): Grant {
  const address = firstOf(packet, 'Framed-IP-Address');
  const number = address && new DataView(address.buffer, address.byteOffset, 4).getUint32(0);
  const prefix = firstOf(packet, 'Framed-IPv6-Prefix');
  const dns4 = [
    ...allOf(packet, 'MS-Primary-DNS-Server'),
    ...allOf(packet, 'MS-Secondary-DNS-Server'),
  ];
  return {
    user: firstOf(packet, 'User-Name'),
    framedAddress: number === undefined || CHOOSE.includes(number) ? undefined : address,
    framedPool: firstOf(packet, 'Framed-Pool'),
    framedAddress6:
      firstOf(packet, 'Framed-IPv6-Address') ??
      withInterface(prefix, firstOf(packet, 'Framed-Interface-Id')),
    framedPrefix6: prefix,
    framedPool6:
      firstOf(packet, 'Stateful-IPv6-Address-Pool') ?? firstOf(packet, 'Framed-IPv6-Pool'),
    dns: [...dns4, ...allOf(packet, 'DNS-Server-IPv6-Address')],
    // 0 is how servers write that there is no limit.
    sessionTimeout: firstOf(packet, 'Session-Timeout') || undefined,
    reauthenticate: firstOf(packet, 'Termination-Action') === TERMINATION_ACTION_RADIUS_REQUEST,
    idleTimeout: firstOf(packet, 'Idle-Timeout') || undefined,
    interimInterval: interimOf(packet),
    classes: allOf(packet, 'Class'),
  };
}

/** RFC 3162 §2.2: the low 64 bits, where the prefix leaves them free. */
function withInterface(
  prefix: Grant['framedPrefix6'],
  identifier: Uint8Array | undefined,
): Uint8Array | undefined {
  if (!prefix || !identifier || prefix.bits > 64) return undefined;
  return Uint8Array.of(...prefix.address.subarray(0, 8), ...identifier);
}

/** RFC 2869 §5.16: not less than a minute, whoever asks for it. */
function interimOf(packet: Packet): number | undefined {
  const seconds = firstOf(packet, 'Acct-Interim-Interval');
  return seconds === undefined || seconds === 0 ? undefined : Math.max(60, seconds);
}
