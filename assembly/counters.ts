// Counters of this instance: one writer per row, so a plain add will do.
import { countersAt } from './memory';

/** Adds one to a column of src/contract/drops.ts. */
export function count(column: u32): void {
  countMore(column, 1);
}

export function countMore(column: u32, amount: u64): void {
  const at = countersAt + column * 8;
  store<u64>(at, load<u64>(at) + amount);
}
