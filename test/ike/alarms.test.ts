// The heap of moments beside a plain map: whatever is set, moved, removed, the next is never late and
// who is due is found.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Alarms } from '../../src/ike/alarms.js';
import type { IkeSa } from '../../src/ike/sa.js';
import { Random } from '../wire/random.js';

const alarms = suite('alarms');

alarms('as a map that is searched', () => {
  const random = new Random(7);
  const heap = new Alarms();
  const wanted = new Map<IkeSa, number>();
  const sas = Array.from({ length: 300 }, (_, serial) => ({ serial }) as IkeSa);
  for (let now = 0, turn = 0; turn < 30_000; turn++) {
    const sa = sas[random.between(0, sas.length - 1)]!;
    const kind = random.between(0, 9);
    if (kind === 0) {
      heap.remove(sa);
      wanted.delete(sa);
    } else if (kind < 8) {
      const at = now + random.between(1, 1000);
      heap.set(sa, at);
      wanted.set(sa, at);
    } else {
      const first = Math.min(...wanted.values());
      const next = heap.next() ?? Infinity;
      assert.ok(next <= first, `${next} is later than ${first}`);
      now += random.between(0, 40);
      const due = new Set(heap.due(now));
      for (const [one, at] of wanted) {
        if (at <= now) {
          assert.ok(due.has(one), `missed ${at} at ${now}`);
          wanted.delete(one);
        } else if (due.has(one)) heap.set(one, at);
      }
    }
  }
});

alarms('what is put off keeps its place, and what is gone is let go of', () => {
  const heap = new Alarms();
  const one = {} as IkeSa;
  for (let at = 1000; at < 2000; at++) heap.set(one, at);
  assert.equal([heap.next(), heap.due(999)], [1000, []]);
  assert.equal(heap.due(1000), [one]);
  assert.is(heap.next(), undefined);
  for (let i = 0; i < 1000; i++) {
    const other = {} as IkeSa;
    heap.set(other, 5000 - i);
    heap.remove(other);
  }
  assert.is(heap.next(), undefined);
});

alarms.run();
