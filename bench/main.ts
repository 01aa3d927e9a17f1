// npm run bench -- [--json] [NAME …]: MB/s of every kernel at three packet sizes, beside node:crypto's
// rate for one packet at a time in the same run. NAME picks the cases whose name contains it.
import { loadModule } from '../src/dataplane/module.js';
import { CASES, SIZES } from './cases.js';
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
  const cases = CASES.filter(({ name }) => names.every((wanted) => name.includes(wanted)));
  if (cases.length === 0) throw new Error(`no case is called ${names.join(' ')}`);
  const module = loadModule(0);
  if (!json) console.log('name                    bytes     MB/s  node:crypto    ratio');
  for (const row of cases) {
    for (const bytes of SIZES) {
      const measured = await measure(module, row, bytes, EFFORT);
      if (json) console.log(JSON.stringify(measured));
      else print(measured);
    }
  }
}

await main();
