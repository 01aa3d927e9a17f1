// Authentication in IKE_AUTH (RFC 7296 §2.15): each side proves its identity in a way of its own. A
// method is a pair of functions, in a file of its own; `proofOf` and `checkProof` choose between them.
import type { AuthMethodName, Identity } from '../../policy/database.js';
import type { PlainPayload } from '../../wire/chain.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import type { Exchange, Work } from '../exchange.js';
import {
  checkSignature,
  ownCertificate,
  proveBySignature,
  SIGNATURE,
} from './digital-signature.js';
import { buildId } from './identification.js';
import { SHARED_KEY } from './pre-shared-key.js';

/** Neither changes the SA, but that `check` notes by what certificates; both may wait for a thread. */
export interface AuthMethod<I extends Identity = Identity> {
  /** What proves to the peer that we are `id`: CERT payloads, if any, and AUTH. */
  readonly prove: (work: Work, identity: I, id: IdPayload) => Promise<PlainPayload[]>;
  /** Throws unless the message proves that the peer is `id`. */
  readonly check: (exchange: Exchange, identity: I, id: IdPayload) => Promise<void>;
}

type Methods = {
  readonly [M in AuthMethodName]: AuthMethod<Extract<Identity, { readonly authMethod: M }>>;
};

/** With EAP one of the two signs, the responder; what the other does is no proof of this kind. */
const notByAuth = (what: string) => async (): Promise<never> => {
  throw new Error(`bug: ${what} by EAP is none of AUTH's`);
};

const METHODS: Methods = {
  'pre-shared-key': SHARED_KEY,
  'digital-signature': SIGNATURE,
  eap: {
    prove: notByAuth('our proof'),
    check: (exchange, identity, id) =>
      checkSignature(exchange, { ...identity, matchBy: 'remote-id' }, id),
  },
  'eap-local': { prove: proveBySignature, check: notByAuth('the proof of a user') },
  'eap-radius': { prove: proveBySignature, check: notByAuth('the proof of a user') },
};

const methodOf = ({ authMethod }: Identity): AuthMethod => METHODS[authMethod] as AuthMethod;

export const proofOf = (work: Work, identity: Identity, id: IdPayload): Promise<PlainPayload[]> =>
  methodOf(identity).prove(work, identity, id);

export const checkProof = (exchange: Exchange, identity: Identity, id: IdPayload): Promise<void> =>
  methodOf(identity).check(exchange, identity, id);

/** Who we say we are: with a certificate, what it vouches for. */
export function ownId(work: Work, type: 'IDi' | 'IDr', identity: Identity): IdPayload {
  const names = 'certificate' in identity ? identity.certificate : [];
  const certificate = names.length > 0 ? ownCertificate(work, names).chain[0] : undefined;
  return buildId(type, identity.myId, work.sa, certificate);
}
