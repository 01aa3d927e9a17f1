// Authentication in IKE_AUTH (RFC 7296 §2.15): each side proves its identity in a way of its own. A
// method is a pair of functions, in a file of its own; `proofOf` and `checkProof` choose between them.
import type { AuthMethodName, Identity } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import type { Exchange, Work } from '../exchange.js';
import { SHARED_KEY } from './pre-shared-key.js';

/** Neither function changes the SA; both may wait for a thread. */
export interface AuthMethod<I extends Identity = Identity> {
  /** What proves to the peer that we are `id`: CERT payloads, if any, and AUTH. */
  readonly prove: (work: Work, identity: I, id: IdPayload) => Promise<PlainPayload[]>;
  /** Throws unless the message proves that the peer is `id`. */
  readonly check: (exchange: Exchange, identity: I, id: IdPayload) => Promise<void>;
}

type Methods = {
  readonly [M in AuthMethodName]?: AuthMethod<Extract<Identity, { readonly authMethod: M }>>;
};

const METHODS: Methods = { 'pre-shared-key': SHARED_KEY };

function methodOf({ authMethod, peer }: Identity): AuthMethod {
  const method = METHODS[authMethod];
  // The configuration does not start such a peer.
  if (!method) throw new Error(`bug: identity '${peer}' has auth-method ${authMethod}`);
  return method as AuthMethod;
}

export const proofOf = (work: Work, identity: Identity, id: IdPayload): Promise<PlainPayload[]> =>
  methodOf(identity).prove(work, identity, id);

export const checkProof = (exchange: Exchange, identity: Identity, id: IdPayload): Promise<void> =>
  methodOf(identity).check(exchange, identity, id);
