// Puts an SA record into a state that live traffic would take years to reach.
import * as layout from '../../src/contract/layout.js';

const RING = BigInt(layout.WINDOW_WORDS);

export const recordAt = (slot: number): number => layout.SAS_AT + slot * layout.SA_SIZE;

/** As if `right` were the highest number so far, and no number of the window had been seen. */
export function setRightEdge(memory: WebAssembly.Memory, slot: number, right: bigint): void {
  const words = new BigUint64Array(memory.buffer, recordAt(slot), layout.SA_SIZE / 8);
  words[layout.SA_SEQ / 8] = right;
  const last = right >> 5n;
  for (let back = 0n; back < RING; back++) {
    const number = last - back;
    if (number < 0n) break;
    const tag = (number / RING) & 0xffff_ffffn;
    words[layout.SA_WINDOW / 8 + Number(number % RING)] = tag << 32n;
  }
}

/** A bare record for the replay functions alone. */
export function writeReplayRecord(
  memory: WebAssembly.Memory,
  slot: number,
  flags: number,
  window: number,
): number {
  const at = recordAt(slot);
  new Uint8Array(memory.buffer, at, layout.SA_SIZE).fill(0);
  const view = new DataView(memory.buffer, at, layout.SA_SIZE);
  view.setUint32(layout.SA_FLAGS, flags, true);
  view.setUint32(layout.SA_REPLAY_WINDOW, window, true);
  return at;
}
