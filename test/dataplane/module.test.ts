// The two builds of culvert.wasm: which one is taken, and that both give the same bytes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bestBuild } from '../../src/dataplane/module.js';

const module = suite('module');
const BUILDS = fileURLToPath(new URL('builds.js', import.meta.url));
/** V8 before 11.4 (Node 20) has relaxed SIMD behind this flag; later versions do not know the flag. */
const FLAG = '--experimental-wasm-relaxed-simd';
const [major = 0] = process.versions.node.split('.').map(Number);

module('relaxed SIMD is taken where the engine has it: from Node 22 on', () => {
  assert.is(bestBuild(), major >= 22 ? 'relaxed' : 'simd128');
});

module('both builds seal the same packets to the same bytes', () => {
  const flags = bestBuild() === 'relaxed' ? [] : [FLAG];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, BUILDS]);
  assert.is(status, 0, `${stderr}`);
  assert.match(`${stdout}`, /^201 packets/);
});

module.run();
