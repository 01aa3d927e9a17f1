// What the data plane is told about a pair of SAs. The IKE engine's ChildSa is one; the two rooms do
// not import each other, so the shape is written here too, and src/daemon holds them together.
import type { Address } from '../policy/address.js';
import type { TrafficSelector } from '../policy/selector.js';

export interface AssociationEndpoint {
  readonly address: Address;
  readonly port: number;
}

/** Where a pair's packets go and come from. */
export interface Place {
  readonly local: AssociationEndpoint;
  readonly remote: AssociationEndpoint;
  /** Undefined: as before. */
  readonly udpEncapsulation?: boolean;
}

export interface AssociationKeys {
  readonly spi: number;
  readonly encryptionKey: Uint8Array;
  readonly salt: Uint8Array;
  readonly integrityKey: Uint8Array;
}

/** An AH around each ESP packet of an association. */
export interface AssociationAround {
  /** Row of src/algorithms. */
  readonly integrity: string;
  readonly esn: boolean;
  /** Without a cipher's key. */
  readonly inbound: AssociationKeys;
  readonly outbound: AssociationKeys;
}

export interface Association {
  readonly id: number;
  readonly peer: string;
  readonly policy: number;
  readonly local: AssociationEndpoint;
  readonly remote: AssociationEndpoint;
  readonly udpEncapsulation: boolean;
  readonly mode: 'tunnel' | 'transport';
  readonly protocol: 'esp' | 'ah';
  /** With ESP: an AH around it, `ipsec-protocols=ah,esp`. IKEv2 negotiates none (RFC 7296 §3.3). */
  readonly around?: AssociationAround | undefined;
  /**
   * Transport mode behind a NAT: the addresses as the peer has them, over which it computes TCP and
   * UDP checksums (RFC 7296 §2.23.1); undefined: the same as here.
   */
  readonly original?: { readonly local: Address; readonly remote: Address } | undefined;
  /** Rows of src/algorithms. */
  readonly encryption: string;
  readonly integrity: string;
  readonly esn: boolean;
  /** Packets, 32 … 8192. */
  readonly replayWindow: number;
  readonly inbound: AssociationKeys;
  readonly outbound: AssociationKeys;
  readonly localSelectors: readonly TrafficSelector[];
  readonly remoteSelectors: readonly TrafficSelector[];
  readonly lifetime: {
    readonly softSeconds: number;
    readonly hardSeconds: number;
    readonly softBytes: number;
    readonly hardBytes: number;
  };
}

export type Direction = 'in' | 'out';
export type SaState = 'larval' | 'mature' | 'dying' | 'dead';

/** What one SA has carried. */
export interface Traffic {
  readonly bytes: number;
  readonly packets: number;
}

/** One SA as `installed-sa print` needs it. */
export interface InstalledSa {
  readonly slot: number;
  readonly direction: Direction;
  readonly association: Association;
  readonly state: SaState;
  /** Unix time in milliseconds. */
  readonly addedAt: number;
  /** Unix time in milliseconds of the last packet, 0: none yet. */
  readonly usedAt: number;
  readonly bytes: number;
  readonly packets: number;
  readonly invalidPackets: number;
  /** Packets; 0 for outbound. */
  readonly replayWindow: number;
  readonly pathMtu: number;
  readonly innerMtu: number;
}

/** The association cannot be installed; the message says why and whose it is. */
export class AssociationError extends Error {
  override readonly name = 'AssociationError';
}
