// What one side of an IKE SA vouches for with its AUTH payload (RFC 7296 §2.15).
import type { SignedOctets } from '../../crypto/authentication.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import type { IkeSa } from '../sa.js';
import { idBody } from './identification.js';

export const otherSide = ({ side }: IkeSa): IkeSa['side'] =>
  side === 'initiator' ? 'responder' : 'initiator';

/** A side's own first message, the other's nonce, and who it says it is. */
export function vouchedFor(sa: IkeSa, side: IkeSa['side'], id: IdPayload): SignedOctets {
  const { pi, pr } = sa.secured!;
  const { request, response, nonceInitiator, nonceResponder } = sa.handshake!;
  const initiator = side === 'initiator';
  return {
    message: initiator ? request : response,
    peerNonce: initiator ? nonceResponder : nonceInitiator,
    idBody: idBody(id),
    idKey: initiator ? pi : pr,
  };
}
