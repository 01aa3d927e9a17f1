// What time does to an IKE SA: every clock in one table, from which both the next timeout and the
// work that is due are read.
//   retransmission   1, 2, 4 … 30 s apart (window.ts); then the peer is gone
//   liveness         profile's dpd-interval without anything authentic: a check (RFC 7296 §2.4)
//   lifetimes        soft: a replacement; hard: deletion
//   keepalive        one byte every 20 s while we are behind a NAT (RFC 3948 §4)
import { connect, discard, postpone, scheduleReconnect, wantChildren } from './connection.js';
import { policiesOf } from './directory.js';
import { report, type Work, type World } from './exchange.js';
import { isSpare, moveOn } from './failover.js';
import { askAgain } from './networks.js';
import { removeChild } from './parts/child.js';
import { inboundSpi, type Child, type IkeSa, type Pending, rekeyChild, rekeyIke } from './sa.js';
import type { Step } from './step.js';
import { tryElsewhere } from './v2/other-paths.js';
import { reauthenticate } from './v2/reauthentication.js';
import { retransmit, transmissions } from './window.js';

interface Clock {
  readonly at: (sa: IkeSa) => number | undefined;
  readonly ring: (work: Work) => void;
}

const CLOCKS: readonly Clock[] = [
  {
    at: ({ window }) => window.pending?.nextAt,
    ring(work) {
      const { pending } = work.sa.window;
      if (pending && !retransmit(work, pending)) unanswered(work, pending);
    },
  },
  { at: ({ times }) => times.giveUpAt, ring: giveUp },
  {
    at: ({ times }) => times.hardAt,
    ring(work) {
      work.sa.times.hardAt = undefined;
      work.sa.tasks.unshift({ kind: 'delete-ike', reason: 'its lifetime has ended' });
      scheduleReconnect(work);
    },
  },
  {
    at: ({ times }) => times.softAt,
    ring({ sa }) {
      sa.times.softAt = undefined;
      sa.tasks.push(rekeyIke());
    },
  },
  { at: ({ times }) => times.reauthAt, ring: reauthenticate },
  {
    at: livenessAt,
    ring: ({ sa }) => {
      sa.tasks.push({ kind: 'liveness' });
    },
  },
  {
    at: ({ times }) => times.keepaliveAt,
    ring({ world, sa, step }) {
      sa.times.keepaliveAt = world.context.now() + world.settings.keepaliveMs;
      step.keepalives.push({ local: sa.local, remote: sa.remote });
    },
  },
  // The pump looks at what waited.
  {
    at: ({ times }) => times.tasksAt,
    ring({ sa }) {
      sa.times.tasksAt = undefined;
    },
  },
  {
    at: ({ times }) => times.childrenAt,
    ring(work) {
      work.sa.times.childrenAt = undefined;
      wantChildren(work);
    },
  },
];

/** Nothing authentic for an interval, and nothing asked that would tell as well. */
function livenessAt({ state, peer, times, window, tasks }: IkeSa): number | undefined {
  const { dpdInterval } = peer.profile;
  if (state !== 'established' || dpdInterval === undefined) return undefined;
  if (window.pending || tasks.length > 0) return undefined;
  return times.lastSeen + dpdInterval * 1000;
}

const childAt = (child: Child): number =>
  child.state === 'installed' ? Math.min(child.softAt, child.hardAt) : child.hardAt;

/** The next moment at which `ring` has something to do: asked of every SA, so nothing is made. */
export function nextTimeout(sa: IkeSa): number | undefined {
  let least = Number.POSITIVE_INFINITY;
  for (const { at } of CLOCKS) least = Math.min(least, at(sa) ?? Number.POSITIVE_INFINITY);
  for (const child of sa.children.values()) least = Math.min(least, childAt(child));
  return least === Number.POSITIVE_INFINITY ? undefined : least;
}

/** Does everything that is due on this SA. */
export function ring(work: Work): void {
  const { world, sa } = work;
  const now = world.context.now();
  for (const clock of CLOCKS) {
    const at = clock.at(sa);
    if (at !== undefined && at <= now) clock.ring(work);
    if (sa.state === 'dead') return;
  }
  for (const child of [...sa.children.values()]) {
    if (child.hardAt <= now) expireChild(work, child, 'hard');
    else if (childAt(child) <= now) expireChild(work, child, 'soft');
  }
}

/** Soft: ask for a replacement, once. Hard: out, and the peer is told. */
export function expireChild(work: Work, child: Child, limit: 'soft' | 'hard'): void {
  const { sa } = work;
  const asked = sa.tasks.some((task) => task.kind === 'rekey-child' && task.rekeys === child.sa.id);
  if (limit === 'soft') {
    child.softAt = Number.POSITIVE_INFINITY;
    if (child.state === 'installed' && !asked) sa.tasks.push(rekeyChild(child));
    return;
  }
  report(work, 'warning', 'ike.child', 'a CHILD_SA has reached its hard lifetime unreplaced', {
    child: child.sa.id,
    policy: child.policy.id,
  });
  closeChildren(work, [child]);
}

/** Removes children at once and tells the peer when its turn comes. */
export function closeChildren(work: Work, children: readonly Child[]): void {
  if (children.length === 0) return;
  const spis = children.map(inboundSpi);
  for (const child of children) {
    removeChild(work, child);
    askAgain(work, child);
  }
  work.sa.tasks.push({ kind: 'delete-spis', spis });
}

function giveUp(work: Work): void {
  const { sa } = work;
  sa.times.giveUpAt = undefined;
  if (sa.state === 'replaced') {
    sa.tasks.push({ kind: 'delete-ike', reason: 'the peer left it after its replacement' });
    return;
  }
  if (sa.state === 'init-answered') {
    const where = 'a NAT or firewall that drops UDP 4500 is the usual cause';
    const { store, settings } = work.world;
    // Under a flood the log would be one, too.
    const level = store.halfOpen < settings.cookieThreshold ? 'warning' : 'debug';
    report(work, level, 'ike.auth', `peer began but did not go on to IKE_AUTH: ${where}`, {
      task: 'ike-auth',
    });
  }
  if (sa.state === 'eap-asked' || sa.state === 'eap-accepted') {
    report(work, 'warning', 'ike.auth', 'peer began EAP but did not finish it in time');
  }
  discard(work);
}

/** No answer after all retransmissions, anywhere: the peer is gone, with everything we had with it. */
function unanswered(work: Work, pending: Pending): void {
  if (tryElsewhere(work, pending)) return;
  const { sa } = work;
  const { kind } = pending.task;
  const times = `${transmissions(work, pending)} transmissions`;
  if (sa.state !== 'deleting' && sa.state !== 'replaced') {
    const cause = sa.handshake?.hint ?? 'it is down, or UDP 500 or 4500 is blocked on the way';
    const text =
      kind === 'liveness' || kind === 'probe'
        ? `peer is dead: no answer to ${times} of a ${kind} check; its SAs are removed`
        : `peer does not answer ${kind} after ${times}: ${cause}`;
    report(work, 'error', 'ike.timeout', text, { task: kind });
    work.step.silent.push({ peer: sa.peer.name, address: sa.remote.address });
    scheduleReconnect(work);
  }
  sa.ending ??= 'lost-carrier';
  discard(work);
}

// ---- peers -------------------------------------------------------------------------------------

export const nextConnect = ({ links }: World): number | undefined =>
  [...links.values()].reduce<number | undefined>(
    (least, { connectAt }) =>
      connectAt !== undefined && (least === undefined || connectAt < least) ? connectAt : least,
    undefined,
  );

/** Calls the peers whose turn it is. */
export function reconnect(world: World, step: Step): void {
  const due = [...world.links].filter(([, { connectAt }]) => {
    return connectAt !== undefined && connectAt <= world.context.now();
  });
  if (due.length === 0) return;
  const peers = new Map(world.databases.peers.map((peer) => [peer.name, peer]));
  const busy = new Set(
    world.store
      .all()
      .filter(({ state }) => !['deleting', 'replaced'].includes(state))
      .map(({ peer }) => peer.name),
  );
  for (const [name, link] of due) {
    link.connectAt = undefined;
    const peer = peers.get(name);
    if (busy.has(name) || !peer) continue;
    if (isSpare(world, peer)) {
      // Not called, and nothing is known against it any more.
      Object.assign(link, { failures: 0, notBefore: 0 });
      continue;
    }
    if (connect(world, peer, step)) continue;
    step.silent.push({ peer: name, address: peer.address.address });
    postpone(world, link);
    link.connectAt = world.context.now() + world.settings.reconnectMostMs;
    moveOn({ world, step }, peer, policiesOf(world.databases, peer));
  }
}
