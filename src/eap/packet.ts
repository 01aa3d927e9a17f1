// EAP packets (RFC 3748 §4), and what of a message of IKE or RADIUS is one.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |     Code      |  Identifier   |            Length             |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |     Type      |  Type-Data ...     (requests and responses)
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { secretBytes } from '../crypto/prf.js';

export const REQUEST = 1;
export const RESPONSE = 2;
export const SUCCESS = 3;
export const FAILURE = 4;

/** Types of IANA's registry "Extensible Authentication Protocol". */
export const TYPE = {
  IDENTITY: 1,
  NOTIFICATION: 2,
  NAK: 3,
  TLS: 13,
  TTLS: 21,
  PEAP: 25,
  MSCHAPV2: 26,
  EXTENSIONS: 33,
  EXPANDED: 254,
} as const;

export type EapPacket =
  | {
      readonly code: typeof REQUEST | typeof RESPONSE;
      readonly identifier: number;
      readonly type: number;
      readonly data: Uint8Array;
    }
  | { readonly code: typeof SUCCESS | typeof FAILURE; readonly identifier: number };

const HEADER = 4;
const LENGTH_AT = 2;

/** undefined: no EAP packet. Bytes beyond its length are padding of the layer below (§4.1). */
export function decodeEap(bytes: Uint8Array): EapPacket | undefined {
  if (bytes.length < HEADER) return undefined;
  const [code, identifier] = bytes as unknown as [number, number];
  const length = bytes[LENGTH_AT]! * 256 + bytes[LENGTH_AT + 1]!;
  if (length < HEADER || length > bytes.length) return undefined;
  if (code === SUCCESS || code === FAILURE) {
    return length === HEADER ? { code, identifier } : undefined;
  }
  if ((code !== REQUEST && code !== RESPONSE) || length === HEADER) return undefined;
  const data = bytes.slice(HEADER + 1, length);
  return { code, identifier, type: bytes[HEADER]!, data };
}

export function encodeEap(packet: EapPacket): Uint8Array {
  const body = 'type' in packet ? [packet.type] : [];
  const data = 'type' in packet ? packet.data : new Uint8Array(0);
  const length = HEADER + body.length + data.length;
  const bytes = secretBytes(length);
  bytes.set([packet.code, packet.identifier, length >> 8, length & 0xff, ...body]);
  bytes.set(data, HEADER + body.length);
  return bytes;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [TYPE.IDENTITY, 'identity'],
  [TYPE.NOTIFICATION, 'notification'],
  [TYPE.NAK, 'Nak'],
  [4, 'eap-md5'],
  [5, 'eap-otp'],
  [6, 'eap-gtc'],
  [TYPE.TLS, 'eap-tls'],
  [18, 'eap-sim'],
  [TYPE.TTLS, 'eap-ttls'],
  [23, 'eap-aka'],
  [TYPE.PEAP, 'eap-peap'],
  [TYPE.MSCHAPV2, 'eap-mschapv2'],
  [50, "eap-aka'"],
]);

/** `eap-tls`, `EAP type 99`: for logs. */
export const typeName = (type: number): string => NAMES.get(type) ?? `EAP type ${type}`;

/** What a peer said, fit for a log line. */
export const printable = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 128);
