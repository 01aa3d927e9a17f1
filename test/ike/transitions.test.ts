// The table of transitions as a whole.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TRANSITIONS } from '../../src/ike/dispatch.js';
import { ERRORS } from '../../src/ike/errors.js';
import { CREATE_CHILD_SA, IKE_AUTH, IKE_SA_INIT, INFORMATIONAL } from '../../src/wire/numbers.js';

const transitions = suite('transitions');

transitions('every state a row leads to is one some row starts from, or the end', () => {
  const starts = new Set(TRANSITIONS.flatMap(({ from }) => from));
  for (const { story, to } of TRANSITIONS) {
    for (const state of to) assert.ok(state === 'dead' || starts.has(state), `${story}: ${state}`);
  }
});

transitions('every exchange has rows for its request and for its answer', () => {
  for (const exchange of [IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL]) {
    const rows = TRANSITIONS.map(({ receives }) => receives);
    assert.ok(rows.some((row) => 'request' in row && row.request === exchange));
    assert.ok(rows.some((row) => 'response' in row && row.response === exchange));
  }
});

transitions('stories are unique', () => {
  assert.is(new Set(TRANSITIONS.map(({ story }) => story)).size, TRANSITIONS.length);
});

transitions('of rows for the same message, the one that requires more stands first', () => {
  TRANSITIONS.forEach((row, index) => {
    for (const later of TRANSITIONS.slice(index + 1)) {
      const same =
        JSON.stringify(row.receives) === JSON.stringify(later.receives) &&
        row.from.some((state) => later.from.includes(state));
      const hidden = row.requires.every((name) => later.requires.includes(name));
      assert.not.ok(same && hidden, `'${later.story}' is never reached after '${row.story}'`);
    }
  });
});

transitions('every error has advice; who is told something is told an error', () => {
  for (const [name, { advice, notify }] of Object.entries(ERRORS)) {
    assert.ok(advice.length > 20, name);
    assert.ok(notify === undefined || notify < 16384, name);
  }
});

transitions.run();
