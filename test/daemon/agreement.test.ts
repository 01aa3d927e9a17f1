// Agreement on another thread gives what agreement here gives, and its errors come back as ours.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AgreementError, localAgreement } from '../../src/crypto/agreement.js';
import { threadedAgreement } from '../../src/daemon/agreement.js';

const agreement = suite('threaded agreement');
const threaded = threadedAgreement();

for (const group of ['modp8192', 'modp2048', 'ecp256', 'x25519']) {
  agreement(`${group}: both ends derive one secret`, async () => {
    const ours = await threaded.generate(group);
    const theirs = await localAgreement.generate(group);
    assert.equal(
      Buffer.from(await ours.derive(theirs.publicValue)).toString('hex'),
      Buffer.from(await theirs.derive(ours.publicValue)).toString('hex'),
    );
  });
}

agreement('a public value that is none is refused by AgreementError', async () => {
  const share = await threaded.generate('modp8192');
  const one = new Uint8Array(1024);
  one[1023] = 1;
  try {
    await share.derive(one);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, AgreementError);
  }
});

agreement('a bad public value does not use up the share', async () => {
  const ours = await threaded.generate('modp3072');
  const theirs = await localAgreement.generate('modp3072');
  const bad = await ours.derive(new Uint8Array(384)).catch((error: unknown) => error);
  assert.instance(bad, AgreementError);
  assert.equal(await ours.derive(theirs.publicValue), await theirs.derive(ours.publicValue));
});

agreement('a share derives once', async () => {
  const share = await threaded.generate('modp8192');
  const peer = await localAgreement.generate('modp8192');
  await share.derive(peer.publicValue);
  try {
    await share.derive(peer.publicValue);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, AgreementError);
  }
});

agreement.after(() => threaded.close());

agreement.run();
