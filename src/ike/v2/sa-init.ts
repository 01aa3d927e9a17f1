// IKE_SA_INIT: algorithms, keys, NAT detection; nobody is authenticated yet (RFC 7296 §1.2).
//
//   Initiator                             Responder
//   HDR, SAi1, KEi, Ni            -->
//                                 <--     HDR, N(COOKIE)
//   HDR, N(COOKIE), SAi1, KEi, Ni -->
//                                 <--     HDR, N(INVALID_KE_PAYLOAD)
//   HDR, SAi1, KEi', Ni           -->
//                                 <--     HDR, SAr1, KEr, Nr
import { describe, describeSuite, explainMismatch } from '../../algorithms/describe.js';
import {
  ikeProposals,
  ikeSuite,
  isSelectionOf,
  selectProposal,
} from '../../algorithms/proposals.js';
import { skeyseed } from '../../crypto/keymat.js';
import { N, notifyName } from '../../wire/notifications.js';
import { IKE_SA_INIT } from '../../wire/numbers.js';
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
import { buildUnity } from '../parts/configuration-request.js';
import {
  buildKe,
  buildNonce,
  checkGroup,
  derive,
  newNonce,
  suggestedGroup,
} from '../parts/key-exchange.js';
import {
  buildHashes,
  buildRequest,
  processHashes,
  processRequest,
} from '../parts/certificate-request.js';
import { secure } from '../parts/keys.js';
import { buildNat, moveToNatPort, processNat } from '../parts/nat.js';
import { buildChoice, buildOffer, readProposals } from '../parts/proposal.js';
import type { Handshake } from '../handshake.js';
import { encapsulates, type State } from '../sa.js';
import type { Transition } from '../transition.js';
import { sendAnswer, sendRequest } from '../window.js';
import { buildChildless, takeChildless } from './childless.js';
import { buildRedirect, takeRedirect } from './redirect.js';
import { startAuth } from './auth.js';

/** Our own choice: cookies and groups asked for beyond this are somebody playing. */
const MAX_RESTARTS = 6;
const EMPTY = new Uint8Array(0);

export function newHandshake({ sa }: Pick<Work, 'sa'>): Handshake {
  const { profile } = sa.peer;
  return {
    proposals: ikeProposals(profile),
    group: profile.dhGroup[0]!,
    share: undefined,
    cookie: undefined,
    restarts: 0,
    nonceInitiator: EMPTY,
    nonceResponder: EMPTY,
    request: EMPTY,
    response: EMPTY,
    signatureHashes: undefined,
    authorities: [],
    peerLooksUp: false,
    peerChildless: false,
    child: undefined,
    firstPolicy: undefined,
    packet: undefined,
    eap: undefined,
    hint: undefined,
  };
}

/** HDR, SAi1, KEi, Ni --> */
export async function startSaInit(work: Work): Promise<State> {
  const handshake = work.sa.handshake!;
  handshake.share = await work.world.context.agreement.generate(handshake.group);
  handshake.nonceInitiator = newNonce(work.world);
  report(work, 'info', 'ike.init', `initiating IKE SA, offering ${describe(handshake.proposals)}`);
  return sendFirst(work, handshake);
}

/** The first message, anew after a cookie or another group; its message ID stays 0 (§2.6). */
function sendFirst(work: Work, handshake: Handshake): State {
  const { cookie, proposals, share, nonceInitiator } = handshake;
  work.sa.window.nextId = 0;
  const payloads = [
    ...(cookie ? [notify(N.COOKIE, cookie)] : []),
    buildOffer(proposals, EMPTY),
    buildKe(share!),
    buildNonce(nonceInitiator),
    ...buildNat(work),
    notify(N.IKEV2_FRAGMENTATION_SUPPORTED),
    ...buildRedirect(work),
    ...buildHashes(work),
    ...buildUnity(work),
  ];
  handshake.request = sendRequest(work, IKE_SA_INIT, payloads, { kind: 'ike-sa-init' });
  return 'init-sent';
}

/** Responder. Whatever is thrown here leaves no state: the answer is a bare notification. */
async function answerFirst(exchange: Exchange): Promise<State> {
  const { world, sa } = exchange;
  const handshake = sa.handshake!;
  const offered = required(exchange, 'SA');
  const ke = required(exchange, 'KE');
  const proposals = readProposals(offered);
  const selection = selectProposal(handshake.proposals, proposals);
  const suite = selection && ikeSuite(selection.transforms);
  if (!selection || !suite) {
    throw new IkeError(
      'no-proposal',
      `peer offers ${describe(proposals)}; profile '${sa.peer.profile.name}' allows ` +
        `${describe(handshake.proposals)}: ${explainMismatch(handshake.proposals, proposals)}`,
    );
  }
  checkGroup(ke, suite.group.name);
  const share = await world.context.agreement.generate(suite.group.name);
  const secret = await derive(share, ke);
  const nonces = {
    initiator: required(exchange, 'Nonce').data.slice(),
    responder: newNonce(world),
  };
  handshake.nonceInitiator = nonces.initiator;
  handshake.nonceResponder = nonces.responder;
  handshake.request = exchange.datagram.bytes.slice();
  processNat(exchange);
  processHashes(exchange);
  secure(world, sa, suite, skeyseed(suite.prf, nonces, secret), nonces);
  const payloads = [
    buildChoice(offered, selection, EMPTY),
    buildKe(share),
    buildNonce(nonces.responder),
    ...buildNat(exchange),
    ...(takeFragmentation(exchange) ? [notify(N.IKEV2_FRAGMENTATION_SUPPORTED)] : []),
    ...buildChildless(exchange),
    ...buildRequest(exchange),
    ...buildHashes(exchange, exchange),
  ];
  handshake.response = sendAnswer(exchange, payloads, true);
  report(exchange, 'debug', 'ike.init', `answered with ${describeSuite(suite)}${natWords(sa)}`);
  return 'init-answered';
}

/** RFC 7383 §2.3: the responder says so only to who has said so. */
function takeFragmentation(exchange: Exchange): boolean {
  exchange.sa.fragmentation = notification(exchange, N.IKEV2_FRAGMENTATION_SUPPORTED) !== undefined;
  return exchange.sa.fragmentation;
}

function natWords(sa: Work['sa']): string {
  if (!encapsulates(sa)) return ', no NAT on the way';
  if (!sa.natLocal && !sa.natRemote) return ', UDP encapsulation asked for';
  const places = [...(sa.natLocal ? ['us'] : []), ...(sa.natRemote ? ['the peer'] : [])];
  return `, NAT in front of ${places.join(' and ')}`;
}

/** <-- HDR, N(COOKIE): proof that we get what is sent to us. */
function repeatWithCookie(exchange: Exchange): State {
  const handshake = exchange.sa.handshake!;
  if (++handshake.restarts > MAX_RESTARTS) return 'init-sent';
  handshake.cookie = notification(exchange, N.COOKIE)!.data.slice();
  return sendFirst(exchange, handshake);
}

/** <-- HDR, N(INVALID_KE_PAYLOAD) */
async function repeatWithGroup(exchange: Exchange): Promise<State> {
  const { world, sa } = exchange;
  const handshake = sa.handshake!;
  const allowed = sa.peer.profile.dhGroup;
  const wanted = notification(exchange, N.INVALID_KE_PAYLOAD)!;
  const group = suggestedGroup(wanted, allowed, handshake.group);
  if (group === undefined || ++handshake.restarts > MAX_RESTARTS) return hint(exchange);
  handshake.share = await world.context.agreement.generate(group);
  handshake.group = group;
  report(exchange, 'debug', 'ike.init', `peer wants ${group}, starting again with it`);
  return sendFirst(exchange, handshake);
}

/** <-- HDR, SAr1, KEr, Nr */
async function takeAnswer(exchange: Exchange): Promise<State> {
  const { world, sa, header } = exchange;
  const handshake = sa.handshake!;
  const [chosen, ...more] = readProposals(required(exchange, 'SA'));
  const suite = chosen && ikeSuite(chosen.transforms);
  if (more.length > 0 || !suite || !isSelectionOf(handshake.proposals, chosen)) {
    return ignoreAnswer(exchange, 'it chose algorithms that were not offered');
  }
  const ke = required(exchange, 'KE');
  if (suite.group.name !== handshake.group || ke.group !== suite.group.ikev2) {
    return ignoreAnswer(exchange, 'its key exchange is of another group than ours');
  }
  if (header.spiResponder === 0n) return ignoreAnswer(exchange, 'it has no SPI');
  const secret = await derive(handshake.share!, ke);
  const nonces = {
    initiator: handshake.nonceInitiator,
    responder: required(exchange, 'Nonce').data.slice(),
  };
  sa.window.pending = undefined;
  sa.spiResponder = header.spiResponder;
  handshake.nonceResponder = nonces.responder;
  handshake.response = exchange.datagram.bytes.slice();
  takeFragmentation(exchange);
  takeChildless(exchange);
  processNat(exchange);
  processHashes(exchange);
  processRequest(exchange);
  secure(world, sa, suite, skeyseed(suite.prf, nonces, secret), nonces);
  // RFC 4555 §3.3: who may come to be behind a NAT later speaks by its port from the first.
  const floats = sa.peer.mobike && sa.peer.profile.natTraversal;
  if (encapsulates(sa) || floats) moveToNatPort(sa);
  report(exchange, 'debug', 'ike.init', `agreed on ${describeSuite(suite)}${natWords(sa)}`);
  return startAuth(exchange);
}

/** An answer nobody vouches for: another, better one may still come (§2.21.1). */
function ignoreAnswer(exchange: Exchange, reason: string): State {
  exchange.sa.handshake!.hint = `an answer came, but ${reason}`;
  report(exchange, 'warning', 'ike.init', `answer to IKE_SA_INIT ignored: ${reason}`);
  return 'init-sent';
}

/** An error nobody vouches for: told to the operator, and we go on asking (§2.21.1). */
function hint(exchange: Exchange): State {
  const { sa } = exchange;
  const error = errorNotification(exchange);
  if (!error) return 'init-sent';
  const name = notifyName(error.notifyType);
  const advice = NOTIFIED.get(error.notifyType) ?? 'see the log of the peer';
  const offered = describe(sa.handshake!.proposals);
  if (sa.handshake!.hint === undefined) {
    const text = `IKE_SA_INIT answered with ${name}: we offered ${offered}; ${advice}`;
    report(exchange, 'error', 'ike.init', text, { notify: name, offered });
  }
  sa.handshake!.hint = `the peer answers ${name}: ${advice}`;
  return 'init-sent';
}

const answers = {
  from: ['init-sent'],
  receives: { response: IKE_SA_INIT, task: ['ike-sa-init'] },
  allows: [],
  onTimeout: 'retransmit',
} as const;

export const SA_INIT: readonly Transition[] = [
  {
    story: 'IKE_SA_INIT request: answer with our half of the keys',
    from: ['listening'],
    receives: { request: IKE_SA_INIT },
    requires: ['SA(IKE)', 'KE', 'Nonce'],
    allows: [],
    run: answerFirst,
    to: ['init-answered'],
    onTimeout: 'half-open',
  },
  {
    ...answers,
    story: 'IKE_SA_INIT answer: the keys are made, authenticate',
    requires: ['SA(IKE)', 'KE', 'Nonce'],
    allows: ['CERTREQ'],
    run: takeAnswer,
    to: ['auth-sent', 'init-sent', 'dead'],
  },
  {
    ...answers,
    story: 'IKE_SA_INIT answer with a cookie: ask again with it',
    requires: ['N(COOKIE)'],
    run: repeatWithCookie,
    to: ['init-sent'],
  },
  {
    ...answers,
    story: 'IKE_SA_INIT answer that wants another group: ask again with it',
    requires: ['N(INVALID_KE_PAYLOAD)'],
    run: repeatWithGroup,
    to: ['init-sent'],
  },
  {
    ...answers,
    story: 'IKE_SA_INIT answer that sends us to another gateway: call that',
    requires: ['N(REDIRECT)'],
    run: takeRedirect,
    to: ['init-sent', 'dead'],
  },
  {
    ...answers,
    story: 'IKE_SA_INIT answer with an error: a hint, not a verdict',
    requires: ['N'],
    run: hint,
    to: ['init-sent'],
  },
];
