// What the engine knows of one IKE SA and of its children: plain records, changed only by the step in
// flight. Everything secret lives here and never in an event.
import type { EspSuite, IkeSuite } from '../algorithms/proposals.js';
import type { TransformProposal } from '../algorithms/transform.js';
import type { Protection } from '../crypto/protection.js';
import type { Identity, Peer, Policy, User } from '../policy/database.js';
import type { Address } from '../policy/address.js';
import type { TrafficSelector } from '../policy/selector.js';
import type { Authorisation } from './authorisation.js';
import type { Partial, PartialSide } from './fragments.js';
import type { Handshake } from './handshake.js';
import type { SessionEnd } from './sessions.js';
import type { Task } from './task.js';
import type { Assigned } from './parts/configuration.js';
import type { Vouched } from './parts/trust.js';
import type { ChildSa, Endpoint, Expected } from './step.js';

/**
 * `listening` is a responder before its first message; `dead` is final. Within IKE_AUTH by EAP a
 * responder has asked, then accepted the user; an initiator has answered, then proved the key of it.
 */
export type State =
  | 'listening'
  | 'idle'
  | 'init-sent'
  | 'init-answered'
  | 'auth-sent'
  | 'eap-asked'
  | 'eap-accepted'
  | 'eap-sent'
  | 'eap-proved'
  | 'established'
  | 'replaced'
  | 'deleting'
  | 'dead';

export { createChild, isClosing, rekeyChild, rekeyIke } from './task.js';
export type {
  ClosingTask,
  CreateChildTask,
  ProbeTask,
  RekeyIkeTask,
  Task,
  TaskKind,
} from './task.js';

export interface IkeSa {
  /** Our number for it, never used again. */
  readonly serial: number;
  /** Original initiator or responder of this SA (RFC 7296 §2.2: it fixes the SPIs' and keys' order). */
  readonly side: 'initiator' | 'responder';
  readonly peer: Peer;
  state: State;
  spiInitiator: bigint;
  spiResponder: bigint;
  local: Endpoint;
  remote: Endpoint;
  /** A NAT in front of us, in front of the peer; or claimed by configuration. */
  natLocal: boolean;
  natRemote: boolean;
  natClaimed: boolean;
  /** Both sides take messages in fragments (RFC 7383 §2.3). */
  fragmentation: boolean;
  /** Messages of which fragments have come: a request, and the answer to ours. */
  readonly partials: Record<PartialSide, Partial | undefined>;
  /** The serial of the first of the IKE SAs that this one continues: whoever replaced the last. */
  connection: number;
  /** We made the first of the IKE SAs that this one continues: whoever replaced the last, this stays. */
  caller: boolean;
  /** Both sides follow changes of address (RFC 4555). */
  mobike: boolean;
  /** Where else the peer says it can be reached (RFC 4555 §3.2); of an initiator with MOBIKE. */
  elsewhere: readonly Address[];
  /** How the peer last hashed where it sees us; undefined: it has not yet. */
  seenAs: Uint8Array | undefined;
  handshake: Handshake | undefined;
  secured: Secured | undefined;
  identity: Identity | undefined;
  /** Who the peer is, for people. */
  remoteId: string;
  /** The same, as it was proved: no other peer has it (parts/proved.ts). */
  proved: string;
  /** Of a user whom an authentication server let in. */
  authorisation: Authorisation | undefined;
  /** Of a user of our own. */
  user: User | undefined;
  /** The certificates by which it was let in. */
  readonly vouched: Vouched[];
  /** What mode-config gave the peer. */
  assigned: Assigned | undefined;
  /** Why it is closed, as accounting calls it: who knows says so first. */
  ending: SessionEnd | undefined;
  /** What the data plane was told to expect: see expected.ts. */
  expected: Expected | undefined;
  readonly window: Window;
  readonly tasks: Task[];
  readonly children: Map<number, Child>;
  readonly times: Times;
  /** An IKE SA that the peer's rekey of this one made while ours is under way (§2.8.2). */
  rival: Rival | undefined;
  /** The IKE SA beside which this one is made, to take its place (RFC 4478). */
  renews: IkeSa | undefined;
  /** The gateway that sent us to this one (RFC 5685). */
  redirectedFrom: Address | undefined;
  /** The last step in flight; the next one waits for it. */
  tail: Promise<void>;
  /** Of messages that wait for their turn. */
  waitingBytes: number;
}

export interface Secured {
  readonly suite: IkeSuite;
  readonly d: Uint8Array;
  readonly pi: Uint8Array;
  readonly pr: Uint8Array;
  readonly inbound: Protection;
  readonly outbound: Protection;
}

/** RFC 7296 §2.2, §2.3; our window is one request each way. */
export interface Window {
  nextId: number;
  pending: Pending | undefined;
  expectedId: number;
  /** As it came; of one in fragments the first of them. */
  lastRequest: Uint8Array | undefined;
  /** A message, or its fragments. */
  lastAnswer: readonly Uint8Array[] | undefined;
}

export interface Pending {
  readonly id: number;
  readonly exchange: number;
  /** A message, or its fragments. */
  readonly messages: readonly Uint8Array[];
  readonly task: Task;
  sent: number;
  nextAt: number;
  /** Other addresses of the peer that it may still go to; undefined: it has been sent to one only. */
  untried?: Address[];
}

/** All in ms of Context.now; undefined: not running. */
export interface Times {
  /** When its first message was made, or came. */
  readonly bornAt: number;
  establishedAt: number | undefined;
  lastSeen: number;
  softAt: number | undefined;
  hardAt: number | undefined;
  /** Half-open, replaced or deleting: when patience ends. */
  giveUpAt: number | undefined;
  /** When to authenticate anew. */
  reauthAt: number | undefined;
  keepaliveAt: number | undefined;
  /** Tasks wait until then after TEMPORARY_FAILURE. */
  tasksAt: number | undefined;
  /** When to ask again for children that the peer refused. */
  childrenAt: number | undefined;
}

export interface Child {
  /** Another one when its outer addresses change. */
  sa: ChildSa;
  readonly policy: Policy;
  readonly suite: EspSuite;
  softAt: number;
  readonly hardAt: number;
  state: 'installed' | 'rekeying' | 'replaced' | 'deleting';
  /** The outbound half waits for the peer to use or to keep this SA. */
  standby: boolean;
  /** The child that the peer's rekey of this one made while ours is under way (§2.8.1). */
  rival: Rival | undefined;
}

/** The outcome of the peer's half of a collision: what it made, and its exchange's lower nonce. */
export interface Rival {
  readonly id: number;
  readonly lowestNonce: Uint8Array;
}

/** Our side of a child under negotiation. */
export interface ChildOffer {
  readonly policy: Policy;
  readonly spi: number;
  readonly proposals: readonly TransformProposal[];
  readonly local: readonly TrafficSelector[];
  readonly remote: readonly TrafficSelector[];
}

/** What names one half of a child: the SPI, and the protocol it is an SPI of. */
export interface ChildSpi {
  readonly protocol: 'esp' | 'ah';
  readonly spi: number;
}

export const inboundSpi = ({ sa }: Child): ChildSpi => ({
  protocol: sa.protocol,
  spi: sa.inbound.spi,
});

export const newWindow = (): Window => ({
  nextId: 0,
  pending: undefined,
  expectedId: 0,
  lastRequest: undefined,
  lastAnswer: undefined,
});

export function newTimes(now: number): Times {
  return {
    bornAt: now,
    establishedAt: undefined,
    lastSeen: now,
    softAt: undefined,
    hardAt: undefined,
    giveUpAt: undefined,
    reauthAt: undefined,
    keepaliveAt: undefined,
    tasksAt: undefined,
    childrenAt: undefined,
  };
}

/** What tells one SA from another at its birth. */
export type Birth = Pick<
  IkeSa,
  'serial' | 'side' | 'peer' | 'state' | 'spiInitiator' | 'spiResponder' | 'local' | 'remote'
>;

export function newIkeSa(birth: Birth, now: number): IkeSa {
  const { serial, side, peer, state, spiInitiator, spiResponder, local, remote } = birth;
  // Written out: of a literal that begins with a spread V8 makes a shape for each of thousands.
  return {
    serial,
    side,
    peer,
    state,
    spiInitiator,
    spiResponder,
    local,
    remote,
    connection: serial,
    caller: birth.side === 'initiator',
    natLocal: false,
    natRemote: false,
    natClaimed: false,
    fragmentation: false,
    mobike: false,
    elsewhere: [],
    seenAs: undefined,
    partials: { request: undefined, response: undefined },
    handshake: undefined,
    secured: undefined,
    identity: undefined,
    remoteId: '',
    proved: '',
    authorisation: undefined,
    user: undefined,
    vouched: [],
    assigned: undefined,
    ending: undefined,
    expected: undefined,
    window: newWindow(),
    tasks: [],
    children: new Map(),
    times: newTimes(now),
    rival: undefined,
    renews: undefined,
    redirectedFrom: undefined,
    tail: Promise.resolve(),
    waitingBytes: 0,
  };
}

export const ownSpi = (sa: IkeSa): bigint =>
  sa.side === 'initiator' ? sa.spiInitiator : sa.spiResponder;
export const encapsulates = (sa: IkeSa): boolean => sa.natLocal || sa.natRemote || sa.natClaimed;
export const isHalfOpen = (sa: IkeSa): boolean =>
  sa.side === 'responder' && sa.times.establishedAt === undefined && sa.state !== 'dead';
/** On its way out, whoever wants it so. */
export const isLeaving = ({ state }: IkeSa): boolean =>
  state === 'deleting' || state === 'replaced' || state === 'dead';
/** What it has still to do, last what the peer has been asked and has not answered. */
export const openTasks = ({ tasks, window: { pending } }: IkeSa): Task[] =>
  pending ? [...tasks, pending.task] : [...tasks];
