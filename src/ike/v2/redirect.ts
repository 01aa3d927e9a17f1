// Redirect, as client (RFC 5685): a gateway sends us to another one, before it has taken us, with its
// AUTH, or later. Who we are sent to has to prove that it is the peer, like anybody we call; what comes
// before authentication must bring our nonce, and nobody is sent about without end (§4).
//
//   HDR, N(REDIRECT_SUPPORTED), SAi1, KEi, Ni   -->
//                                               <--   HDR, N(REDIRECT, new gateway, Ni)
//   HDR, N(REDIRECTED_FROM), SAi1, KEi, Ni      -->   to the new gateway
import { type Address, addressFromBytes, formatAddress, toBytes } from '../../policy/address.js';
import type { Policy } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { connect } from '../connection.js';
import type { AcquirePacket } from '../context.js';
import { type Exchange, notification, notify, report, type Work } from '../exchange.js';
import type { State } from '../sa.js';
import { sameBytes } from '../window.js';

/** GW Ident Types (§9.3), and how long an identity of each is; a name is up to a DNS name's length. */
const IPV4 = 1;
const IPV6 = 2;
const FQDN = 3;
const LENGTHS: Readonly<Record<number, number>> = { [IPV4]: 4, [IPV6]: 16 };
const NAME = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_-]+)*$/;
// §4: MAX_REDIRECTS and REDIRECT_LOOP_DETECT_PERIOD as the standard proposes them.
const MAX_REDIRECTS = 5;
const PERIOD_MS = 300_000;

interface Target {
  readonly gateway: Address | string;
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
  if (data.length < 2 + length) return undefined;
  const identity = data.slice(2, 2 + length);
  const nonce = data.slice(2 + length);
  if (type === FQDN) {
    const name = Buffer.from(identity).toString('latin1');
    return NAME.test(name) ? { gateway: name, nonce } : undefined;
  }
  return LENGTHS[type] === length ? { gateway: addressFromBytes(identity), nonce } : undefined;
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

const textOf = ({ gateway }: Target): string =>
  typeof gateway === 'string' ? gateway : formatAddress(gateway);

/** The address of a target; of a name one that we have a route to. Throws the reason why there is none. */
async function locate({ world, sa }: Work, { gateway }: Target): Promise<Address> {
  const { resolve, localAddressFor } = world.context;
  const { localAddress } = sa.peer;
  if (typeof gateway !== 'string') {
    if (localAddress === undefined || localAddress.family === gateway.family) return gateway;
    throw new Error('our local-address is not of its family');
  }
  if (!resolve) throw new Error('names are not looked up here');
  const all = await resolve(gateway, localAddress?.family);
  const reached = all.find((one) => localAddress !== undefined || localAddressFor(one));
  if (!reached) throw new Error('there is no route to it');
  return reached;
}

/** <-- HDR, N(REDIRECT, …, Ni): we go there instead (§3). */
export async function takeRedirect(exchange: Exchange): Promise<State> {
  const { sa } = exchange;
  const handshake = sa.handshake!;
  const target = read(exchange);
  if (!target || !sameBytes(target.nonce, handshake.nonceInitiator)) return 'init-sent';
  const where = textOf(target);
  const stay = (why: string): State => {
    handshake.hint = `it sends us on to ${where}, and ${why}`;
    return 'init-sent';
  };
  if (!mayFollow(exchange)) return stay('we have been sent about often enough');
  let gateway: Address;
  try {
    gateway = await locate(exchange, target);
  } catch (error) {
    return stay(`it cannot be found: ${(error as Error).message}`);
  }
  report(exchange, 'info', 'ike.redirect', `peer sends us to ${where} before authentication`);
  return callInstead(exchange, gateway) ? 'dead' : 'init-sent';
}

/** What this IKE SA was to be is asked of another gateway. */
function callInstead({ world, sa, step }: Work, gateway: Address): boolean {
  const { firstPolicy, packet } = sa.handshake!;
  const next = connect(world, sa.peer, step, firstPolicy, packet, gateway);
  if (!next) return false;
  next.redirectedFrom = sa.remote.address;
  next.renews = sa.renews;
  return true;
}

/** Where the authenticated peer sends us (§5, §6); undefined, and said, where we do not go. */
export async function redirection(exchange: Exchange): Promise<Address | undefined> {
  const target = read(exchange);
  // §5: the client of the first IKE SA, whoever has replaced that since.
  if (!target || !exchange.sa.caller) return undefined;
  const where = textOf(target);
  const stay = (why: string): undefined => {
    report(exchange, 'warning', 'ike.redirect', `peer sends us to ${where}, ${why}: we stay`);
  };
  if (!mayFollow(exchange)) return stay('once too often');
  try {
    const gateway = await locate(exchange, target);
    report(exchange, 'info', 'ike.redirect', `peer sends us to ${where}`);
    return gateway;
  } catch (error) {
    return stay(`which cannot be found: ${(error as Error).message}`);
  }
}

/** Called beside what stands, which goes when that is up. */
export function followRedirect(
  { world, sa, step }: Work,
  gateway: Address,
  first: Policy | undefined = [...sa.children.values()][0]?.policy,
  packet?: AcquirePacket,
): void {
  // What is still to be asked for is asked for there.
  const rest = sa.tasks.filter(({ kind }) => kind !== 'create-child');
  sa.tasks.splice(0, sa.tasks.length, ...rest);
  const next = connect(world, sa.peer, step, first, packet, gateway);
  if (!next) return;
  next.redirectedFrom = sa.remote.address;
  next.renews = sa;
}

/**
 * <-- HDR, SK {IDr, [CERT,] AUTH, N(REDIRECT)} before EAP (§6): the gateway has proved itself and does not
 * ask for us. False: we do not go there.
 */
export async function redirectedBeforeEap(exchange: Exchange): Promise<boolean> {
  const gateway = await redirection(exchange);
  return gateway !== undefined && callInstead(exchange, gateway);
}
