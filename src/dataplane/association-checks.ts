// What the tables cannot take: an association that no kernel carries, or that would be unsafe or senseless
// as it stands. The control plane makes none such; a mistake of it ends here.
import { encryptionNamed } from '../algorithms/encryption.js';
import { integrityNamed } from '../algorithms/integrity.js';
import { MAC_NONE } from '../contract/ids.js';
import { WINDOW_WORDS } from '../contract/layout.js';
import { type Association, AssociationError, type AssociationKeys } from './association.js';

/** RFC 4303 §3.4.3 asks for 32 at least; the record has room for 8192. */
const LEAST_WINDOW = 32;
const MOST_WINDOW = (WINDOW_WORDS - 1) * 32;

/** Throws AssociationError, or returns the kernels that carry it. */
export function checkAssociation(
  sa: Association,
  keys: AssociationKeys,
): { readonly cipher: number; readonly mac: number } {
  const wrong = (reason: string): never => {
    throw new AssociationError(`peer '${sa.peer}': ${reason}`);
  };
  const encryption = encryptionNamed(sa.encryption);
  const integrity = integrityNamed(sa.integrity);
  const { kernel: cipher = wrong(`no kernel carries ${sa.encryption}`) } = encryption;
  const { kernel: mac = wrong(`no kernel carries ${sa.integrity}`) } = integrity;
  if (sa.around && sa.udpEncapsulation) wrong('AH of a bundle cannot pass a NAT');
  if (sa.around && sa.protocol === 'ah') wrong('AH of a bundle goes around ESP only');
  if (sa.protocol === 'ah') {
    // RFC 4302: integrity alone, of packets whose addresses nobody changes on the way
    if (sa.encryption !== 'null') wrong(`AH does not encrypt with ${sa.encryption}`);
    if (mac === MAC_NONE) wrong('AH needs an integrity algorithm');
    if (sa.udpEncapsulation) wrong('AH cannot pass a NAT');
  } else if (encryption.aead !== (mac === MAC_NONE)) {
    const reason = encryption.aead ? 'has its own integrity' : 'needs an integrity algorithm';
    wrong(`ESP with ${sa.encryption} ${reason}`);
  }
  if (sa.replayWindow < LEAST_WINDOW || sa.replayWindow > MOST_WINDOW) {
    wrong(`replay window ${sa.replayWindow}, expected ${LEAST_WINDOW} to ${MOST_WINDOW}`);
  }
  if (keys.encryptionKey.length !== encryption.keyBytes) {
    wrong(`${sa.encryption} does not take such a key`);
  }
  if (sa.local.address.family !== sa.remote.address.family) {
    wrong('outer addresses of two families');
  }
  return { cipher, mac };
}
