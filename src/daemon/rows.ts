// What the print commands carry over the control socket: one type per menu, RouterOS's property names
// (spec: "Read only properties"). Times are seconds and counts are numbers here and in `--json`;
// src/cli turns them into RouterOS's notation for the tables.
import type { CounterName } from './counter-names.js';

/** A peer with a DNS name as address. */
export interface PeerAddressRow {
  readonly peer: string;
  /** Empty: not resolved yet. */
  readonly 'current-address': string;
  /** Why it is not started, or keeps an address that may be old; empty: nothing is wrong. */
  readonly trouble: string;
}

/** One policy, enabled or not, in matching order. */
export interface PolicyRow {
  /** Position in the list that is written: what is made from a template has none. */
  readonly number?: number;
  readonly active: boolean;
  /** Made from a template. */
  readonly dynamic: boolean;
  /** RouterOS has a template of its own; here every one is written. */
  readonly default: boolean;
  /** Another policy that matches the same is in force in its place. */
  readonly invalid: boolean;
  readonly disabled: boolean;
  /** No policy, but what policies are made from. */
  readonly template: boolean;
  /** Its SA is with another than the first of its peers. */
  readonly backup: boolean;
  readonly 'src-address': string;
  readonly 'src-port': number | 'any';
  readonly 'dst-address': string;
  readonly 'dst-port': number | 'any';
  /** Name of the IP protocol, its number where it has no name, or `all`. */
  readonly protocol: string;
  readonly action: 'encrypt' | 'discard' | 'none';
  readonly level: 'require' | 'unique' | 'use';
  readonly 'ipsec-protocols': 'esp' | 'ah';
  readonly tunnel: boolean;
  /** Of several a comma list; empty with action discard or none. */
  readonly peer: string;
  /** Of several the one that has the SA; empty: none, or there is one alone. */
  readonly 'current-peer': string;
  readonly proposal: string;
  /** Empty until a peer is known. */
  readonly 'sa-src-address': string;
  readonly 'sa-dst-address': string;
  readonly 'ph2-count': number;
  readonly 'ph2-state': Ph2State;
  readonly comment: string;
}

/** The states of RouterOS that this gateway can be in. */
export type Ph2State =
  | 'no-phase2'
  | 'ready-to-send'
  | 'msg1-sent'
  | 'adding-sa'
  | 'established'
  | 'expired';

/** One IKE SA. */
export interface ActivePeerRow {
  /** The name of the configured peer (ours; RouterOS prints the peer's identity as `id`). */
  readonly peer: string;
  /** The identity the peer proved, e.g. `fqdn:east.example`; empty before that. */
  readonly id: string;
  /** The name of the user that an authentication server let in; empty for others. */
  readonly user: string;
  readonly 'local-address': string;
  /** The peer's UDP port. */
  readonly port: number;
  readonly 'remote-address': string;
  readonly state: ActivePeerState;
  readonly side: 'initiator' | 'responder';
  /** The peer began. */
  readonly responder: boolean;
  readonly 'natt-peer': boolean;
  /** What mode-config gave the peer, one or one of each family; empty: nothing. */
  readonly 'dynamic-address': string;
  /** Seconds since it was established; 0 before. */
  readonly uptime: number;
  /** Seconds since the last authentic message of this peer. */
  readonly 'last-seen': number;
  readonly 'ph2-total': number;
  /** Sixteen hexadecimal digits each. */
  readonly spii: string;
  readonly spir: string;
  readonly 'rx-bytes': number;
  readonly 'rx-packets': number;
  readonly 'tx-bytes': number;
  readonly 'tx-packets': number;
}

export type ActivePeerState =
  | 'spawning'
  | 'starting'
  | 'message-1-sent'
  | 'message-1-received'
  | 'message-2-sent'
  | 'message-2-received'
  | 'message-3-sent'
  | 'message-3-received'
  | 'eap'
  | 'established'
  | 'expired';

/** One SA, one direction. */
export interface InstalledSaRow {
  /** Eight hexadecimal digits after `0x`. */
  readonly spi: string;
  readonly peer: string;
  readonly direction: 'in' | 'out';
  /** Outer addresses; with `:port` under UDP encapsulation (`[address]:port` in IPv6). */
  readonly 'src-address': string;
  readonly 'dst-address': string;
  readonly state: 'larval' | 'mature' | 'dying' | 'dead';
  readonly AH: boolean;
  readonly ESP: boolean;
  /** Never: this gateway runs in user space. */
  readonly 'hw-aead': false;
  /** Registry names without key length, RouterOS's way: `sha256`, `aes-gcm`; `none` with an AEAD. */
  readonly 'auth-algorithm': string;
  readonly 'enc-algorithm': string;
  /** Bits. */
  readonly 'enc-key-size': number;
  /** Hexadecimal; only where the request said `show-secrets`. */
  readonly 'auth-key'?: string;
  readonly 'enc-key'?: string;
  /** Unix time in seconds. */
  readonly addtime: number;
  /** Seconds until the hard limit. */
  readonly 'expires-in': number;
  /** Seconds, soft and hard. */
  readonly 'add-lifetime': readonly [soft: number, hard: number];
  readonly 'current-bytes': number;
  readonly 'current-packets': number;
  readonly 'invalid-packets': number;
  /** Window size in packets; 0 for outbound. */
  readonly replay: number;
  readonly esn: boolean;
  readonly 'seen-traffic': boolean;
}

/** RouterOS's 25 counters and ours, summed over the workers. */
export type StatisticsRow = { readonly [name in CounterName]: number };
