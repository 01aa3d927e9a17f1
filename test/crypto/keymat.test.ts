import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encryptionNamed } from '../../src/algorithms/encryption.js';
import { groupNamed } from '../../src/algorithms/group.js';
import { integrityNamed } from '../../src/algorithms/integrity.js';
import { prfNamed } from '../../src/algorithms/prf.js';
import { childKeys, ikeKeys, rekeySkeyseed, skeyseed } from '../../src/crypto/keymat.js';
import { vector } from '../vectors/ikev2-kdf.js';

const keymat = suite('key material');
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (...parts: Uint8Array[]) => Buffer.concat(parts).toString('hex');
const sha1 = prfNamed('sha1');
const nonces = { initiator: bytes(vector.ni), responder: bytes(vector.nr) };
const spis = { initiator: bytes(vector.spii), responder: bytes(vector.spir) };
// 5 * 20 + 2 * 16 = 132 bytes: the CAVP case's DKM is exactly this suite's.
const suiteOf = {
  encryption: encryptionNamed('aes-128-cbc'),
  integrity: integrityNamed('sha1'),
  prf: sha1,
  group: groupNamed('modp1024'),
};

keymat('IKE SA: SKEYSEED and all seven keys in order', () => {
  const seed = skeyseed(sha1, nonces, bytes(vector.secret));
  assert.is(hex(seed), vector.skeyseed);
  const { d, initiator: i, responder: r, pi, pr } = ikeKeys(suiteOf, seed, nonces, spis);
  const cipherKeys = [i.encryptionKey, r.encryptionKey];
  assert.is(hex(d, i.integrityKey, r.integrityKey, ...cipherKeys, pi, pr), vector.dkm);
});

const d = bytes(vector.dkm).slice(0, 20);
const esp = { ...suiteOf, protection: 'esp' as const, group: undefined, esn: false };
const concatenated = (secret: Uint8Array | undefined) => {
  const { initiator: i, responder: r } = childKeys({ prf: sha1, d }, esp, nonces, secret);
  return hex(i.encryptionKey, i.integrityKey, r.encryptionKey, r.integrityKey);
};

keymat('CHILD_SA: encryption before integrity, initiator before responder', () => {
  assert.is(concatenated(undefined), vector.dkmChild.slice(0, 2 * 72));
});

keymat('CHILD_SA with a key exchange of its own', () => {
  assert.is(concatenated(bytes(vector.newSecret)), vector.dkmChildNewSecret.slice(0, 2 * 72));
});

keymat('IKE SA rekeyed: the old SK_d is the key', () => {
  const seed = rekeySkeyseed({ prf: sha1, d }, nonces, bytes(vector.newSecret));
  assert.is(hex(seed), vector.skeyseedRekey);
});

keymat('an AEAD takes its salt after the key and no integrity key', () => {
  const gcm = { ...suiteOf, encryption: encryptionNamed('aes-256-gcm') };
  const seed = bytes(vector.skeyseed);
  const keys = ikeKeys(gcm, seed, nonces, spis);
  assert.is(keys.initiator.integrityKey.length, 0);
  const { initiator: i } = keys;
  assert.is(hex(keys.d, i.encryptionKey, i.salt), vector.dkm.slice(0, 2 * (20 + 32 + 4)));
});

keymat.run();
