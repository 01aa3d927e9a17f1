// Which algorithms each property takes (from the registry), and why some should only serve old peers.
import {
  ENCRYPTION,
  type EncryptionRow,
  PROFILE_ENCRYPTION_NAMES,
  PROPOSAL_ENCRYPTION_NAMES,
  proposalEncryption,
} from '../algorithms/encryption.js';
import { GROUP, GROUP_NAMES } from '../algorithms/group.js';
import { INTEGRITY, PROFILE_HASH_NAMES, PROPOSAL_AUTH_NAMES } from '../algorithms/integrity.js';
import { PRF } from '../algorithms/prf.js';
import type { AlgorithmRow, Status } from '../algorithms/transform.js';

export const DH_GROUPS = GROUP_NAMES;
export const IKE_ENCRYPTION = PROFILE_ENCRYPTION_NAMES;
export const HASHES = PROFILE_HASH_NAMES;
export const ESP_ENCRYPTION = PROPOSAL_ENCRYPTION_NAMES;
export const ESP_INTEGRITY = PROPOSAL_AUTH_NAMES;

/** Whether an algorithm of `enc-algorithms` brings its own integrity. */
export const isAead = (name: string): boolean => proposalEncryption(name)?.aead === true;

const TABLES: Readonly<Record<string, readonly AlgorithmRow[]>> = {
  'dh-group': GROUP,
  'pfs-group': GROUP,
  'enc-algorithm': ENCRYPTION,
  'enc-algorithms': ENCRYPTION,
  'hash-algorithm': INTEGRITY,
  'prf-algorithm': PRF,
  'auth-algorithms': INTEGRITY,
};
const REASONS: Readonly<Record<Status, string | undefined>> = {
  must: undefined,
  should: undefined,
  legacy: 'weak, for old peers only',
  off: "broken by today's means, for tests and very old peers only",
};

/** Why a value of a property is unsafe; undefined where it is not, or names no algorithm. */
export function whyUnsafe(property: string, name: string): string | undefined {
  if (name === 'null' && TABLES[property] === INTEGRITY) return undefined; // an AEAD has its own
  const row = TABLES[property]?.find((r) => r.profile === name || r.proposal === name);
  if (!row) return undefined;
  const caution = (row as Partial<EncryptionRow>).caution;
  return (
    [REASONS[row.status], caution].filter((text) => text !== undefined).join('; ') || undefined
  );
}
