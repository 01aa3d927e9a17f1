// A whole IKE message: header and payload chain (RFC 7296 §3), in the clear or around one Encrypted
// payload whose body somebody else seals. Nothing but WireError is thrown here.
import { Reader } from './bytes.js';
import { decodeOuterChain, encodeChain, formatPayload, GENERIC_HEADER_BYTES } from './chain.js';
import type { Payload, PlainPayload } from './chain.js';
import { WireError } from './error.js';
import { decodeHeader, encodeHeader, HEADER_BYTES, type Header } from './header.js';
import type { MessageHeader } from './header.js';
import { exchangeName, INFORMATIONAL } from './numbers.js';
import { Encrypted, EncryptedFragment } from './payloads/encrypted.js';

export interface Message {
  readonly header: Header;
  readonly payloads: readonly Payload[];
}

/**
 * Reads a message. The values hold views of `bytes`, not copies. IKEv1 (major version 1) has its
 * place here once it is built; until then it is refused like any version that is not 2.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  // A plain view: a Buffer's subarray would be a Buffer, with methods that mean something else.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = decodeHeader(plain);
  checkHeader(header, plain.length);
  return { header, payloads: decodeOuterChain(header.nextPayload, plain, HEADER_BYTES) };
}

function checkHeader(header: Header, length: number): void {
  const refuse = (kind: 'malformed' | 'version', field: string, offset: number, reason: string) => {
    throw new WireError({ kind, payload: 'header', field, offset, reason });
  };
  const { majorVersion, spiInitiator } = header;
  if (majorVersion !== 2) refuse('version', 'version', 17, `major version ${majorVersion}`);
  if (header.length !== length) {
    refuse('malformed', 'length', 24, `is ${header.length}, ${length} bytes came`);
  }
  // §3.1: never zero; §1.5 lets INVALID_SPI outside an IKE SA have it so.
  if (spiInitiator === 0n && header.exchangeType !== INFORMATIONAL) {
    refuse('malformed', 'spiInitiator', 0, 'is zero');
  }
}

export function encodeMessage(
  header: MessageHeader,
  payloads: readonly PlainPayload[],
): Uint8Array {
  const { first, bytes } = encodeChain(payloads);
  const length = HEADER_BYTES + bytes.length;
  return concatenate([encodeHeader({ ...header, nextPayload: first, length }), bytes]);
}

/** How an Encrypted payload is sealed. */
export interface Sealer {
  /** Bytes of IV, ciphertext and ICV together, for a plaintext of that many bytes. */
  bodyLength(plaintextLength: number): number;
  /**
   * Returns that body. `aad` is everything before it (RFC 5282 §5.1); an integrity algorithm that is
   * not an AEAD covers `aad`, IV and ciphertext (RFC 7296 §3.14).
   */
  seal(aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
}

/**
 * A message with one Encrypted payload. `plaintext` is a chain and whatever padding its sealer wants;
 * `firstPayload` the number of the chain's first payload.
 */
export function encodeProtected(
  header: MessageHeader,
  firstPayload: number,
  plaintext: Uint8Array,
  sealer: Sealer,
): Uint8Array {
  return sealed(header, { number: Encrypted.number, firstPayload, own: EMPTY }, plaintext, sealer);
}

/** Bytes of that message. */
export const protectedLength = (plaintext: Uint8Array, sealer: Sealer): number =>
  HEADER_BYTES + GENERIC_HEADER_BYTES + sealer.bodyLength(plaintext.length);

/** Where a fragment stands (RFC 7383 §2.5). */
export interface FragmentPlace {
  readonly fragmentNumber: number;
  readonly totalFragments: number;
}
const FRAGMENT_FIELDS_BYTES = 4;

/** A message with one Encrypted Fragment payload; `firstPayload` is 0 but in the first (RFC 7383 §2.5). */
export function encodeFragment(
  header: MessageHeader,
  firstPayload: number,
  { fragmentNumber, totalFragments }: FragmentPlace,
  plaintext: Uint8Array,
  sealer: Sealer,
): Uint8Array {
  const own = new Uint8Array(FRAGMENT_FIELDS_BYTES);
  const view = new DataView(own.buffer);
  view.setUint16(0, fragmentNumber);
  view.setUint16(2, totalFragments);
  return sealed(header, { number: EncryptedFragment.number, firstPayload, own }, plaintext, sealer);
}

/** Bytes of a chain that one fragment carries in a message of at most `largest` bytes. */
export function fragmentRoom(largest: number, sealer: Sealer & { blockBytes: number }): number {
  const fixed = HEADER_BYTES + GENERIC_HEADER_BYTES + FRAGMENT_FIELDS_BYTES + sealer.bodyLength(0);
  const blocks = Math.floor((largest - fixed) / sealer.blockBytes);
  const room = blocks * sealer.blockBytes - 1; // Pad Length
  if (room < 1) throw new Error(`no room for a fragment in ${largest} bytes`);
  return room;
}

const EMPTY = new Uint8Array(0);

interface SealedHead {
  readonly number: number;
  readonly firstPayload: number;
  /** The payload's own fields before the body. */
  readonly own: Uint8Array;
}

function sealed(
  header: MessageHeader,
  { number, firstPayload, own }: SealedHead,
  plaintext: Uint8Array,
  sealer: Sealer,
): Uint8Array {
  const bodyLength = sealer.bodyLength(plaintext.length);
  const generic = new Uint8Array(GENERIC_HEADER_BYTES);
  const payloadLength = GENERIC_HEADER_BYTES + own.length + bodyLength;
  generic.set([firstPayload, 0, payloadLength >> 8, payloadLength & 0xff]);
  const length = HEADER_BYTES + payloadLength;
  const head = encodeHeader({ ...header, nextPayload: number, length });
  const aad = concatenate([head, generic, own]);
  const body = sealer.seal(aad, plaintext);
  if (payloadLength > 0xffff || body.length !== bodyLength) {
    const reason = `a body of ${body.length} bytes, ${bodyLength} announced`;
    const offset = aad.length;
    throw new WireError({
      kind: 'unencodable',
      payload: 'Encrypted',
      field: 'body',
      offset,
      reason,
    });
  }
  return concatenate([aad, body]);
}

/** Pads to a multiple of `blockSize`, Pad Length last (RFC 7296 §3.14). */
export function padPlaintext(chain: Uint8Array, blockSize: number): Uint8Array {
  const padLength = blockSize - 1 - (chain.length % blockSize);
  const padded = new Uint8Array(chain.length + padLength + 1);
  padded.set(chain);
  padded[padded.length - 1] = padLength;
  return padded;
}

/** The chain in a decrypted body; the padding's content means nothing (§3.14). */
export function unpadPlaintext(plaintext: Uint8Array): Uint8Array {
  const input = new Reader(plaintext);
  input.payload = 'Encrypted';
  input.path.push('padLength');
  const padLength = plaintext.at(-1);
  if (padLength === undefined) return input.fail('is missing');
  if (padLength + 1 > plaintext.length) input.fail(`${padLength} in ${plaintext.length} bytes`);
  return plaintext.subarray(0, plaintext.length - padLength - 1);
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** `IKE_SA_INIT request 0 [SA KE Ni N(COOKIE)]`: for the log, without any content of a payload. */
export function formatMessage({ header, payloads }: Message): string {
  const { exchangeType, flags, messageId } = header;
  const direction = flags.response ? 'response' : 'request';
  const notation = payloads.map((payload) => formatPayload(payload, flags.response));
  return `${exchangeName(exchangeType)} ${direction} ${messageId} [${notation.join(' ')}]`;
}
