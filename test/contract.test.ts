// The contract is integers both compilers read alike: nothing negative, nothing past 2^31 - 1.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as drops from '../src/contract/drops.js';
import * as ids from '../src/contract/ids.js';
import * as layout from '../src/contract/layout.js';

const contract = suite('contract');

for (const [file, exports] of Object.entries({ drops, ids, layout })) {
  contract(`${file}: every export is an integer from 0 to 2^31 - 1`, () => {
    for (const [name, value] of Object.entries(exports)) {
      assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 31, `${name} = ${value}`);
    }
  });
}

contract('a worker region holds what layout.ts puts into it', () => {
  assert.ok(layout.WORKER_END <= layout.WORKER_SIZE);
  assert.ok(layout.EARLY_CONTROL + layout.CMSG <= layout.WAITING_ENTRY);
});

contract('a slot holds a received packet between headroom and tailroom', () => {
  assert.is(layout.SLOT_HEADROOM + layout.RX_ROOM + layout.SLOT_TAILROOM, layout.SLOT);
});

contract('an SA record holds what layout.ts puts into it', () => {
  assert.ok(layout.SA_BUNDLE_BYTES + 4 <= layout.SA_NEAR_WINDOW);
  assert.is(layout.NEAR_MOST, (layout.NEAR_WORDS - 1) * 32);
  assert.ok(layout.SA_NEAR_WINDOW + layout.NEAR_WORDS * 8 <= layout.SA_SELECTORS);
  const near = layout.NEAR_SELECTORS * layout.SELECTOR_SIZE;
  assert.ok(layout.SA_SELECTORS + near <= layout.SA_KEY);
  const further = layout.MAX_SELECTORS * layout.SELECTOR_SIZE - near;
  assert.ok(layout.SA_MORE_SELECTORS + further <= layout.SA_WINDOW);
  assert.ok(layout.SA_WINDOW + layout.WINDOW_WORDS * 8 <= layout.SA_SIZE);
});

contract('an SA of AES-128-GCM with a small window keeps to the first half of its record', () => {
  const context = 11 * 128 + 2048; // key planes, GHASH tables
  assert.ok(layout.SA_KEY + context <= layout.SA_NEAR);
  assert.is(layout.SA_NEAR % 4096, 0);
  assert.is(layout.SAS_AT % 4096, 0);
});

contract.run();
