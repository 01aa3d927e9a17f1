// Integrity algorithms of IKE and ESP, one row each (RFC 8221 §6, RFC 8247 §2.3). `null` is
// IKEv2's NONE: with an AEAD it is implied, with anything else it means no integrity at all.
import {
  MAC_HMAC_MD5,
  MAC_HMAC_SHA1,
  MAC_HMAC_SHA256,
  MAC_HMAC_SHA384,
  MAC_HMAC_SHA512,
  MAC_NONE,
} from '../contract/ids.js';
import { type AlgorithmRow, find, namesOf, rowNamed } from './transform.js';

export interface IntegrityRow extends AlgorithmRow {
  /** IKEv1 phase 1: hash algorithm attribute (RFC 2409 appendix A). */
  readonly ikev1Isakmp: number | undefined;
  /** IKEv1 phase 2: authentication algorithm attribute of the IPsec DOI (RFC 2407 §4.5). */
  readonly ikev1Auth: number | undefined;
  readonly kernel: number | undefined;
  /** OpenSSL's name of the hash under the HMAC. */
  readonly openssl: string | undefined;
  readonly keyBytes: number;
  /** On the wire, truncated. */
  readonly icvBytes: number;
}

export const INTEGRITY: readonly IntegrityRow[] = [
  {
    name: 'sha512',
    profile: 'sha512',
    proposal: 'sha512',
    ikev1Isakmp: 6,
    ikev1Auth: 7,
    ikev2: 14,
    kernel: MAC_HMAC_SHA512,
    openssl: 'sha512',
    keyBytes: 64,
    icvBytes: 32,
    rfc: 'RFC 4868',
    status: 'should',
  },
  {
    name: 'sha384',
    profile: 'sha384',
    proposal: 'sha384',
    ikev1Isakmp: 5,
    ikev1Auth: 6,
    ikev2: 13,
    kernel: MAC_HMAC_SHA384,
    openssl: 'sha384',
    keyBytes: 48,
    icvBytes: 24,
    rfc: 'RFC 4868',
    status: 'should',
  },
  {
    name: 'sha256',
    profile: 'sha256',
    proposal: 'sha256',
    ikev1Isakmp: 4,
    ikev1Auth: 5,
    ikev2: 12,
    kernel: MAC_HMAC_SHA256,
    openssl: 'sha256',
    keyBytes: 32,
    icvBytes: 16,
    rfc: 'RFC 4868',
    status: 'must',
  },
  {
    name: 'sha1',
    profile: 'sha1',
    proposal: 'sha1',
    ikev1Isakmp: 2,
    ikev1Auth: 2,
    ikev2: 2,
    kernel: MAC_HMAC_SHA1,
    openssl: 'sha1',
    keyBytes: 20,
    icvBytes: 12,
    rfc: 'RFC 2404',
    status: 'legacy',
  },
  {
    name: 'md5',
    profile: 'md5',
    proposal: 'md5',
    ikev1Isakmp: 1,
    ikev1Auth: 1,
    ikev2: 1,
    kernel: MAC_HMAC_MD5,
    openssl: 'md5',
    keyBytes: 16,
    icvBytes: 12,
    rfc: 'RFC 2403',
    status: 'off',
  },
  {
    name: 'null',
    profile: undefined,
    proposal: 'null',
    ikev1Isakmp: undefined,
    ikev1Auth: undefined,
    ikev2: 0,
    kernel: MAC_NONE,
    openssl: undefined,
    keyBytes: 0,
    icvBytes: 0,
    rfc: 'RFC 7296 §3.3.2',
    status: 'legacy',
  },
];

export const profileIntegrity = (name: string): IntegrityRow | undefined =>
  find(INTEGRITY, 'profile', name);
export const proposalIntegrity = (name: string): IntegrityRow | undefined =>
  find(INTEGRITY, 'proposal', name);
export const integrityNamed = (name: string): IntegrityRow => rowNamed(INTEGRITY, name);
export const PROFILE_HASH_NAMES: readonly string[] = namesOf(INTEGRITY, 'profile');
export const PROPOSAL_AUTH_NAMES: readonly string[] = namesOf(INTEGRITY, 'proposal');
