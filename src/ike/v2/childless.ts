// IKE SAs without a child (RFC 6023): both sides are authenticated, and what is to be carried is asked for
// under the IKE SA, with a key exchange of its own, as soon as something is.
//
//   HDR, SAi1, KEi, Ni     -->
//                          <--   HDR, SAr1, KEr, Nr, N(CHILDLESS_IKEV2_SUPPORTED)
//   HDR, SK {IDi, AUTH}    -->
//                          <--   HDR, SK {IDr, AUTH}
import type { Peer } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { IkeError } from '../errors.js';
import { type Exchange, notification, notify, type Work } from '../exchange.js';

/** Where we call it is without a child, if the peer can do that. */
export const prefersChildless = ({ childless }: Peer): boolean =>
  childless === 'prefer' || childless === 'force';

// ---- responder ---------------------------------------------------------------------------------

export const buildChildless = ({ sa }: Work): PlainPayload[] =>
  sa.peer.childless === 'never' ? [] : [notify(N.CHILDLESS_IKEV2_SUPPORTED)];

/** Whether IKE_AUTH asks for a child; throws where it must not ask for none. */
export function asksForChild(exchange: Pick<Exchange, 'sa' | 'payloads'>): boolean {
  if (exchange.payloads.some(({ type }) => type === 'SA')) return true;
  if (exchange.sa.peer.childless !== 'never') return false;
  const text = 'the peer wants an IKE SA without a child, which childless=never did not offer';
  throw new IkeError('missing-payload', text);
}

export function refuseForced({ sa }: Work): void {
  if (sa.peer.childless !== 'force') return;
  const text = 'the peer wants a child with IKE_AUTH, and childless=force takes none there';
  throw new IkeError('childless-only', text);
}

// ---- initiator ---------------------------------------------------------------------------------

export function takeChildless(exchange: Exchange): void {
  const offered = notification(exchange, N.CHILDLESS_IKEV2_SUPPORTED) !== undefined;
  exchange.sa.handshake!.peerChildless = offered;
}

/** Whether IKE_AUTH is to go without a child; throws where it would have to and cannot. */
export function goesWithoutChild({ sa }: Work): boolean {
  const { peerChildless, firstPolicy } = sa.handshake!;
  const wanted = prefersChildless(sa.peer);
  if (wanted && peerChildless) return true;
  if (sa.peer.childless !== 'force' && firstPolicy) return false;
  const why = firstPolicy ? 'childless=force wants one' : 'no policy names it';
  const text = `the peer takes no IKE SA without a child (RFC 6023), and ${why}`;
  throw new IkeError('childless-only', text);
}
