// The addresses that pools gave, in a file that only the daemon's user reads (0600): it says who is whose
// client. Written beside and renamed, so that a crash leaves the old one or the new one, never half.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../config/settings.js';
import type { Pool } from '../policy/database.js';
import { Leases, type SavedLease } from '../policy/leases.js';
import type { Log } from './log.js';

/** Many clients come at once after a restart: one write serves them. */
const SOON_MS = 200;

export interface RunningLeases {
  readonly leases: Leases;
  /** Writes what is not written yet. */
  close(): void;
}

/** Where the file is: as configured, else in systemd's StateDirectory=, else where that would be. */
export function leasePath({
  name,
  leaseFile,
}: Pick<Settings['tun'], 'name' | 'leaseFile'>): string {
  const directory = process.env.STATE_DIRECTORY?.split(':')[0] || '/var/lib/culvert';
  return leaseFile ?? join(directory, `${name}.leases`);
}

export function openLeases(path: string, pools: readonly Pool[], log: Log): RunningLeases {
  let timer: NodeJS.Timeout | undefined;
  const write = (): void => {
    timer = undefined;
    try {
      save(path, leases.saved());
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      log.error('config', `leases are not kept, a restart forgets them: ${text}`);
    }
  };
  const leases = new Leases(pools, pools.length > 0 ? read(path, log) : [], () => {
    timer ??= setTimeout(write, SOON_MS);
  });
  return {
    leases,
    close() {
      if (timer === undefined) return;
      clearTimeout(timer);
      write();
    },
  };
}

/** A file that cannot be read costs the clients their claims, and is said. */
function read(path: string, log: Log): SavedLease[] {
  try {
    const { leases } = JSON.parse(readFileSync(path, 'utf8')) as { leases: unknown };
    if (!Array.isArray(leases)) throw new Error('no list of leases in it');
    return leases.filter(isLease);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const text = error instanceof Error ? error.message : String(error);
    log.error('config', `${path} is not read, clients may get other addresses: ${text}`);
    return [];
  }
}

const isLease = (one: unknown): one is SavedLease =>
  typeof one === 'object' &&
  one !== null &&
  ['pool', 'address', 'identity'].every(
    (name) => typeof (one as Record<string, unknown>)[name] === 'string',
  );

function save(path: string, leases: readonly SavedLease[]): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.new`;
  const file = openSync(beside, 'w', 0o600);
  try {
    // all of it: one write(2) need not take a large text whole
    writeFileSync(file, `${JSON.stringify({ leases }, undefined, 1)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}
