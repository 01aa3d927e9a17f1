// What an IKE SA wants to ask its peer for, one at a time: plain records that wait for their turn.
import type { TransformProposal } from '../algorithms/transform.js';
import type { KeyShare } from '../crypto/agreement.js';
import type { Policy } from '../policy/database.js';
import type { AcquirePacket } from './context.js';
import type { Child, ChildOffer, ChildSpi } from './sa.js';
import type { Endpoint } from './step.js';

/** Something we want to ask the peer for; one at a time is on the wire (the window is one). */
export type Task =
  | { readonly kind: 'ike-sa-init' }
  | { readonly kind: 'ike-auth' }
  | CreateChildTask
  | RekeyIkeTask
  | { readonly kind: 'delete-child'; readonly children: readonly number[] }
  /** Of children that are gone here already. */
  | { readonly kind: 'delete-spis'; readonly spis: readonly ChildSpi[] }
  /** Of policies that are no more: closed when nothing is under way that could add another. */
  | { readonly kind: 'close-policies'; readonly policies: ReadonlySet<number> }
  /** Of an IKE SA with a backup: it has no more use, unless it carries something else. */
  | { readonly kind: 'end-spare' }
  | { readonly kind: 'delete-ike'; readonly reason: string }
  | { readonly kind: 'reject-auth' }
  | { readonly kind: 'liveness' }
  | ProbeTask
  /** MOBIKE (RFC 4555): `from` and `to` as the request went out. */
  | { readonly kind: 'update-addresses'; readonly from?: Endpoint; readonly to?: Endpoint }
  | { readonly kind: 'tell-addresses' }
  /** RFC 4478: seconds from now. */
  | { readonly kind: 'tell-lifetime'; readonly seconds: number }
  /** The IKE SA that this one renews has no more use. */
  | { readonly kind: 'end-renewed' }
  | { readonly kind: 'end-after-renewal' }
  | {
      readonly kind: 'check-path';
      readonly cookie: Uint8Array;
      readonly from: Endpoint;
      readonly to: Endpoint;
    };
export type TaskKind = Task['kind'] | 'rekey-child';
/** The last an IKE SA asks for. */
export type ClosingTask = Extract<Task, { readonly kind: 'delete-ike' | 'reject-auth' }>;

/** A further child, or with `rekeys` the replacement of one. */
export interface CreateChildTask {
  readonly kind: 'create-child' | 'rekey-child';
  readonly policy: Policy;
  readonly packet: AcquirePacket | undefined;
  readonly rekeys: number | undefined;
  /** Set by INVALID_KE_PAYLOAD. */
  group: string | undefined;
  /** How many of the key exchanges we ask with the peer has refused. */
  readonly refused: number;
  attempts: number;
  offer: ChildOffer | undefined;
  share: KeyShare | undefined;
  nonce: Uint8Array;
}

/** Whether the path carries a packet of `wanted` bytes, as the answer to it shows. */
export interface ProbeTask {
  readonly kind: 'probe';
  readonly wanted: number;
  /** Of the packet that was sent; as many as `wanted`, or less than a cipher's block fewer. */
  bytes: number;
  /** It was sent again, in fragments: an answer tells nothing of the path. */
  repeated: boolean;
}

export interface RekeyIkeTask {
  readonly kind: 'rekey-ike';
  group: string | undefined;
  attempts: number;
  spi: bigint;
  proposals: readonly TransformProposal[];
  share: KeyShare | undefined;
  nonce: Uint8Array;
}

export const isClosing = (task: Task): task is ClosingTask =>
  task.kind === 'delete-ike' || task.kind === 'reject-auth';

export const createChild = (policy: Policy, packet?: AcquirePacket): CreateChildTask => ({
  kind: 'create-child',
  policy,
  packet,
  rekeys: undefined,
  group: undefined,
  refused: 0,
  attempts: 0,
  offer: undefined,
  share: undefined,
  nonce: new Uint8Array(0),
});

export const rekeyChild = (child: Child): CreateChildTask => ({
  ...createChild(child.policy),
  kind: 'rekey-child',
  rekeys: child.sa.id,
});

export const rekeyIke = (): RekeyIkeTask => ({
  kind: 'rekey-ike',
  group: undefined,
  attempts: 0,
  spi: 0n,
  proposals: [],
  share: undefined,
  nonce: new Uint8Array(0),
});
