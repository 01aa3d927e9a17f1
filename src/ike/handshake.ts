// What is known of an IKE SA until it stands: IKE_SA_INIT, IKE_AUTH and the rounds of EAP in it.
import type { TransformProposal } from '../algorithms/transform.js';
import type { KeyShare } from '../crypto/agreement.js';
import type { Accepted, Conversation } from '../eap/authenticator.js';
import type { EapPeer } from '../eap/peer.js';
import type { Identity, Policy } from '../policy/database.js';
import type { PlainPayload } from '../wire/chain.js';
import type { IdPayload } from '../wire/payloads/identification.js';
import type { Authorisation } from './authorisation.js';
import type { AcquirePacket } from './context.js';
import type { ChildOffer } from './sa.js';

/** IKE_SA_INIT and IKE_AUTH only. */
export interface Handshake {
  readonly proposals: readonly TransformProposal[];
  group: string;
  share: KeyShare | undefined;
  cookie: Uint8Array | undefined;
  /** How often the first message was sent anew for a cookie or another group. */
  restarts: number;
  nonceInitiator: Uint8Array;
  nonceResponder: Uint8Array;
  /** RealMessage1 and RealMessage2 of §2.15. */
  request: Uint8Array;
  response: Uint8Array;
  /** RFC 7427: hashes the peer verifies signatures with; undefined: it knows the older methods only. */
  signatureHashes: readonly number[] | undefined;
  /** Public key hashes of the CAs the peer asked for by CERTREQ; none: any. */
  authorities: readonly Uint8Array[];
  /** It fetches certificates by hash and URL. */
  peerLooksUp: boolean;
  /** It takes an IKE SA without a child (RFC 6023). */
  peerChildless: boolean;
  /** The first child, and what its acquire brought. */
  child: ChildOffer | undefined;
  firstPolicy: Policy | undefined;
  packet: AcquirePacket | undefined;
  eap: EapAsked | EapAnswered | undefined;
  /** What an unauthenticated error said: a hint for the operator, never acted upon (§2.21.1). */
  hint: string | undefined;
}

/** A responder's: what the first IKE_AUTH request held is dealt with after the last (§2.16). */
export interface EapAsked {
  readonly asked: readonly PlainPayload[];
  readonly identity: Identity;
  readonly idi: IdPayload;
  readonly idr: IdPayload;
  readonly conversation: Conversation<Authorisation>;
  accepted: Accepted<Authorisation> | undefined;
  /** When patience ends, however busy it is; in ms of Context.now. */
  readonly deadline: number;
}

/** An initiator's. */
export interface EapAnswered {
  readonly idr: IdPayload;
  readonly conversation: EapPeer;
  msk: Uint8Array | undefined;
}
