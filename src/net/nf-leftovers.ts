// Tables of ours that an earlier run left, on a kernel that may have no nf_tables.
import { SystemError } from './libc.js';
import { ABSENT, emptied, NfTables } from './nf-tables.js';

/** A kernel without nf_tables holds none. */
export function removeLeftTables(names: readonly string[]): void {
  if (!isThere()) return;
  const tables = new NfTables();
  try {
    tables.commit(names.flatMap((name) => emptied(name)));
  } finally {
    tables.close();
  }
}

/** Whether this kernel has nf_tables at all. */
function isThere(): boolean {
  let tables: NfTables | undefined;
  try {
    tables = new NfTables();
    tables.list();
    return true;
  } catch (error) {
    if (error instanceof SystemError && Object.hasOwn(ABSENT, error.code)) return false;
    throw error;
  } finally {
    tables?.close();
  }
}
