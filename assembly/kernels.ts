// The cipher kernels behind one signature each, as sealing and opening call them.
import { CIPHER_AES_GCM } from '../src/contract/ids';
import { SA_CIPHER, SA_KEY, SA_KEY_BYTES } from '../src/contract/layout';
import { chachaPolyOpen, chachaPolySeal } from './cipher/chacha20poly1305';
import { gcmOpen, gcmSeal } from './cipher/gcm';

export { cbcDecrypt, cbcEncryptLanes } from './cipher/cbc';

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
  if (load<u32>(sa, SA_CIPHER) == CIPHER_AES_GCM) {
    const keyBytes = load<u32>(sa, SA_KEY_BYTES);
    gcmSeal(key, keyBytes, nonce, aad, aadLength, src, dst, length, tag);
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
  if (load<u32>(sa, SA_CIPHER) == CIPHER_AES_GCM) {
    const keyBytes = load<u32>(sa, SA_KEY_BYTES);
    return gcmOpen(key, keyBytes, nonce, aad, aadLength, src, dst, length, tag) != 0;
  }
  return chachaPolyOpen(key, nonce, aad, aadLength, src, dst, length, tag) != 0;
}
