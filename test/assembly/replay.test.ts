// The replay window in WebAssembly against RFC 4303 appendix A and a window that keeps a set.
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SA_FLAG_ANTI_REPLAY, SA_FLAG_ESN } from '../../src/contract/ids.js';
import * as layout from '../../src/contract/layout.js';
import { loadModule } from '../../src/dataplane/module.js';
import { ReplayWindow } from '../reference/replay.js';
import { seeded } from './arena.js';
import { setRightEdge, writeReplayRecord } from './record.js';
import type { ReplayTask } from './replay-thread.js';

const replay = suite('replay');
const { memory, exports } = loadModule(0);
const { checkReplay, commitReplay, inferSequence } = exports as unknown as {
  checkReplay(sa: number, sequence: bigint): number;
  commitReplay(sa: number, sequence: bigint): number;
  inferSequence(sa: number, low: number): bigint;
};
const ESN = SA_FLAG_ANTI_REPLAY | SA_FLAG_ESN;
const SLOT = 7;

/** Check, then commit, as a packet with a right ICV would. */
function take(sa: number, sequence: bigint): boolean {
  return checkReplay(sa, sequence) !== 0 && commitReplay(sa, sequence) !== 0;
}

for (const window of [32, 33, 64, 128, 1000, 8192]) {
  replay(`window ${window}: takes the edges once, refuses what is outside`, () => {
    const sa = writeReplayRecord(memory, SLOT, SA_FLAG_ANTI_REPLAY, window);
    const size = BigInt(window);
    assert.not(take(sa, 0n), '0 is never sent');
    assert.ok(take(sa, 1n));
    assert.not(take(sa, 1n));
    const right = 100_000n;
    assert.ok(take(sa, right));
    assert.ok(take(sa, right - size + 1n), 'the left edge is inside');
    assert.not(take(sa, right - size + 1n));
    assert.not(take(sa, right - size), 'one further is outside');
    assert.ok(take(sa, right + 1n), 'the right edge moves');
    assert.not(checkReplay(sa, right - size + 1n), 'and the left one with it');
  });

  replay(`window ${window}: agrees with a set on 20,000 random numbers`, () => {
    for (const start of [0n, (1n << 32n) - 5000n, (1n << 45n) - 3000n, 0x8765_4321_0000_0000n]) {
      const sa = writeReplayRecord(memory, SLOT, ESN, window);
      setRightEdge(memory, SLOT, start);
      const reference = new ReplayWindow(window, start);
      const random = seeded(window);
      for (let i = 0; i < 5000; i++) {
        const jump = random.number(50) === 0 ? 20_000 : 64;
        const back = random.number(4) === 0 ? 2 * window : 40;
        const wanted = reference.right + BigInt(random.number(jump) - random.number(back));
        const sequence = wanted < 0n ? 0n : wanted;
        const expected = reference.check(sequence);
        if (expected) reference.commit(sequence);
        assert.is(take(sa, sequence), expected, `number ${sequence}, right ${reference.right}`);
      }
    }
  });

  replay(`window ${window}: infers the high half as appendix A2.2 does`, () => {
    const random = seeded(window + 1);
    const sa = writeReplayRecord(memory, SLOT, ESN, window);
    for (const high of [0n, 1n, 5n, 0xffff_fffen]) {
      for (const edge of [0, 1, window - 2, window - 1, window, 2 ** 31, 2 ** 32 - 1]) {
        const right = (high << 32n) + BigInt(edge);
        setRightEdge(memory, SLOT, right);
        const reference = new ReplayWindow(window, right);
        const near = [0, 1, window - 1, window, window + 1].flatMap((d) => [edge - d, edge + d]);
        const lows = [...near, ...Array.from({ length: 200 }, () => random.number(2 ** 32))];
        for (const low of lows.map((value) => value >>> 0)) {
          const expected = reference.infer(BigInt(low)) ?? 0n;
          const found = BigInt.asUintN(64, inferSequence(sa, low | 0));
          assert.is(found, expected, `low ${low}, right ${right}`);
        }
      }
    }
  });
}

replay('a check has no effect, and without anti-replay everything but 0 passes', () => {
  const sa = writeReplayRecord(memory, SLOT, SA_FLAG_ANTI_REPLAY, 64);
  const before = Buffer.from(memory.buffer.slice(sa, sa + layout.SA_SIZE));
  for (let i = 0; i < 1000; i++) assert.ok(checkReplay(sa, BigInt(i + 1)));
  assert.equal(Buffer.from(memory.buffer.slice(sa, sa + layout.SA_SIZE)), before);
  const open = writeReplayRecord(memory, SLOT, 0, 0);
  for (const sequence of [5n, 5n, 1n]) assert.ok(take(open, sequence));
  assert.not(take(open, 0n));
});

replay('the result says whether the number is the highest so far', () => {
  const sa = writeReplayRecord(memory, SLOT, SA_FLAG_ANTI_REPLAY, 64);
  assert.equal(
    [10n, 9n, 9n, 11n].map((sequence) => commitReplay(sa, sequence)),
    [2, 1, 0, 2],
  );
});

// ---- threads -------------------------------------------------------------------------------------

const THREADS = 3;
const MILLIONS = 10;

interface Race {
  readonly presented: number;
  /** How many numbers were taken never, once, more than once. */
  readonly never: number;
  readonly once: number;
  readonly twice: number;
}

/** THREADS workers present the same numbers to one SA; half-way the low half of the number wraps. */
async function race(window: number, block: number, blocks: number): Promise<Race> {
  const numbers = blocks * block;
  const first = (7n << 32n) - BigInt(numbers / 2);
  const sa = writeReplayRecord(memory, SLOT, ESN, window);
  setRightEdge(memory, SLOT, first - 1n);
  const taken = new Uint8Array(new SharedArrayBuffer(numbers));
  const shared = { memory, sa, first, numbers, block, threads: THREADS, taken };
  const barrier = new Int32Array(new SharedArrayBuffer(4));
  const url = new URL('./replay-thread.js', import.meta.url);
  const presented = await Promise.all(
    Array.from({ length: THREADS }, (_, index) => {
      const workerData: ReplayTask = { ...shared, barrier, row: index + 1 };
      return new Promise<number>((resolve, reject) => {
        new Worker(url, { workerData }).on('message', resolve).on('error', reject);
      });
    }),
  );
  const count = (holds: (times: number) => boolean): number => taken.filter(holds).length;
  return {
    presented: presented.reduce((sum, each) => sum + each, 0),
    never: count((times) => times === 0),
    once: count((times) => times === 1),
    twice: count((times) => times > 1),
  };
}

replay(`${MILLIONS} million replayed and reordered numbers: none is taken twice`, async () => {
  const windows = [32, 64, 128, 1024, 8192];
  // Within half a window everything arrives; over four windows much comes too late.
  const orders = [0.5, 4];
  const each = (MILLIONS * 1e6) / windows.length / orders.length / THREADS / 2;
  let presented = 0;
  for (const window of windows) {
    for (const spread of orders) {
      const block = window * spread;
      const found = await race(window, block, 2 * Math.ceil(each / block / 2) + 2);
      assert.is(found.twice, 0, `window ${window}`);
      if (spread < 1) assert.is(found.never, 0, `window ${window}: none is lost`);
      else assert.ok(found.never > 0 && found.once > found.never / 4, `window ${window}`);
      presented += found.presented;
    }
  }
  assert.ok(presented >= MILLIONS * 1e6, `${presented} presented`);
});

replay.run();
