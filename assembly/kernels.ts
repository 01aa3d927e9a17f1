// The cipher kernels behind one signature per kind, as encrypt.ts and decrypt.ts call them.
import {
  CIPHER_AES_CBC,
  CIPHER_AES_CCM,
  CIPHER_AES_CTR,
  CIPHER_AES_GCM,
  CIPHER_AES_GMAC,
  CIPHER_BLOWFISH_CBC,
  CIPHER_CAMELLIA_CBC,
  CIPHER_CHACHA20_POLY1305,
  CIPHER_DES_CBC,
  CIPHER_NULL,
  CIPHER_TWOFISH_CBC,
} from '../src/contract/ids';
import { SA_CIPHER, SA_KEY, SA_KEY_BYTES } from '../src/contract/layout';
import { cbcDecrypt, cbcEncryptLanes } from './cipher/cbc';
import { chachaPolyOpen, chachaPolySeal } from './cipher/chacha20poly1305';
import { gcmOpen, gcmSeal } from './cipher/gcm';
import { gmacOpen, gmacSeal } from './cipher/gmac';
import { tableCbcDecrypt, tableCbcEncryptLanes } from './cipher/tablecbc';

// What a cipher asks of the packet path.
const KIND_UNKNOWN: i32 = 0;
export const KIND_NULL: i32 = 1;
/** Brings its integrity; one packet at a time. */
export const KIND_AEAD: i32 = 2;
/** Brings its integrity; packets side by side. */
export const KIND_CCM: i32 = 3;
/** A block that never repeats, encrypted, is the IV; packets side by side. */
export const KIND_CBC: i32 = 4;
export const KIND_CTR: i32 = 5;

export function kindOf(sa: usize): i32 {
  const cipher = load<u32>(sa, SA_CIPHER);
  if (cipher == CIPHER_AES_GCM || cipher == CIPHER_CHACHA20_POLY1305) return KIND_AEAD;
  if (cipher == CIPHER_AES_CBC) return KIND_CBC;
  if (cipher == CIPHER_AES_CTR) return KIND_CTR;
  if (cipher == CIPHER_AES_CCM) return KIND_CCM;
  if (cipher == CIPHER_AES_GMAC) return KIND_AEAD;
  if (cipher == CIPHER_DES_CBC || cipher == CIPHER_CAMELLIA_CBC) return KIND_CBC;
  if (cipher == CIPHER_BLOWFISH_CBC || cipher == CIPHER_TWOFISH_CBC) return KIND_CBC;
  return cipher == CIPHER_NULL ? KIND_NULL : KIND_UNKNOWN;
}

/** Encrypts and authenticates; the tag goes right behind the ciphertext. */
export function aeadSeal(
  sa: usize,
  nonce: usize,
  aad: usize,
  aadLength: u32,
  src: usize,
  dst: usize,
  length: u32,
): void {
  const key = sa + SA_KEY;
  const tag = dst + length;
  const cipher = load<u32>(sa, SA_CIPHER);
  const keyBytes = load<u32>(sa, SA_KEY_BYTES);
  if (cipher == CIPHER_AES_GCM) {
    gcmSeal(key, keyBytes, nonce, aad, aadLength, src, dst, length, tag);
  } else if (cipher == CIPHER_AES_GMAC) {
    gmacSeal(key, keyBytes, nonce, aad, aadLength, src, dst, length, tag);
  } else {
    chachaPolySeal(key, nonce, aad, aadLength, src, dst, length, tag);
  }
}

/** Verifies the tag behind the ciphertext; only then decrypts. */
export function aeadOpen(
  sa: usize,
  nonce: usize,
  aad: usize,
  aadLength: u32,
  src: usize,
  dst: usize,
  length: u32,
): bool {
  const key = sa + SA_KEY;
  const tag = src + length;
  const cipher = load<u32>(sa, SA_CIPHER);
  const keyBytes = load<u32>(sa, SA_KEY_BYTES);
  if (cipher == CIPHER_AES_GCM) {
    return gcmOpen(key, keyBytes, nonce, aad, aadLength, src, dst, length, tag) != 0;
  }
  if (cipher == CIPHER_AES_GMAC) {
    return gmacOpen(key, keyBytes, nonce, aad, aadLength, src, dst, length, tag) != 0;
  }
  return chachaPolyOpen(key, nonce, aad, aadLength, src, dst, length, tag) != 0;
}

/** Packets that one call of cbcSeal takes. */
export const CBC_LANES: i32 = 16;

/** Encrypts up to CBC_LANES packets of an SA; jobs as cipher/cbc.ts has them. */
export function cbcSeal(sa: usize, jobs: usize, count: u32): void {
  const key = sa + SA_KEY;
  const cipher = load<u32>(sa, SA_CIPHER);
  const keyBytes = load<u32>(sa, SA_KEY_BYTES);
  if (cipher == CIPHER_AES_CBC) cbcEncryptLanes(key, keyBytes, jobs, count);
  else tableCbcEncryptLanes(cipher, key, keyBytes, jobs, count);
}

export function cbcOpen(sa: usize, iv: usize, src: usize, dst: usize, length: u32): void {
  const key = sa + SA_KEY;
  const cipher = load<u32>(sa, SA_CIPHER);
  const keyBytes = load<u32>(sa, SA_KEY_BYTES);
  if (cipher == CIPHER_AES_CBC) cbcDecrypt(key, keyBytes, iv, src, dst, length);
  else tableCbcDecrypt(cipher, key, keyBytes, iv, src, dst, length);
}
