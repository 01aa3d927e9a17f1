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
  assert.ok(layout.EARLY_CONTROL + layout.CMSG <= layout.EARLY_ENTRY);
});

contract('a slot holds a received packet between headroom and tailroom', () => {
  assert.is(layout.SLOT_HEADROOM + layout.RX_ROOM + layout.SLOT_TAILROOM, layout.SLOT);
});

contract('an SA record holds what layout.ts puts into it', () => {
  assert.ok(layout.SA_WINDOW + layout.WINDOW_WORDS * 8 <= layout.SA_KEY);
  assert.ok(layout.SA_MAC_KEY + layout.SA_MAC_KEY_SIZE <= layout.SA_SIZE);
});

contract.run();
