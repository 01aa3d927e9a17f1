// MOBIKE: an IKE SA and its children go with a side that changes its address (RFC 4555). The original
// initiator decides which pair of addresses is used (§1.3); ESP follows once the new place has shown
// that it gets what is sent there (return routability, §3.7).
//
//   Initiator (from its new address)               Responder
//   HDR, SK {N(UPDATE_SA_ADDRESSES),
//       N(NAT_DETECTION_SOURCE_IP),
//       N(NAT_DETECTION_DESTINATION_IP)}    -->
//                                           <--    HDR, SK {N(NAT_DETECTION_…) …}
//                                           <--    HDR, SK {N(COOKIE2)}
//   HDR, SK {N(COOKIE2)}                    -->
import { sameMac } from '../../crypto/authentication.js';
import {
  type Address,
  formatAddress,
  prefixContains,
  sameAddress,
  toBytes,
} from '../../policy/address.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N, notifyName } from '../../wire/notifications.js';
import { INFORMATIONAL } from '../../wire/numbers.js';
import { scheduleReconnect } from '../connection.js';
import {
  type Exchange,
  errorNotification,
  notification,
  notify,
  report,
  type Work,
} from '../exchange.js';
import { buildNat, moveToNatPort, processNat, saysWhereItIs } from '../parts/nat.js';
import { encapsulates, type IkeSa, type State, type Task } from '../sa.js';
import { type Endpoint, sameEndpoint } from '../step.js';
import { closeChildren } from '../timers.js';
import type { Transition } from '../transition.js';
import { sameBytes, sendAnswer, sendRequest } from '../window.js';

type TaskOf<K extends Task['kind']> = Extract<Task, { kind: K }>;
const COOKIE_BYTES = 16; // §4.2.5: 8 to 64
/** Our own choice: a host of a thousand addresses would make a message that its peer refuses. */
const MOST_TOLD = 16;

// ---- in IKE_AUTH (§3.2) ------------------------------------------------------------------------

/** What either side says beside its half of the first child. */
export function buildMobike({ world, sa }: Work): PlainPayload[] {
  if (!sa.peer.mobike) return [];
  return [notify(N.MOBIKE_SUPPORTED), ...further(world.addresses, sa.local.address)];
}

/** Both have said so. */
export function takeMobike(exchange: Exchange, said: Pick<Exchange, 'payloads'>): void {
  const { sa } = exchange;
  sa.mobike = sa.peer.mobike && notification(said, N.MOBIKE_SUPPORTED) !== undefined;
}

/** Our other addresses, for a peer that can choose among them (§3.2, §3.6). */
function further(addresses: readonly Address[], used: Address): PlainPayload[] {
  const others = addresses.filter((address) => !sameAddress(address, used));
  return others
    .slice(0, MOST_TOLD)
    .map((address) =>
      notify(
        address.family === 4 ? N.ADDITIONAL_IP4_ADDRESS : N.ADDITIONAL_IP6_ADDRESS,
        toBytes(address),
      ),
    );
}

// ---- our address has changed -------------------------------------------------------------------

/** `local` is where the route to the peer begins now; `gone`: the address used so far is not ours. */
export function relocate(work: Work, local: Address, gone: boolean): void {
  const { world, sa } = work;
  if (sameAddress(local, sa.local.address)) return;
  const now = formatAddress(local);
  if (sa.state !== 'established' || !sa.mobike) {
    if (!gone || sa.state === 'deleting') return;
    const text = `our address ${formatAddress(sa.local.address)} is gone: calling again from ${now}`;
    report(work, 'warning', 'ike.mobike', text);
    scheduleReconnect(work);
    sa.tasks.unshift({ kind: 'delete-ike', reason: 'its local address is gone' });
    sa.local = { ...sa.local, address: local };
    return;
  }
  report(work, 'info', 'ike.mobike', `our address is ${now} now: telling the peer`);
  sa.local = { ...sa.local, address: local };
  // What waits for its answer goes out from the new place at once (§3.5).
  if (sa.window.pending) sa.window.pending.nextAt = world.context.now();
  if (sa.side === 'responder') {
    moveChildren(work);
    sa.tasks.unshift({ kind: 'tell-addresses' });
    return;
  }
  if (sa.peer.profile.natTraversal) moveToNatPort(sa);
  moveChildren(work);
  wantUpdate(sa);
}

function wantUpdate(sa: IkeSa): void {
  if (!sa.tasks.some(({ kind }) => kind === 'update-addresses')) {
    sa.tasks.unshift({ kind: 'update-addresses' });
  }
}

/** The children's outer addresses are the IKE SA's from here on. */
function moveChildren(work: Work): void {
  const { sa, step } = work;
  const { local, remote } = sa;
  const all = [...sa.children.values()];
  // §1.3: what transport mode carries are these very addresses; traffic asks for it anew.
  closeChildren(
    work,
    all.filter((child) => child.sa.mode === 'transport'),
  );
  for (const child of sa.children.values()) {
    const udpEncapsulation = encapsulates(sa) && child.sa.protocol === 'esp';
    child.sa = { ...child.sa, local, remote, udpEncapsulation };
    step.move.push({ id: child.sa.id, local, remote, udpEncapsulation });
  }
}

/** HDR, SK {N(UPDATE_SA_ADDRESSES), N(NAT_DETECTION_…), …} --> */
export function startUpdate(work: Work): boolean {
  const { local, remote } = work.sa;
  const payloads = [notify(N.UPDATE_SA_ADDRESSES), ...buildNat(work)];
  sendRequest(work, INFORMATIONAL, payloads, { kind: 'update-addresses', from: local, to: remote });
  return true;
}

/** HDR, SK {N(ADDITIONAL_…) | N(NO_ADDITIONAL_ADDRESSES)} -->: a responder only tells (§3.6). */
export function startTell(work: Work, task: TaskOf<'tell-addresses'>): boolean {
  const { world, sa } = work;
  const others = further(world.addresses, sa.local.address);
  const payloads = others.length > 0 ? others : [notify(N.NO_ADDITIONAL_ADDRESSES)];
  sendRequest(work, INFORMATIONAL, payloads, task);
  return true;
}

/** HDR, SK {N(COOKIE2)} --> */
export function startCheckPath(work: Work, task: TaskOf<'check-path'>): boolean {
  sendRequest(work, INFORMATIONAL, [notify(N.COOKIE2, task.cookie)], task);
  return true;
}

// ---- what we are asked -------------------------------------------------------------------------

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
  if (moved) {
    const cookie = Uint8Array.from(world.context.random(COOKIE_BYTES));
    sa.tasks.unshift({ kind: 'check-path', cookie, from: local, to: remote });
  }
  return sa.state;
}

function reasonAgainst({ sa, datagram, payloads }: Exchange): number | undefined {
  const { local, remote } = datagram;
  const { address, localAddress } = sa.peer;
  if (!sa.mobike || sa.side === 'initiator') return N.UNACCEPTABLE_ADDRESSES;
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

const sameCookie = (exchange: Exchange): PlainPayload[] => {
  const cookie = notification(exchange, N.COOKIE2);
  return cookie ? [notify(N.COOKIE2, cookie.data.slice())] : [];
};

/** HDR, SK {N(COOKIE2)} --> HDR, SK {N(COOKIE2)} */
function answerCookie(exchange: Exchange): State {
  sendAnswer(exchange, sameCookie(exchange));
  return exchange.sa.state;
}

/** HDR, SK {N(ADDITIONAL_…)} -->: the responder is somewhere else; an initiator goes after it (§3.6). */
function answerAddresses(exchange: Exchange): State {
  const { sa, datagram } = exchange;
  sendAnswer(exchange, []);
  if (!sa.mobike || sa.side === 'responder') return sa.state;
  if (sameAddress(datagram.remote.address, sa.remote.address)) return sa.state;
  const where = formatAddress(datagram.remote.address);
  report(exchange, 'info', 'ike.mobike', `peer is at ${where} now: following it`);
  // Its answer to our update shows that it is there: then ESP follows.
  sa.remote = datagram.remote;
  wantUpdate(sa);
  return sa.state;
}

// ---- answers to us -----------------------------------------------------------------------------

function takeUpdate(exchange: Exchange): State {
  const { world, sa } = exchange;
  const task = exchange.task as TaskOf<'update-addresses'>;
  const error = errorNotification(exchange);
  if (error) {
    const name = notifyName(error.notifyType);
    report(
      exchange,
      'error',
      'ike.mobike',
      `peer answers ${name} to our new address: calling again`,
    );
    scheduleReconnect(exchange);
    sa.tasks.unshift({ kind: 'delete-ike', reason: `the peer refuses our address: ${name}` });
    return sa.state;
  }
  // §3.5: addresses that changed while we asked are told in another exchange.
  if (
    !task.from ||
    !task.to ||
    !sameEndpoint(task.from, sa.local) ||
    !sameEndpoint(task.to, sa.remote)
  ) {
    wantUpdate(sa);
    return sa.state;
  }
  if (saysWhereItIs(exchange)) {
    processNat(exchange);
    sa.seenAs = notification(exchange, N.NAT_DETECTION_DESTINATION_IP)!.data.slice();
  }
  sa.times.keepaliveAt = sa.natLocal ? world.context.now() + world.settings.keepaliveMs : undefined;
  moveChildren(exchange);
  const nat = encapsulates(sa) ? ', UDP encapsulation' : '';
  const from = formatAddress(sa.local.address);
  report(exchange, 'info', 'ike.mobike', `the peer has our address ${from}${nat}`);
  return sa.state;
}

/**
 * An answer to a liveness check that tells where the peer sees us: elsewhere than before, if a NAT has
 * given us another mapping (§3.8).
 */
export function noticeMapping(exchange: Exchange): void {
  const { sa } = exchange;
  if (!sa.mobike || sa.side === 'responder' || !saysWhereItIs(exchange)) return;
  const seen = notification(exchange, N.NAT_DETECTION_DESTINATION_IP)!.data;
  if (sa.seenAs && !sameBytes(sa.seenAs, seen)) {
    report(exchange, 'info', 'ike.mobike', 'the peer sees us at another address: telling it');
    wantUpdate(sa);
  }
  sa.seenAs = seen.slice();
}

function takeCookie(exchange: Exchange): State {
  const { sa } = exchange;
  const task = exchange.task as TaskOf<'check-path'>;
  const given = notification(exchange, N.COOKIE2)!.data;
  if (!sameMac(given, task.cookie)) return wrongCookie(exchange);
  // It has moved on since: another check is under way.
  if (!sameEndpoint(task.from, sa.local) || !sameEndpoint(task.to, sa.remote)) return sa.state;
  moveChildren(exchange);
  const where = formatAddress(sa.remote.address);
  report(exchange, 'info', 'ike.mobike', `peer is at ${where} now, and its SAs with it`);
  return sa.state;
}

/** §3.7: who answers and has not got the cookie is not at that address. */
function wrongCookie({ sa }: Exchange): State {
  sa.tasks.unshift({ kind: 'delete-ike', reason: 'the peer did not return our COOKIE2' });
  return sa.state;
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
