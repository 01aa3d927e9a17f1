// IKE_AUTH by EAP, as initiator (RFC 7296 §2.16, RFC 5998): eap-responder.ts has the arrows. Our first
// message is auth.ts's, without AUTH.
import type { EapPeer, PeerOutcome } from '../../eap/peer.js';
import type { EapIdentity } from '../../policy/database.js';
import { N } from '../../wire/notifications.js';
import { IKE_AUTH } from '../../wire/numbers.js';
import { nextIdentity } from '../calling.js';
import { scheduleReconnect } from '../connection.js';
import { IkeError } from '../errors.js';
import { type Exchange, errorNotification, optional, report, required } from '../exchange.js';
import { checkProof, ownId } from '../parts/authentication.js';
import { eapPeer, mayStandAlone } from '../parts/eap-methods.js';
import { formatId } from '../parts/identification.js';
import { checkIdentity } from '../parts/identity-choice.js';
import { buildKeyedAuth, isKeyedAuth } from '../parts/pre-shared-key.js';
import type { EapAnswered } from '../handshake.js';
import type { State } from '../sa.js';
import type { Transition } from '../transition.js';
import { sendRequest } from '../window.js';
import { enter } from './auth-end.js';

const answered = ({ sa }: Exchange): EapAnswered => sa.handshake!.eap as EapAnswered;

/** <-- HDR, SK {IDr, [CERT, AUTH], EAP} */
async function meet(exchange: Exchange): Promise<State> {
  const { sa } = exchange;
  const identity = sa.identity!;
  if (identity.authMethod !== 'eap') {
    const text = `the peer asks us to log in by EAP; auth-method is ${identity.authMethod}`;
    throw new IkeError('authentication-failed', text);
  }
  const idr = required(exchange, 'IDr');
  checkIdentity(exchange, identity, idr);
  const alone = optional(exchange, 'AUTH') === undefined;
  if (alone) checkAlone(identity, formatId(idr));
  else await checkProof(exchange, identity, idr);
  const ours = formatId(ownId(exchange, 'IDi', identity));
  const claims = ours.slice(ours.indexOf(':') + 1);
  const conversation = eapPeer(exchange, identity, { alone, idr, claims });
  sa.handshake!.eap = { idr, conversation, msk: undefined };
  return answer(exchange, conversation);
}

function checkAlone(identity: EapIdentity, who: string): void {
  if (mayStandAlone(identity)) return;
  const text = `peer ${who} shows no certificate, and none of eap-methods proves who it is`;
  throw new IkeError('authentication-failed', text);
}

/** <-- HDR, SK {EAP} */
const go = (exchange: Exchange): Promise<State> =>
  answer(exchange, answered(exchange).conversation);

async function answer(exchange: Exchange, conversation: EapPeer): Promise<State> {
  const said = required(exchange, 'EAP').packet.slice();
  return act(exchange, await conversation.respond(said));
}

function act(exchange: Exchange, outcome: PeerOutcome): State {
  if (outcome.kind === 'response') {
    const payload = { type: 'EAP', packet: outcome.packet } as const;
    sendRequest(exchange, IKE_AUTH, [payload], { kind: 'ike-auth' });
    return 'eap-sent';
  }
  if (outcome.kind === 'failure') return give(exchange, outcome.reason);
  const { sa } = exchange;
  answered(exchange).msk = outcome.msk;
  report(exchange, 'debug', 'ike.auth', `logged in by ${outcome.method}`);
  const idi = ownId(exchange, 'IDi', sa.identity!);
  const proof = buildKeyedAuth(exchange, outcome.msk, idi);
  sendRequest(exchange, IKE_AUTH, [proof], { kind: 'ike-auth' });
  return 'eap-proved';
}

/** Where the server has said no it has forgotten us; where we do, it must hear of it (§2.21.2). */
function give(exchange: Exchange, reason: string): State {
  if (errorNotification(exchange)?.notifyType !== N.AUTHENTICATION_FAILED) {
    throw new IkeError('eap-failed', `cannot log in: ${reason}`);
  }
  report(exchange, 'error', 'ike.auth', `the peer does not let us in: ${reason}`);
  nextIdentity(exchange);
  scheduleReconnect(exchange);
  return 'dead';
}

/** <-- HDR, SK {AUTH, SAr2, TSi, TSr} */
async function finish(exchange: Exchange): Promise<State> {
  const { idr, msk } = answered(exchange);
  if (!isKeyedAuth(exchange, msk!, idr)) {
    const text = `peer ${formatId(idr)} does not know the key that EAP made: it is not whom we spoke to`;
    throw new IkeError('authentication-failed', text);
  }
  msk!.fill(0);
  return enter(exchange, idr);
}

const answers = { receives: { response: IKE_AUTH, task: ['ike-auth'] } } as const;

export const EAP_ANSWERING: readonly Transition[] = [
  {
    ...answers,
    story: 'IKE_AUTH answer with EAP: check the peer, then log in',
    from: ['auth-sent'],
    requires: ['IDr', 'EAP'],
    allows: ['CERT', 'AUTH'],
    run: meet,
    to: ['eap-sent', 'eap-proved', 'dead'],
    onTimeout: 'retransmit',
  },
  {
    ...answers,
    story: 'IKE_AUTH answer with EAP again: go on with it',
    from: ['eap-sent'],
    requires: ['EAP'],
    allows: [],
    run: go,
    to: ['eap-sent', 'eap-proved', 'dead'],
    onTimeout: 'retransmit',
  },
  {
    ...answers,
    story: 'IKE_AUTH answer after EAP: check the key it made, the IKE SA is up',
    from: ['eap-proved'],
    requires: ['AUTH'],
    allows: ['SA', 'TSi', 'TSr', 'Configuration', 'V'],
    run: finish,
    to: ['established'],
    onTimeout: 'liveness',
  },
];
