import { createDiffieHellmanGroup } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GROUP } from '../../src/algorithms/group.js';
import { AgreementError, generateKeyShare, localAgreement } from '../../src/crypto/agreement.js';

const agreement = suite('agreement');

for (const row of GROUP) {
  agreement(`${row.name}: two sides derive one secret of the right length`, async () => {
    const [a, b] = [
      await localAgreement.generate(row.name),
      await localAgreement.generate(row.name),
    ];
    assert.is(a.publicValue.length, row.publicBytes);
    const secret = await a.derive(b.publicValue);
    assert.is(secret.length, row.secretBytes);
    assert.equal(secret, await b.derive(a.publicValue));
    assert.ok(secret.some((byte) => byte !== 0));
  });

  agreement(`${row.name}: zero and wrong lengths are refused`, () => {
    const share = generateKeyShare(row.name);
    const refused = (value: Uint8Array) =>
      assert.throws(
        () => share.derive(value),
        (error: unknown) => error instanceof AgreementError,
      );
    refused(new Uint8Array(row.publicBytes));
    refused(new Uint8Array(row.publicBytes - 1).fill(7));
    refused(new Uint8Array(row.publicBytes + 1).fill(7));
    refused(new Uint8Array(0));
  });
}

agreement('MODP: 1, p-1, p and more are refused', () => {
  for (const row of GROUP.filter(({ kind }) => kind === 'modp')) {
    const prime = new Uint8Array(createDiffieHellmanGroup(row.openssl).getPrime());
    const one = new Uint8Array(row.publicBytes);
    one[one.length - 1] = 1;
    const less = prime.slice();
    less[less.length - 1]! -= 1;
    const share = generateKeyShare(row.name);
    for (const value of [one, less, prime, new Uint8Array(row.publicBytes).fill(255)]) {
      assert.throws(() => share.derive(value), /between 2 and p-2/, row.name);
    }
  }
});

agreement('ECP: a point off the curve is refused', () => {
  for (const row of GROUP.filter(({ kind }) => kind === 'ecp')) {
    const point = generateKeyShare(row.name).publicValue.slice();
    point[point.length - 1]! ^= 1;
    assert.throws(() => generateKeyShare(row.name).derive(point), /not a valid one/, row.name);
  }
});

agreement('x25519: 20,000 shares do not stop at a garbage collection', () => {
  // With generateKeyPairSync and an export this waited for ever within some thousand (Node 20).
  const values = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    values.add(Buffer.from(generateKeyShare('x25519').publicValue).toString('hex'));
  }
  assert.is(values.size, 20_000);
});

agreement.run();
