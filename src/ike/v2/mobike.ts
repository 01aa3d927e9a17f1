// MOBIKE: an IKE SA and its children go with a side that changes its address (RFC 4555). The initiator
// decides which pair of addresses is used (§1.3): it made the first of the IKE SAs, whoever has replaced
// that since. ESP follows once the new place has shown that it gets what is sent there (§3.7).
//
//   Initiator (from its new address)               Responder
//   HDR, SK {N(UPDATE_SA_ADDRESSES),
//       N(NAT_DETECTION_SOURCE_IP),
//       N(NAT_DETECTION_DESTINATION_IP)}    -->
//                                           <--    HDR, SK {N(NAT_DETECTION_…) …}
//                                           <--    HDR, SK {N(COOKIE2)}
//   HDR, SK {N(COOKIE2)}                    -->
import { sameMac } from '../../crypto/authentication.js';
import { formatAddress, prefixContains, sameAddress, toBytes } from '../../policy/address.js';
import { N, notifyName } from '../../wire/notifications.js';
import { INFORMATIONAL } from '../../wire/numbers.js';
import { type Exchange, notification, notify, report } from '../exchange.js';
import { buildNat, processNat, saysWhereItIs } from '../parts/nat.js';
import type { State } from '../sa.js';
import { type Endpoint, sameEndpoint } from '../step.js';
import type { Transition } from '../transition.js';
import { sendAnswer } from '../window.js';
import { answerAddresses } from './further-addresses.js';
import { takeUpdate } from './relocation.js';
import { answerCookie, sameCookie, takeCookie, wantCheck, wrongCookie } from './routability.js';

/** HDR, SK {N(UPDATE_SA_ADDRESSES), …} -->. The message's own addresses count (§3.5). */
function answerUpdate(exchange: Exchange): State {
  const { world, sa, datagram } = exchange;
  const { local, remote } = datagram;
  const refusal = reasonAgainst(exchange);
  if (refusal !== undefined) {
    const where = formatAddress(remote.address);
    report(exchange, 'warning', 'ike.mobike', `peer moves to ${where}: ${notifyName(refusal)}`);
    sendAnswer(exchange, [notify(refusal)]);
    return sa.state;
  }
  const moved = !sameEndpoint(sa.local, local) || !sameEndpoint(sa.remote, remote);
  Object.assign(sa, { local, remote });
  const nat = saysWhereItIs(exchange);
  if (nat) processNat(exchange);
  sendAnswer(exchange, [...(nat ? buildNat(exchange) : []), ...sameCookie(exchange)]);
  sa.times.keepaliveAt = sa.natLocal ? world.context.now() + world.settings.keepaliveMs : undefined;
  if (moved) wantCheck(exchange);
  return sa.state;
}

function reasonAgainst({ sa, datagram, payloads }: Exchange): number | undefined {
  const { local, remote } = datagram;
  const { address, localAddress } = sa.peer;
  if (!sa.mobike || sa.caller) return N.UNACCEPTABLE_ADDRESSES;
  if (!prefixContains(address, remote.address)) return N.UNACCEPTABLE_ADDRESSES;
  if (localAddress && !sameAddress(localAddress, local.address)) return N.UNACCEPTABLE_ADDRESSES;
  const sent = notification({ payloads }, N.NO_NATS_ALLOWED)?.data;
  return sent && !sameMac(sent, placeOf(remote, local)) ? N.UNEXPECTED_NAT_DETECTED : undefined;
}

/** §4.2.6: addresses and ports as the sender has them. */
function placeOf(from: Endpoint, to: Endpoint): Uint8Array {
  const port = (n: number): number[] => [n >> 8, n & 0xff];
  const addresses = [...toBytes(from.address), ...toBytes(to.address)];
  return Uint8Array.of(...addresses, ...port(from.port), ...port(to.port));
}

const requests = {
  from: ['established'],
  receives: { request: INFORMATIONAL },
  allows: ['V'],
  to: ['established'],
  onTimeout: 'none',
} as const;

export const MOBIKE: readonly Transition[] = [
  {
    ...requests,
    story: 'the peer has another address: take it, then see that it is there',
    requires: ['N(UPDATE_SA_ADDRESSES)'],
    run: answerUpdate,
    moves: true,
  },
  {
    ...requests,
    story: 'return routability check: give the cookie back',
    requires: ['N(COOKIE2)'],
    run: answerCookie,
  },
  ...[N.ADDITIONAL_IP4_ADDRESS, N.ADDITIONAL_IP6_ADDRESS, N.NO_ADDITIONAL_ADDRESSES].map(
    (type): Transition => ({
      ...requests,
      story: `the peer tells its addresses: ${notifyName(type)}`,
      requires: [`N(${notifyName(type)})`],
      run: answerAddresses,
      moves: true,
    }),
  ),
  {
    story: 'the peer has taken our new address',
    from: ['established'],
    receives: { response: INFORMATIONAL, task: ['update-addresses'] },
    requires: [],
    allows: [],
    run: takeUpdate,
    to: ['established'],
    onTimeout: 'liveness',
  },
  {
    story: 'the peer is at its new address: its children follow',
    from: ['established'],
    receives: { response: INFORMATIONAL, task: ['check-path'] },
    requires: ['N(COOKIE2)'],
    allows: [],
    run: takeCookie,
    to: ['established'],
    onTimeout: 'none',
  },
  {
    story: 'whoever answers from the new address has not got our cookie',
    from: ['established'],
    receives: { response: INFORMATIONAL, task: ['check-path'] },
    requires: [],
    allows: [],
    run: wrongCookie,
    to: ['established'],
    onTimeout: 'none',
  },
];
