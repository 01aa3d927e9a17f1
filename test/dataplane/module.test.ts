// The two builds of culvert.wasm: which one is taken, and that both give the same bytes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bestBuild } from '../../src/dataplane/module.js';

const module = suite('module');
const BUILDS = fileURLToPath(new URL('builds.js', import.meta.url));

module('relaxed SIMD is taken where the engine has it: from Node 20 on', () => {
  assert.is(bestBuild(), 'relaxed');
});

module('both builds seal the same packets to the same bytes', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BUILDS]);
  assert.is(status, 0, `${stderr}`);
  assert.match(`${stdout}`, /^201 packets/);
});

module.run();
