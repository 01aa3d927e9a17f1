// Encryption algorithms of IKE and ESP, one row each (RFC 8221 §5, RFC 8247 §2.1). Sizes are what
// one SA needs: a kernel of the data plane and a cipher of OpenSSL for the control plane.
import {
  CIPHER_AES_CBC,
  CIPHER_AES_GCM,
  CIPHER_CHACHA20_POLY1305,
  CIPHER_NULL,
} from '../contract/ids.js';
import { type AlgorithmRow, find, namesOf, rowNamed, type Status } from './transform.js';

export interface EncryptionRow extends AlgorithmRow {
  /** IKEv1 phase 1: encryption algorithm attribute (RFC 2409 appendix A). */
  readonly ikev1Isakmp: number | undefined;
  /** IKEv1 phase 2: ESP transform of the IPsec DOI (RFC 2407 §4.4.4). */
  readonly ikev1Esp: number | undefined;
  /** The key length attribute, where the algorithm has one. */
  readonly keyBits: number | undefined;
  readonly kernel: number | undefined;
  /** OpenSSL's name, for SK payloads; undefined: never in IKE. */
  readonly openssl: string | undefined;
  /** Without salt. */
  readonly keyBytes: number;
  readonly saltBytes: number;
  /** On the wire. */
  readonly ivBytes: number;
  /** Padding alignment the cipher itself asks for. */
  readonly blockBytes: number;
  /** Of an AEAD; 0 otherwise, the integrity algorithm has it then. */
  readonly icvBytes: number;
  readonly aead: boolean;
}

function aesCbc(keyBits: 128 | 192 | 256, status: Status): EncryptionRow {
  return {
    name: `aes-${keyBits}-cbc`,
    profile: `aes-${keyBits}`,
    proposal: `aes-${keyBits}-cbc`,
    ikev1Isakmp: 7,
    ikev1Esp: 12,
    ikev2: 12,
    keyBits,
    kernel: CIPHER_AES_CBC,
    openssl: `aes-${keyBits}-cbc`,
    keyBytes: keyBits / 8,
    saltBytes: 0,
    ivBytes: 16,
    blockBytes: 16,
    icvBytes: 0,
    aead: false,
    rfc: 'RFC 3602',
    status,
  };
}

/** With a 16-byte ICV; in IKE by RFC 5282. RouterOS has it for ESP only, IKE is our addition. */
function aesGcm(keyBits: 128 | 192 | 256, status: Status): EncryptionRow {
  return {
    name: `aes-${keyBits}-gcm`,
    profile: `aes-${keyBits}-gcm`,
    proposal: `aes-${keyBits}-gcm`,
    ikev1Isakmp: undefined,
    ikev1Esp: 20,
    ikev2: 20,
    keyBits,
    kernel: CIPHER_AES_GCM,
    openssl: `aes-${keyBits}-gcm`,
    keyBytes: keyBits / 8,
    saltBytes: 4,
    ivBytes: 8,
    blockBytes: 1,
    icvBytes: 16,
    aead: true,
    rfc: 'RFC 4106',
    status,
  };
}

export const ENCRYPTION: readonly EncryptionRow[] = [
  aesGcm(256, 'must'),
  aesGcm(192, 'should'),
  aesGcm(128, 'must'),
  {
    name: 'chacha20poly1305',
    profile: 'chacha20poly1305',
    proposal: 'chacha20poly1305',
    ikev1Isakmp: undefined,
    ikev1Esp: undefined,
    ikev2: 28,
    keyBits: undefined,
    kernel: CIPHER_CHACHA20_POLY1305,
    openssl: 'chacha20-poly1305',
    keyBytes: 32,
    saltBytes: 4,
    ivBytes: 8,
    blockBytes: 1,
    icvBytes: 16,
    aead: true,
    rfc: 'RFC 7634',
    status: 'should',
  },
  aesCbc(256, 'must'),
  aesCbc(192, 'should'),
  aesCbc(128, 'must'),
  {
    name: '3des',
    profile: '3des',
    proposal: undefined, // no kernel yet
    ikev1Isakmp: 5,
    ikev1Esp: 3,
    ikev2: 3,
    keyBits: undefined,
    kernel: undefined,
    openssl: 'des-ede3-cbc',
    keyBytes: 24,
    saltBytes: 0,
    ivBytes: 8,
    blockBytes: 8,
    icvBytes: 0,
    aead: false,
    rfc: 'RFC 2451',
    status: 'legacy',
  },
  {
    name: 'null',
    profile: undefined,
    proposal: 'null',
    ikev1Isakmp: undefined,
    ikev1Esp: 11,
    ikev2: 11,
    keyBits: undefined,
    kernel: CIPHER_NULL,
    openssl: undefined,
    keyBytes: 0,
    saltBytes: 0,
    ivBytes: 0,
    blockBytes: 1,
    icvBytes: 0,
    aead: false,
    rfc: 'RFC 2410',
    status: 'legacy',
  },
];

export const profileEncryption = (name: string): EncryptionRow | undefined =>
  find(ENCRYPTION, 'profile', name);
export const proposalEncryption = (name: string): EncryptionRow | undefined =>
  find(ENCRYPTION, 'proposal', name);
export const encryptionNamed = (name: string): EncryptionRow => rowNamed(ENCRYPTION, name);
export const PROFILE_ENCRYPTION_NAMES: readonly string[] = namesOf(ENCRYPTION, 'profile');
export const PROPOSAL_ENCRYPTION_NAMES: readonly string[] = namesOf(ENCRYPTION, 'proposal');
