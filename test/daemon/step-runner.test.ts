// What of a Step cannot be carried out is said: here, a child that is to go and is not there.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StepRunner, type StepRunnerOptions } from '../../src/daemon/step-runner.js';
import { type ChildSa, emptyStep } from '../../src/ike/step.js';
import type { DynamicPolicy } from '../../src/policy/database.js';

const runner = suite('daemon/step-runner');

runner('removing a child that is not installed is logged as a bug', () => {
  const lines: string[] = [];
  const tables = { remove: (id: number) => id === 7 };
  const log = { error: (topic: string, text: string) => lines.push(`${topic} ${text}`) };
  const subject = new StepRunner({ tables, log } as unknown as StepRunnerOptions);
  subject.run({ ...emptyStep(), remove: [7, 8] });
  assert.equal(lines, ['system bug: child 8 is to be removed and is not installed']);
});

runner(
  'a made policy stands before the SA that needs it, an SA before its SPI is expected no more',
  () => {
    const done: string[] = [];
    const note = (what: string) => () => void done.push(what);
    const tables = {
      install: note('install'),
      activate: note('activate'),
      expected: { add: note('expect'), remove: note('settled') },
      ikeSpis: { add: note('IKE SPI'), remove: note('no IKE SPI') },
    };
    const policies = { add: note('policy'), remove: note('no policy') };
    const subject = new StepRunner({
      tables,
      policies,
      paths: { mtu: () => 1500 },
    } as unknown as StepRunnerOptions);
    const keys = { encryptionKey: new Uint8Array(1), salt: new Uint8Array(1) };
    const half = { spi: 7, ...keys, integrityKey: new Uint8Array(1) };
    const child = { id: 1, remote: {}, inbound: half, outbound: half } as unknown as ChildSa;
    const policy = { id: 9 } as unknown as DynamicPolicy;
    subject.run({
      ...emptyStep(),
      install: [child],
      standby: [1],
      activate: [1],
      expected: [{ settled: 7 }],
      ikeSpis: [{ add: 1n }, { remove: 1n }],
      policies: [{ add: policy }, { remove: 8 }],
    });
    assert.equal(done, [
      ...['policy', 'no policy', 'install', 'activate', 'settled'],
      ...['IKE SPI', 'no IKE SPI'],
    ]);
  },
);

runner.run();
