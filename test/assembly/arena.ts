// A loaded module and a stretch of its memory that a test may fill: the receive and transmit slots of
// worker 0. Random test data is seeded, so a failure comes again.
import { WORKER_RX_SLOTS, WORKERS_AT } from '../../src/contract/layout.js';
import { bestBuild, createMemory, type Exports, loadModule } from '../../src/dataplane/module.js';

export interface Arena {
  readonly exports: Exports;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** First free byte; offsets of a test are relative to it. */
  readonly base: number;
  put(at: number, data: Uint8Array): number;
  get(at: number, length: number): Buffer;
}

export function arena(shared = createMemory(), build = bestBuild()): Arena {
  const { memory, exports } = loadModule(0, shared, build);
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const base = WORKERS_AT + WORKER_RX_SLOTS;
  return {
    exports,
    bytes,
    view,
    base,
    put(at, data) {
      bytes.set(data, base + at);
      return base + at;
    },
    get: (at, length) => Buffer.from(bytes.slice(base + at, base + at + length)),
  };
}

/** xorshift128: seeded bytes and numbers. */
export function seeded(seed: number): {
  number(below: number): number;
  bytes(length: number): Buffer;
} {
  const state = new Uint32Array([seed, 0x9e3779b9, 0x243f6a88, 0xb7e15162]);
  const next = (): number => {
    const [x, , , w] = state as unknown as [number, number, number, number];
    const t = x ^ (x << 11);
    state.copyWithin(0, 1);
    state[3] = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return state[3]!;
  };
  for (let i = 0; i < 16; i++) next();
  return {
    number: (below) => next() % below,
    bytes(length) {
      const words = Uint32Array.from({ length: (length + 3) >> 2 }, next);
      return Buffer.from(words.buffer, 0, length);
    },
  };
}

export const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');
