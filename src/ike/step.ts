// What the IKE engine wants done, as plain data (docs/architecture.md, "Effects are data").
// src/daemon/gateway.ts carries a Step out; nothing under src/ike does.
import type { Address, Prefix } from '../policy/address.js';
import type { AskedConfig, DynamicPolicy } from '../policy/database.js';
import type { TrafficSelector } from '../policy/selector.js';
import type { SessionEvent } from './sessions.js';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a.port === b.port && a.address.family === b.address.family && a.address.value === b.address.value;

/** An IKE message without the non-ESP marker; the daemon adds it for local port 4500 (RFC 3948 §2.2). */
export interface Datagram {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly bytes: Uint8Array;
  /**
   * How it travels. `whole`: unfragmented, however small the path is believed to be; `small`: in fragments
   * of what every path carries, where the path wants them; undefined: as the kernel thinks fit.
   */
  readonly size?: 'whole' | 'small';
}

/** What became of a question to the peer that is as long as a packet may be (Engine.probe). */
export interface Probed {
  readonly remote: Address;
  /** What was asked for, and the packet that it became. */
  readonly wanted: number;
  readonly bytes: number;
  /** Whether the first transmission was answered; it alone travelled whole. */
  readonly passed: boolean;
}

/** A peer gave no answer at an address, to a call or under an IKE SA that is gone for it. */
export interface Silence {
  readonly peer: string;
  readonly address: Address;
}

/** A NAT keepalive (RFC 3948 §2.3): the daemon sends one byte 0xff, without a marker. */
export interface Keepalive {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export interface SaKeys {
  readonly spi: number;
  /** Without salt. */
  readonly encryptionKey: Uint8Array;
  /** AEAD and CTR salt, else empty. */
  readonly salt: Uint8Array;
  /** Empty with an AEAD. */
  readonly integrityKey: Uint8Array;
}

export interface Lifetime {
  /** Seconds from installation; the engine's own timers act on them. */
  readonly softSeconds: number;
  readonly hardSeconds: number;
  /** Inner bytes of one direction, 0: no limit; the data plane reports them by mail. */
  readonly softBytes: number;
  readonly hardBytes: number;
}

/** One CHILD_SA: a pair of ESP SAs. */
export interface ChildSa {
  /** The engine's number for it, never used again. */
  readonly id: number;
  readonly peer: string;
  /** Authorisation.session of the user whose it is. */
  readonly session?: string | undefined;
  /** ActivePeer.connection of the one whose it is. */
  readonly connection: number;
  /** Policy.id of the policy that wanted it. */
  readonly policy: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly udpEncapsulation: boolean;
  readonly mode: 'tunnel' | 'transport';
  readonly protocol: 'esp' | 'ah';
  /** Transport mode behind a NAT: the two ends as the peer sees them (RFC 7296 §2.23.1). */
  readonly original: { readonly local: Address; readonly remote: Address } | undefined;
  /** Registry row names (src/algorithms), e.g. `aes-128-gcm` and `null`, `aes-256-cbc` and `sha256`. */
  readonly encryption: string;
  readonly integrity: string;
  readonly esn: boolean;
  /** Packets: how far an inbound one may lag behind the newest. */
  readonly replayWindow: number;
  readonly inbound: SaKeys;
  readonly outbound: SaKeys;
  /** The negotiated selectors: any local with any remote. */
  readonly localSelectors: readonly TrafficSelector[];
  readonly remoteSelectors: readonly TrafficSelector[];
  readonly lifetime: Lifetime;
  /** The child this one replaces (rekey); it keeps receiving until it is removed. */
  readonly replaces: number | undefined;
}

export type EventLevel = 'debug' | 'info' | 'warning' | 'error';

/** One line of the log: a topic path, a sentence a person can act on, and the facts behind it. */
export interface EngineEvent {
  readonly level: EventLevel;
  readonly topic: string;
  readonly peer: string | undefined;
  readonly text: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** What a peer gave us by mode-config, for as long as some IKE SA with it stands. */
export interface Received {
  readonly id: number;
  readonly peer: string;
  /** Whose policies are made for it. */
  readonly template: number;
  readonly config: AskedConfig;
  readonly addresses: readonly Address[];
  readonly dns: readonly Address[];
  /** What is to go through the tunnel; empty: everything. */
  readonly networks: readonly Prefix[];
}

export type ReceivedChange = { readonly up: Received } | { readonly down: number };

export type PolicyChange = { readonly add: DynamicPolicy } | { readonly remove: number };

/** By a NAT's new mapping, or with MOBIKE by anything; then ESP may go into UDP or come out of it. */
export interface Move {
  readonly id: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly udpEncapsulation?: boolean;
}

/** An inbound SPI that we have offered: its packets may come before the answer that makes its SA. */
export interface Expected {
  readonly spi: number;
  readonly remote: Address;
}

/** `settled`: there is an SA with that SPI by now, or there will be none. */
export type ExpectedChange = { readonly expect: Expected } | { readonly settled: number };

/** Our own SPI of an IKE SA that stands from now on, or no more. */
export type IkeSpiChange = { readonly add: bigint } | { readonly remove: bigint };

export interface Step {
  readonly send: Datagram[];
  readonly keepalives: Keepalive[];
  /** Children whose inbound half goes in at once; the outbound half too, unless it is in `standby`. */
  readonly install: ChildSa[];
  /** Ids from `install` whose outbound half waits: the peer still sends and expects the old one. */
  readonly standby: number[];
  /** Ids whose outbound half becomes the policy's current one now. */
  readonly activate: number[];
  readonly remove: number[];
  /** Ids from `remove` that others took the place of: what is on its way through them still comes in. */
  readonly linger: number[];
  /** Ids of policies that an SA was wanted for and could not be had: nothing need wait for one. */
  readonly unmet: number[];
  /** After `install`, in this order. */
  readonly expected: ExpectedChange[];
  /** Before `send`, in this order. */
  readonly ikeSpis: IkeSpiChange[];
  /** Policies made from templates that come into force or go, in this order; before `install`. */
  readonly policies: PolicyChange[];
  /** To be in place before the policies, and to go behind them. */
  readonly received: ReceivedChange[];
  /** Endpoints of a child's SAs that moved, to be written into both halves. */
  readonly move: Move[];
  /** Users' sessions that began or ended, for accounting. */
  readonly sessions: SessionEvent[];
  readonly probed: Probed[];
  readonly silent: Silence[];
  readonly events: EngineEvent[];
}

export const emptyStep = (): Step => ({
  send: [],
  keepalives: [],
  install: [],
  standby: [],
  activate: [],
  remove: [],
  linger: [],
  unmet: [],
  expected: [],
  ikeSpis: [],
  policies: [],
  received: [],
  move: [],
  sessions: [],
  probed: [],
  silent: [],
  events: [],
});

/** What it holds, in its order; it is empty afterwards and can be added to. */
export const take = (step: Step): Step => ({
  send: step.send.splice(0),
  keepalives: step.keepalives.splice(0),
  install: step.install.splice(0),
  standby: step.standby.splice(0),
  activate: step.activate.splice(0),
  remove: step.remove.splice(0),
  linger: step.linger.splice(0),
  unmet: step.unmet.splice(0),
  expected: step.expected.splice(0),
  ikeSpis: step.ikeSpis.splice(0),
  policies: step.policies.splice(0),
  received: step.received.splice(0),
  move: step.move.splice(0),
  sessions: step.sessions.splice(0),
  probed: step.probed.splice(0),
  silent: step.silent.splice(0),
  events: step.events.splice(0),
});
