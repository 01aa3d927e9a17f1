// INFORMATIONAL: deletion of either kind of SA, liveness, and errors after the fact (RFC 7296 §1.4).
//
//   HDR, SK {[N,] [D,] …}   -->
//                           <--   HDR, SK {[N,] [D,] …}
import type { PlainPayload } from '../../wire/chain.js';
import { N, notifyName } from '../../wire/notifications.js';
import { INFORMATIONAL, PROTOCOL_IKE } from '../../wire/numbers.js';
import { discard, scheduleReconnect } from '../connection.js';
import { NOTIFIED } from '../errors.js';
import {
  type Exchange,
  errorNotification,
  notification,
  notify,
  report,
  type Work,
} from '../exchange.js';
import { askAgain } from '../networks.js';
import { activateChild, removeChild } from '../parts/child.js';
import { buildNat, saysWhereItIs } from '../parts/nat.js';
import { CHILD_PROTOCOL, espSpiBytes, espSpiFrom } from '../parts/proposal.js';
import {
  type Child,
  type ChildSpi,
  type ClosingTask,
  inboundSpi,
  type State,
  type Task,
} from '../sa.js';
import type { Transition } from '../transition.js';
import { sendAnswer, sendRequest } from '../window.js';
import { followRedirect, redirection } from './redirect.js';
import { takeAuthLifetime } from './reauthentication.js';
import { yieldToRival } from './rekey-ike.js';
import { noticeMapping } from './relocation.js';

type TaskOf<K extends Task['kind']> = Extract<Task, { kind: K }>;

/** One payload per protocol (§3.11). */
const deleteOf = (closed: readonly ChildSpi[]): PlainPayload[] =>
  (['esp', 'ah'] as const).flatMap((protocol): PlainPayload[] => {
    const spis = closed.filter((one) => one.protocol === protocol);
    if (spis.length === 0) return [];
    const bytes = spis.map(({ spi }) => espSpiBytes(spi));
    return [{ type: 'Delete', protocol: CHILD_PROTOCOL[protocol], spis: bytes }];
  });

// ---- what we ask -------------------------------------------------------------------------------

/** HDR, SK {} -->: is anybody there (§2.4)? */
export function startLiveness(work: Work, task: TaskOf<'liveness'>): boolean {
  const { mobike, caller, natLocal } = work.sa;
  // RFC 4555 §3.8: whether a NAT in front of us still maps us to the same place.
  const nat = mobike && caller && natLocal ? buildNat(work) : [];
  sendRequest(work, INFORMATIONAL, nat, task);
  return true;
}

/** HDR, SK {D(ESP, our inbound SPIs)} --> */
export function startDeleteChild(work: Work, task: TaskOf<'delete-child'>): boolean {
  const { sa } = work;
  const children = task.children.flatMap((id) => sa.children.get(id) ?? []);
  if (children.length === 0) return false;
  for (const child of children) child.state = 'deleting';
  sendRequest(work, INFORMATIONAL, deleteOf(children.map(inboundSpi)), task);
  return true;
}

/** The same for children that are gone here already. */
export function startDeleteSpis(work: Work, task: TaskOf<'delete-spis'>): boolean {
  sendRequest(work, INFORMATIONAL, deleteOf(task.spis), task);
  return true;
}

/**
 * The IKE SA carries nothing from now on, and `task` is the last it asks for. What it has asked before
 * must be answered first: the peer's window takes one request after the other (§2.3).
 */
export function beginClosing(work: Work, task: ClosingTask): void {
  const { world, sa } = work;
  const level = sa.state === 'replaced' ? 'debug' : 'info';
  sa.tasks.length = 0;
  sa.tasks.push(task);
  for (const child of [...sa.children.values()]) removeChild(work, child);
  sa.state = 'deleting';
  Object.assign(sa.times, { softAt: undefined, hardAt: undefined, keepaliveAt: undefined });
  sa.times.giveUpAt = world.context.now() + world.settings.deletingMs;
  if (task.kind === 'reject-auth') return;
  report(work, level, 'ike.delete', `deleting IKE SA: ${task.reason}`);
}

/** HDR, SK {D(IKE)} --> */
export function startDeleteIke(work: Work, task: TaskOf<'delete-ike'>): boolean {
  const payload: PlainPayload = { type: 'Delete', protocol: PROTOCOL_IKE, spis: [] };
  sendRequest(work, INFORMATIONAL, [payload], task);
  return true;
}

/** HDR, SK {N(AUTHENTICATION_FAILED)} -->: the responder did not prove who it is (§2.21.2). */
export function startRejectAuth(work: Work, task: TaskOf<'reject-auth'>): boolean {
  sendRequest(work, INFORMATIONAL, [notify(N.AUTHENTICATION_FAILED)], task);
  return true;
}

// ---- what we are asked -------------------------------------------------------------------------

/** HDR, SK {D(IKE)} -->. The answer is empty (§1.4.1). */
function answerDeleteIke(exchange: Exchange): State {
  const { sa } = exchange;
  sendAnswer(exchange, []);
  const replaced = sa.state === 'replaced' || sa.state === 'deleting';
  // §2.25.2: the peer closes what we are still replacing, so its own replacement has won.
  if (sa.rival) yieldToRival(exchange);
  else if (!replaced) {
    sa.ending ??= 'user-request';
    report(exchange, 'info', 'ike.delete', 'peer deletes the IKE SA with all its children');
    scheduleReconnect(exchange);
  }
  return 'dead';
}

/** HDR, SK {D(ESP), …} --> HDR, SK {D(ESP)}: the other halves of the pairs (§1.4.1). */
function answerDeleteChild(exchange: Exchange): State {
  const { sa, payloads } = exchange;
  const named = payloads.flatMap((payload) =>
    payload.type === 'Delete' && payload.protocol !== PROTOCOL_IKE
      ? payload.spis.map((bytes) => ({ protocol: payload.protocol, spi: espSpiFrom(bytes) }))
      : [],
  );
  const closed: ChildSpi[] = [];
  for (const { protocol, spi } of named) {
    const child = [...sa.children.values()].find(
      ({ sa: { outbound, protocol: own } }) =>
        outbound.spi === spi && CHILD_PROTOCOL[own] === protocol,
    );
    if (!child) continue;
    // §2.25.1: of what we are closing ourselves the answer says nothing, our own request does.
    if (child.state !== 'deleting') closed.push(inboundSpi(child));
    dropChild(exchange, child);
  }
  sendAnswer(exchange, deleteOf(closed));
  return sa.state;
}

/** The SA that replaces the closed one, if any, is now the only one. */
function dropChild(exchange: Exchange, child: Child): void {
  promoteSuccessors(exchange, child);
  removeChild(exchange, child);
  askAgain(exchange, child);
  const level = child.state === 'installed' ? 'info' : 'debug';
  const facts = { child: child.sa.id, policy: child.policy.id };
  report(exchange, level, 'ike.delete', 'peer deletes a CHILD_SA', facts);
}

/** HDR, SK {} --> and anything else that needs no more than an answer. */
async function answerLiveness(exchange: Exchange): Promise<State> {
  const error = errorNotification(exchange);
  if (error) {
    const name = notifyName(error.notifyType);
    const advice = NOTIFIED.get(error.notifyType) ?? 'see the log of the peer';
    report(exchange, 'warning', 'ike.informational', `peer says ${name}: ${advice}`, {
      notify: name,
    });
  }
  takeAuthLifetime(exchange);
  const stands = exchange.sa.state === 'established' && notification(exchange, N.REDIRECT);
  const gateway = stands && (await redirection(exchange));
  if (gateway) followRedirect(exchange, gateway);
  const asked = exchange.sa.mobike && saysWhereItIs(exchange);
  sendAnswer(exchange, asked ? buildNat(exchange, exchange.datagram) : []);
  return exchange.sa.state;
}

/** HDR, SK {N(AUTHENTICATION_FAILED)} -->: the initiator does not believe us (§2.21.2). */
function answerRejection(exchange: Exchange): State {
  sendAnswer(exchange, []);
  const advice = NOTIFIED.get(N.AUTHENTICATION_FAILED);
  report(exchange, 'error', 'ike.auth', `peer does not accept our AUTH: ${advice}`, {
    notify: notifyName(N.AUTHENTICATION_FAILED),
  });
  scheduleReconnect(exchange);
  return 'dead';
}

// ---- answers to us -----------------------------------------------------------------------------

/** <-- HDR, SK {}: alive; lastSeen was set when the message proved authentic. */
function takeLiveness(exchange: Exchange): State {
  noticeMapping(exchange);
  return exchange.sa.state;
}

function takeDeleteChild(exchange: Exchange): State {
  const { sa, task, world } = exchange;
  for (const id of (task as TaskOf<'delete-child'>).children) {
    // It may have moved to the successor of this IKE SA meanwhile.
    const found = world.store.child(id);
    if (!found) continue;
    const there = { ...exchange, sa: found.sa };
    promoteSuccessors(there, found.child);
    removeChild(there, found.child);
  }
  return sa.state;
}

/** What replaces a child that goes is used from now on, unless it lost a collision. */
function promoteSuccessors(exchange: Exchange, child: Child): void {
  for (const other of exchange.sa.children.values()) {
    if (other.sa.replaces !== child.sa.id || other.state !== 'installed') continue;
    activateChild(exchange, other);
  }
}

const takeDeleteIke = (exchange: Exchange): State => {
  discard(exchange);
  return 'dead';
};

/** Asked or told, and nothing is to be done about the answer. */
const TOLD = ['liveness', 'delete-spis', 'tell-addresses', 'tell-lifetime'] as const;
const living = ['established', 'replaced', 'deleting'] as const;
const requests = {
  from: living,
  receives: { request: INFORMATIONAL },
  onTimeout: 'none',
} as const;

export const INFORMATION: readonly Transition[] = [
  {
    ...requests,
    story: 'delete of the IKE SA: answer, remove it with all its children',
    requires: ['D(IKE)'],
    allows: [],
    run: answerDeleteIke,
    to: ['dead'],
  },
  {
    ...requests,
    story: 'delete of CHILD_SAs: answer with the other halves, remove both',
    requires: ['D(CHILD)'],
    allows: [],
    run: answerDeleteChild,
    to: [...living],
  },
  {
    ...requests,
    story: 'the initiator rejects our AUTH: answer, remove the IKE SA',
    requires: ['N(AUTHENTICATION_FAILED)'],
    allows: [],
    run: answerRejection,
    to: ['dead'],
  },
  {
    ...requests,
    story: 'liveness check or notification: answer',
    requires: [],
    allows: ['D', 'Configuration', 'V'],
    run: answerLiveness,
    to: [...living],
  },
  {
    story: 'the peer is there',
    from: living,
    receives: { response: INFORMATIONAL, task: TOLD },
    requires: [],
    allows: ['D'],
    run: takeLiveness,
    to: [...living],
    onTimeout: 'liveness',
  },
  {
    story: 'the peer has deleted the CHILD_SAs too',
    from: living,
    receives: { response: INFORMATIONAL, task: ['delete-child'] },
    requires: [],
    allows: ['D'],
    run: takeDeleteChild,
    to: [...living],
    onTimeout: 'none',
  },
  {
    story: 'the peer has deleted the IKE SA too',
    from: ['deleting'],
    receives: { response: INFORMATIONAL, task: ['delete-ike', 'reject-auth'] },
    requires: [],
    allows: ['D'],
    run: takeDeleteIke,
    to: ['dead'],
    onTimeout: 'none',
  },
];
