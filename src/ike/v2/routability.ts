// MOBIKE's return routability check (RFC 4555 §3.7): ESP follows a peer to another place once it has shown
// that it gets what is sent there.
//
//   HDR, SK {N(COOKIE2)}   -->
//                          <--   HDR, SK {N(COOKIE2)}
import { sameMac } from '../../crypto/authentication.js';
import { formatAddress } from '../../policy/address.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { INFORMATIONAL } from '../../wire/numbers.js';
import { type Exchange, notification, notify, report, type Work } from '../exchange.js';
import type { State, Task } from '../sa.js';
import { sameEndpoint } from '../step.js';
import { sendAnswer, sendRequest } from '../window.js';
import { moveChildren } from './relocation.js';

type TaskOf<K extends Task['kind']> = Extract<Task, { kind: K }>;
const COOKIE_BYTES = 16; // §4.2.5: 8 to 64

/** To be asked where the peer is from now on. */
export function wantCheck({ world, sa }: Work): void {
  const cookie = Uint8Array.from(world.context.random(COOKIE_BYTES));
  sa.tasks.unshift({ kind: 'check-path', cookie, from: sa.local, to: sa.remote });
}

/** HDR, SK {N(COOKIE2)} --> */
export function startCheckPath(work: Work, task: TaskOf<'check-path'>): boolean {
  sendRequest(work, INFORMATIONAL, [notify(N.COOKIE2, task.cookie)], task);
  return true;
}

export const sameCookie = (exchange: Exchange): PlainPayload[] => {
  const cookie = notification(exchange, N.COOKIE2);
  return cookie ? [notify(N.COOKIE2, cookie.data.slice())] : [];
};

/** HDR, SK {N(COOKIE2)} --> HDR, SK {N(COOKIE2)} */
export function answerCookie(exchange: Exchange): State {
  sendAnswer(exchange, sameCookie(exchange));
  return exchange.sa.state;
}

export function takeCookie(exchange: Exchange): State {
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
export function wrongCookie({ sa }: Exchange): State {
  sa.tasks.unshift({ kind: 'delete-ike', reason: 'the peer did not return our COOKIE2' });
  return sa.state;
}
