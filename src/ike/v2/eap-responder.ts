// IKE_AUTH by EAP, as responder (RFC 7296 §2.16, RFC 5998): the user proves itself to a conversation
// behind us, ours or a RADIUS server's; we prove ourselves by certificate, or by EAP alone.
//
//   Initiator                                   Responder
//   HDR, SK {IDi, [IDr], SAi2, TSi, TSr,
//       [N(EAP_ONLY_AUTHENTICATION)]}    -->
//                                        <--    HDR, SK {IDr, [CERT, AUTH], EAP}
//   HDR, SK {EAP}                        -->
//                                        <--    HDR, SK {EAP (Success)}
//   HDR, SK {AUTH}                       -->
//                                        <--    HDR, SK {AUTH, SAr2, TSi, TSr}
import type { Conversation, Verdict } from '../../eap/authenticator.js';
import { formatAddress } from '../../policy/address.js';
import type { EapLocalIdentity, EapRadiusIdentity } from '../../policy/database.js';
import { IKE_AUTH, INFORMATIONAL } from '../../wire/numbers.js';
import { N } from '../../wire/notifications.js';
import type { EapPayload } from '../../wire/payloads/eap.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import type { Authorisation } from '../authorisation.js';
import { IkeError } from '../errors.js';
import { type Exchange, notification, notify, report, required } from '../exchange.js';
import { ownId, proofOf } from '../parts/authentication.js';
import { processRequest } from '../parts/certificate-request.js';
import { localConversation } from '../parts/eap-methods.js';
import { formatId } from '../parts/identification.js';
import { chooseIdentity } from '../parts/identity-choice.js';
import { buildKeyedAuth, isKeyedAuth } from '../parts/pre-shared-key.js';
import type { EapAsked } from '../handshake.js';
import type { State } from '../sa.js';
import type { Endpoint } from '../step.js';
import type { Transition } from '../transition.js';
import { sendAnswer } from '../window.js';
import { letIn } from './auth-end.js';

type EapServer = EapLocalIdentity | EapRadiusIdentity;
type Decision = Verdict<Authorisation>;

const isEapServer = (identity: { readonly authMethod: string }): identity is EapServer =>
  identity.authMethod === 'eap-local' || identity.authMethod === 'eap-radius';

const carried = (packet: Uint8Array): EapPayload => ({ type: 'EAP', packet });
const asked = ({ sa }: Exchange): EapAsked => sa.handshake!.eap as EapAsked;

/** --> HDR, SK {IDi, [IDr], SAi2, TSi, TSr}: no AUTH, so the user wants to be asked. */
async function begin(exchange: Exchange): Promise<State> {
  const { world, sa, payloads } = exchange;
  const idi = required(exchange, 'IDi');
  const identity = await chooseIdentity(exchange, idi, isEapServer, 'proves itself by EAP');
  const idr = ownId(exchange, 'IDr', identity);
  processRequest(exchange);
  const alone = identity.certificate.length === 0;
  if (alone && !notification(exchange, N.EAP_ONLY_AUTHENTICATION)) {
    const text = `peer ${formatId(idi)} wants us to show a certificate; the identity has none`;
    throw new IkeError('authentication-failed', text);
  }
  const proof = alone ? [] : await proofOf(exchange, identity, idr);
  const conversation = converse(exchange, identity, idi, alone);
  const deadline = world.context.now() + world.settings.authenticationMs;
  const eap = { asked: payloads, identity, idi, idr, conversation, deadline, accepted: undefined };
  sa.handshake!.eap = eap;
  const verdict = await conversation.begin();
  if (verdict.kind !== 'request') return refuse(exchange, verdict);
  sendAnswer(exchange, [idr, ...proof, carried(verdict.packet)]);
  return 'eap-asked';
}

function converse(
  exchange: Exchange,
  identity: EapServer,
  idi: IdPayload,
  alone: boolean,
): Conversation<Authorisation> {
  const { world, sa } = exchange;
  if (identity.authMethod === 'eap-local') return localConversation(exchange, identity, alone);
  const { authenticate } = world.context;
  // The configuration does not start such a peer.
  if (!authenticate) throw new Error(`bug: identity '${identity.peer}' and nobody to ask`);
  const place = ({ address, port }: Endpoint) => `${formatAddress(address)}[${port}]`;
  return authenticate({
    peer: sa.peer.name,
    claims: formatId(idi),
    remote: place(sa.remote),
    local: place(sa.local),
    alone,
  });
}

/** --> HDR, SK {EAP} */
async function go(exchange: Exchange): Promise<State> {
  const eap = asked(exchange);
  const verdict = await eap.conversation.answer(required(exchange, 'EAP').packet.slice());
  if (verdict.kind === 'failure') return refuse(exchange, verdict);
  sendAnswer(exchange, [carried(verdict.packet)]);
  if (verdict.kind === 'request') return 'eap-asked';
  eap.accepted = verdict;
  if (!verdict.msk) {
    const text = `user ${verdict.user} is accepted by a method without keys`;
    report(exchange, 'warning', 'ike.auth', `${text}: so would be who stands between us`);
  }
  return 'eap-accepted';
}

/** §2.16: Failure, and that it is final; who repeats its message gets the same again. */
function refuse(exchange: Exchange, verdict: Decision): State {
  const { idi, conversation } = asked(exchange);
  conversation.close();
  const reason = verdict.kind === 'failure' ? verdict.reason : 'it ended before it began';
  const text = `peer ${formatId(idi)} is not let in: ${reason}`;
  report(exchange, 'error', 'ike.auth', text, { blame: 'refused', error: 'eap' });
  sendAnswer(exchange, [carried(verdict.packet), notify(N.AUTHENTICATION_FAILED)]);
  return 'deleting';
}

/** --> HDR, SK {AUTH}: only who has the method's key knows it, so it was no one in between (§2.16). */
function finish(exchange: Exchange): State {
  const { world, sa } = exchange;
  const { asked: payloads, accepted, identity, idi, idr } = asked(exchange);
  const { msk, user, authorisation } = accepted!;
  const { pi, pr } = sa.secured!;
  if (!isKeyedAuth(exchange, msk ?? pi, idi)) {
    const text = `user ${user} was accepted, but its AUTH is not of the key that EAP made`;
    throw new IkeError('authentication-failed', text);
  }
  const proof = buildKeyedAuth(exchange, msk ?? pr, idr);
  msk?.fill(0);
  sa.authorisation = authorisation;
  const local = identity.authMethod === 'eap-local';
  sa.user = local ? world.databases.users.find(({ name }) => name === user) : undefined;
  const remoteId = named(user, idi);
  // Of a name that nobody vouches for each session is somebody else.
  const alone = authorisation?.userProved === false;
  const proved = alone ? `${remoteId} #${authorisation.session}` : remoteId;
  const known = { identity, remoteId, proved };
  return letIn(exchange, { payloads }, known, [proof]);
}

/** The user is proved, what it says to IKE is not: both tell its devices apart. */
function named(user: string, idi: IdPayload): string {
  const claims = formatId(idi);
  const same = claims.slice(claims.indexOf(':') + 1) === user;
  return same ? claims : `${user} as ${claims}`;
}

/** --> HDR, SK {N(AUTHENTICATION_FAILED)} or {D(IKE)}: the user leaves, or does not believe us. */
function left(exchange: Exchange): State {
  const { idi, conversation } = asked(exchange);
  const { doubt } = conversation;
  const why = doubt ?? 'it does not believe our proof, or was stopped';
  const text = `peer ${formatId(idi)} ${doubt ? 'is not let in' : 'breaks off EAP'}: ${why}`;
  report(exchange, doubt ? 'error' : 'warning', 'ike.auth', text);
  sendAnswer(exchange, []);
  return 'dead';
}

export const EAP_ASKING: readonly Transition[] = [
  {
    story: 'IKE_AUTH request without AUTH: prove ourselves and ask the user by EAP',
    from: ['init-answered'],
    receives: { request: IKE_AUTH },
    requires: ['IDi', 'SA(CHILD)', 'TSi', 'TSr'],
    allows: ['IDr', 'CERTREQ', 'Configuration', 'V'],
    run: begin,
    to: ['eap-asked', 'deleting'],
    onTimeout: 'half-open',
  },
  {
    story: 'IKE_AUTH request without AUTH and child (RFC 6023): prove ourselves and ask the user',
    from: ['init-answered'],
    receives: { request: IKE_AUTH },
    requires: ['IDi'],
    allows: ['IDr', 'CERTREQ', 'Configuration', 'V'],
    run: begin,
    to: ['eap-asked', 'deleting'],
    onTimeout: 'half-open',
  },
  {
    story: 'IKE_AUTH request with EAP: hand it on',
    from: ['eap-asked'],
    receives: { request: IKE_AUTH },
    requires: ['EAP'],
    allows: [],
    run: go,
    to: ['eap-asked', 'eap-accepted', 'deleting'],
    onTimeout: 'half-open',
  },
  {
    story: 'IKE_AUTH request after EAP: check the key it made, take the first child',
    from: ['eap-accepted'],
    receives: { request: IKE_AUTH },
    requires: ['AUTH'],
    allows: [],
    run: finish,
    to: ['established'],
    onTimeout: 'liveness',
  },
  {
    story: 'the user deletes the IKE SA within EAP',
    from: ['eap-asked', 'eap-accepted'],
    receives: { request: INFORMATIONAL },
    requires: ['D(IKE)'],
    allows: [],
    run: left,
    to: ['dead'],
    onTimeout: 'none',
  },
  {
    story: 'the user refuses us within EAP',
    from: ['eap-asked', 'eap-accepted'],
    receives: { request: INFORMATIONAL },
    requires: ['N'],
    allows: [],
    run: left,
    to: ['dead'],
    onTimeout: 'none',
  },
];
