// Sessions of users that an authentication server let in: when one begins and when it is over. A
// session outlives the IKE SAs that carry it one after another (rekey), so its end is noticed, not
// announced: no IKE SA carries it any more.
import type { Address } from '../policy/address.js';
import type { Authorisation } from './authorisation.js';
import type { Work } from './exchange.js';
import type { IkeSa } from './sa.js';
import type { Endpoint } from './step.js';

/** Why a session ended, in the words of RFC 2866 §5.10. */
export type SessionEnd =
  | 'user-request'
  | 'lost-carrier'
  | 'idle-timeout'
  | 'session-timeout'
  | 'admin-reset'
  | 'admin-reboot'
  | 'nas-error'
  | 'nas-request';

export interface SessionBegan {
  readonly kind: 'began';
  readonly authorisation: Authorisation;
  readonly peer: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** What the user was given inside the tunnel. */
  readonly addresses: readonly Address[];
}

export type SessionEvent =
  | SessionBegan
  | { readonly kind: 'ended'; readonly session: string; readonly cause: SessionEnd };

/** After every turn of an IKE SA. */
export function noteSession({ world, sa, step }: Work): void {
  const { authorisation, peer, local, remote } = sa;
  if (!authorisation) return;
  const { sessions } = world.store;
  const { session } = authorisation;
  if (sa.state === 'established' && !sessions.has(session)) {
    sessions.add(session);
    const { addresses = [] } = sa.assigned ?? {};
    const began = { kind: 'began', authorisation, peer: peer.name, local, remote } as const;
    step.sessions.push({ ...began, addresses });
  }
  const over = sa.state === 'deleting' || sa.state === 'dead';
  if (!over || !sessions.has(session) || world.store.all().some((one) => carries(one, session))) {
    return;
  }
  sessions.delete(session);
  step.sessions.push({ kind: 'ended', session, cause: sa.ending ?? 'nas-request' });
}

const carries = ({ authorisation, state }: IkeSa, session: string): boolean =>
  authorisation?.session === session && (state === 'established' || state === 'replaced');
