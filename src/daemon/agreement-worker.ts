// The thread behind agreement.ts. It keeps the private halves: they never leave this thread.
import { AgreementError, generateKeyShare, type LocalKeyShare } from '../crypto/agreement.js';

export type AgreementTask =
  | { readonly kind: 'generate'; readonly group: string }
  | { readonly kind: 'derive'; readonly id: number; readonly peerPublic: Uint8Array };

export type AgreementAnswer =
  | { readonly id: number; readonly publicValue: Uint8Array }
  | { readonly secret: Uint8Array }
  | { readonly refused: string };

/** Exchanges that died never derive; the oldest shares make way beyond this many. */
const MAX_SHARES = 4096;
const shares = new Map<number, LocalKeyShare>();
let last = 0;

export default function work(task: AgreementTask): AgreementAnswer {
  if (task.kind === 'generate') {
    const share = generateKeyShare(task.group);
    shares.set(++last, share);
    const [oldest] = shares.keys();
    if (shares.size > MAX_SHARES && oldest !== undefined) shares.delete(oldest);
    return { id: last, publicValue: share.publicValue };
  }
  const share = shares.get(task.id);
  if (!share) return { refused: 'this exchange is too old: its key share is gone' };
  try {
    const secret = share.derive(task.peerPublic);
    shares.delete(task.id);
    return { secret };
  } catch (error) {
    // The share stays: anybody can forge a bad value, and the peer's own may still come.
    if (error instanceof AgreementError) return { refused: error.message };
    throw error;
  }
}
