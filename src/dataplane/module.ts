// Loads culvert.wasm into a shared memory, made here or given, and attaches the instance to a row. Of its
// two builds it takes the one with relaxed SIMD where the engine has that: a byte shuffle by a variable
// index is then one instruction, and GHASH is little else.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
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

/**
 * (memory (export "m") 1) (func (export "f") (v128.store (i32.const 0) (i8x16.relaxed_swizzle
 * (v128.load (i32.const 16)) (v128.load (i32.const 32)))))
 */
const RELAXED_PROBE = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0],
  ...[3, 2, 1, 0],
  ...[5, 3, 1, 0, 1],
  ...[7, 9, 2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0],
  ...[10, 25, 1, 23, 0, 0x41, 0, 0x41, 16, 0xfd, 0, 4, 0, 0x41, 32, 0xfd, 0, 4, 0],
  ...[0xfd, 0x80, 2, 0xfd, 11, 4, 0, 11],
]);
/** Node 20's V8 has it in full, but behind a flag; from 11.4 on it is there without. */
const FLAG = '--experimental-wasm-relaxed-simd';
const BEHIND_FLAG = '11.3.';

const PAGE = 65536;
/** Fixed, and more than the layout needs: a shared memory must name its maximum (asconfig.json). */
const PAGES = 6144;

export function createMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
}

let best: Build | undefined;

/** The faster of the builds that this engine runs. */
export function bestBuild(): Build {
  best ??= hasRelaxed() ? 'relaxed' : 'simd128';
  return best;
}

function hasRelaxed(): boolean {
  if (process.versions.v8.startsWith(BEHIND_FLAG)) setFlagsFromString(FLAG);
  if (!WebAssembly.validate(RELAXED_PROBE)) return false;
  const { m, f } = new WebAssembly.Instance(new WebAssembly.Module(RELAXED_PROBE), {}).exports as {
    m: WebAssembly.Memory;
    f: () => void;
  };
  const bytes = new Uint8Array(m.buffer);
  // the kernels shuffle by indices from 0 to 15 alone, where every engine must agree
  for (let i = 0; i < 16; i++) [bytes[16 + i], bytes[32 + i]] = [100 + i, (7 * i + 3) % 16];
  f();
  return bytes.subarray(0, 16).every((byte, i) => byte === 100 + ((7 * i + 3) % 16));
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
