// Between payloads and datagrams: headers with the right flags and SPIs, SK protection both ways.
import type { PlainPayload } from '../wire/chain.js';
import { decodeChain, encodeChain } from '../wire/chain.js';
import type { MessageHeader } from '../wire/header.js';
import type { EncryptedPayload } from '../wire/payloads/encrypted.js';
import {
  concatenate,
  encodeMessage,
  encodeProtected,
  padPlaintext,
  protectedLength,
  unpadPlaintext,
} from '../wire/message.js';
import { largestMessage, split, type Whole } from './fragments.js';
import type { IkeSa } from './sa.js';
import type { Datagram } from './step.js';

const MAJOR_VERSION = 2;

/** RFC 7296 §3.1: the initiator flag is the original initiator's, in requests and answers alike. */
export function headerOf(
  sa: Pick<IkeSa, 'side' | 'spiInitiator' | 'spiResponder'>,
  exchangeType: number,
  messageId: number,
  response: boolean,
): MessageHeader {
  return {
    spiInitiator: sa.spiInitiator,
    spiResponder: sa.spiResponder,
    majorVersion: MAJOR_VERSION,
    minorVersion: 0,
    exchangeType,
    flags: { initiator: sa.side === 'initiator', response, version: false },
    messageId,
  };
}

/**
 * The whole message: protected as soon as there are keys, but for IKE_SA_INIT itself. Several datagrams
 * where one would be too large for the path and the peer takes fragments (RFC 7383).
 */
export function encode(
  sa: IkeSa,
  header: MessageHeader,
  payloads: readonly PlainPayload[],
  plain = false,
): readonly Uint8Array[] {
  const protection = sa.secured?.outbound;
  if (plain || !protection) return [encodeMessage(header, payloads)];
  const chain = encodeChain(payloads);
  const plaintext = padPlaintext(chain.bytes, protection.blockBytes);
  const largest = largestMessage(sa);
  if (sa.fragmentation && protectedLength(plaintext, protection) > largest) {
    return split(header, chain, protection, largest);
  }
  return [encodeProtected(header, chain.first, plaintext, protection)];
}

/** One message, however large, for an IKE SA that has keys. */
export function encodeWhole(
  sa: IkeSa,
  header: MessageHeader,
  payloads: readonly PlainPayload[],
): Uint8Array {
  const protection = sa.secured!.outbound;
  const { first, bytes } = encodeChain(payloads);
  return encodeProtected(header, first, padPlaintext(bytes, protection.blockBytes), protection);
}

/** undefined: not from the peer, or altered. */
export function open(
  sa: IkeSa,
  { aad, body, firstPayload }: EncryptedPayload,
): Omit<Whole, 'original'> | undefined {
  const plaintext = sa.secured?.inbound.open(aad, body);
  return plaintext && { firstPayload, plaintexts: [plaintext] };
}

/** Throws WireError where the authentic content is bad. */
export function decodeWhole({ firstPayload, plaintexts }: Omit<Whole, 'original'>): PlainPayload[] {
  return decodeChain(firstPayload, concatenate(plaintexts.map(unpadPlaintext)));
}

export const datagramOf = ({ local, remote }: IkeSa, bytes: Uint8Array): Datagram => ({
  local,
  remote,
  bytes,
});
