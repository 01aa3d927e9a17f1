// New private keys, by RouterOS's names for them. They come as PEM and are read again: in Node 20 the
// export of a key object that generateKeyPair made may wait for ever (see src/crypto/agreement.ts).
import {
  createPrivateKey,
  type ECKeyPairOptions,
  type ED25519KeyPairOptions,
  generateKeyPairSync,
  type KeyObject,
  type RSAKeyPairOptions,
} from 'node:crypto';

/** RSA by its bits, elliptic curves by RouterOS's names. */
export const KEY_SIZES = [
  '1024',
  '1536',
  '2048',
  '3072',
  '4096',
  '8192',
  'prime256v1',
  'secp384r1',
  'secp521r1',
  'ed25519',
] as const;
export type KeySize = (typeof KEY_SIZES)[number];

const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
};

export function generateKey(size: KeySize): KeyObject {
  return createPrivateKey(pemOf(size));
}

function pemOf(size: KeySize): string {
  if (size === 'ed25519') return generateKeyPairSync('ed25519', PEM).privateKey;
  if (/^\d+$/.test(size)) {
    const rsa: RSAKeyPairOptions<'pem', 'pem'> = { modulusLength: Number(size), ...PEM };
    return generateKeyPairSync('rsa', rsa).privateKey;
  }
  const ec: ECKeyPairOptions<'pem', 'pem'> = { namedCurve: size, ...PEM };
  return generateKeyPairSync('ec', ec).privateKey;
}
