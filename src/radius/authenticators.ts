// Who vouches for a packet: Request and Response Authenticator (RFC 2865 §3, RFC 2866 §3, RFC 5176
// §2.3) and Message-Authenticator (RFC 3579 §3.2).
//
// MD5 over a packet with the secret behind it is no MAC: who chooses part of a request can turn a
// Reject into an Accept (CVE-2024-3596). So an Access-Request carries a Message-Authenticator before
// anything that others choose, and no answer to it is believed without one, wherever it stands.
import { sameMac } from '../crypto/authentication.js';
import { hmacMd5, md5 } from '../crypto/digest.js';
import { ATTRIBUTES, attribute } from './attributes.js';
import {
  AUTHENTICATOR_AT,
  AUTHENTICATOR_BYTES,
  type Attribute,
  encodePacket,
  HEADER_BYTES,
  type Packet,
  packetBytes,
} from './packet.js';

const MESSAGE_AUTHENTICATOR = ATTRIBUTES['Message-Authenticator'].type;
const ZEROS = new Uint8Array(AUTHENTICATOR_BYTES);
const EMPTY_MESSAGE_AUTHENTICATOR = attribute('Message-Authenticator', ZEROS);

type Content = Pick<Packet, 'code' | 'identifier' | 'attributes'>;

/** An Access-Request: its authenticator is random, its Message-Authenticator the first attribute. */
export function sealAccess(content: Content, secret: Uint8Array, random: Uint8Array): Uint8Array {
  const bytes = encodePacket({ ...content, authenticator: random, attributes: signed(content) });
  setMessageAuthenticator(bytes, secret, HEADER_BYTES);
  return bytes;
}

/** Accounting-, CoA- and Disconnect-Request: the authenticator is keyed. */
export function sealRequest(content: Content, secret: Uint8Array): Uint8Array {
  const bytes = encodePacket({ ...content, authenticator: ZEROS });
  bytes.set(md5(bytes, secret), AUTHENTICATOR_AT);
  return bytes;
}

/** Any answer; with a Message-Authenticator in front where `sign` says so. */
export function sealAnswer(
  content: Content,
  secret: Uint8Array,
  requestAuthenticator: Uint8Array,
  sign: boolean,
): Uint8Array {
  const attributes = sign ? signed(content) : content.attributes;
  const bytes = encodePacket({ ...content, authenticator: requestAuthenticator, attributes });
  if (sign) setMessageAuthenticator(bytes, secret, HEADER_BYTES);
  bytes.set(md5(bytes, secret), AUTHENTICATOR_AT);
  return bytes;
}

const signed = ({ attributes }: Content): Attribute[] => [
  EMPTY_MESSAGE_AUTHENTICATOR,
  ...attributes,
];

function setMessageAuthenticator(bytes: Uint8Array, secret: Uint8Array, at: number): void {
  bytes.set(hmacMd5(secret, bytes), at + 2);
}

/** What is wrong with an answer; undefined: it is authentic. */
export function checkAnswer(
  received: Uint8Array,
  secret: Uint8Array,
  requestAuthenticator: Uint8Array,
  needsMessageAuthenticator: boolean,
): string | undefined {
  const bytes = packetBytes(received).slice();
  const given = bytes.slice(AUTHENTICATOR_AT, HEADER_BYTES);
  bytes.set(requestAuthenticator, AUTHENTICATOR_AT);
  if (!sameMac(given, md5(bytes, secret))) return 'its authenticator is wrong: is the secret?';
  return checkMessageAuthenticator(bytes, secret, needsMessageAuthenticator);
}

/** The same for a request whose authenticator is keyed (RFC 2866 §3, RFC 5176 §2.3). */
export function checkRequest(
  received: Uint8Array,
  secret: Uint8Array,
  needsMessageAuthenticator: boolean,
): string | undefined {
  const bytes = packetBytes(received).slice();
  const given = bytes.slice(AUTHENTICATOR_AT, HEADER_BYTES);
  bytes.set(ZEROS, AUTHENTICATOR_AT);
  if (!sameMac(given, md5(bytes, secret))) return 'its authenticator is wrong: is the secret?';
  return checkMessageAuthenticator(bytes, secret, needsMessageAuthenticator);
}

/** `bytes` have the authenticator that goes into the sum, and are changed. */
function checkMessageAuthenticator(
  bytes: Uint8Array,
  secret: Uint8Array,
  needed: boolean,
): string | undefined {
  const found: number[] = [];
  for (let at = HEADER_BYTES; at + 2 <= bytes.length; at += Math.max(2, bytes[at + 1]!)) {
    if (bytes[at] === MESSAGE_AUTHENTICATOR) found.push(at);
  }
  const [at] = found;
  if (at === undefined) {
    return needed ? 'it has no Message-Authenticator: the server must send one' : undefined;
  }
  if (found.length > 1) return 'it has two Message-Authenticators';
  if (bytes[at + 1] !== 2 + AUTHENTICATOR_BYTES || at + 2 + AUTHENTICATOR_BYTES > bytes.length) {
    return 'its Message-Authenticator has not 16 bytes';
  }
  const given = bytes.slice(at + 2, at + 2 + AUTHENTICATOR_BYTES);
  bytes.set(ZEROS, at + 2);
  if (!sameMac(given, hmacMd5(secret, bytes))) return 'its Message-Authenticator is wrong';
  return undefined;
}
