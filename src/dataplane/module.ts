// Loads culvert.wasm into a shared memory, made here or given, and attaches the instance to a row. Of its
// two builds it takes the one with relaxed SIMD where the engine has that (V8 from Node 22 on): a byte
// shuffle by a variable index is then one instruction, and GHASH is little else.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LAYOUT_END, LAYOUT_VERSION } from '../contract/layout.js';

/** What culvert.wasm exports: functions of i32 arguments that return an i32 or nothing. */
export type Exports = Readonly<Record<string, (...args: number[]) => number>>;

export interface Module {
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
}

/** The builds of the module; they differ in speed only. */
export type Build = 'simd128' | 'relaxed';

const FILES: Readonly<Record<Build, string>> = {
  simd128: '../../culvert.wasm',
  relaxed: '../../culvert-relaxed.wasm',
};

/** (func (result v128) (i8x16.relaxed_swizzle (v128.const …) (v128.const …))) */
const RELAXED_PROBE = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 5, 1, 0x60, 0, 1, 0x7b],
  ...[3, 2, 1, 0],
  ...[10, 43, 1, 41, 0, 0xfd, 12, ...new Uint8Array(16), 0xfd, 12, ...new Uint8Array(16)],
  ...[0xfd, 0x80, 2, 11],
]);

const PAGE = 65536;
/** Fixed, and more than the layout needs: a shared memory must name its maximum (asconfig.json). */
const PAGES = 6144;

export function createMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
}

/** The faster of the builds that this engine runs. */
export function bestBuild(): Build {
  return WebAssembly.validate(RELAXED_PROBE) ? 'relaxed' : 'simd128';
}

/**
 * Instantiates the module on `memory` for worker `row` (0 … CONTROL_ROW).
 * Throws where the built module and this code disagree about the layout.
 */
export function loadModule(
  row: number,
  memory = createMemory(),
  build: Build = bestBuild(),
): Module {
  const path = fileURLToPath(new URL(FILES[build], import.meta.url));
  const module = new WebAssembly.Module(readFileSync(path));
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
  const abi = exports.abi?.();
  if (abi !== LAYOUT_VERSION || LAYOUT_END > PAGES * PAGE) {
    throw new Error(`culvert.wasm has layout ${abi}, this build wants ${LAYOUT_VERSION}: rebuild`);
  }
  exports.attach!(row);
  return { memory, exports };
}
