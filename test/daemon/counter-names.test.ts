// The list of counters is complete: every column of the contract has its name, cause and place.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as drops from '../../src/contract/drops.js';
import { COUNTERS } from '../../src/daemon/counter-names.js';

const counters = suite('daemon counter names');

counters('every column once, under its own name', () => {
  const { ROUTEROS_COUNTERS: _, ...columns } = drops;
  const named = COUNTERS.map(({ name, column }) => [
    name.toUpperCase().replaceAll('-', '_'),
    column,
  ]);
  assert.equal(
    named,
    Object.entries(columns).sort((a, b) => a[1] - b[1]),
  );
});

counters("RouterOS's 25 come first", () => {
  assert.is(COUNTERS.filter(({ column }) => column < drops.ROUTEROS_COUNTERS).length, 25);
  for (const [at, { column }] of COUNTERS.slice(0, 25).entries()) assert.is(column, at);
});

counters('every counter says what raises it', () => {
  for (const { name, cause, remedy } of COUNTERS) {
    assert.match(cause, /\.$/, name);
    if (remedy !== '') assert.match(remedy, /[.`]$/, name);
  }
});

counters.run();
