// The search against paths of every width: it ends near the truth, never above it, and asks little.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PathSearch } from '../../src/daemon/path-search.js';
import { seeded } from '../assembly/arena.js';

const search = suite('daemon/path-search');

/** Runs to its rest on a path of `width`, `lossy` packets in a hundred lost; the sizes it asked about. */
function run(subject: PathSearch, top: number, width: number, lossy = 0): number[] {
  const random = seeded(width);
  const asked: number[] = [];
  while (!subject.rests) {
    const wanted = subject.question(top);
    if (wanted === undefined) break;
    asked.push(wanted);
    assert.ok(asked.length < 60, `it ends: ${asked.join(' ')}`);
    const passed = wanted <= width && random.number(100) >= lossy;
    subject.answer({ wanted, bytes: wanted - (wanted % 4), passed });
  }
  return asked;
}

search('a path as wide as the kernel says: one question, no limit', () => {
  const subject = new PathSearch(576);
  assert.equal(run(subject, 1500, 1500), [1500]);
  assert.is(subject.limit, undefined);
});

search('every width: within 20 bytes below the truth, never above, the floor never passed', () => {
  for (const floor of [576, 1280]) {
    for (const top of [1280, 1400, 1500, 9000]) {
      for (let width = 500; width < top; width += 7) {
        const subject = new PathSearch(floor);
        const asked = run(subject, top, width);
        const { limit } = subject;
        if (limit === undefined) {
          assert.is(top, floor, 'nothing to lower');
          continue;
        }
        assert.ok(limit >= floor);
        if (width >= floor) {
          assert.ok(limit <= width && limit >= width - 20, `${width} of ${top}: ${limit}`);
        } else assert.is(limit, floor);
        assert.ok(asked.length <= 32, `${asked.length} questions`);
      }
    }
  }
});

search('a packet lost by chance lowers nothing', () => {
  const subject = new PathSearch(576);
  for (const passed of [false, false, true]) {
    assert.is(subject.question(1500), 1500);
    subject.answer({ wanted: 1500, bytes: 1500, passed });
  }
  assert.is(subject.limit, undefined);
  assert.ok(subject.rests);
});

search('again: wider, the same, narrower', () => {
  const subject = new PathSearch(576);
  run(subject, 1500, 1400);
  const before = subject.limit!;
  subject.again();
  assert.is(subject.limit, before, 'in force meanwhile');
  run(subject, 1500, 1400);
  assert.ok(subject.limit! >= before - 20 && subject.limit! <= 1400);
  subject.again();
  run(subject, 1500, 800);
  assert.ok(subject.limit! <= 800 && subject.limit! >= 780, `${subject.limit}`);
  subject.again();
  run(subject, 1500, 1500);
  assert.is(subject.limit, undefined);
});

search('given up: the base, or the limit that is below it', () => {
  const subject = new PathSearch(576);
  subject.abandon();
  assert.is(subject.limit, 1280);
  assert.ok(subject.rests);
  const narrow = new PathSearch(576);
  narrow.narrow(900);
  narrow.abandon();
  assert.is(narrow.limit, 900);
});

search.run();
