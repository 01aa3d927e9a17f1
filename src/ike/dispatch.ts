// One message on one IKE SA, from bytes to the next state:
//   1 window: is it the request we expect, a repetition, or the answer we wait for (§2.1, §2.3)
//   2 open: integrity first, fragment by fragment; nothing has changed up to here
//   3 authentic: proof of life, and where the peer is now (§2.23)
//   4 row: what this message means in this state; run it
//   5 errors: by blame, with what the peer is told and what becomes of the SA (§2.21)
import type { Payload, PlainPayload } from '../wire/chain.js';
import { WireError } from '../wire/error.js';
import type { Header } from '../wire/header.js';
import { formatMessage } from '../wire/message.js';
import { IKE_SA_INIT } from '../wire/numbers.js';
import { nextIdentity } from './calling.js';
import { discard, scheduleReconnect } from './connection.js';
import { IkeError } from './errors.js';
import { type Exchange, notify, report, type Work } from './exchange.js';
import { collect } from './fragments.js';
import { decodeWhole, open } from './message.js';
import { type IkeSa, isClosing, isHalfOpen, type State, type Task } from './sa.js';
import { type Datagram, sameEndpoint } from './step.js';
import { duplicated, findTransition, readable, type Transition } from './transition.js';
import { AUTH } from './v2/auth.js';
import { CREATE_CHILD } from './v2/create-child.js';
import { EAP_ASKING } from './v2/eap-responder.js';
import { EAP_ANSWERING } from './v2/eap-initiator.js';
import { INFORMATION } from './v2/informational.js';
import { MOBIKE } from './v2/mobike.js';
import { PROBE } from './v2/probe.js';
import { REKEY_IKE } from './v2/rekey-ike.js';
import { SA_INIT } from './v2/sa-init.js';
import { sameBytes, sendAnswer } from './window.js';

export const TRANSITIONS: readonly Transition[] = [
  ...SA_INIT,
  ...EAP_ANSWERING,
  ...AUTH,
  ...EAP_ASKING,
  ...REKEY_IKE,
  ...CREATE_CHILD,
  ...MOBIKE,
  ...INFORMATION,
  ...PROBE,
];

export interface Received {
  readonly datagram: Datagram;
  readonly header: Header;
  /** The outer chain. */
  readonly payloads: readonly Payload[];
}

/** Why a message was dropped, for the debug log; undefined: it was dealt with. */
export type Dropped = string | undefined;

export async function dispatch(work: Work, received: Received): Promise<Dropped> {
  const { sa } = work;
  if (sa.state === 'dead') return 'the IKE SA is gone';
  const placed = place(work, received);
  if (typeof placed === 'string') return placed === '' ? undefined : placed;
  const { task } = placed;
  const opened = unwrap(work, received);
  if (typeof opened === 'string') return opened === '' ? undefined : opened;
  const { original } = opened;
  let payloads: readonly PlainPayload[];
  try {
    payloads = opened.payloads();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    accept(work, received, task, original);
    settleError(exchangeOf(work, received, [], task), fromWire(error));
    return undefined;
  }
  if (sa.state === 'deleting' && task && !isClosing(task)) {
    accept(work, received, task, original);
    return 'what was asked before the IKE SA began to close';
  }
  const { exchangeType } = received.header;
  const asked = { exchange: exchangeType, answers: task?.kind };
  const row = findTransition(TRANSITIONS, sa.state, asked, payloads);
  // Before both sides are authenticated nothing but the expected message moves the SA.
  if (!row && sa.state !== 'established') return `nothing expects it in state ${sa.state}`;
  accept(work, received, task, original, row?.moves);
  await run(exchangeOf(work, received, row ? readable(row, payloads) : payloads, task), row);
  return undefined;
}

// ---- 1 window ----------------------------------------------------------------------------------

/** The task it answers; or a reason to drop it, empty where it was answered from memory. */
function place({ sa, step }: Work, received: Received): { task?: Task } | string {
  const { header, datagram } = received;
  const { window } = sa;
  const { messageId, flags, exchangeType } = header;
  if (flags.response) {
    const { pending } = window;
    if (!pending || pending.id !== messageId) return `answer ${messageId} to no request of ours`;
    return pending.exchange === exchangeType
      ? { task: pending.task }
      : 'answer of another exchange';
  }
  if (messageId === window.expectedId) return {};
  if (messageId !== window.expectedId - 1) return `request ${messageId} is out of the window`;
  // §2.1: the same request again gets the same answer again; another one under its number nothing.
  if (!window.lastAnswer || !window.lastRequest) return 'a repetition of what was never answered';
  const repeated = sameBytes(window.lastRequest, datagram.bytes) || isCutAnew(sa, received);
  if (!repeated) return 'another request under an old number';
  const { local, remote } = datagram;
  step.send.push(...window.lastAnswer.map((bytes) => ({ local, remote, bytes })));
  return '';
}

/** RFC 7383 §2.6.1: of a request in fragments the first asks for the answer again, whatever its size. */
function isCutAnew(sa: IkeSa, { payloads }: Received): boolean {
  const first = payloads.find((payload) => payload.type === 'EncryptedFragment');
  if (first?.type !== 'EncryptedFragment' || first.fragmentNumber !== 1) return false;
  return sa.secured?.inbound.open(first.aad, first.body) !== undefined;
}

// ---- 2 open ------------------------------------------------------------------------------------

interface Opened {
  /** Throws WireError where authentic content is bad. */
  readonly payloads: () => PlainPayload[];
  readonly original: Uint8Array;
}

/**
 * In the clear only where nothing is established: nobody vouches for a first message. A reason to drop
 * it; empty where more of its fragments have to come.
 */
function unwrap(work: Work, { header, payloads, datagram }: Received): Opened | string {
  const { sa } = work;
  const original = datagram.bytes;
  const sealed = payloads.find((payload) => !isPlain(payload));
  if (header.exchangeType === IKE_SA_INIT) {
    const first = sa.state === (header.flags.response ? 'init-sent' : 'listening');
    if (!first || sealed) return 'not authentic';
    return { payloads: () => payloads.filter(isPlain), original };
  }
  if (sealed?.type === 'EncryptedFragment') {
    const whole = collect(work, header, sealed, original);
    if (typeof whole === 'string') return whole;
    return { payloads: () => decodeWhole(whole), original: whole.original };
  }
  const whole = sealed?.type === 'Encrypted' ? open(sa, sealed) : undefined;
  return whole ? { payloads: () => decodeWhole(whole), original } : 'not authentic';
}

const isPlain = (payload: Payload): payload is PlainPayload =>
  payload.type !== 'Encrypted' && payload.type !== 'EncryptedFragment';

function fromWire(error: WireError): IkeError {
  const critical = error.kind === 'critical';
  const data = critical ? Uint8Array.of(error.payloadNumber ?? 0) : undefined;
  return new IkeError(critical ? 'critical-payload' : 'invalid-syntax', error.message, data);
}

// ---- 3 authentic -------------------------------------------------------------------------------

function accept(
  work: Work,
  { header, datagram }: Received,
  task: Task | undefined,
  original: Uint8Array,
  moves = false,
): void {
  const { sa, world } = work;
  if (!header.flags.response) {
    sa.window.expectedId++;
    sa.window.lastRequest = original.slice();
    sa.window.lastAnswer = undefined;
  } else if (header.exchangeType !== IKE_SA_INIT && task) {
    sa.window.pending = undefined;
  }
  if (header.exchangeType === IKE_SA_INIT) return;
  sa.times.lastSeen = world.context.now();
  // What is behind us may take its time to answer; the peer has done its part.
  if (sa.handshake?.eap && !header.flags.response) waitHalfOpen(work);
  // With MOBIKE only UPDATE_SA_ADDRESSES says where the peer is: it tries other paths before (RFC 4555
  // §3.5), and a NAT's new mapping it notices itself (§3.8).
  if (!moves && !sa.mobike) follow(work, datagram);
}

/** §2.23: who is not behind a NAT follows a peer that is; IKE_AUTH may come by port 4500. */
export function follow(
  { sa, step }: Work,
  { local, remote }: Pick<Datagram, 'local' | 'remote'>,
): void {
  if (sameEndpoint(sa.local, local) && sameEndpoint(sa.remote, remote)) return;
  const floats = isHalfOpen(sa);
  if (!floats && !(sa.natRemote && !sa.natLocal)) return;
  sa.local = local;
  sa.remote = remote;
  for (const child of sa.children.values()) {
    child.sa = { ...child.sa, local, remote };
    step.move.push({ id: child.sa.id, local, remote });
  }
  if (!floats) report({ sa, step }, 'info', 'ike.nat', 'peer has moved behind its NAT');
}

// ---- 4 row -------------------------------------------------------------------------------------

function exchangeOf(
  work: Work,
  { datagram, header }: Received,
  payloads: readonly PlainPayload[],
  task: Task | undefined,
): Exchange {
  return { ...work, datagram, header, payloads, task };
}

async function run(exchange: Exchange, row: Transition | undefined): Promise<void> {
  const { sa, header, payloads } = exchange;
  try {
    const twice = duplicated(payloads);
    if (twice !== undefined) throw new IkeError('invalid-syntax', `${twice} payload twice`);
    if (!row) {
      const text = `no use for ${formatMessage({ header, payloads })} in state ${sa.state}`;
      throw new IkeError('missing-payload', text);
    }
    report(
      exchange,
      'debug',
      'ike.message',
      `${formatMessage({ header, payloads })}: ${row.story}`,
    );
    sa.state = await row.run(exchange);
    if (sa.state === 'dead') discard(exchange);
    else if (row.onTimeout === 'half-open') {
      waitHalfOpen(exchange);
    }
  } catch (error) {
    if (!(error instanceof IkeError)) throw error;
    settleError(exchange, error);
  }
}

/** A responder's patience for the next message, and for all of EAP. */
function waitHalfOpen({ world, sa }: Work): void {
  const { eap } = sa.handshake ?? {};
  const deadline = eap && 'deadline' in eap ? eap.deadline : Number.POSITIVE_INFINITY;
  sa.times.giveUpAt = Math.min(world.context.now() + world.settings.halfOpenMs, deadline);
}

// ---- 5 errors ----------------------------------------------------------------------------------

function settleError(exchange: Exchange, error: IkeError): void {
  const { sa, header } = exchange;
  const { row, message, data } = error;
  const established = sa.state !== 'listening' && sa.state !== 'init-sent';
  const quiet = error.error === 'invalid-ke' || error.error === 'temporary';
  const level = quiet ? 'debug' : established || row.blame === 'incompatible' ? 'error' : 'warning';
  const topic = sa.state === 'established' ? 'ike.child' : 'ike.negotiation';
  const facts = { blame: row.blame, error: error.error };
  report(exchange, level, topic, `${message}; ${row.advice}`, facts);
  if (header.flags.response) {
    settleAnswer(exchange, error);
    return;
  }
  if (row.notify !== undefined) {
    const first = header.exchangeType === IKE_SA_INIT;
    // §2.6: an answer without state behind it has no SPI of ours.
    const answering = first ? { ...exchange, sa: { ...sa, spiResponder: 0n } } : exchange;
    sendAnswer(answering, [notify(row.notify, data)], first);
  }
  endAfter(exchange, error);
}

/** A first message that failed leaves nothing behind; IKE_AUTH only its answer (§2.21.1, §2.21.2). */
function endAfter(exchange: Exchange, { row }: IkeError): void {
  const { sa } = exchange;
  if (sa.state === 'init-answered' || sa.handshake?.eap) {
    sa.state = 'deleting';
    waitHalfOpen(exchange);
  } else if (row.fatal || sa.state === 'listening') {
    if (sa.state === 'established') scheduleReconnect(exchange);
    discard(exchange);
  }
}

/** An initiator's states in which a wrong answer is taken back with AUTHENTICATION_FAILED. */
const AUTHENTICATING: ReadonlySet<State> = new Set(['auth-sent', 'eap-sent', 'eap-proved']);

/** The peer's answer is wrong. Unauthenticated ones are not worth a change (§2.21.1). */
function settleAnswer(exchange: Exchange, error: IkeError): void {
  const { sa } = exchange;
  if (sa.state === 'init-sent') {
    if (sa.handshake) sa.handshake.hint = error.message;
    return;
  }
  if (AUTHENTICATING.has(sa.state) && error.row.blame === 'refused') nextIdentity(exchange);
  if (error.row.fatal) scheduleReconnect(exchange);
  if (AUTHENTICATING.has(sa.state)) {
    sa.tasks.unshift({ kind: 'reject-auth' });
  } else if (error.row.fatal) {
    sa.tasks.unshift({ kind: 'delete-ike', reason: error.message });
  }
}
