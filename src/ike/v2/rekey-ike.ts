// CREATE_CHILD_SA that replaces the IKE SA: the children move to the new one (RFC 7296 §1.3.2, §2.18).
// Two replacements at once are settled as in create-child.ts, and the children wait for it (§2.8.2).
//
//   HDR, SK {SA, Ni, KEi}   -->
//                           <--   HDR, SK {SA, Nr, KEr}
import { describe, describeSuite, explainMismatch } from '../../algorithms/describe.js';
import {
  ikeProposals,
  ikeSuite,
  type IkeSuite,
  isSelectionOf,
  selectProposal,
} from '../../algorithms/proposals.js';
import { type Nonces, rekeySkeyseed } from '../../crypto/keymat.js';
import { spiBytes } from '../../wire/header.js';
import { N, notifyName } from '../../wire/notifications.js';
import { CREATE_CHILD_SA } from '../../wire/numbers.js';
import { startClocks, temporaryWait } from '../connection.js';
import { IkeError, NOTIFIED } from '../errors.js';
import {
  type Exchange,
  errorNotification,
  meanwhile,
  report,
  required,
  type Work,
} from '../exchange.js';
import { shareAssigned } from '../parts/configuration.js';
import {
  buildKe,
  buildNonce,
  checkAnswer,
  checkGroup,
  derive,
  newNonce,
  suggestedGroup,
} from '../parts/key-exchange.js';
import { newIkeSpi, secure } from '../parts/keys.js';
import { buildChoice, buildOffer, readProposals } from '../parts/proposal.js';
import { type IkeSa, newIkeSa, type RekeyIkeTask, type State } from '../sa.js';
import type { Transition } from '../transition.js';
import { sendAnswer, sendRequest } from '../window.js';
import { isLower, lowest } from './collision.js';

const MAX_ATTEMPTS = 8;

/** HDR, SK {SA, Ni, KEi} --> */
export async function startRekeyIke(work: Work, task: RekeyIkeTask): Promise<boolean> {
  const { world, sa } = work;
  if (sa.state !== 'established' || ++task.attempts > MAX_ATTEMPTS) return false;
  const { profile } = sa.peer;
  const current = sa.secured!.suite.group.name;
  const group = task.group ?? (profile.dhGroup.includes(current) ? current : profile.dhGroup[0]!);
  task.share = await meanwhile(work, world.context.agreement.generate(group));
  task.proposals = ikeProposals(profile);
  task.spi = newIkeSpi(world);
  task.nonce = newNonce(world);
  const offer = buildOffer(task.proposals, spiBytes(task.spi));
  const payloads = [offer, buildNonce(task.nonce), buildKe(task.share)];
  sendRequest(work, CREATE_CHILD_SA, payloads, task);
  report(work, 'debug', 'ike.rekey', 'replacing the IKE SA');
  return true;
}

interface Successor {
  readonly side: IkeSa['side'];
  readonly spiInitiator: bigint;
  readonly spiResponder: bigint;
  readonly suite: IkeSuite;
  readonly nonces: Nonces;
  readonly secret: Uint8Array;
}

/** What stays with the peer whatever keys there are. */
const KEPT = [
  'natLocal',
  'natRemote',
  'natClaimed',
  'fragmentation',
  'connection',
  'caller',
  'mobike',
  'elsewhere',
  'identity',
  'remoteId',
  'proved',
  'authorisation',
  'user',
  'vouched',
] as const satisfies readonly (keyof IkeSa)[];

/** The new SA, with everything of the old one but its keys, children and message IDs. */
function succeed(work: Work, { suite, nonces, secret, ...birth }: Successor): IkeSa {
  const { world, sa } = work;
  const { peer, local, remote } = sa;
  const serial = world.store.nextSerial();
  const state = 'established';
  const next = newIkeSa({ ...birth, serial, peer, state, local, remote }, world.context.now());
  Object.assign(next, Object.fromEntries(KEPT.map((name) => [name, sa[name]])));
  const { suite: oldSuite, d } = sa.secured!;
  secure(world, next, suite, rekeySkeyseed({ prf: oldSuite.prf, d }, nonces, secret), nonces);
  shareAssigned(sa, next);
  startClocks({ ...work, sa: next });
  next.times.establishedAt = sa.times.establishedAt;
  world.store.add(next);
  world.store.opened(next);
  return next;
}

/** Children and what is left to do go on under the new SA (§2.8). */
function moveChildren({ world, sa }: Work, next: IkeSa): void {
  for (const child of sa.children.values()) world.store.place(next, child);
  sa.children.clear();
  // A deletion under way is asked for again: the answer may never come under the old SA.
  const pending = sa.window.pending?.task;
  const again = pending?.kind === 'delete-child' || pending?.kind === 'delete-spis';
  if (again) next.tasks.push(pending);
  next.tasks.push(...sa.tasks.filter((task) => task.kind !== 'rekey-ike'));
  sa.tasks.length = 0;
  next.times.childrenAt = sa.times.childrenAt;
  next.times.reauthAt = sa.times.reauthAt;
  sa.times.reauthAt = undefined;
  next.renews = sa.renews;
  for (const other of world.store.ofPeer(sa.peer.name))
    if (other.renews === sa) other.renews = next;
  world.store.wake(next);
}

/** The old SA has nothing left but to be deleted by the peer; not for ever. */
function retire({ world, sa }: Work): void {
  sa.state = 'replaced';
  sa.rival = undefined;
  Object.assign(sa.times, { softAt: undefined, hardAt: undefined, keepaliveAt: undefined });
  sa.times.giveUpAt = world.context.now() + world.settings.replacedMs;
  world.store.changed.add(sa);
}

/** What the peer made of this IKE SA meanwhile. */
const rivalOf = ({ world, sa }: Work): IkeSa | undefined =>
  sa.rival && world.store.ofPeer(sa.peer.name).find(({ serial }) => serial === sa.rival!.id);

/** Our own replacement came to nothing and the peer's did not: that one stands. */
export function yieldToRival(work: Work): boolean {
  const { sa } = work;
  const rival = rivalOf(work);
  sa.rival = undefined;
  if (!rival) return false;
  moveChildren(work, rival);
  retire(work);
  return true;
}

// ---- what we are asked -------------------------------------------------------------------------

async function answerRekey(exchange: Exchange): Promise<State> {
  const { world, sa } = exchange;
  const pending = sa.window.pending?.task.kind;
  // §2.25.2: a child in the making would be lost between the two IKE SAs.
  if (pending === 'create-child' || pending === 'rekey-child') {
    throw new IkeError('temporary', 'a CHILD_SA is being made');
  }
  // One is made already beside ours, and only one of the two will stand.
  if (sa.rival) throw new IkeError('temporary', 'the IKE SA is being replaced for the second time');
  const offered = required(exchange, 'SA');
  const ours = ikeProposals(sa.peer.profile);
  const theirs = readProposals(offered);
  const selection = selectProposal(ours, theirs);
  const suite = selection && ikeSuite(selection.transforms);
  if (!selection || !suite) {
    const text = `peer offers ${describe(theirs)}; we allow ${describe(ours)}`;
    throw new IkeError('no-proposal', `${text}: ${explainMismatch(ours, theirs)}`);
  }
  const ke = required(exchange, 'KE');
  checkGroup(ke, suite.group.name);
  const theirSpi = ikeSpi(offered.proposals[selection.index]!.spi);
  const { agreement } = world.context;
  const share = await meanwhile(exchange, agreement.generate(suite.group.name));
  const secret = await meanwhile(exchange, derive(share, ke));
  const nonces = {
    initiator: required(exchange, 'Nonce').data.slice(),
    responder: newNonce(world),
  };
  const spiResponder = newIkeSpi(world);
  const next = succeed(exchange, {
    side: 'responder',
    spiInitiator: theirSpi,
    spiResponder,
    suite,
    nonces,
    secret,
  });
  const choice = buildChoice(offered, selection, spiBytes(spiResponder));
  sendAnswer(exchange, [choice, buildNonce(nonces.responder), buildKe(share)]);
  if (pending === 'rekey-ike') {
    sa.rival = { id: next.serial, lowestNonce: lowest(nonces.initiator, nonces.responder) };
    return 'established';
  }
  moveChildren(exchange, next);
  retire(exchange);
  report(exchange, 'info', 'ike.rekey', `peer replaced the IKE SA, ${describeSuite(suite)}`);
  return 'replaced';
}

function ikeSpi(bytes: Uint8Array): bigint {
  if (bytes.length !== 8) throw new IkeError('invalid-syntax', 'no SPI for the new IKE SA');
  const spi = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
  if (spi === 0n) throw new IkeError('invalid-syntax', 'the new IKE SA has an SPI of zero');
  return spi;
}

// ---- answers to us -----------------------------------------------------------------------------

async function takeRekey(exchange: Exchange): Promise<State> {
  const { world, sa } = exchange;
  const task = exchange.task as RekeyIkeTask;
  const answer = required(exchange, 'SA');
  const [chosen, ...more] = readProposals(answer);
  const suite = chosen && ikeSuite(chosen.transforms);
  if (more.length > 0 || !suite || !isSelectionOf(task.proposals, chosen)) {
    throw new IkeError('bad-answer', 'peer chose algorithms for the new IKE SA not offered');
  }
  const ke = required(exchange, 'KE');
  checkAnswer(ke, suite.group, task.share!);
  const spiResponder = ikeSpi(answer.proposals[0]!.spi);
  const secret = await meanwhile(exchange, derive(task.share!, ke));
  const nonces = { initiator: task.nonce, responder: required(exchange, 'Nonce').data.slice() };
  const spiInitiator = task.spi;
  const next = succeed(exchange, {
    side: 'initiator',
    spiInitiator,
    spiResponder,
    suite,
    nonces,
    secret,
  });
  const ours = lowest(nonces.initiator, nonces.responder);
  if (sa.rival && isLower(ours, sa.rival.lowestNonce)) {
    next.tasks.push({ kind: 'delete-ike', reason: 'the peer replaced it at the same time' });
    world.store.wake(next);
    yieldToRival(exchange);
    return 'replaced';
  }
  const rival = rivalOf(exchange);
  if (rival) retire({ ...exchange, sa: rival });
  moveChildren(exchange, next);
  retire(exchange);
  sa.tasks.push({ kind: 'delete-ike', reason: 'it is replaced' });
  report(exchange, 'info', 'ike.rekey', `IKE SA replaced, ${describeSuite(suite)}`);
  return 'replaced';
}

function takeRefusal(exchange: Exchange): State {
  const { world, sa } = exchange;
  const task = exchange.task as RekeyIkeTask;
  const error = errorNotification(exchange);
  if (!error) throw new IkeError('missing-payload', 'answer to a rekey without SA or error');
  if (yieldToRival(exchange)) return 'replaced';
  const group = suggestedGroup(error, sa.peer.profile.dhGroup, task.share?.group);
  if (error.notifyType === N.INVALID_KE_PAYLOAD && group !== undefined) {
    sa.tasks.unshift({ ...task, group });
  } else if (error.notifyType === N.TEMPORARY_FAILURE) {
    sa.tasks.push(task);
    sa.times.tasksAt = world.context.now() + temporaryWait(exchange);
  } else {
    const advice = NOTIFIED.get(error.notifyType) ?? 'see the log of the peer';
    const name = notifyName(error.notifyType);
    const text = `peer answers ${name} to the IKE SA's replacement: ${advice}`;
    report(exchange, 'error', 'ike.rekey', text, { notify: name });
  }
  return 'established';
}

const answers = {
  from: ['established'],
  receives: { response: CREATE_CHILD_SA, task: ['rekey-ike'] },
  allows: [],
  onTimeout: 'give-up',
} as const;

export const REKEY_IKE: readonly Transition[] = [
  {
    story: 'request to replace the IKE SA',
    from: ['established'],
    receives: { request: CREATE_CHILD_SA },
    requires: ['SA(IKE)', 'Nonce', 'KE'],
    allows: ['V'],
    run: answerRekey,
    to: ['replaced', 'established'],
    onTimeout: 'give-up',
  },
  {
    ...answers,
    story: 'the IKE SA is replaced: its children move',
    requires: ['SA(IKE)', 'Nonce', 'KE'],
    run: takeRekey,
    to: ['replaced'],
  },
  {
    ...answers,
    story: 'the replacement of the IKE SA is refused',
    requires: ['N'],
    run: takeRefusal,
    to: ['established', 'replaced'],
  },
];
