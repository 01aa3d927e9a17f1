// Both sides of every bench case make the same packet, at every size: no figure is of a wrong
// answer.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CASES, SIZES } from '../../src/bench/cases.js';
import { missing, prepare } from '../../src/bench/kernels.js';
import { loadModule } from '../../src/dataplane/module.js';

const test = suite('bench kernels');
const module = loadModule(0);

for (const row of CASES) {
  const absent = missing(module, row);
  if (absent.length > 0) {
    console.log(`SKIP ${row.name}: culvert.wasm does not export ${absent.join(', ')}`);
    continue;
  }
  for (const bytes of SIZES) {
    test(`${row.name} at ${bytes} bytes`, () => {
      const kernel = prepare(module, row, bytes);
      kernel.ours();
      assert.equal(kernel.last(), kernel.node());
    });
  }
}

test.run();
