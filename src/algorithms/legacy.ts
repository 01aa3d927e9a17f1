// Encryption algorithms that go by tables, all in CBC mode: RouterOS lists them, old peers have nothing
// else. Key lengths without a name of RouterOS's are ours, since it does not say which it takes.
import {
  CIPHER_BLOWFISH_CBC,
  CIPHER_CAMELLIA_CBC,
  CIPHER_DES_CBC,
  CIPHER_TWOFISH_CBC,
} from '../contract/ids.js';
import type { EncryptionRow } from './encryption.js';

const TIMING =
  'looks tables up at addresses that depend on the key: its timing may tell something of it';
const PRIVATE = `${TIMING}; its numbers in IKE are private ones, those of strongSwan`;

const CBC = { saltBytes: 0, icvBytes: 0, aead: false, caution: TIMING } as const;
const BLOCK_64 = { ...CBC, ivBytes: 8, blockBytes: 8 } as const;
const BLOCK_128 = { ...CBC, ivBytes: 16, blockBytes: 16 } as const;

function camellia(keyBits: 128 | 192 | 256): EncryptionRow {
  return {
    ...BLOCK_128,
    name: `camellia-${keyBits}`,
    profile: `camellia-${keyBits}`,
    proposal: `camellia-${keyBits}`,
    ikev1Isakmp: 8,
    ikev1Esp: 22,
    ikev2: 23,
    keyBits,
    kernel: CIPHER_CAMELLIA_CBC,
    openssl: `camellia-${keyBits}-cbc`,
    keyBytes: keyBits / 8,
    rfc: 'RFC 4312',
    status: 'should',
  };
}

/** RFC 2451 §2.3: 40 to 448 bits, 128 where nothing is said. */
function blowfish(keyBits: 128 | 192 | 256 | 448): EncryptionRow {
  const name = keyBits === 128 ? 'blowfish' : `blowfish-${keyBits}`;
  return {
    ...BLOCK_64,
    name,
    profile: name,
    proposal: name,
    ikev1Isakmp: 3,
    ikev1Esp: 7,
    ikev2: 7,
    keyBits,
    kernel: CIPHER_BLOWFISH_CBC,
    openssl: 'bf-cbc',
    keyBytes: keyBits / 8,
    rfc: 'RFC 2451',
    status: 'off',
  };
}

/** No registry has a number for it; FreeS/WAN's in IKEv1 and strongSwan's in IKEv2 are what peers use. */
function twofish(keyBits: 128 | 192 | 256): EncryptionRow {
  const name = keyBits === 128 ? 'twofish' : `twofish-${keyBits}`;
  return {
    ...BLOCK_128,
    name,
    profile: undefined,
    proposal: name,
    ikev1Isakmp: 65005,
    ikev1Esp: 253,
    ikev2: 1027,
    keyBits,
    kernel: CIPHER_TWOFISH_CBC,
    openssl: undefined,
    keyBytes: keyBits / 8,
    rfc: 'RFC 2451', // of its mode; the cipher is Schneier et al. 1998
    status: 'should',
    caution: PRIVATE,
  };
}

export const LEGACY_ENCRYPTION: readonly EncryptionRow[] = [
  camellia(256),
  camellia(192),
  camellia(128),
  twofish(256),
  twofish(192),
  twofish(128),
  {
    ...BLOCK_64,
    name: '3des',
    profile: '3des',
    proposal: '3des',
    ikev1Isakmp: 5,
    ikev1Esp: 3,
    ikev2: 3,
    keyBits: undefined,
    kernel: CIPHER_DES_CBC,
    openssl: 'des-ede3-cbc',
    keyBytes: 24,
    rfc: 'RFC 2451',
    status: 'legacy',
  },
  blowfish(448),
  blowfish(256),
  blowfish(192),
  blowfish(128),
  {
    ...BLOCK_64,
    name: 'des',
    profile: 'des',
    proposal: 'des',
    ikev1Isakmp: 1,
    ikev1Esp: 2,
    ikev2: 2,
    keyBits: undefined,
    kernel: CIPHER_DES_CBC,
    openssl: 'des-cbc',
    keyBytes: 8,
    rfc: 'RFC 2405',
    status: 'off',
  },
];
