// Every group against a small implementation with the RFC's own constants: a peer that is not OpenSSL.
import { createDiffieHellmanGroup } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GROUP } from '../../src/algorithms/group.js';
import { generateKeyShare } from '../../src/crypto/agreement.js';
import * as reference from '../reference/agreement.js';

const opinion = suite('agreement against the reference');
const { toBytes, toInteger } = reference;
const SCALAR = 0x1f3a5c7e9b2d4f6081a3c5e7092b4d6f8n;

for (const row of GROUP.filter(({ kind }) => kind === 'modp')) {
  const bits = row.publicBytes * 8;
  opinion(`${row.name}: the prime of the RFC, generator 2, secrets in full length`, () => {
    assert.is(
      toInteger(createDiffieHellmanGroup(row.openssl).getPrime()),
      reference.modpPrime(bits),
    );
    const share = generateKeyShare(row.name);
    const ours = toBytes(reference.modp(2n, SCALAR, bits), row.publicBytes);
    const secret = reference.modp(toInteger(share.publicValue), SCALAR, bits);
    assert.equal(share.derive(ours), toBytes(secret, row.secretBytes));
  });
}

opinion('ecp256: x and y on the wire, the secret is x', () => {
  const share = generateKeyShare('ecp256');
  const theirs = share.publicValue;
  const point = [toInteger(theirs.subarray(0, 32)), toInteger(theirs.subarray(32))] as const;
  assert.ok(reference.onCurve(256, point));
  const [x, y] = reference.ecp(256, SCALAR)!;
  const ours = Uint8Array.from([...toBytes(x, 32), ...toBytes(y, 32)]);
  assert.equal(share.derive(ours), toBytes(reference.ecp(256, SCALAR, point)![0], 32));
});

for (const [name, bits] of [
  ['ec2n155', 155],
  ['ec2n185', 185],
] as const) {
  opinion(`${name}: x alone, on the curve of RFC 2409`, () => {
    const share = generateKeyShare(name);
    const length = share.publicValue.length;
    const ours = toBytes(reference.ec2n(bits, SCALAR), length);
    const secret = reference.ec2n(bits, SCALAR, toInteger(share.publicValue));
    assert.equal(share.derive(ours), toBytes(secret, length));
  });
}

opinion('x25519: the reference does RFC 7748 §5.2, and OpenSSL agrees with it', () => {
  const nine = toBytes(9n, 32).reverse();
  const once = '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079';
  assert.is(Buffer.from(reference.x25519(nine, nine)).toString('hex'), once);
  const share = generateKeyShare('x25519');
  const scalar = toBytes(SCALAR << 100n, 32);
  const ours = reference.x25519(scalar, nine);
  assert.equal(share.derive(ours), reference.x25519(scalar, share.publicValue));
  assert.throws(() => share.derive(toBytes(1n, 32).reverse()), /not a valid one/);
});

opinion.run();
