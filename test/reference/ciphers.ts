// The ciphers of test/reference/esp.ts by the registry's names: node:crypto where OpenSSL has them,
// put together by the RFC of each. Where it has not: the control plane's Blowfish, and a slow Twofish.
import {
  type CipherCCMTypes,
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
} from 'node:crypto';
import { Blowfish } from '../../src/crypto/blowfish.js';
import { Twofish } from './twofish.js';

interface Keys {
  readonly encryption: string;
  readonly encryptionKey: Uint8Array;
  readonly salt: Uint8Array;
}

/** A cipher that goes with an integrity algorithm. Sizes in bytes. */
export interface Cipher {
  readonly iv: number;
  readonly block: number;
  encrypt(keys: Keys, iv: Uint8Array, text: Uint8Array): Buffer;
  decrypt(keys: Keys, iv: Uint8Array, sealed: Uint8Array): Buffer;
}

type Run = (keys: Keys, iv: Uint8Array, data: Uint8Array) => Buffer;

const copy: Run = (_keys, _iv, data) => Buffer.from(data);

/** OpenSSL's cipher `name` without padding, IV and key as `prepare` makes them. */
function openssl(name: string, encrypt: boolean, prepare: (keys: Keys, iv: Uint8Array) => Buffer) {
  return (keys: Keys, iv: Uint8Array, data: Uint8Array): Buffer => {
    const make = encrypt ? createCipheriv : createDecipheriv;
    const cipher = make(name, keys.encryptionKey, prepare(keys, iv)).setAutoPadding(false);
    return Buffer.concat([cipher.update(data), cipher.final()]);
  };
}

const ivAlone = (_keys: Keys, iv: Uint8Array): Buffer => Buffer.from(iv);
/** RFC 3686 §4: nonce, IV, and a counter that begins with one. */
const counterBlock = ({ salt }: Keys, iv: Uint8Array): Buffer =>
  Buffer.concat([salt, iv, Buffer.from([0, 0, 0, 1])]);

function both(name: string, iv: number, block: number, prepare = ivAlone): Cipher {
  const [encrypt, decrypt] = [openssl(name, true, prepare), openssl(name, false, prepare)];
  return { iv, block, encrypt, decrypt };
}

/** Triple DES with one key three times is DES. */
function thrice({ iv, block, encrypt, decrypt }: Cipher): Cipher {
  const tripled = (keys: Keys): Keys => {
    const { encryptionKey: key } = keys;
    return { ...keys, encryptionKey: Buffer.concat([key, key, key]) };
  };
  return {
    iv,
    block,
    encrypt: (keys, ...rest) => encrypt(tripled(keys), ...rest),
    decrypt: (keys, ...rest) => decrypt(tripled(keys), ...rest),
  };
}

interface Keyed {
  encrypt(iv: Uint8Array, text: Uint8Array): Uint8Array;
  decrypt(iv: Uint8Array, sealed: Uint8Array): Uint8Array;
}

function own(block: number, make: (key: Uint8Array) => Keyed): Cipher {
  const keyed = ({ encryption, encryptionKey }: Keys): Keyed => {
    const name = `${encryption} ${Buffer.from(encryptionKey).toString('hex')}`;
    if (last?.name !== name) last = { name, keyed: make(encryptionKey) };
    return last.keyed;
  };
  return {
    iv: block,
    block,
    encrypt: (keys, iv, text) => Buffer.from(keyed(keys).encrypt(iv, text)),
    decrypt: (keys, iv, sealed) => Buffer.from(keyed(keys).decrypt(iv, sealed)),
  };
}

/** Their key schedules are slow, and tests keep to one key for a while. */
let last: { readonly name: string; readonly keyed: Keyed } | undefined;

const AEAD: Cipher = { iv: 8, block: 1, encrypt: copy, decrypt: copy };

export function cipherOf(encryption: string): Cipher {
  if (encryption === 'null') return { iv: 0, block: 1, encrypt: copy, decrypt: copy };
  if (encryption.endsWith('-cbc')) return both(encryption, 16, 16);
  if (encryption.startsWith('camellia')) return both(`${encryption}-cbc`, 16, 16);
  if (encryption === '3des') return both('des-ede3-cbc', 8, 8);
  if (encryption === 'des') return thrice(both('des-ede3-cbc', 8, 8));
  if (encryption.startsWith('blowfish')) return own(8, (key) => new Blowfish(key));
  if (encryption.startsWith('twofish')) return own(16, (key) => new Twofish(key));
  if (encryption.endsWith('-ctr')) return both(encryption, 8, 1, counterBlock);
  return AEAD;
}

// ---- AEADs ---------------------------------------------------------------------------------------

/** RFC 4309 §3.1: the number at the end of a CCM's name; 16 for all others. */
export const tagBytes = (encryption: string): number =>
  Number(/-ccm-(\d+)$/.exec(encryption)?.[1] ?? 16);

const isGmac = (keys: Keys): boolean => keys.encryption.endsWith('-gmac');

function opensslAead({ encryption }: Keys): CipherGCMTypes {
  if (encryption === 'chacha20poly1305') return 'chacha20-poly1305' as CipherGCMTypes;
  return encryption.replace('gmac', 'gcm').replace(/-ccm.*/, '-ccm') as CipherGCMTypes;
}

export interface SealedText {
  readonly sealed: Buffer;
  readonly tag: Buffer;
}

export function sealAead(
  keys: Keys,
  aad: Uint8Array,
  iv: Uint8Array,
  text: Uint8Array,
): SealedText {
  const nonce = Buffer.concat([keys.salt, iv]);
  const options = { authTagLength: tagBytes(keys.encryption) };
  const name = opensslAead(keys) as CipherCCMTypes;
  const cipher = createCipheriv(name, keys.encryptionKey, nonce, options);
  if (isGmac(keys)) {
    // RFC 4543 §3.3: IV and text are additional data too
    cipher.setAAD(Buffer.concat([aad, iv, text]), { plaintextLength: 0 }).final();
    return { sealed: Buffer.from(text), tag: cipher.getAuthTag() };
  }
  cipher.setAAD(aad, { plaintextLength: text.length });
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  return { sealed, tag: cipher.getAuthTag() };
}

/** Undefined where the tag is wrong. */
export function openAead(
  keys: Keys,
  aad: Uint8Array,
  iv: Uint8Array,
  sealed: Uint8Array,
  tag: Uint8Array,
): Buffer | undefined {
  const nonce = Buffer.concat([keys.salt, iv]);
  const options = { authTagLength: tagBytes(keys.encryption) };
  const name = opensslAead(keys) as CipherCCMTypes;
  const cipher = createDecipheriv(name, keys.encryptionKey, nonce, options);
  cipher.setAuthTag(tag);
  try {
    if (isGmac(keys)) {
      const all = Buffer.concat([aad, iv, sealed]);
      cipher.setAAD(all, { plaintextLength: 0 }).final();
      return Buffer.from(sealed);
    }
    cipher.setAAD(aad, { plaintextLength: sealed.length });
    return Buffer.concat([cipher.update(sealed), cipher.final()]);
  } catch {
    return undefined; // CCM refuses a wrong tag in update(), the others in final()
  }
}
