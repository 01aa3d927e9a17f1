// Authentication anew while everything goes on: RFC 4478 lets a responder say how long it takes us for
// who we are. Before that time ends another IKE SA with children of its own is made beside the old one
// (make before break); the old one goes when the new one has all of them.
//
//   <--  HDR, SK {… N(AUTH_LIFETIME)}         in IKE_AUTH, or later in INFORMATIONAL
//   -->  IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA per further child
//   -->  HDR, SK {D(IKE)}                     under the old IKE SA
import { isDynamic, type Policy } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N } from '../../wire/notifications.js';
import { connect } from '../connection.js';
import { askedTemplate } from '../calling.js';
import { type Exchange, fraction, notification, notify, report, type Work } from '../exchange.js';
import { createChild, type IkeSa, type Task } from '../sa.js';
import { INFORMATIONAL } from '../../wire/numbers.js';
import { sendRequest } from '../window.js';

// Our own choices: how much of the time passes before the first attempt, and between two at least.
const SHARE = 0.8;
const JITTER = 0.1;
const AGAIN_MS = 10_000;
/** Each new IKE SA brings a time of its own: one of nothing must not make us call without a pause. */
const LEAST_MS = 5000;

/** Responder: §3, where the one who let the peer in wants it to prove itself again. */
export function buildAuthLifetime({ sa }: Work): PlainPayload[] {
  const { sessionTimeout, reauthenticate } = sa.authorisation ?? {};
  return sessionTimeout === undefined || !reauthenticate ? [] : [lifetimeOf(sessionTimeout)];
}

function lifetimeOf(seconds: number): PlainPayload {
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, Math.min(seconds, 0xffff_ffff));
  return notify(N.AUTH_LIFETIME, data);
}

/** The same, where it has changed meanwhile; of no use to whom it was never said. */
export function tellLifetime({ sa }: Work, seconds: number): void {
  if (sa.caller || !sa.authorisation?.reauthenticate) return;
  sa.tasks.push({ kind: 'tell-lifetime', seconds });
}

/** HDR, SK {N(AUTH_LIFETIME)} --> */
export function startTellLifetime(
  work: Work,
  task: Extract<Task, { kind: 'tell-lifetime' }>,
): boolean {
  sendRequest(work, INFORMATIONAL, [lifetimeOf(task.seconds)], task);
  return true;
}

/** Initiator: the time that the responder gives us, from now on. */
export function takeAuthLifetime(exchange: Exchange): void {
  const { world, sa } = exchange;
  const data = notification(exchange, N.AUTH_LIFETIME)?.data;
  if (data?.length !== 4 || !sa.caller) return;
  const seconds = new DataView(data.buffer, data.byteOffset).getUint32(0);
  const share = SHARE - JITTER * fraction(world);
  sa.times.reauthAt = world.context.now() + Math.max(LEAST_MS, Math.floor(seconds * 1000 * share));
  report(
    exchange,
    'debug',
    'ike.auth',
    `peer wants to be shown again within ${seconds} s who we are`,
  );
}

/** The time has come: call beside the IKE SA that stands. */
export function reauthenticate(work: Work): void {
  const { world, sa, step } = work;
  sa.times.reauthAt = undefined;
  if (sa.state !== 'established') return;
  // Until the old one is gone: an attempt may fail, and the peer ends what was not renewed.
  sa.times.reauthAt = world.context.now() + AGAIN_MS;
  const under = world.store.ofPeer(sa.peer.name).some(({ renews }) => renews === sa);
  if (under || world.closing) return;
  report(work, 'info', 'ike.auth', 'authenticating anew beside the IKE SA that stands');
  const [first] = sa.children.values();
  const next = connect(world, sa.peer, step, first && wishOf(work, first.policy));
  if (!next) return;
  next.renews = sa;
  // What carried us here carries us on, if the old path is another than the configured one (RFC 4555).
  next.local = { ...next.local, address: sa.local.address };
}

/** What mode-config brought is asked for anew: the address may be another one this time. */
const wishOf = ({ world, sa }: Work, policy: Policy): Policy =>
  (isDynamic(policy) ? askedTemplate(world, sa.peer) : undefined) ?? policy;

/** The new IKE SA is up: the other children of the old one, then the end of that. */
export function takeOver({ sa }: Pick<Work, 'sa'>, first: number | undefined): void {
  const { renews } = sa;
  if (!renews) return;
  const policies = new Set([...renews.children.values()].map(({ policy }) => policy));
  for (const policy of policies) {
    const asked = isDynamic(policy) ? policy.template : policy.id;
    if (policy.id !== first && asked !== first) sa.tasks.push(createChild(policy));
  }
  sa.tasks.push({ kind: 'end-renewed' });
}

/** All of its children are asked for and answered. */
export function endRenewed({ world, sa }: Work): boolean {
  const old: IkeSa | undefined = sa.renews;
  sa.renews = undefined;
  if (old && old.state !== 'dead') {
    old.times.reauthAt = undefined;
    // First the children, which receive until the peer has deleted its halves; then the IKE SA.
    const children = [...old.children.keys()];
    old.tasks.push({ kind: 'delete-child', children }, { kind: 'end-after-renewal' });
    world.store.wake(old);
  }
  return false;
}

/** The last of the old IKE SA; how it closes is the pump's business, in its next turn. */
export function endAfterRenewal({ world, sa }: Work): boolean {
  sa.tasks.unshift({ kind: 'delete-ike', reason: 'we are authenticated anew' });
  world.store.wake(sa);
  return true;
}
