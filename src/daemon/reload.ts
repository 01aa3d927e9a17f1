// What of a new configuration a running gateway can take over, and what it says it did.
import type { Settings } from '../config/settings.js';
import type { Reconciled } from '../policy/reconcile.js';

/** What a reload did: numbers of policies, names of the peers that were called anew or left. */
export interface ReloadResult {
  readonly added: number;
  readonly removed: number;
  readonly kept: number;
  readonly peers: readonly string[];
}

/** The new configuration cannot be taken over; the running one stays. For the operator. */
export class ReloadError extends Error {
  override readonly name = 'ReloadError';
}

/** Throws where settings differ that only a start looks at, naming all of them. */
export function refuseRestart(running: Settings, next: Settings): void {
  const { mssClamp: _, ...tun } = running.tun;
  const { format } = running.log;
  const fixed: Readonly<Record<string, readonly [unknown, unknown]>> = {
    ...Object.fromEntries(
      Object.entries(tun).map(([name, value]) => [
        `tun ${kebab(name)}`,
        [value, next.tun[name as keyof typeof tun]],
      ]),
    ),
    'log format': [format, next.log.format],
    'metrics address': [running.metrics.address, next.metrics.address],
    'metrics port': [running.metrics.port, next.metrics.port],
    'settings ddos-cookie-threshold': [running.cookieThreshold, next.cookieThreshold],
  };
  const changed = Object.entries(fixed).filter(([, [before, after]]) => before !== after);
  if (changed.length === 0) return;
  const list = changed.map(([name, [before, after]]) => `${name} (${before} → ${after})`);
  throw new ReloadError(`a restart is needed for: ${list.join(', ')}; nothing was changed`);
}

const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const resultOf = ({
  databases,
  added,
  removed,
  changedPeers,
}: Reconciled): ReloadResult => ({
  added: added.length,
  removed: removed.length,
  kept: databases.policies.length - added.length,
  peers: changedPeers,
});

/** `2 policies added, 1 removed, 97 kept; peers changed: east`. */
export function formatReload({ added, removed, kept, peers }: ReloadResult): string {
  const policies = `${added} ${added === 1 ? 'policy' : 'policies'} added, ${removed} removed, ${kept} kept`;
  return `${policies}; peers changed: ${peers.length === 0 ? 'none' : peers.join(', ')}`;
}
