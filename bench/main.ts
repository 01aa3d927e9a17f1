// npm run bench -- [--json] [NAME …]: MB/s of every kernel at three packet sizes, beside node:crypto's
// rate for one packet at a time in the same run. A NAME picks the cases whose name contains it.
import { loadModule } from '../src/dataplane/module.js';
import { CASES, SIZES } from './cases.js';
import { missing } from './kernels.js';
import { type Effort, measure, type Row } from './measure.js';

const EFFORT: Effort = { rounds: 15, time: 20 };

function print(row: Row): void {
  const cells = [
    row.name.padEnd(22),
    String(row.bytes).padStart(6),
    row.value.toFixed(0).padStart(8),
    row.node.toFixed(0).padStart(12),
    row.ratio.toFixed(2).padStart(8),
  ];
  console.log(cells.join(' '));
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const names = args.filter((arg) => !arg.startsWith('--'));
  const json = args.includes('--json');
  const cases = CASES.filter(
    ({ name }) => names.length === 0 || names.some((wanted) => name.includes(wanted)),
  );
  if (cases.length === 0) {
    console.error(
      `no case is called ${names.join(' ')}: ${CASES.map(({ name }) => name).join(', ')}`,
    );
    process.exitCode = 2;
    return;
  }
  const module = loadModule(0);
  if (!json) console.log('name                    bytes     MB/s  node:crypto    ratio');
  for (const row of cases) {
    const absent = missing(module, row);
    if (absent.length > 0) {
      console.error(`SKIP ${row.name}: culvert.wasm does not export ${absent.join(', ')}`);
      continue;
    }
    for (const bytes of SIZES) {
      const measured = await measure(module, row, bytes, EFFORT);
      if (json) console.log(JSON.stringify(measured));
      else print(measured);
    }
  }
}

await main();
