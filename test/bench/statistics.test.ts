// Known answers; and that order and outliers change no median.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { median, medianRatio, percentile } from '../../src/bench/statistics.js';

const test = suite('bench statistics');

test('median', () => {
  assert.is(median([3]), 3);
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.is(median([10, 9, 1e9]), 10, 'numbers, not their digits, are in order');
  assert.ok(Number.isNaN(median([])));
});

test('the argument stays as it was', () => {
  const values = [3, 1, 2];
  median(values);
  percentile(values, 50);
  assert.equal(values, [3, 1, 2]);
});

test('percentile: nearest rank', () => {
  // the worked example of the nearest-rank method
  const values = [15, 20, 35, 40, 50];
  const expected = [
    [5, 15],
    [30, 20],
    [40, 20],
    [50, 35],
    [100, 50],
  ] as const;
  for (const [percent, value] of expected) assert.is(percentile(values, percent), value);
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.is(percentile(hundred, 99), 99);
  assert.is(percentile(hundred, 0.5), 1);
  assert.ok(Number.isNaN(percentile([], 50)));
  assert.throws(() => percentile(values, 0), 'percentile 0');
  assert.throws(() => percentile(values, 101), 'percentile 101');
});

test('a ratio is the median of the rounds, not the ratio of the medians', () => {
  assert.is(medianRatio([10, 20, 90], [1, 10, 10]), 9);
  assert.is(medianRatio([10, 20, 90], [5, Number.NaN, 10]), 5.5);
  assert.is(medianRatio([10, 20], [0, 4]), 5);
  assert.is(medianRatio([10, 20, 30], [5]), 2);
  assert.ok(Number.isNaN(medianRatio([], [])));
});

test.run();
