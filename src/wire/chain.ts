// The payload chain: each payload's generic header names the next (RFC 7296 §3.2). It is read from a
// message and from the plaintext of an Encrypted payload alike.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | Next Payload  |C|  RESERVED   |         Payload Length        |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { Reader, Writer } from './bytes.js';
import { WireError } from './error.js';
import type { PayloadKind, ValueOf } from './payload.js';
import { AUTH, type AuthPayload } from './payloads/authentication.js';
import { CERT, type CertPayload, CERTREQ, type CertreqPayload } from './payloads/certificate.js';
import { Configuration, type ConfigurationPayload } from './payloads/configuration.js';
import { Delete, type DeletePayload } from './payloads/delete.js';
import { EAP, type EapPayload } from './payloads/eap.js';
import {
  Encrypted,
  EncryptedFragment,
  type EncryptedFragmentPayload,
  type EncryptedPayload,
} from './payloads/encrypted.js';
import { IDi, IDr, type IdPayload } from './payloads/identification.js';
import { KE, type KePayload } from './payloads/key-exchange.js';
import { Nonce, type NoncePayload } from './payloads/nonce.js';
import { Notify, type NotifyPayload } from './payloads/notify.js';
import { SA, type SaPayload } from './payloads/security-association.js';
import { TSi, TSr, type TsPayload } from './payloads/traffic-selector.js';
import { Vendor, type VendorPayload } from './payloads/vendor.js';

/** A payload that this codec does not know and that was not critical; it may be passed over. */
export interface UnknownPayload {
  readonly type: 'Unknown';
  readonly number: number;
  readonly critical: boolean;
  readonly data: Uint8Array;
}

/** Payloads that can be written as they are; the encrypted ones need their keys. */
export type PlainPayload =
  | SaPayload
  | KePayload
  | IdPayload
  | CertPayload
  | CertreqPayload
  | AuthPayload
  | NoncePayload
  | NotifyPayload
  | DeletePayload
  | VendorPayload
  | TsPayload
  | ConfigurationPayload
  | EapPayload
  | UnknownPayload;
export type Payload = PlainPayload | EncryptedPayload | EncryptedFragmentPayload;

/** A payload as its own bytes give it, before the chain says where it stood. */
type Bare = PlainPayload | ValueOf<typeof Encrypted> | ValueOf<typeof EncryptedFragment>;
// One place where the kinds' own types meet: `type` says which kind reads and writes a value.
const KINDS: readonly PayloadKind<unknown>[] = [
  SA,
  KE,
  IDi,
  IDr,
  CERT,
  CERTREQ,
  AUTH,
  Nonce,
  Notify,
  Delete,
  Vendor,
  TSi,
  TSr,
  Encrypted,
  Configuration,
  EAP,
  EncryptedFragment,
];
const byNumber = new Map(KINDS.map((kind) => [kind.number, kind as PayloadKind<Bare>]));
const byType = new Map(KINDS.map((kind) => [kind.type, kind as PayloadKind<Bare>]));

// Our own limit: a certificate chain with every notification known stays below a third of it.
export const MAX_PAYLOADS = 128;
export const GENERIC_HEADER_BYTES = 4;
const CRITICAL = 0x80;

/** Reads the payloads inside a decrypted body; there an encrypted payload has no place. */
export function decodeChain(firstPayload: number, bytes: Uint8Array): PlainPayload[] {
  const input = new Reader(bytes);
  return walk(firstPayload, input, (payload) => {
    if (isEncrypted(payload)) return input.fail('stands inside an encrypted payload');
    return payload;
  });
}

/** Reads the payloads of a message, which start at byte `at` of it. */
export function decodeOuterChain(firstPayload: number, bytes: Uint8Array, at: number): Payload[] {
  const input = new Reader(bytes, at);
  return walk(firstPayload, input, (payload, next) => {
    if (!isEncrypted(payload)) return payload;
    const bodyAt = input.at - payload.body.length;
    return { ...payload, firstPayload: next, aad: bytes.subarray(0, bodyAt) };
  });
}

const isEncrypted = (payload: Bare): payload is Bare & { readonly body: Uint8Array } =>
  payload.type === 'Encrypted' || payload.type === 'EncryptedFragment';

/** Generic header by generic header, up to the end of the input and not one byte short of it. */
function walk<P>(
  firstPayload: number,
  input: Reader,
  accept: (payload: Bare, next: number) => P,
): P[] {
  const payloads: P[] = [];
  for (let next = firstPayload; next !== 0; ) {
    const number = next;
    const kind = byNumber.get(number);
    input.payload = kind?.type ?? `payload ${number}`;
    if (payloads.length === MAX_PAYLOADS) input.fail(`more than ${MAX_PAYLOADS} payloads`);
    const start = input.at;
    next = input.uint(1);
    const critical = (input.uint(1) & CRITICAL) !== 0;
    const length = input.uint(2);
    if (length < GENERIC_HEADER_BYTES) input.fail(`length ${length}`);
    const payload = input.within(length - GENERIC_HEADER_BYTES, () =>
      kind ? kind.decode(input) : decodeUnknown(input, number, critical, start),
    );
    payloads.push(accept(payload, next));
    // Their Next Payload is the first inside, so they end the chain (RFC 7296 §3.14).
    if (isEncrypted(payload)) next = 0;
  }
  if (input.left > 0) input.fail(`${input.left} bytes after the last payload`);
  return payloads;
}

/** §2.5: an unknown payload is an error when it is critical, else it is passed over. */
function decodeUnknown(
  input: Reader,
  number: number,
  critical: boolean,
  offset: number,
): UnknownPayload {
  if (critical) {
    throw new WireError({
      kind: 'critical',
      payload: input.payload,
      field: '',
      offset,
      reason: 'is unknown and critical',
      payloadNumber: number,
    });
  }
  return { type: 'Unknown', number, critical, data: input.take(input.left) };
}

const numberOf = (payload: PlainPayload): number =>
  payload.type === 'Unknown' ? payload.number : byType.get(payload.type)!.number;

/** Writes payloads in order; `first` is the number of the first one, 0 if there is none. */
export function encodeChain(payloads: readonly PlainPayload[]): {
  readonly first: number;
  readonly bytes: Uint8Array;
} {
  const output = new Writer();
  payloads.forEach((payload, index) => {
    const start = output.at;
    const next = payloads[index + 1];
    output.payload = payload.type;
    output.uint(1, next ? numberOf(next) : 0);
    output.uint(1, payload.type === 'Unknown' && payload.critical ? CRITICAL : 0);
    output.uint(2, 0);
    if (payload.type === 'Unknown') output.put(payload.data);
    else byType.get(payload.type)!.encode(output, payload);
    const length = output.at - start;
    if (length > 0xffff) output.fail(`${length} bytes do not fit in a payload`);
    output.patch(start + 2, 2, length);
  });
  const [head] = payloads;
  return { first: head ? numberOf(head) : 0, bytes: output.finish() };
}

/** The RFC's notation for one payload, e.g. `N(COOKIE)`. */
export function formatPayload(payload: Payload, response: boolean): string {
  if (payload.type === 'Unknown') return `payload ${payload.number}`;
  return byType.get(payload.type)!.print(payload, response);
}
