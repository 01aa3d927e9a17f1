// Who wins when both sides replace the same SA at once (RFC 7296 §2.8.1): the SA whose exchange has
// the lowest of the four nonces is closed by the side that asked for it. Nonces compare as strings of
// bytes; a shorter one that is a beginning of the longer is the lower. Here for children; of an IKE SA
// rekey-ike.ts has the same, with children to move.
import { type Exchange, report } from '../exchange.js';
import { activateChild } from '../parts/child.js';
import type { Child } from '../sa.js';

export function isLower(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return a.length < b.length;
}

export const lowest = (a: Uint8Array, b: Uint8Array): Uint8Array => (isLower(a, b) ? a : b);

/** Who made the SA with the lowest nonce closes it; the other one closes the old SA. */
export function settleChildren(
  { sa, step }: Exchange,
  old: Child,
  made: Child,
  lost: boolean,
): void {
  const closing = lost ? made : old;
  old.state = 'replaced';
  if (old.rival) {
    const rival = sa.children.get(old.rival.id);
    if (rival && !lost) rival.state = 'replaced';
    const words = lost ? 'ours is closed' : 'ours stays';
    const text = `both sides replaced a CHILD_SA at once: ${words}`;
    report({ sa, step }, 'debug', 'ike.rekey', text, { child: made.sa.id });
  }
  sa.tasks.unshift({ kind: 'delete-child', children: [closing.sa.id] });
}

/**
 * A further child, or one whose predecessor went while we asked. If the peer closed it because its
 * own replacement won, ours is one too many.
 */
export function settleWithoutOld(
  { sa }: Exchange,
  id: number | undefined,
  install: (standby: boolean) => Child,
): void {
  const rival = [...sa.children.values()].some((other) => other.sa.replaces === id);
  const redundant = id !== undefined && rival;
  const made = install(redundant);
  if (redundant) sa.tasks.unshift({ kind: 'delete-child', children: [made.sa.id] });
}

/** Our replacement failed; if the peer's succeeded meanwhile, that one stands. */
export function yieldToRival(exchange: Exchange, old: Child): void {
  old.state = old.rival ? 'replaced' : 'installed';
  const rival = old.rival && exchange.sa.children.get(old.rival.id);
  old.rival = undefined;
  if (rival && exchange.sa.state === 'established') activateChild(exchange, rival);
}
