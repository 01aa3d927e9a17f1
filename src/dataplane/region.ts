// A worker's region of the shared memory as its thread sees it: words, addresses, counters.
import type { MessagePort } from 'node:worker_threads';
import {
  CONTROL_AT,
  CONTROL_BASE,
  COUNTERS_AT,
  COUNTERS_ROW,
  WORKER_SIZE,
  WORKERS_AT,
} from '../contract/layout.js';

/** The part of a worker's task that moving packets needs. */
export interface TransferTask {
  readonly memory: WebAssembly.Memory;
  readonly row: number;
  readonly fds: readonly number[];
  /** Per PORT_*: the socket that may fragment what that of `fds` refuses as too large; -1: none. */
  readonly fragmenting: readonly number[];
  readonly port: MessagePort;
}

const TWO_32 = 0x1_0000_0000;

export class Region {
  readonly task: TransferTask;
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  /** Absolute address of the shared memory. */
  readonly base: number;
  /** Offset of this worker's region. */
  readonly at: number;

  constructor(task: TransferTask) {
    this.task = task;
    this.words = new Uint32Array(task.memory.buffer);
    this.bytes = new Uint8Array(task.memory.buffer);
    this.at = WORKERS_AT + task.row * WORKER_SIZE;
    this.base = this.pointer(CONTROL_AT + CONTROL_BASE);
    if (this.base === 0) throw new Error('CONTROL_BASE is not set: the data plane did not start');
  }

  /** Adds to a 64-bit counter of this row, whose only writer is this thread. */
  count(column: number, amount: number): void {
    const at = (COUNTERS_AT + this.task.row * COUNTERS_ROW + column * 8) >> 2;
    const sum = this.words[at]! + amount;
    this.words[at] = sum >>> 0;
    if (sum >= TWO_32) this.words[at + 1]!++;
  }

  /** A u64 as a number; addresses stay below 2^53. */
  pointer(offset: number): number {
    return this.words[offset >> 2]! + this.words[(offset >> 2) + 1]! * TWO_32;
  }

  setPointer(offset: number, value: number): void {
    this.words[offset >> 2] = value >>> 0;
    this.words[(offset >> 2) + 1] = Math.floor(value / TWO_32);
  }
}
