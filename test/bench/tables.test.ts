// `bench policy` and `bench sa` at small sizes: a row for each figure, and packets that do arrive.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SETS } from '../../src/bench/policy-sets.js';
import { runPolicy } from '../../src/bench/run-policy.js';
import { runSas } from '../../src/bench/run-sa.js';

const test = suite('bench tables');
const quiet = (): void => {};

test('policy: misses, hits and a change for every set, count and family', () => {
  const rows = runPolicy(SETS, [1, 50], { rounds: 1, lookups: 1000 }, quiet);
  assert.is(rows.length, SETS.length * 2 * 2 * 3);
  assert.is(new Set(rows.map(({ name }) => name)).size, rows.length);
  assert.ok(rows.every(({ value }) => Number.isFinite(value) && value > 0));
});

test('sa: every packet arrives, of one SA in use and of all', () => {
  const rows = runSas([1, 20], { rounds: 1, batches: 3, bytes: 64 }, quiet);
  assert.equal(
    rows.map(({ sas, used, direction }) => [sas, used, direction]),
    [
      [1, 1, 'seal'],
      [1, 1, 'open'],
      [20, 1, 'seal'],
      [20, 1, 'open'],
      [20, 20, 'seal'],
      [20, 20, 'open'],
    ],
  );
  assert.ok(rows.every(({ value, ratio }) => value > 0 && ratio > 0));
});

test.run();
