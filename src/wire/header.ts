// The IKE header. RFC 7296 §3.1.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                       IKE SA Initiator's SPI                  |
//   |                                                               |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                       IKE SA Responder's SPI                  |
//   |                                                               |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |  Next Payload | MjVer | MnVer | Exchange Type |     Flags     |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                          Message ID                           |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |                            Length                             |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { Reader, Writer } from './bytes.js';
import { flags, record, u8, u32, u64 } from './fields.js';

export const HEADER_BYTES = 28;

export interface Flags {
  /** The sender is the IKE SA's original initiator. */
  readonly initiator: boolean;
  readonly response: boolean;
  /** The sender could speak a higher major version. */
  readonly version: boolean;
}

/** What a sender decides; Next Payload and Length follow from the payloads. */
export interface MessageHeader {
  readonly spiInitiator: bigint;
  readonly spiResponder: bigint;
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly exchangeType: number;
  readonly flags: Flags;
  readonly messageId: number;
}
export interface Header extends MessageHeader {
  readonly nextPayload: number;
  readonly length: number;
}

const layout = record({
  spiInitiator: u64,
  spiResponder: u64,
  nextPayload: u8,
  version: u8,
  exchangeType: u8,
  flags: flags({ initiator: 0x08, version: 0x10, response: 0x20 }),
  messageId: u32,
  length: u32,
});

/** Reads the header alone: no check of version or length, so that an error can be answered. */
export function decodeHeader(bytes: Uint8Array): Header {
  const { version, ...header } = layout.decode(new Reader(bytes), {});
  return { ...header, majorVersion: version >> 4, minorVersion: version & 15 };
}

export function encodeHeader(header: Header): Uint8Array {
  const output = new Writer();
  const { majorVersion, minorVersion, ...others } = header;
  if (majorVersion > 15 || minorVersion > 15) output.fail('version does not fit in 4 bits');
  layout.encode(output, { ...others, version: majorVersion * 16 + minorVersion }, {});
  return output.finish();
}

/** An IKE SPI as the eight bytes that go into key material. */
export function spiBytes(spi: bigint): Uint8Array {
  const output = new Writer();
  output.uint(8, spi);
  return output.finish();
}
