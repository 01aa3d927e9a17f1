// CBC without padding for IKE messages, by OpenSSL's name of the cipher. Its default provider, which is
// all that node:crypto has, lacks two that old peers may ask for: DES, which is Triple DES with one key
// three times (RFC 2451 §2.4), and Blowfish, which is here (blowfish.ts).
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Blowfish } from './blowfish.js';

export interface Cbc {
  /** `text` and `sealed`: whole blocks; so is `iv`, one. */
  encrypt(iv: Uint8Array, text: Uint8Array): Uint8Array;
  decrypt(iv: Uint8Array, sealed: Uint8Array): Uint8Array;
}

export function cbc(openssl: string, key: Uint8Array): Cbc {
  if (openssl === 'bf-cbc') return new Blowfish(key);
  if (openssl === 'des-cbc') return cbc('des-ede3-cbc', Buffer.concat([key, key, key]));
  return {
    encrypt(iv, text) {
      const cipher = createCipheriv(openssl, key, iv).setAutoPadding(false);
      return Buffer.concat([cipher.update(text), cipher.final()]);
    },
    decrypt(iv, sealed) {
      const decipher = createDecipheriv(openssl, key, iv).setAutoPadding(false);
      return Buffer.concat([decipher.update(sealed), decipher.final()]);
    },
  };
}
