// Copies of an SA's keys for `installed-sa print`, and their end.
import type { AssociationKeys } from './association.js';

/** Keys of our own, for `installed-sa print`: the caller's are his to erase. */
export const ownKeys = (keys: AssociationKeys): AssociationKeys => ({
  spi: keys.spi,
  encryptionKey: copyOf(keys.encryptionKey),
  salt: copyOf(keys.salt),
  integrityKey: copyOf(keys.integrityKey),
});

/** Off the heap, where the collector would move it and leave copies (src/crypto/prf.ts). */
function copyOf(key: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(key.length));
  copy.set(key);
  return copy;
}

export function eraseKeys({ encryptionKey, salt, integrityKey }: AssociationKeys): void {
  for (const key of [encryptionKey, salt, integrityKey]) key.fill(0);
}
