// What the engine is given and what it offers. Time, randomness, SPIs and slow sums are arguments
// here, so that nothing under src/ike opens a socket, reads a clock or draws a random number.
import type { Agreement } from '../crypto/agreement.js';
import type { DirectionKeys } from '../crypto/keymat.js';
import type { Certificates } from '../crypto/certificates.js';
import type { Applicant, Conversation } from '../eap/authenticator.js';
import type { Address } from '../policy/address.js';
import type { Leases } from '../policy/leases.js';
import type { Authorisation } from './authorisation.js';
import type { CookieDemand } from './cookie.js';
import type { GeneratedPolicy } from './generated.js';
import type { Given } from './parts/configuration.js';
import type { Change } from './reconfigure.js';
import type { SessionEnd } from './sessions.js';
import type { Datagram, Endpoint, Step } from './step.js';

export interface Context {
  /** Milliseconds, monotonic enough that it never runs backwards by much. */
  now(): number;
  random(bytes: number): Uint8Array;
  /** A fresh inbound ESP SPI (more than 255, RFC 4303 §2.1) that steers to a worker of ours. */
  allocateSpi(): number;
  readonly agreement: Agreement;
  readonly certificates: Certificates;
  /** The source address that this host would use; undefined where there is no route. */
  localAddressFor(remote: Address): Address | undefined;
  /** Addresses of a DNS name, of that family if one is given; rejects with the reason. */
  readonly resolve?: (name: string, family: 4 | 6 | undefined) => Promise<readonly Address[]>;
  /** Asks the RADIUS servers about a user (auth-method eap-radius). */
  readonly authenticate?: (applicant: Applicant) => Conversation<Authorisation>;
  /** Addresses for road warriors, and the host's own DNS servers. */
  readonly leases?: Pick<Leases, 'serves' | 'take' | 'giveBack'>;
  systemDns?(): readonly Address[];
  readonly settings?: Partial<Settings>;
}

/** Our own choices; tests and `settings` change them. */
export interface Settings {
  /** Half-open SAs from which on a first message must bring a cookie (RFC 7296 §2.6). */
  readonly cookieThreshold: number;
  /** Half-open SAs from which on a new one takes the place of another (half-open.ts). */
  readonly halfOpenLimit: number;
  /** How long a responder waits for IKE_AUTH. */
  readonly halfOpenMs: number;
  /** How long a responder lets EAP take, all rounds of it. */
  readonly authenticationMs: number;
  /** First wait for an answer; doubles with every retransmission, up to `retransmitMostMs`. */
  readonly retransmitMs: number;
  readonly retransmitMostMs: number;
  /** Transmissions of one request, liveness checks excepted (there `dpd-maximum-failures` rules). */
  readonly transmissions: number;
  /** Of the first messages to a peer for which another peer, or another address, can be tried. */
  readonly transmissionsElsewhere: number;
  /** RFC 3948 §4: the default is 20 s. */
  readonly keepaliveMs: number;
  /** Share of a lifetime after which the replacement starts, and how much earlier chance may make it. */
  readonly softShare: number;
  readonly softJitter: number;
  /** Wait before a failed peer is tried again; doubles up to `reconnectMostMs`. */
  readonly reconnectMs: number;
  readonly reconnectMostMs: number;
  /** Wait after TEMPORARY_FAILURE (RFC 7296 §2.25). */
  readonly temporaryMs: number;
  /**
   * How long a replaced IKE SA waits for its deletion by the peer: longer than the peer may repeat
   * the request that replaced it, or it is deleted before the peer has the answer.
   */
  readonly replacedMs: number;
  /** How long a delete of ours waits for its answer. */
  readonly deletingMs: number;
  /** Answers to messages of unknown SAs in any second. */
  readonly strayAnswersPerSecond: number;
  /** Messages that are for nobody, in any second, beyond which all who call must show their address ... */
  readonly strangersPerSecond: number;
  /** ... for so long. */
  readonly strangersMs: number;
  /** Bytes of fragments that wait for others, of all IKE SAs (RFC 7383). */
  readonly partialBytes: number;
}

export const DEFAULT_SETTINGS: Settings = {
  cookieThreshold: 30,
  halfOpenLimit: 1000,
  halfOpenMs: 30_000,
  authenticationMs: 120_000,
  retransmitMs: 1000,
  retransmitMostMs: 30_000,
  transmissions: 7, // 1, 2, 4, 8, 16, 30 s apart and 30 s more: 91 s
  transmissionsElsewhere: 4, // 15 s
  keepaliveMs: 20_000,
  softShare: 0.8,
  softJitter: 0.1,
  reconnectMs: 2000,
  reconnectMostMs: 120_000,
  temporaryMs: 3000,
  replacedMs: 120_000,
  deletingMs: 30_000,
  strayAnswersPerSecond: 5,
  strangersPerSecond: 50,
  strangersMs: 10_000,
  partialBytes: 8 * 2 ** 20,
};

/** The packet that wants an SA, for the first traffic selector (RFC 7296 §2.9). */
export interface AcquirePacket {
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** RouterOS's states of an active peer that IKEv2 can be in. */
export type PeerState =
  | 'message-1-sent'
  | 'message-2-sent'
  | 'message-3-sent'
  | 'eap'
  | 'established'
  | 'expired';

/** One IKE SA as `active-peers print` shows it; bytes and packets are the data plane's to add. */
export interface ActivePeer {
  readonly peer: string;
  /** The identity the peer proved, e.g. `fqdn:east.example`; empty before that. */
  readonly id: string;
  /** The name of the user that an authentication server let in. */
  readonly user: string;
  readonly 'local-address': string;
  readonly port: number;
  readonly 'remote-address': string;
  readonly state: PeerState;
  /** Of the peers we called first: whoever replaced the IKE SA since. */
  readonly side: 'initiator' | 'responder';
  readonly 'natt-peer': boolean;
  /** What mode-config gave the peer; empty: nothing. */
  readonly 'dynamic-address': string;
  /** Seconds since it was established, rekeys or not; 0 before. */
  readonly uptime: number;
  /** Seconds since the last authentic message of this peer. */
  readonly 'last-seen': number;
  readonly 'ph2-total': number;
  readonly spii: string;
  readonly spir: string;
  /** The same number whatever IKE SAs replaced the first one. */
  readonly connection: number;
  /** Ids of its children (ChildSa.id). */
  readonly children: readonly number[];
  /** `aes-256-gcm/sha256/ecp256`; empty before it is agreed. */
  readonly suite: string;
}

/** What a policy has, for `ph2-count` and `ph2-state` of `policy print`. */
export interface PolicyStatus {
  readonly policy: number;
  readonly count: number;
  readonly state: 'no-phase2' | 'msg1-sent' | 'established';
  /** Endpoints of the newest SA. */
  readonly local: Endpoint | undefined;
  readonly remote: Endpoint | undefined;
  /** Whose SA it is: one of the policy's peers. */
  readonly peer: string | undefined;
}

/** The keys of an IKE SA, for who opens a capture; they are the engine's own, and erased with it. */
export interface IkeSecrets {
  /** Sixteen hexadecimal digits each. */
  readonly spii: string;
  readonly spir: string;
  /** Rows of src/algorithms. */
  readonly encryption: string;
  readonly integrity: string;
  readonly initiator: DirectionKeys;
  readonly responder: DirectionKeys;
}

/** Connections: all of a peer entry, of an identity as `active-peers` shows it, one by either SPI, some. */
export interface KillWhich {
  readonly peer?: string | undefined;
  readonly id?: string | undefined;
  readonly spi?: string | undefined;
  /** Those with these pairs of SPIs, `SPII-SPIR,…`, as `active-peers` shows them. */
  readonly connections?: string | undefined;
}

/**
 * src/ike/engine.ts; every Step is to be carried out in the order in which the promises resolve: whoever
 * calls awaits at once. A Step holds what was decided so far and nobody has got, by whichever call.
 */
export interface IkeEngine {
  /** An IKE message as it came, without the non-ESP marker. */
  receive(datagram: Datagram): Promise<Step>;
  /** Initiates to every peer that is not passive and has policies. */
  start(): Promise<Step>;
  acquire(policy: number, packet?: AcquirePacket): Promise<Step>;
  /** From the data plane's byte and sequence limits; unknown ids are ignored. */
  childExpired(child: number, limit: 'soft' | 'hard'): Promise<Step>;
  /** The peer's authentic ESP came from elsewhere (NAT rebinding). */
  moved(child: number, remote: Endpoint): Promise<Step>;
  /**
   * The addresses this host has now: SAs from one that is gone go on from another (RFC 4555). Peers are
   * told of those that are `outside`.
   */
  addressesChanged(all: readonly Address[], outside?: readonly Address[]): Promise<Step>;
  /** Authentic ESP on the child's inbound SA: proof of life, and of the peer's use of a new SA. */
  trafficSeen(child: number, atMs: number): Promise<Step>;
  /**
   * Asks a peer there something in a packet of so many bytes, IP header included; `Step.probed` tells
   * later what became of it. Not asked: there is no IKE SA with it, or it is being asked.
   */
  probe(remote: Address, bytes: number): Promise<Step & { readonly asked: boolean }>;
  tick(now: number): Promise<Step>;
  /** When `tick` has something to do, in the clock of Context.now; undefined: nothing pending. */
  nextTimeout(): number | undefined;
  /** Deletes all IKE SAs, or those that are meant; who is not passive connects again. */
  killConnections(which?: KillWhich): Promise<Step & { readonly killed: number }>;
  /** Deletes the IKE SAs that carry these sessions of users. */
  endSessions(sessions: ReadonlySet<string>, end: SessionEnd, reason: string): Promise<Step>;
  /** The users of these sessions are to prove themselves again within so many seconds (RFC 4478). */
  limitSessions(sessions: ReadonlySet<string>, seconds: number): Promise<Step>;
  /** Goes on with other databases; SAs that the change does not touch stay. */
  reconfigure(change: Change): Promise<Step>;
  /** Deletes all CHILD_SAs; traffic asks for new ones. */
  flush(): Promise<Step & { readonly flushed: number }>;
  /** Deletes everything and starts nothing any more. */
  shutdown(): Promise<Step>;
  /** To be asked after every Step: who reads the sockets may give cookies out in our place. */
  cookies(): CookieDemand;
  /**
   * One function for each IKE SA that stands by certificates: whether they are still to be trusted; who is
   * not, is told and ended. It may wait for servers.
   */
  rechecks(): readonly (() => Promise<Step>)[];
  peers(): ActivePeer[];
  policies(): PolicyStatus[];
  /** Of every IKE SA that has keys. */
  secrets(): IkeSecrets[];
  /** What mode-config said to the client with this address. */
  given(address: Address): Given | undefined;
  /** Policies made from templates, in the order they were made. */
  generated(): GeneratedPolicy[];
}
