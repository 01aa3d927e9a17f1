// Authentication by a secret that both sides have (RFC 7296 §2.15).
import { sameMac, sharedKeyMic } from '../../crypto/authentication.js';
import type { SharedKeyIdentity } from '../../policy/database.js';
import { AUTH_SHARED_KEY_MIC } from '../../wire/numbers.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import { IkeError } from '../errors.js';
import { type Exchange, required, type Work } from '../exchange.js';
import type { AuthMethod } from './authentication.js';
import { formatId } from './identification.js';
import { otherSide, vouchedFor } from './signed-octets.js';

/** Also for a key that EAP made: there the MSK stands for the secret (§2.16). */
export function buildKeyedAuth({ sa }: Work, secret: Uint8Array, id: IdPayload) {
  const { prf } = sa.secured!.suite;
  const data = sharedKeyMic(prf, secret, vouchedFor(sa, sa.side, id));
  return { type: 'AUTH', method: AUTH_SHARED_KEY_MIC, data } as const;
}

/** Whether the message's AUTH is the one that `secret` makes. */
export function isKeyedAuth(exchange: Exchange, secret: Uint8Array, id: IdPayload): boolean {
  const { sa } = exchange;
  const { prf } = sa.secured!.suite;
  const { method, data } = required(exchange, 'AUTH');
  const expected = sharedKeyMic(prf, secret, vouchedFor(sa, otherSide(sa), id));
  return method === AUTH_SHARED_KEY_MIC && sameMac(data, expected);
}

async function check(exchange: Exchange, identity: SharedKeyIdentity, id: IdPayload) {
  const { method } = required(exchange, 'AUTH');
  const who = formatId(id);
  if (method !== AUTH_SHARED_KEY_MIC) {
    const text = `peer ${who} authenticates by method ${method}, we allow pre-shared-key only`;
    throw new IkeError('authentication-failed', text);
  }
  if (!isKeyedAuth(exchange, identity.secret, id)) {
    const text = `the secret of peer ${who} is not the one of identity '${identity.peer}'`;
    throw new IkeError('authentication-failed', text);
  }
}

export const SHARED_KEY: AuthMethod<SharedKeyIdentity> = {
  prove: async (work, identity, id) => [buildKeyedAuth(work, identity.secret, id)],
  check,
};
