// Between payloads and datagrams: headers with the right flags and SPIs, SK protection both ways.
import type { PlainPayload } from '../wire/chain.js';
import { decodeChain, encodeChain } from '../wire/chain.js';
import type { MessageHeader } from '../wire/header.js';
import type { EncryptedPayload } from '../wire/payloads/encrypted.js';
import { encodeMessage, encodeProtected, padPlaintext, unpadPlaintext } from '../wire/message.js';
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

/** The whole message: protected as soon as there are keys, but for IKE_SA_INIT itself. */
export function encode(
  sa: IkeSa,
  header: MessageHeader,
  payloads: readonly PlainPayload[],
  plain = false,
): Uint8Array {
  const protection = sa.secured?.outbound;
  if (plain || !protection) return encodeMessage(header, payloads);
  const { first, bytes } = encodeChain(payloads);
  return encodeProtected(header, first, padPlaintext(bytes, protection.blockBytes), protection);
}

/** undefined: not from the peer, or altered. Throws WireError where the authentic content is bad. */
export function open(sa: IkeSa, payload: EncryptedPayload): PlainPayload[] | undefined {
  const plaintext = sa.secured?.inbound.open(payload.aad, payload.body);
  if (!plaintext) return undefined;
  return decodeChain(payload.firstPayload, unpadPlaintext(plaintext));
}

export const datagramOf = ({ local, remote }: IkeSa, bytes: Uint8Array): Datagram => ({
  local,
  remote,
  bytes,
});
