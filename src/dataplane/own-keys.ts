// Copies of an SA's keys for `installed-sa print`, and their end.
import type { Association, AssociationKeys } from './association.js';

/** Keys of our own, for `installed-sa print`: the caller's are his to erase. */
const ownKeys = (keys: AssociationKeys): AssociationKeys => ({
  spi: keys.spi,
  encryptionKey: copyOf(keys.encryptionKey),
  salt: copyOf(keys.salt),
  integrityKey: copyOf(keys.integrityKey),
});

type Half = Pick<Association, 'inbound' | 'outbound'>;
const withOwn = <T extends Half>(half: T): T => ({
  ...half,
  inbound: ownKeys(half.inbound),
  outbound: ownKeys(half.outbound),
});

export const withOwnKeys = (sa: Association): Association => ({
  ...withOwn(sa),
  around: sa.around && withOwn(sa.around),
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
