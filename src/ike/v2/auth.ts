// IKE_AUTH: each side proves its identity, and the first CHILD_SA comes with it (RFC 7296 §1.2).
//
//   Initiator                                   Responder
//   HDR, SK {IDi, [CERT,] [N(INITIAL_CONTACT)],
//       [CERTREQ,] [IDr], AUTH,
//       SAi2, TSi, TSr}                  -->
//                                        <--    HDR, SK {IDr, [CERT,] AUTH, SAr2, TSi, TSr}
import type { AuthMethodName, Identification, Identity, Policy } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import { AUTH_SHARED_KEY_MIC, IKE_AUTH } from '../../wire/numbers.js';
import { N, notifyName } from '../../wire/notifications.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import { askedTemplate, chooseCalling, nextIdentity } from '../calling.js';
import { scheduleReconnect } from '../connection.js';
import { wishesOf } from '../failover.js';
import { IkeError, NOTIFIED } from '../errors.js';
import {
  type Exchange,
  errorNotification,
  notification,
  notify,
  report,
  required,
  type Work,
} from '../exchange.js';
import { checkProof, ownId, proofOf } from '../parts/authentication.js';
import { buildRequest, processRequest } from '../parts/certificate-request.js';
import { buildChildSa, buildChildTs, isBarred, offerChild } from '../parts/child-offer.js';
import { askConfiguration } from '../parts/configuration-request.js';
import { mayStandAlone } from '../parts/eap-methods.js';
import { buildId, formatId } from '../parts/identification.js';
import { checkIdentity, chooseIdentity } from '../parts/identity-choice.js';
import { provedId } from '../parts/proved.js';
import { isTemplate } from '../../policy/template.js';
import { encapsulates, type State } from '../sa.js';
import type { Transition } from '../transition.js';
import { sendRequest } from '../window.js';
import { buildMobike } from './further-addresses.js';
import { enter, letIn, NO_GROUPS } from './auth-end.js';
import { goesWithoutChild } from './childless.js';
import { redirectedBeforeEap } from './redirect.js';

/** HDR, SK {IDi, [CERT,] [N(INITIAL_CONTACT)], [CERTREQ,] [IDr], AUTH, SAi2, TSi, TSr} --> */
export async function startAuth(work: Work): Promise<State> {
  try {
    return await sendAuth(work);
  } catch (error) {
    // Of our own certificate, or that the peer could not check its signature.
    if (!(error instanceof IkeError)) throw error;
    report(work, 'error', 'ike.auth', error.message);
    nextIdentity(work);
    scheduleReconnect(work);
    return 'dead';
  }
}

async function sendAuth(work: Work): Promise<State> {
  const { sa } = work;
  const handshake = sa.handshake!;
  sa.identity = chooseCalling(work);
  const idi = ownId(work, 'IDi', sa.identity);
  const { remoteId } = sa.identity;
  const named = !['auto', 'ignore', 'dn'].includes(remoteId.kind);
  const proof = await firstProof(work, sa.identity, idi);
  const idr = named ? buildId('IDr', remoteId as Identification, sa) : undefined;
  const first = sa.peer.sendInitialContact && isAlone(work, idr);
  const alone = goesWithoutChild(work);
  const policy = firstPolicy(work);
  if (!policy && !alone) {
    scheduleReconnect(work);
    return 'dead';
  }
  handshake.firstPolicy = policy;
  const child =
    policy && !alone ? offerChild(work, policy, handshake.packet, NO_GROUPS) : undefined;
  handshake.child = child;
  const payloads: PlainPayload[] = [
    idi,
    ...(first ? [notify(N.INITIAL_CONTACT)] : []),
    ...(idr ? [idr] : []),
    ...buildRequest(work),
    ...proof,
    ...askConfiguration(work),
    ...(child ? [...buildChildSa(child), ...buildChildTs(child)] : []),
    ...buildMobike(work),
  ];
  sendRequest(work, IKE_AUTH, payloads, { kind: 'ike-auth' });
  return 'auth-sent';
}

/**
 * §2.4: INITIAL_CONTACT says that there is no other IKE SA between the two identities. One peer may be
 * reached by several entries: at its other addresses, or from ours.
 */
function isAlone({ world, sa }: Work, idr: IdPayload | undefined): boolean {
  const { name } = sa.peer;
  const named = idr && formatId(idr);
  return !world.store.all().some(({ state, peer, remoteId }) => {
    return state === 'established' && (peer.name === name || remoteId === named);
  });
}

/** With EAP nothing yet (§2.16), but whether the responder may do without a certificate (RFC 5998 §3). */
async function firstProof(work: Work, identity: Identity, idi: IdPayload): Promise<PlainPayload[]> {
  if (identity.authMethod !== 'eap') return proofOf(work, identity, idi);
  return mayStandAlone(identity) ? [notify(N.EAP_ONLY_AUTHENTICATION)] : [];
}

/** The policy that was to be first, or with AH behind a NAT another one. */
function firstPolicy(work: Work): Policy | undefined {
  const { world, sa } = work;
  const wanted = sa.handshake!.firstPolicy;
  if (!wanted) return undefined;
  // Another identity than was thought of at the call may ask by another template.
  const stands = !isTemplate(wanted) || wanted.id === askedTemplate(world, sa.peer)?.id;
  const all = [...(stands ? [wanted] : []), ...wishesOf(world, sa.peer)];
  isBarred(work, wanted);
  return all.find(({ protection }) => protection === 'esp' || !encapsulates(sa));
}

/** How the peer proves itself, by its AUTH. */
function wayOf(exchange: Exchange): { readonly method: AuthMethodName; readonly text: string } {
  const { method } = required(exchange, 'AUTH');
  return method === AUTH_SHARED_KEY_MIC
    ? { method: 'pre-shared-key', text: 'authenticates by a secret' }
    : { method: 'digital-signature', text: `authenticates by a signature (method ${method})` };
}

/** Responder. After `checkProof` the peer is known; before it nothing changes. */
async function answerAuth(exchange: Exchange): Promise<State> {
  const idi = required(exchange, 'IDi');
  const how = wayOf(exchange);
  const fits = (one: Identity): boolean => one.authMethod === how.method;
  const identity = await chooseIdentity(exchange, idi, fits, how.text);
  processRequest(exchange);
  await checkProof(exchange, identity, idi);
  const idr = ownId(exchange, 'IDr', identity);
  const own = [idr, ...(await proofOf(exchange, identity, idr))];
  const known = { identity, remoteId: formatId(idi), proved: provedId(exchange.sa, idi) };
  return letIn(exchange, exchange, known, own);
}

/** <-- HDR, SK {IDr, AUTH, SAr2, TSi, TSr} */
async function takeAuth(exchange: Exchange): Promise<State> {
  const { sa } = exchange;
  const idr = required(exchange, 'IDr');
  checkIdentity(exchange, sa.identity!, idr);
  // §2.16: whoever skips EAP has not been told who we are.
  if (sa.identity!.authMethod === 'eap') {
    if (notification(exchange, N.REDIRECT)) {
      await checkProof(exchange, sa.identity!, idr);
      if (await redirectedBeforeEap(exchange)) return 'dead';
    }
    const text = `peer ${formatId(idr)} does not ask us to log in; auth-method is eap`;
    throw new IkeError('authentication-failed', text);
  }
  await checkProof(exchange, sa.identity!, idr);
  return enter(exchange, idr);
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
  if (error.notifyType === N.AUTHENTICATION_FAILED) nextIdentity(exchange);
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
    story:
      'IKE_AUTH request for an IKE SA without a child (RFC 6023): check the peer, prove ourselves',
    from: ['init-answered'],
    receives: { request: IKE_AUTH },
    requires: ['IDi', 'AUTH'],
    allows: ['IDr', 'CERT', 'CERTREQ', 'Configuration', 'V'],
    run: answerAuth,
    to: ['established'],
    onTimeout: 'liveness',
  },
  {
    ...answers,
    story: 'IKE_AUTH answer: check the peer, the IKE SA is up',
    requires: ['IDr', 'AUTH'],
    allows: ['SA', 'TSi', 'TSr', 'CERT', 'Configuration', 'V'],
    run: takeAuth,
    to: ['established', 'dead'],
    onTimeout: 'liveness',
  },
  {
    ...answers,
    story: 'IKE_AUTH answer with an error: give up',
    from: ['auth-sent', 'eap-sent', 'eap-proved'],
    requires: ['N'],
    allows: [],
    run: refused,
    to: ['dead'],
    onTimeout: 'none',
  },
];
