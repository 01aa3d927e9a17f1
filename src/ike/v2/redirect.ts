// Redirect, as client (RFC 5685): a gateway sends us to another one, before it has taken us, with its
// AUTH, or later. Who we are sent to has to prove that it is the peer, like anybody we call; what comes
// before authentication must bring our nonce, and nobody is sent about without end (§4).
//
//   HDR, N(REDIRECT_SUPPORTED), SAi1, KEi, Ni   -->
//                                               <--   HDR, N(REDIRECT, new gateway, Ni)
//   HDR, N(REDIRECTED_FROM), SAi1, KEi, Ni      -->   to the new gateway
import { type Address, addressFromBytes, formatAddress, toBytes } from '../../policy/address.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { connect } from '../connection.js';
import { type Exchange, notification, notify, report, type Work } from '../exchange.js';
import type { State } from '../sa.js';
import { sameBytes } from '../window.js';

/** GW Ident Types (§9.3) that we follow; a name would have to be looked up. */
const IPV4 = 1;
const IPV6 = 2;
const LENGTHS: Readonly<Record<number, number>> = { [IPV4]: 4, [IPV6]: 16 };
// §4: MAX_REDIRECTS and REDIRECT_LOOP_DETECT_PERIOD as the standard proposes them.
const MAX_REDIRECTS = 5;
const PERIOD_MS = 300_000;

interface Target {
  readonly gateway: Address;
  readonly nonce: Uint8Array;
}

/** What an initiator says of it in IKE_SA_INIT (§3). */
export function buildRedirect({ sa }: Work): PlainPayload[] {
  const { redirectedFrom } = sa;
  if (!redirectedFrom) return [notify(N.REDIRECT_SUPPORTED)];
  const bytes = toBytes(redirectedFrom);
  const type = redirectedFrom.family === 4 ? IPV4 : IPV6;
  return [notify(N.REDIRECTED_FROM, Uint8Array.of(type, bytes.length, ...bytes))];
}

/** §7.2: type, length, identity, and before authentication our nonce. */
function read(exchange: Exchange): Target | undefined {
  const data = notification(exchange, N.REDIRECT)?.data;
  if (!data || data.length < 2) return undefined;
  const [type = 0, length = 0] = data;
  if (LENGTHS[type] !== length || data.length < 2 + length) return undefined;
  return {
    gateway: addressFromBytes(data.slice(2, 2 + length)),
    nonce: data.slice(2 + length),
  };
}

/** Whether we may go there; if so the link counts it. */
function mayFollow({ world, sa }: Work): boolean {
  const link = world.links.get(sa.peer.name);
  if (!link || world.closing) return false;
  const now = world.context.now();
  const recent = link.redirects.filter((at) => now - at < PERIOD_MS);
  link.redirects.splice(0, link.redirects.length, ...recent);
  if (recent.length >= MAX_REDIRECTS) return false;
  link.redirects.push(now);
  return true;
}

/** <-- HDR, N(REDIRECT, …, Ni): we go there instead (§3). */
export function takeRedirect(exchange: Exchange): State {
  const { world, sa, step } = exchange;
  const target = read(exchange);
  const handshake = sa.handshake!;
  if (!target || !sameBytes(target.nonce, handshake.nonceInitiator)) return 'init-sent';
  const where = formatAddress(target.gateway);
  if (!mayFollow(exchange)) {
    handshake.hint = `it sends us on to ${where}, and we have been sent about often enough`;
    return 'init-sent';
  }
  report(exchange, 'info', 'ike.redirect', `peer sends us to ${where} before authentication`);
  const { firstPolicy, packet } = handshake;
  const next = connect(world, sa.peer, step, firstPolicy, packet, target.gateway);
  if (!next) return 'init-sent';
  next.redirectedFrom = sa.remote.address;
  next.renews = sa.renews;
  return 'dead';
}

/** The authenticated peer sends us on (§5, §6): called beside what stands, which goes when that is up. */
export function followRedirect(exchange: Exchange): void {
  const { world, sa, step } = exchange;
  const target = read(exchange);
  if (!target || sa.side !== 'initiator') return;
  const where = formatAddress(target.gateway);
  if (!mayFollow(exchange)) {
    report(
      exchange,
      'warning',
      'ike.redirect',
      `peer sends us to ${where}, once too often: we stay`,
    );
    return;
  }
  report(exchange, 'info', 'ike.redirect', `peer sends us to ${where}`);
  const [first] = sa.children.values();
  const next = connect(world, sa.peer, step, first?.policy, undefined, target.gateway);
  if (!next) return;
  next.redirectedFrom = sa.remote.address;
  next.renews = sa;
}
