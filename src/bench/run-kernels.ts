// Every case at every size, one after the other; or those whose name contains one of `names`.
import { loadModule } from '../dataplane/module.js';
import { CASES, type Case, SIZES } from './cases.js';
import { missing } from './kernels.js';
import { type Effort, type KernelRow, measure } from './measure.js';
import type { Progress } from './row.js';

export async function runKernels(
  cases: readonly Case[],
  effort: Effort,
  progress: Progress,
): Promise<KernelRow[]> {
  const module = loadModule(0);
  const rows: KernelRow[] = [];
  for (const row of cases) {
    const absent = missing(module, row);
    if (absent.length > 0) {
      progress(`SKIP ${row.name}: culvert.wasm does not export ${absent.join(', ')}`);
      continue;
    }
    for (const bytes of SIZES) {
      progress(`${row.name}, ${bytes} bytes`);
      rows.push(await measure(module, row, bytes, effort));
    }
  }
  return rows;
}

export const chooseCases = (names: readonly string[]): Case[] =>
  CASES.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
