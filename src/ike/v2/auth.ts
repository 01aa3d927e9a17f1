// IKE_AUTH: each side proves its identity, and the first CHILD_SA comes with it (RFC 7296 §1.2).
//
//   Initiator                                   Responder
//   HDR, SK {IDi, [N(INITIAL_CONTACT)],
//       [IDr], AUTH, SAi2, TSi, TSr}     -->
//                                        <--    HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
import type { Policy } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { IKE_AUTH } from '../../wire/numbers.js';
import { N, notifyName } from '../../wire/notifications.js';
import { identitiesOf, policiesOf } from '../directory.js';
import { IkeError, NOTIFIED } from '../errors.js';
import {
  type Exchange,
  errorNotification,
  notification,
  notify,
  optional,
  report,
  required,
  type Work,
} from '../exchange.js';
import { checkProof, proofOf } from '../parts/authentication.js';
import {
  acceptChild,
  buildChildSa,
  buildChildTs,
  describeOffer,
  installChild,
  isBarred,
  offerChild,
  refuseMode,
} from '../parts/child.js';
import { takeChild } from '../parts/child.js';
import { buildId, formatId } from '../parts/identification.js';
import { checkIdentity, chooseIdentity } from '../parts/identity-choice.js';
import { type ChildOffer, encapsulates, type State } from '../sa.js';
import type { Transition } from '../transition.js';
import { sendAnswer, sendRequest } from '../window.js';
import {
  becomeEstablished,
  childRefused,
  closeDouble,
  forgetOthers,
  scheduleReconnect,
} from '../connection.js';

const ENCRYPTED_FIRST_GROUPS: readonly undefined[] = []; // §1.2: no key exchange of its own

/** HDR, SK {IDi, [N(INITIAL_CONTACT)], [IDr], AUTH, SAi2, TSi, TSr} --> */
export async function startAuth(work: Work): Promise<State> {
  const { world, sa } = work;
  const handshake = sa.handshake!;
  const [identity] = identitiesOf(world.databases, sa.peer);
  sa.identity = identity!;
  const idi = buildId('IDi', sa.identity.myId, sa);
  const { remoteId } = sa.identity;
  const named = remoteId.kind !== 'auto' && remoteId.kind !== 'ignore';
  const proof = await proofOf(work, sa.identity, idi);
  const first = sa.peer.sendInitialContact && !world.store.established(sa.peer.name);
  const policy = firstPolicy(work);
  if (!policy) return 'dead';
  handshake.child = offerChild(work, policy, handshake.packet, ENCRYPTED_FIRST_GROUPS);
  const payloads: PlainPayload[] = [
    idi,
    ...(first ? [notify(N.INITIAL_CONTACT)] : []),
    ...(named ? [buildId('IDr', remoteId, sa)] : []),
    ...proof,
    ...buildChildSa(handshake.child),
    ...buildChildTs(handshake.child),
  ];
  sendRequest(work, IKE_AUTH, payloads, { kind: 'ike-auth' });
  return 'auth-sent';
}

/** The policy that was to be first, or with AH behind a NAT another one; none: the SA is given up. */
function firstPolicy(work: Work): Policy | undefined {
  const { world, sa } = work;
  const wanted = sa.handshake!.firstPolicy!;
  const all = [wanted, ...policiesOf(world.databases, sa.peer)];
  const policy = all.find(({ protection }) => protection === 'esp' || !encapsulates(sa));
  isBarred(work, wanted);
  if (!policy) scheduleReconnect(work);
  return policy;
}

/** Responder. After `checkProof` the peer is known; before it nothing changes. */
async function answerAuth(exchange: Exchange): Promise<State> {
  const { sa } = exchange;
  const idi = required(exchange, 'IDi');
  const identity = chooseIdentity(exchange, idi);
  await checkProof(exchange, identity, idi);
  const idr = buildId('IDr', identity.myId, sa);
  const own = [idr, ...(await proofOf(exchange, identity, idr))];
  sa.identity = identity;
  sa.remoteId = formatId(idi);
  const { nonceInitiator: initiator, nonceResponder: responder } = sa.handshake!;
  if (notification(exchange, N.INITIAL_CONTACT)) forgetOthers(exchange);
  becomeEstablished(exchange);
  const nonces = { initiator, responder };
  sendAnswer(exchange, [...own, ...firstChild(exchange, nonces)]);
  closeDouble(exchange);
  return 'established';
}

/** The child may be refused while the IKE SA stands (§1.2, last paragraph). */
function firstChild(exchange: Exchange, nonces: Parameters<typeof installChild>[2]['nonces']) {
  try {
    const accepted = acceptChild(exchange, () => ENCRYPTED_FIRST_GROUPS);
    installChild(exchange, accepted, { initiated: false, nonces });
    return [...accepted.payloads.sa, ...accepted.payloads.ts];
  } catch (error) {
    if (!(error instanceof IkeError) || error.row.fatal) throw error;
    report(exchange, 'error', 'ike.child', `no CHILD_SA: ${error.message}; ${error.row.advice}`);
    return [notify(error.row.notify!, error.data)];
  }
}

/** The peer wants EAP: it sends no AUTH of its own (§2.16). */
function refuseEap(exchange: Exchange): State {
  const who = formatId(required(exchange, 'IDi'));
  throw new IkeError('authentication-failed', `peer ${who} asks for EAP, we allow pre-shared-key`);
}

/** <-- HDR, SK {IDr, AUTH, SAr2, TSi, TSr} */
async function takeAuth(exchange: Exchange): Promise<State> {
  const { sa } = exchange;
  const handshake = sa.handshake!;
  const idr = required(exchange, 'IDr');
  checkIdentity(exchange, sa.identity!, idr);
  await checkProof(exchange, sa.identity!, idr);
  sa.remoteId = formatId(idr);
  const { nonceInitiator, nonceResponder, child } = handshake;
  sa.window.pending = undefined;
  becomeEstablished(exchange);
  if (!optional(exchange, 'SA')) {
    takeRefusal(exchange, child!);
  } else if (refuseMode(exchange, child!)) {
    childRefused(exchange, child!.policy);
  } else {
    const nonces = { initiator: nonceInitiator, responder: nonceResponder };
    installChild(exchange, takeChild(exchange, child!), { initiated: true, nonces });
  }
  closeDouble(exchange);
  return 'established';
}

function takeRefusal(exchange: Exchange, child: ChildOffer): void {
  const error = errorNotification(exchange);
  const name = error ? notifyName(error.notifyType) : 'nothing';
  const advice = (error && NOTIFIED.get(error.notifyType)) ?? 'see the log of the peer';
  const offer = describeOffer(child);
  const text = `IKE SA is up, but the peer answers ${name} to ${offer}: ${advice}`;
  report(exchange, 'error', 'ike.child', text, { notify: name, policy: child.policy.id });
  childRefused(exchange, child.policy);
}

/** <-- HDR, SK {N(AUTHENTICATION_FAILED)} and the like: nothing stands. */
function refused(exchange: Exchange): State {
  const error = errorNotification(exchange);
  if (!error)
    throw new IkeError('missing-payload', 'answer to IKE_AUTH without IDr, AUTH or error');
  const name = notifyName(error.notifyType);
  const advice = NOTIFIED.get(error.notifyType) ?? 'see the log of the peer';
  exchange.sa.window.pending = undefined;
  report(exchange, 'error', 'ike.auth', `peer answers ${name} to IKE_AUTH: ${advice}`, {
    notify: name,
  });
  scheduleReconnect(exchange);
  return 'dead';
}

const answers = {
  from: ['auth-sent'],
  receives: { response: IKE_AUTH, task: ['ike-auth'] },
} as const;

export const AUTH: readonly Transition[] = [
  {
    story: 'IKE_AUTH request: check the peer, prove ourselves, take the first child',
    from: ['init-answered'],
    receives: { request: IKE_AUTH },
    requires: ['IDi', 'AUTH', 'SA(CHILD)', 'TSi', 'TSr'],
    allows: ['IDr', 'CERT', 'CERTREQ', 'Configuration', 'V'],
    run: answerAuth,
    to: ['established'],
    onTimeout: 'liveness',
  },
  {
    story: 'IKE_AUTH request without AUTH: the peer wants EAP, refuse',
    from: ['init-answered'],
    receives: { request: IKE_AUTH },
    requires: ['IDi', 'SA(CHILD)'],
    allows: [],
    run: refuseEap,
    to: ['dead'],
    onTimeout: 'none',
  },
  {
    ...answers,
    story: 'IKE_AUTH answer: check the peer, the IKE SA is up',
    requires: ['IDr', 'AUTH'],
    allows: ['SA', 'TSi', 'TSr', 'CERT', 'Configuration', 'V'],
    run: takeAuth,
    to: ['established'],
    onTimeout: 'liveness',
  },
  {
    ...answers,
    story: 'IKE_AUTH answer with an error: give up',
    requires: ['N'],
    allows: [],
    run: refused,
    to: ['dead'],
    onTimeout: 'none',
  },
];
