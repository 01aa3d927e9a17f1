// CREATE_CHILD_SA for a further child and for the replacement of one (RFC 7296 §1.3.1, §1.3.3). Two
// replacements of the same child at once are settled by the lowest of four nonces (§2.8.1).
//
//   HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr}   -->
//                                                      <--   HDR, SK {SA, Nr, [KEr,] TSi, TSr}
import { groupsToAsk, groupsToTake } from '../../algorithms/clients.js';
import type { Policy } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { N, notifyName } from '../../wire/notifications.js';
import { CREATE_CHILD_SA } from '../../wire/numbers.js';
import { IkeError, NOTIFIED } from '../errors.js';
import {
  type Exchange,
  errorNotification,
  meanwhile,
  notification,
  notify,
  report,
  required,
  type Work,
} from '../exchange.js';
import { childRefused, temporaryWait } from '../connection.js';
import { askNetworks, refuseNetwork } from '../networks.js';
import { installChild } from '../parts/child.js';
import { acceptChild } from '../parts/child-answer.js';
import {
  buildChildSa,
  buildChildTs,
  describeOffer,
  isBarred,
  offerChild,
  refuseMode,
  takeChild,
} from '../parts/child-offer.js';
import { repeatConfiguration } from '../parts/configuration.js';
import {
  buildKe,
  buildNonce,
  checkAnswer,
  checkGroup,
  derive,
  newNonce,
  suggestedGroup,
} from '../parts/key-exchange.js';
import { CHILD_PROTOCOL, espSpiBytes, espSpiFrom } from '../parts/proposal.js';
import type { Child, CreateChildTask, IkeSa, State } from '../sa.js';
import type { Transition } from '../transition.js';
import { sendAnswer, sendRequest } from '../window.js';
import { isLower, lowest, settleChildren, settleWithoutOld, yieldToRival } from './collision.js';

/** Our own choice: how often one child is asked for before it waits for the next occasion. */
const MAX_ATTEMPTS = 8;

const acceptedGroups =
  ({ peer }: IkeSa) =>
  ({ proposal }: Policy): (string | undefined)[] =>
    groupsToTake(proposal.pfsGroup, peer.compatibleWith, peer.profile);

const askedGroups = ({ peer }: IkeSa, { proposal }: Policy): (string | undefined)[] =>
  groupsToAsk(proposal.pfsGroup, peer.compatibleWith);

// ---- what we ask -------------------------------------------------------------------------------

export async function startCreateChild(work: Work, task: CreateChildTask): Promise<boolean> {
  const { world, sa } = work;
  const old = task.rekeys === undefined ? undefined : sa.children.get(task.rekeys);
  // Whoever replaced or closed it in the meantime has done our work.
  if (task.kind === 'rekey-child' && old?.state !== 'installed') return false;
  if (isBarred(work, task.policy)) {
    childRefused(work, task.policy);
    return false;
  }
  if (++task.attempts > MAX_ATTEMPTS) {
    if (old) old.softAt = retryAt(world.context.now(), old);
    return false;
  }
  const group = task.group ?? askedGroups(sa, task.policy)[task.refused];
  const { agreement } = world.context;
  task.share = group === undefined ? undefined : await meanwhile(work, agreement.generate(group));
  task.offer = offerChild(work, task.policy, task.packet, group === undefined ? [] : [group]);
  task.nonce = newNonce(world);
  if (old) old.state = 'rekeying';
  const protocol = CHILD_PROTOCOL[task.policy.protection];
  const rekeys = old
    ? [notify(N.REKEY_SA, undefined, protocol, espSpiBytes(old.sa.inbound.spi))]
    : [];
  const payloads: PlainPayload[] = [
    ...rekeys,
    ...buildChildSa(task.offer),
    buildNonce(task.nonce),
    ...(task.share ? [buildKe(task.share)] : []),
    ...buildChildTs(task.offer),
  ];
  sendRequest(work, CREATE_CHILD_SA, payloads, task);
  return true;
}

// ---- what we are asked -------------------------------------------------------------------------

/** §2.25.2: no child is made while the IKE SA that it would belong to is being replaced. */
function checkNotReplacing({ sa }: Exchange): void {
  if (sa.window.pending?.task.kind === 'rekey-ike') {
    throw new IkeError('temporary', 'the IKE SA is being replaced');
  }
}

async function answerCreate(exchange: Exchange): Promise<State> {
  checkNotReplacing(exchange);
  await answerWith(exchange, undefined);
  return exchange.sa.state;
}

async function answerRekey(exchange: Exchange): Promise<State> {
  const { sa } = exchange;
  checkNotReplacing(exchange);
  const spi = espSpiFrom(notification(exchange, N.REKEY_SA)!.spi);
  const old = [...sa.children.values()].find((child) => child.sa.outbound.spi === spi);
  if (!old) throw new IkeError('child-not-found', 'peer replaces a CHILD_SA that is not here');
  // §2.25.1: what we are closing cannot be replaced any more.
  if (old.state === 'deleting' || old.state === 'replaced') {
    throw new IkeError('temporary', 'peer replaces a CHILD_SA that is being closed');
  }
  const { child, lowestNonce } = await answerWith(exchange, old);
  if (old.state === 'rekeying') old.rival = { id: child.sa.id, lowestNonce };
  else old.state = 'replaced';
  return sa.state;
}

/** <-- HDR, SK {SA, Nr, [KEr,] TSi, TSr}. The peer goes first in using what replaces a child. */
async function answerWith(exchange: Exchange, old: Child | undefined) {
  const { world, sa } = exchange;
  const accepted = acceptChild(exchange, acceptedGroups(sa), old?.policy);
  const nonces = {
    initiator: required(exchange, 'Nonce').data.slice(),
    responder: newNonce(world),
  };
  let secret: Uint8Array | undefined;
  let ke: PlainPayload[] = [];
  if (accepted.suite.group) {
    const theirs = required(exchange, 'KE');
    checkGroup(theirs, accepted.suite.group.name);
    const { agreement } = world.context;
    const share = await meanwhile(exchange, agreement.generate(accepted.suite.group.name));
    secret = await meanwhile(exchange, derive(share, theirs));
    ke = [buildKe(share)];
  }
  const making = { initiated: false, nonces, secret };
  const child = installChild(
    exchange,
    accepted,
    old ? { ...making, replaces: old.sa.id, standby: true } : making,
  );
  const { sa: choice, ts } = accepted.payloads;
  const answer = [...choice, buildNonce(nonces.responder), ...ke, ...ts];
  sendAnswer(exchange, [...repeatConfiguration(exchange), ...answer]);
  return { child, lowestNonce: lowest(nonces.initiator, nonces.responder) };
}

/** The IKE SA itself is going: children belong under its successor (§2.25.2). */
function answerLater(): State {
  throw new IkeError('temporary', 'the IKE SA is being closed');
}

// ---- answers to us -----------------------------------------------------------------------------

async function takeCreated(exchange: Exchange): Promise<State> {
  const { sa } = exchange;
  const task = exchange.task as CreateChildTask;
  const old = task.rekeys === undefined ? undefined : sa.children.get(task.rekeys);
  if (refuseMode(exchange, task.offer!)) {
    giveUp(exchange, task, old);
    return sa.state;
  }
  const agreed = takeChild(exchange, task.offer!);
  const nonces = { initiator: task.nonce, responder: required(exchange, 'Nonce').data.slice() };
  let secret: Uint8Array | undefined;
  if (task.share) {
    const ke = required(exchange, 'KE');
    checkAnswer(ke, agreed.suite.group, task.share);
    secret = await meanwhile(exchange, derive(task.share, ke));
  }
  const making = { initiated: true, nonces, secret };
  if (!old) {
    settleWithoutOld(exchange, task.rekeys, (standby) =>
      installChild(exchange, agreed, { ...making, standby }),
    );
    askNetworks(exchange);
    return sa.state;
  }
  const lost =
    old.rival && isLower(lowest(nonces.initiator, nonces.responder), old.rival.lowestNonce);
  const replaces = old.sa.id;
  const made = installChild(exchange, agreed, { ...making, replaces, standby: lost === true });
  settleChildren(exchange, old, made, lost === true);
  return sa.state;
}

/** An error: try another group, wait, or tell the operator. */
function takeRefusal(exchange: Exchange): State {
  const { sa, world } = exchange;
  const task = exchange.task as CreateChildTask;
  const error = errorNotification(exchange);
  if (!error)
    throw new IkeError('missing-payload', 'answer to CREATE_CHILD_SA without SA or error');
  const old = task.rekeys === undefined ? undefined : sa.children.get(task.rekeys);
  if (old) yieldToRival(exchange, old);
  const type = error.notifyType;
  if (old && old.state !== 'installed') return sa.state;
  if (type === N.INVALID_KE_PAYLOAD) {
    const allowed = acceptedGroups(sa)(task.policy);
    const group = suggestedGroup(error, allowed, task.share?.group);
    if (group !== undefined) {
      sa.tasks.unshift({ ...task, group });
      return sa.state;
    }
  }
  const refused = task.refused + 1;
  if (type === N.NO_PROPOSAL_CHOSEN && refused < askedGroups(sa, task.policy).length) {
    sa.tasks.unshift({ ...task, group: undefined, refused });
    return sa.state;
  }
  if (type === N.TEMPORARY_FAILURE) {
    sa.tasks.push(task);
    sa.times.tasksAt = world.context.now() + temporaryWait(exchange);
    return sa.state;
  }
  if (type === N.CHILD_SA_NOT_FOUND && old) {
    // The peer has lost it: close our half, make a new one (§2.25.1).
    sa.tasks.unshift({ kind: 'delete-child', children: [old.sa.id] });
    sa.tasks.push({ ...task, kind: 'create-child', rekeys: undefined });
    return sa.state;
  }
  const advice = NOTIFIED.get(type) ?? 'see the log of the peer';
  const what = `${old ? 'the replacement of ' : ''}${describeOffer(task.offer!)}`;
  const text = `peer answers ${notifyName(type)} to ${what}: ${advice}`;
  report(exchange, 'error', 'ike.child', text, {
    notify: notifyName(type),
    policy: task.policy.id,
  });
  giveUp(exchange, task, old);
  return sa.state;
}

/** Nothing came of it: a replacement is tried again, a further child when there is occasion. */
function giveUp(exchange: Exchange, task: CreateChildTask, old: Child | undefined): void {
  if (!old) {
    if (!refuseNetwork(exchange, task.policy)) childRefused(exchange, task.policy);
    return;
  }
  if (old.state === 'rekeying') yieldToRival(exchange, old);
  old.softAt = retryAt(exchange.world.context.now(), old);
}

/** A refused replacement is tried again while there is time, ever a quarter of what is left. */
const retryAt = (now: number, { hardAt }: Child): number =>
  now + Math.max(5000, (hardAt - now) / 4);

const answers = {
  from: ['established'],
  receives: { response: CREATE_CHILD_SA, task: ['create-child', 'rekey-child'] },
  to: ['established'],
  onTimeout: 'liveness',
} as const;
const requests = {
  receives: { request: CREATE_CHILD_SA },
  allows: ['KE', 'Configuration', 'V'], // RouterOS repeats its CP here
  onTimeout: 'liveness',
} as const;

export const CREATE_CHILD: readonly Transition[] = [
  {
    ...requests,
    story: 'request to replace a CHILD_SA',
    from: ['established'],
    requires: ['N(REKEY_SA)', 'SA(CHILD)', 'Nonce', 'TSi', 'TSr'],
    run: answerRekey,
    to: ['established'],
  },
  {
    ...requests,
    story: 'request for a further CHILD_SA',
    from: ['established'],
    requires: ['SA(CHILD)', 'Nonce', 'TSi', 'TSr'],
    run: answerCreate,
    to: ['established'],
  },
  {
    ...requests,
    story: 'request under an IKE SA that is going: later',
    from: ['replaced', 'deleting'],
    requires: ['SA'],
    run: answerLater,
    to: ['replaced', 'deleting'],
    onTimeout: 'none',
  },
  {
    ...answers,
    story: 'the CHILD_SA is made; what it replaces is closed',
    requires: ['SA(CHILD)', 'Nonce', 'TSi', 'TSr'],
    allows: ['KE', 'Configuration', 'V'],
    run: takeCreated,
  },
  {
    ...answers,
    story: 'the CHILD_SA is refused',
    requires: ['N'],
    allows: [],
    run: takeRefusal,
  },
];
