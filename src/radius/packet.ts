// A RADIUS packet as bytes and as a value (RFC 2865 §3). Attributes stay in their order and as they
// came: who reads one by name does so through attributes.ts.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |     Code      |  Identifier   |            Length             |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                    Authenticator (16 bytes)                   |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Attributes: Type, Length (of all three), Value …
//   +-+-+-+-+-+-+-+-+-+-+-+-

export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface Packet {
  readonly code: number;
  readonly identifier: number;
  readonly authenticator: Uint8Array;
  readonly attributes: readonly Attribute[];
}

/** Bytes that are no RADIUS packet, or one that says something that cannot be. */
export class RadiusError extends Error {
  override readonly name = 'RadiusError';
}

export const HEADER_BYTES = 20;
export const AUTHENTICATOR_AT = 4;
export const AUTHENTICATOR_BYTES = 16;
/** RFC 2865 §3. */
export const LONGEST_PACKET = 4096;
export const LONGEST_VALUE = 253;

export function encodePacket({ code, identifier, authenticator, attributes }: Packet): Uint8Array {
  const length = attributes.reduce((sum, { value }) => sum + 2 + value.length, HEADER_BYTES);
  if (length > LONGEST_PACKET) {
    throw new RadiusError(
      `the packet would have ${length} bytes, at most ${LONGEST_PACKET} can be`,
    );
  }
  const bytes = new Uint8Array(length);
  bytes.set([code, identifier, length >> 8, length & 0xff]);
  bytes.set(authenticator, AUTHENTICATOR_AT);
  let at = HEADER_BYTES;
  for (const { type, value } of attributes) {
    if (value.length > LONGEST_VALUE) {
      throw new RadiusError(`attribute ${type} has ${value.length} bytes: ${LONGEST_VALUE} can be`);
    }
    bytes.set([type, 2 + value.length], at);
    bytes.set(value, at + 2);
    at += 2 + value.length;
  }
  return bytes;
}

/** Copies; what follows the packet's length is padding (RFC 2865 §3) and ignored. */
export function decodePacket(received: Uint8Array): Packet {
  const bytes = packetBytes(received);
  const attributes: Attribute[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    const [type = 0, length = 0] = bytes.subarray(at, at + 2);
    if (length < 2 || at + length > bytes.length) {
      throw new RadiusError(`attribute ${type} at ${at} says it has ${length} bytes`);
    }
    attributes.push({ type, value: bytes.slice(at + 2, at + length) });
    at += length;
  }
  return {
    code: bytes[0]!,
    identifier: bytes[1]!,
    authenticator: bytes.slice(AUTHENTICATOR_AT, HEADER_BYTES),
    attributes,
  };
}

/** The bytes that belong to the packet: those its length names. */
export function packetBytes(received: Uint8Array): Uint8Array {
  const length = received.length < 4 ? 0 : packetLength(received);
  if (length < HEADER_BYTES || length > LONGEST_PACKET || length > received.length) {
    throw new RadiusError(`${received.length} bytes came, the packet says it has ${length}`);
  }
  // No Buffer, whose slice is no copy.
  return new Uint8Array(received.buffer, received.byteOffset, length);
}

/** The length field of at least four bytes. */
export const packetLength = (bytes: Uint8Array): number => (bytes[2]! << 8) | bytes[3]!;
