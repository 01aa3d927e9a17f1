// Puts an SA record into a state that live traffic would take years to reach.
import * as layout from '../../src/contract/layout.js';

/** Where the window's words are, and how many. */
function ringOf(view: DataView): { at: number; length: bigint } {
  const near = view.getUint32(layout.SA_REPLAY_WINDOW, true) <= layout.NEAR_MOST;
  return near
    ? { at: layout.SA_NEAR_WINDOW, length: BigInt(layout.NEAR_WORDS) }
    : { at: layout.SA_WINDOW, length: BigInt(layout.WINDOW_WORDS) };
}

export const recordAt = (slot: number): number => layout.SAS_AT + slot * layout.SA_SIZE;

/** As if `right` were the highest number so far, and no number of the window had been seen. */
export function setRightEdge(memory: WebAssembly.Memory, slot: number, right: bigint): void {
  const words = new BigUint64Array(memory.buffer, recordAt(slot), layout.SA_SIZE / 8);
  words[layout.SA_SEQ / 8] = right;
  const { at, length } = ringOf(new DataView(memory.buffer, recordAt(slot), layout.SA_SIZE));
  const last = right >> 5n;
  for (let back = 0n; back < length; back++) {
    const number = last - back;
    if (number < 0n) break;
    const tag = (number / length) & 0xffff_ffffn;
    words[at / 8 + Number(number % length)] = tag << 32n;
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
