// What is to be said of an installed SA: what it was made of, and what its record has counted since.
import * as ids from '../contract/ids.js';
import * as layout from '../contract/layout.js';
import type { Association, Direction, InstalledSa, SaState } from './association.js';
import type { SaRecord } from './sa-record.js';

const STATES: Readonly<Record<number, SaState>> = {
  [ids.SA_LARVAL]: 'larval',
  [ids.SA_MATURE]: 'mature',
  [ids.SA_DYING]: 'dying',
  [ids.SA_DEAD]: 'dead',
};

interface Installed {
  readonly association: Association;
  readonly addedAt: number;
  /** Whether its outbound half is in use. */
  readonly active: boolean;
}

export function describeSa(
  record: SaRecord,
  { association, addedAt, active }: Installed,
  direction: Direction,
  now: number,
): InstalledSa {
  const old = now - addedAt >= association.lifetime.softSeconds * 1000;
  const spent = (record.u32(layout.SA_FLAGS) & ids.SA_FLAG_SOFT_SENT) !== 0;
  // An outbound half that waits for the peer to be ready carries nothing yet.
  const waits = direction === 'out' && !active;
  const state = waits ? 'larval' : (STATES[record.u32(layout.SA_STATE)] ?? 'dead');
  return {
    slot: record.u32(layout.SA_SLOT),
    direction,
    association,
    state: state === 'mature' && (old || spent) ? 'dying' : state,
    addedAt,
    usedAt: record.counter(layout.SA_USED_AT),
    bytes: record.counter(layout.SA_BYTES),
    packets: record.counter(layout.SA_PACKETS),
    invalidPackets: record.counter(layout.SA_INVALID),
    replayWindow: record.u32(layout.SA_REPLAY_WINDOW),
    pathMtu: record.u32(layout.SA_PATH_MTU),
    innerMtu: record.u32(layout.SA_INNER_MTU),
  };
}
