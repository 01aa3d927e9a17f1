// Encryption algorithms of IKE and ESP, one row each (RFC 8221 §5, RFC 8247 §2.1). Sizes are what
// one SA needs: a kernel of the data plane and a cipher of OpenSSL for the control plane.
import {
  CIPHER_AES_CBC,
  CIPHER_AES_CCM,
  CIPHER_AES_CTR,
  CIPHER_AES_GCM,
  CIPHER_AES_GMAC,
  CIPHER_CHACHA20_POLY1305,
  CIPHER_NULL,
} from '../contract/ids.js';
import { LEGACY_ENCRYPTION } from './legacy.js';
import { type AlgorithmRow, find, namesOf, rowNamed, type Status } from './transform.js';

export interface EncryptionRow extends AlgorithmRow {
  /** IKEv1 phase 1: encryption algorithm attribute (RFC 2409 appendix A). */
  readonly ikev1Isakmp: number | undefined;
  /** IKEv1 phase 2: ESP transform of the IPsec DOI (RFC 2407 §4.4.4). */
  readonly ikev1Esp: number | undefined;
  /** The key length attribute, where the algorithm has one. */
  readonly keyBits: number | undefined;
  readonly kernel: number | undefined;
  /** OpenSSL's name, for SK payloads (src/crypto/cbc.ts); undefined: never in IKE. */
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
  /** What the operator should know before naming it, beside its status. */
  readonly caution?: string;
}

type KeyBits = 128 | 192 | 256;
const KEY_BITS: readonly KeyBits[] = [256, 192, 128];
const IN_THE_CLEAR = 'packets are authenticated, not encrypted';
/** What counter modes and AEADs share: a nonce that is salt and IV, and no block to fill. */
const NONCE = { saltBytes: 4, ivBytes: 8, blockBytes: 1 } as const;

function aesCbc(keyBits: KeyBits, status: Status): EncryptionRow {
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
function aesGcm(keyBits: KeyBits, status: Status): EncryptionRow {
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
    ...NONCE,
    icvBytes: 16,
    aead: true,
    rfc: 'RFC 4106',
    status,
  };
}

/** What ESP alone has. */
interface EspMode {
  readonly name: string;
  /** The number in IKEv2; IKEv1's where it differs. */
  readonly number: number;
  readonly ikev1Esp?: number;
  readonly kernel: number;
  readonly saltBytes?: number;
  readonly icvBytes: number;
  readonly rfc: string;
  readonly caution?: string;
}

function aesForEsp(keyBits: KeyBits, mode: EspMode): EncryptionRow {
  const name = mode.name.replace('aes', `aes-${keyBits}`);
  return {
    ikev1Esp: mode.number,
    ...NONCE,
    ...mode,
    name,
    profile: undefined,
    proposal: name,
    ikev1Isakmp: undefined,
    ikev2: mode.number,
    keyBits,
    openssl: undefined,
    keyBytes: keyBits / 8,
    aead: mode.icvBytes > 0,
    status: 'should',
  };
}

const AES_CTR = { name: 'aes-ctr', number: 13, kernel: CIPHER_AES_CTR, icvBytes: 0 };
const AES_CCM = { kernel: CIPHER_AES_CCM, saltBytes: 3, rfc: 'RFC 4309' };
/** Every mode of AES beside CBC and GCM; a CCM without a number has the whole ICV, as with GCM. */
const ESP_MODES: readonly EspMode[] = [
  { ...AES_CTR, rfc: 'RFC 3686' },
  { ...AES_CCM, name: 'aes-ccm', number: 16, icvBytes: 16 },
  { ...AES_CCM, name: 'aes-ccm-12', number: 15, icvBytes: 12 },
  { ...AES_CCM, name: 'aes-ccm-8', number: 14, icvBytes: 8 },
  {
    name: 'aes-gmac',
    number: 21,
    ikev1Esp: 23,
    kernel: CIPHER_AES_GMAC,
    icvBytes: 16,
    rfc: 'RFC 4543',
    caution: IN_THE_CLEAR,
  },
];

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
    ...NONCE,
    icvBytes: 16,
    aead: true,
    rfc: 'RFC 7634',
    status: 'should',
  },
  aesCbc(256, 'must'),
  aesCbc(192, 'should'),
  aesCbc(128, 'must'),
  ...ESP_MODES.flatMap((mode) => KEY_BITS.map((keyBits) => aesForEsp(keyBits, mode))),
  ...LEGACY_ENCRYPTION,
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
    status: 'must',
    caution: IN_THE_CLEAR,
  },
];

export const profileEncryption = (name: string): EncryptionRow | undefined =>
  find(ENCRYPTION, 'profile', name);
export const proposalEncryption = (name: string): EncryptionRow | undefined =>
  find(ENCRYPTION, 'proposal', name);
export const encryptionNamed = (name: string): EncryptionRow => rowNamed(ENCRYPTION, name);
export const PROFILE_ENCRYPTION_NAMES: readonly string[] = namesOf(ENCRYPTION, 'profile');
export const PROPOSAL_ENCRYPTION_NAMES: readonly string[] = namesOf(ENCRYPTION, 'proposal');
