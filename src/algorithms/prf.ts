// Pseudorandom functions of IKE, all HMACs, one row each (RFC 8247 §2.2). RouterOS has no property
// of its own for them: `hash-algorithm` of the profile names hash, integrity and PRF at once.
import { type AlgorithmRow, find, rowNamed, type Status } from './transform.js';

export interface PrfRow extends AlgorithmRow {
  /** OpenSSL's name of the hash under the HMAC. */
  readonly openssl: string;
  /** Preferred key length and output length, which are one for an HMAC (RFC 7296 §2.13). */
  readonly keyBytes: number;
}

function hmac(name: string, ikev2: number, keyBytes: number, rfc: string, status: Status): PrfRow {
  return { name, profile: name, proposal: undefined, ikev2, openssl: name, keyBytes, rfc, status };
}

export const PRF: readonly PrfRow[] = [
  hmac('sha512', 7, 64, 'RFC 4868', 'should'),
  hmac('sha384', 6, 48, 'RFC 4868', 'should'),
  hmac('sha256', 5, 32, 'RFC 4868', 'must'),
  hmac('sha1', 2, 20, 'RFC 2104', 'legacy'),
  hmac('md5', 1, 16, 'RFC 2104', 'off'),
];

export const profilePrf = (name: string): PrfRow | undefined => find(PRF, 'profile', name);
export const prfNamed = (name: string): PrfRow => rowNamed(PRF, name);
