// Signatures of the AUTH payload: RFC 7427's identifiers against OpenSSL's own and the RFC's appendix,
// every algorithm there and back, the older methods, and what must not verify.
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  buildSignature,
  chooseSignature,
  oldMethod,
  readHashes,
  readSignature,
  SIGNATURE_HASHES,
  signOld,
  signWith,
  verifyOld,
  verifyWith,
} from '../../src/crypto/signature.js';
import { type KeyKind, newKey } from '../certificates/pki.js';

const signatures = suite('signature');
const ALL = readHashes(SIGNATURE_HASHES);
const data = new TextEncoder().encode('what is signed');
const other = new TextEncoder().encode('what is signeD');
const KEYS = Object.fromEntries(
  (['rsa', 'ec256', 'ec384', 'ec521', 'ed25519'] as const).map((kind) => [kind, newKey(kind)]),
) as Record<KeyKind, KeyObject>;
const publicOf = (kind: KeyKind): KeyObject => createPublicKey(KEYS[kind]);

signatures('SHA-2 and EdDSA are announced, SHA-1 is not', () => {
  assert.equal(ALL, [2, 3, 4, 5]);
});

/** RFC 7427 appendix A, RFC 8420 §4. */
const IDENTIFIERS: readonly [KeyKind, readonly number[], 'pkcs1' | 'pss', string][] = [
  ['rsa', [2], 'pkcs1', '300d06092a864886f70d01010b0500'],
  ['rsa', [3], 'pkcs1', '300d06092a864886f70d01010c0500'],
  ['rsa', [4], 'pkcs1', '300d06092a864886f70d01010d0500'],
  ['ec256', [2], 'pkcs1', '300a06082a8648ce3d040302'],
  ['ec384', [3], 'pkcs1', '300a06082a8648ce3d040303'],
  ['ec521', [4], 'pkcs1', '300a06082a8648ce3d040304'],
  ['ed25519', [5], 'pkcs1', '300506032b6570'],
  [
    'rsa',
    [2],
    'pss',
    '304106092a864886f70d01010a3034a00f300d06096086480165030402010500' +
      'a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
  ],
];

for (const [kind, hashes, padding, hex] of IDENTIFIERS) {
  signatures(`${kind} ${padding} with hash ${hashes}: identifier, there and back`, async () => {
    const algorithm = chooseSignature(KEYS[kind], hashes, padding)!;
    const value = await signWith(algorithm, KEYS[kind], data);
    const built = Buffer.from(buildSignature(algorithm, value));
    assert.is(built.subarray(1, 1 + built[0]!).toString('hex'), hex);
    const read = readSignature(built)!;
    assert.is(read.algorithm, algorithm);
    assert.ok(await verifyWith(read.algorithm, publicOf(kind), data, read.value));
    assert.not.ok(await verifyWith(read.algorithm, publicOf(kind), other, read.value));
    const bent = Uint8Array.from(read.value);
    bent[9]! ^= 1;
    assert.not.ok(await verifyWith(read.algorithm, publicOf(kind), data, bent));
    for (const wrong of ['rsa', 'ec256', 'ed25519'] as const) {
      if (wrong === kind) continue;
      assert.not.ok(await verifyWith(read.algorithm, publicOf(wrong), data, read.value), wrong);
    }
  });
}

signatures('what was not announced is not read: SHA-1, MD5, nonsense, too short', () => {
  for (const hex of [
    '0f300d06092a864886f70d0101050500aa',
    '0f300d06092a864886f70d0101040500aa',
    '00',
    '',
    'ff3005',
  ]) {
    assert.is(readSignature(Buffer.from(hex, 'hex')), undefined, hex);
  }
});

signatures('the hash fits the key, and the peer', () => {
  const name = (kind: KeyKind, hashes: readonly number[]) =>
    chooseSignature(KEYS[kind], hashes, 'pkcs1')?.name;
  assert.is(name('ec521', ALL), 'ecdsa-sha512');
  assert.is(name('ec521', [2]), 'ecdsa-sha256');
  assert.is(name('rsa', [4]), 'rsa-sha512');
  assert.is(name('rsa', [1]), undefined);
  assert.is(name('ed25519', [2, 3, 4]), undefined);
});

const OLD: readonly [KeyKind, number, string, number][] = [
  ['rsa', 1, 'rsa-sha1', 256],
  ['ec256', 9, 'ecdsa-sha256', 64],
  ['ec384', 10, 'ecdsa-sha384', 96],
  ['ec521', 11, 'ecdsa-sha512', 132],
];

for (const [kind, method, name, bytes] of OLD) {
  signatures(`${kind} by method ${method}`, async () => {
    assert.is(oldMethod(KEYS[kind]), method);
    const value = await signOld(KEYS[kind], data);
    assert.is(value.length, bytes); // RFC 4754 §7: r and s, each as long as the curve's order
    assert.is(await verifyOld(method, publicOf(kind), data, value), name);
    assert.is(await verifyOld(method, publicOf(kind), other, value), undefined);
    const otherMethod = method === 9 ? 10 : 9;
    assert.is(await verifyOld(otherMethod, publicOf(kind), data, value), undefined);
  });
}

signatures(
  'method 1 says by itself which hash it is (PKCS#1 v1.5): SHA-2 is taken, MD5 is not',
  async () => {
    const made = (digest: string) => sign(digest, data, KEYS.rsa);
    assert.is(await verifyOld(1, publicOf('rsa'), data, made('sha256')), 'rsa-sha256');
    assert.is(await verifyOld(1, publicOf('rsa'), data, made('sha512')), 'rsa-sha512');
    assert.is(await verifyOld(1, publicOf('rsa'), data, made('md5')), undefined);
    assert.is(oldMethod(KEYS.ed25519), undefined);
  },
);

signatures.run();
