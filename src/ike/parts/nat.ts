// NAT detection (RFC 7296 §2.23): each side says what it believes the two addresses to be, hashed.
import { sameMac } from '../../crypto/authentication.js';
import { sha1 } from '../../crypto/digest.js';
import { toBytes } from '../../policy/address.js';
import type { PlainPayload } from '../../wire/chain.js';
import { spiBytes } from '../../wire/header.js';
import { N } from '../../wire/notifications.js';
import { type Exchange, notification, notify, type Work } from '../exchange.js';
import type { IkeSa } from '../sa.js';
import type { Endpoint } from '../step.js';

export const IKE_PORT = 500;
export const NAT_PORT = 4500;

type Spis = Pick<IkeSa, 'spiInitiator' | 'spiResponder'>;

function hash({ spiInitiator, spiResponder }: Spis, { address, port }: Endpoint): Uint8Array {
  const portBytes = Uint8Array.of(port >> 8, port & 0xff);
  return sha1(spiBytes(spiInitiator), spiBytes(spiResponder), toBytes(address), portBytes);
}

/** Both notifications; none where the profile says nat-traversal=no. `ends`: as the packet has them. */
export function buildNat({ sa }: Work, ends: Pick<IkeSa, 'local' | 'remote'> = sa): PlainPayload[] {
  if (!sa.peer.profile.natTraversal) return [];
  const claimed = sa.peer.udpEncapsulation;
  sa.natClaimed = claimed;
  // A source that is nobody's makes the peer see a NAT, and so encapsulate.
  const source = claimed ? { address: ends.local.address, port: 0 } : ends.local;
  return [
    notify(N.NAT_DETECTION_SOURCE_IP, hash(sa, source)),
    notify(N.NAT_DETECTION_DESTINATION_IP, hash(sa, ends.remote)),
  ];
}

/** Whether the message brings what NAT detection needs. */
export const saysWhereItIs = (exchange: Exchange): boolean =>
  notification(exchange, N.NAT_DETECTION_SOURCE_IP) !== undefined &&
  notification(exchange, N.NAT_DETECTION_DESTINATION_IP) !== undefined;

/**
 * Compares what the peer said with what we see. The peer may send several sources, and its request
 * was made when the responder's SPI was zero still: the message's own SPIs count (§2.23).
 */
export function processNat(exchange: Exchange): void {
  const { sa, payloads, header } = exchange;
  if (!sa.peer.profile.natTraversal) return;
  const sources = payloads.filter(
    (payload) => payload.type === 'Notify' && payload.notifyType === N.NAT_DETECTION_SOURCE_IP,
  );
  const seen = hash(header, sa.remote);
  sa.natRemote =
    sources.length > 0 &&
    !sources.some((payload) => payload.type === 'Notify' && sameMac(payload.data, seen));
  const destination = notification(exchange, N.NAT_DETECTION_DESTINATION_IP);
  sa.natLocal = destination !== undefined && !sameMac(destination.data, hash(header, sa.local));
}

/** Initiator: with a NAT on the way everything from IKE_AUTH on goes by port 4500. */
export function moveToNatPort(sa: IkeSa): void {
  if (sa.local.port === NAT_PORT) return;
  sa.local = { ...sa.local, port: NAT_PORT };
  sa.remote = { ...sa.remote, port: NAT_PORT };
}
