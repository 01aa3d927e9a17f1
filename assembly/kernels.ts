// The cipher kernels behind one signature each, as sealing and opening call them.
// AES (GCM, CBC) joins here as soon as its kernels are in the tree; until then tables.ts finds no
// gcmSetKey or aesExpandKey among the exports and refuses such an SA, so these are never reached.
import { CIPHER_CHACHA20_POLY1305 } from '../src/contract/ids';
import { SA_CIPHER, SA_KEY } from '../src/contract/layout';
import { chachaPolyOpen, chachaPolySeal } from './cipher/chacha20poly1305';

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
  assertKernel(sa);
  chachaPolySeal(sa + SA_KEY, nonce, aad, aadLength, src, dst, length, dst + length);
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
  assertKernel(sa);
  return chachaPolyOpen(sa + SA_KEY, nonce, aad, aadLength, src, dst, length, src + length) != 0;
}

function assertKernel(sa: usize): void {
  if (load<u32>(sa, SA_CIPHER) != CIPHER_CHACHA20_POLY1305) unreachable();
}

export function cbcEncryptLanes(_context: usize, _keyBytes: u32, _jobs: usize, _count: u32): void {
  unreachable();
}

export function cbcDecrypt(
  _context: usize,
  _keyBytes: u32,
  _iv: usize,
  _src: usize,
  _dst: usize,
  _length: u32,
): void {
  unreachable();
}
