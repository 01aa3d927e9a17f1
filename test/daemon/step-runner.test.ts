// What of a Step cannot be carried out is said: here, a child that is to go and is not there.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StepRunner, type StepRunnerOptions } from '../../src/daemon/step-runner.js';
import { emptyStep } from '../../src/ike/step.js';

const runner = suite('daemon/step-runner');

runner('removing a child that is not installed is logged as a bug', () => {
  const lines: string[] = [];
  const tables = { remove: (id: number) => id === 7 };
  const log = { error: (topic: string, text: string) => lines.push(`${topic} ${text}`) };
  const subject = new StepRunner({ tables, log } as unknown as StepRunnerOptions);
  subject.run({ ...emptyStep(), remove: [7, 8] });
  assert.equal(lines, ['system bug: child 8 is to be removed and is not installed']);
});

runner.run();
