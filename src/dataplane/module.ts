// Loads culvert.wasm into a shared memory, made here or given, and attaches the instance to a row.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LAYOUT_END, LAYOUT_VERSION } from '../contract/layout.js';

/** What culvert.wasm exports: functions of i32 arguments that return an i32 or nothing. */
export type Exports = Readonly<Record<string, (...args: number[]) => number>>;

export interface Module {
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
}

const PAGE = 65536;
/** Fixed, and more than the layout needs: a shared memory must name its maximum (asconfig.json). */
const PAGES = 6144;

export function createMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
}

/**
 * Instantiates the module on `memory` for worker `row` (0 … CONTROL_ROW).
 * Throws where the built module and this code disagree about the layout.
 */
export function loadModule(row: number, memory = createMemory()): Module {
  const path = fileURLToPath(new URL('../../culvert.wasm', import.meta.url));
  const module = new WebAssembly.Module(readFileSync(path));
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
  const abi = exports.abi?.();
  if (abi !== LAYOUT_VERSION || LAYOUT_END > PAGES * PAGE) {
    throw new Error(`culvert.wasm has layout ${abi}, this build wants ${LAYOUT_VERSION}: rebuild`);
  }
  exports.attach!(row);
  return { memory, exports };
}
