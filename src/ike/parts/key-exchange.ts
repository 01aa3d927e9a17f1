// KE and nonce payloads (RFC 7296 §3.4, §3.9), and the agreement between them.
import { AgreementError, type KeyShare } from '../../crypto/agreement.js';
import { type GroupRow, groupNamed, groupNumbered } from '../../algorithms/group.js';
import type { KePayload } from '../../wire/payloads/key-exchange.js';
import type { NoncePayload } from '../../wire/payloads/nonce.js';
import type { NotifyPayload } from '../../wire/payloads/notify.js';
import { IkeError } from '../errors.js';
import type { World } from '../exchange.js';

/** §2.10: at least half the PRF's key, and 16; 32 serves every PRF of the registry. */
const NONCE_BYTES = 32;

export const newNonce = ({ context }: World): Uint8Array => context.random(NONCE_BYTES);

export const buildNonce = (data: Uint8Array): NoncePayload => ({ type: 'Nonce', data });

export const buildKe = ({ group, publicValue }: KeyShare): KePayload => ({
  type: 'KE',
  group: groupNamed(group).ikev2,
  data: publicValue,
});

/** The shared secret; the peer's fault where its value is none of the group. */
export async function derive(share: KeyShare, { data }: KePayload): Promise<Uint8Array> {
  try {
    return await share.derive(data);
  } catch (error) {
    if (error instanceof AgreementError) throw new IkeError('bad-public-value', error.message);
    throw error;
  }
}

/** Responder: a KE of another group than the one chosen asks the peer to start again (§1.2). */
export function checkGroup({ group }: KePayload, chosen: string): void {
  const wanted = groupNamed(chosen).ikev2;
  if (group === wanted) return;
  const guessed = groupNumbered(group)?.name ?? `group ${group}`;
  const data = Uint8Array.of(wanted >> 8, wanted & 0xff);
  throw new IkeError('invalid-ke', `peer guessed ${guessed}, chosen is ${chosen}`, data);
}

/** Initiator: the answer has to keep to the group of our own KE. */
export function checkAnswer({ group }: KePayload, chosen: GroupRow | undefined, share: KeyShare) {
  if (chosen?.name === share.group && group === chosen.ikev2) return;
  throw new IkeError('bad-answer', `peer's key exchange is not of ${share.group}`);
}

/** Initiator: the group that INVALID_KE_PAYLOAD names, if we offered it and did not just use it. */
export function suggestedGroup(
  { data }: NotifyPayload,
  allowed: readonly (string | undefined)[],
  used: string | undefined,
): string | undefined {
  const name = groupNumbered((data[0] ?? 0) * 256 + (data[1] ?? 0))?.name;
  return name !== undefined && name !== used && allowed.includes(name) ? name : undefined;
}
