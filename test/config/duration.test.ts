// RouterOS's times, both ways.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatDuration, parseDuration } from '../../src/config/duration.js';

const duration = suite('config duration');

duration('reads every notation', () => {
  const cases: [unknown, number | undefined][] = [
    ['30m', 1800],
    ['1d', 86400],
    ['1h30m', 5400],
    ['1w2d3h4m5s', 788645],
    ['00:30:00', 1800],
    ['1d01:00:00', 90000],
    ['100:00:00', 360000],
    ['45', 45],
    [45, 45],
    ['30m1h', undefined],
    ['1h1h', undefined],
    ['1 h', undefined],
    ['', undefined],
    ['s', undefined],
    ['1:2:3', undefined],
    ['-5m', undefined],
    [0.5, undefined],
    [null, undefined],
    [['1d'], undefined],
  ];
  for (const [written, seconds] of cases) {
    assert.is(parseDuration(written), seconds, JSON.stringify(written));
  }
});

duration('prints as RouterOS does', () => {
  const cases = { 0: '0s', 59: '59s', 3723: '1h2m3s', 86400: '1d', 694861: '1w1d1h1m1s' };
  for (const [seconds, text] of Object.entries(cases)) {
    assert.is(formatDuration(Number(seconds)), text);
  }
  assert.is(formatDuration(-1), '0s');
  assert.is(formatDuration(1.9), '1s');
});

duration('what is printed is read as the same time', () => {
  for (let seconds = 1; seconds < 2_000_000; seconds = seconds * 3 + 1) {
    assert.is(parseDuration(formatDuration(seconds)), seconds);
  }
});

duration.run();
