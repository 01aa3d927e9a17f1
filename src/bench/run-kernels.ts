// Every case at every size, one after the other; or those whose name contains one of `names`.
import { type Build, bestBuild, loadModule } from '../dataplane/module.js';
import { CASES, type Case, SIZES } from './cases.js';
import { missing } from './kernels.js';
import { type Effort, type KernelRow, measure } from './measure.js';
import type { Progress } from './row.js';

/** With which build of the module: with or without relaxed SIMD. */
export interface BuildRow extends KernelRow {
  readonly build: Build;
}

/** The builds that this engine runs. */
export const builds = (): Build[] =>
  bestBuild() === 'relaxed' ? ['simd128', 'relaxed'] : ['simd128'];

export async function runKernels(
  cases: readonly Case[],
  build: Build,
  effort: Effort,
  progress: Progress,
): Promise<BuildRow[]> {
  const module = loadModule(0, undefined, build);
  const rows: BuildRow[] = [];
  for (const row of cases) {
    const absent = missing(module, row);
    if (absent.length > 0) {
      progress(`SKIP ${row.name}: culvert.wasm does not export ${absent.join(', ')}`);
      continue;
    }
    for (const bytes of SIZES) {
      progress(`${row.name}, ${bytes} bytes`);
      rows.push({ ...(await measure(module, row, bytes, effort)), build });
    }
  }
  return rows;
}

export const chooseCases = (names: readonly string[]): Case[] =>
  CASES.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
