// The load search against paths whose limit is known: it must find the limit, hold the loss, and
// end.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deliveredOf, LOSS_LIMIT, lossOf, searchRate, type Trial } from '../../src/bench/search.js';

const test = suite('bench search');
const SECONDS = 0.5;

/** A path that carries `limit` packets a second, and a sender that makes `fastest`. */
function path(limit: number, fastest: number, overloaded = limit) {
  const offered: number[] = [];
  const offer = async (rate: number): Promise<Trial> => {
    offered.push(rate);
    const sent = Math.round(Math.min(rate, fastest) * SECONDS);
    const carried = sent > limit * SECONDS ? overloaded : limit;
    return { sent, received: Math.min(sent, Math.round(carried * SECONDS)), seconds: SECONDS };
  };
  return { offered, offer };
}

const within = (value: number, expected: number, share: number): void =>
  assert.ok(Math.abs(value / expected - 1) <= share, `${value} is not near ${expected}`);

test('it finds the limit of a path that drops the excess', async () => {
  for (const limit of [900, 40_000, 300_000]) {
    const { offer, offered } = path(limit, 1e6);
    const { best, most } = await searchRate(offer);
    within(deliveredOf(best), limit, 0.03);
    assert.ok(lossOf(best) < LOSS_LIMIT);
    within(most, limit, 0.01);
    assert.ok(offered.length < 20, 'and ends soon');
  }
});

test('it finds the limit of a path that collapses under a flood', async () => {
  const { best, most } = await searchRate(path(50_000, 1e6, 10_000).offer);
  within(deliveredOf(best), 50_000, 0.1);
  assert.is(most, deliveredOf(best));
});

test('it climbs down from a guess that is too high, and up from one that is too low', async () => {
  within(deliveredOf((await searchRate(path(50_000, 1e6).offer, 150_000)).best), 50_000, 0.07);
  within(deliveredOf((await searchRate(path(50_000, 1e6).offer, 20_000)).best), 50_000, 0.07);
});

test('where the sender is the limit it does not ask for ever more', async () => {
  const { offer, offered } = path(1e6, 100_000);
  within(deliveredOf((await searchRate(offer)).best), 100_000, 0.001);
  assert.ok(Math.max(...offered.filter(Number.isFinite)) <= 150_000);
});

test('a hiccup is tried again; a broken path gives its least loss', async () => {
  let calls = 0;
  const hiccup = await searchRate(async (rate) => {
    calls++;
    const sent = Math.min(rate, 10_000) * SECONDS;
    return { sent, received: calls === 2 ? 0.95 * sent : sent, seconds: SECONDS };
  });
  assert.is(lossOf(hiccup.best), 0);
  assert.is(deliveredOf(hiccup.best), 10_000);
  const dead = await searchRate(async () => ({ sent: 100, received: 0, seconds: SECONDS }), 1000);
  assert.equal([lossOf(dead.best), dead.most], [1, 0]);
  const lossy = await searchRate(async (rate) => {
    const sent = Math.min(rate, 10_000) * SECONDS;
    return { sent, received: 0.9 * sent, seconds: SECONDS };
  });
  assert.ok(Math.abs(lossOf(lossy.best) - 0.1) < 1e-9);
});

test('loss: duplicates are no negative loss, nothing sent is no success', () => {
  assert.is(lossOf({ sent: 100, received: 101, seconds: 1 }), 0);
  assert.is(lossOf({ sent: 0, received: 0, seconds: 1 }), 1);
});

test.run();
