// When peers are looked at again: at a reload, from time to time, a few at once, once more where
// something has changed meanwhile.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CertificateWatch } from '../../src/daemon/certificate-watch.js';
import { emptyStep } from '../../src/ike/step.js';

const watching = suite('certificate watch');

interface Asked {
  readonly watch: CertificateWatch;
  count: number;
  most: number;
}

function watchOf(peers: number, everyMs: number, answer: () => Promise<void>): Asked {
  let under = 0;
  const recheck = async () => {
    asked.count++;
    asked.most = Math.max(asked.most, ++under);
    await answer();
    under--;
    return emptyStep();
  };
  const asked: Asked = {
    count: 0,
    most: 0,
    watch: new CertificateWatch({
      rechecks: () => Array.from({ length: peers }, () => recheck),
      carry: (step) => step,
      everyMs: () => everyMs,
    }),
  };
  return asked;
}

watching('a reload looks at all of them, eight at once', async () => {
  const asked = watchOf(50, 0, () => new Promise(setImmediate));
  await asked.watch.changed();
  assert.equal([asked.count, asked.most], [50, 8]);
  asked.watch.close();
});

watching('what changes while one looks makes it look once more, not twice', async () => {
  const asked = watchOf(3, 0, () => new Promise(setImmediate));
  const first = asked.watch.changed();
  await Promise.all([first, asked.watch.changed(), asked.watch.changed()]);
  assert.is(asked.count, 6);
  asked.watch.close();
});

watching('by itself, and one that fails does not end it', async () => {
  let answers = 0;
  const done = new Promise<void>((resolve) => {
    const asked = watchOf(1, 1, async () => {
      if (++answers === 2) throw new Error('a bug');
      if (answers < 4) return;
      asked.watch.close();
      resolve();
    });
  });
  // The watch itself keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  await done;
  clearInterval(alive);
  assert.is(answers, 4);
});

watching.run();
