// Two hashes that IKE names outright, whatever was negotiated.
import { createHash, createHmac } from 'node:crypto';

/** NAT detection (RFC 7296 §2.23). */
export function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Cookies, of our own making (RFC 7296 §2.6). */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return new Uint8Array(hmac.digest());
}
