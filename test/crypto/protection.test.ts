import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENCRYPTION } from '../../src/algorithms/encryption.js';
import { INTEGRITY } from '../../src/algorithms/integrity.js';
import { protection } from '../../src/crypto/protection.js';

const sk = suite('SK payload protection');
const random = (n: number) => new Uint8Array(randomBytes(n));
const aad = random(32);

for (const encryption of ENCRYPTION.filter((row) => row.profile)) {
  for (const integrity of INTEGRITY.filter((row) =>
    encryption.aead ? row.name === 'null' : row.profile,
  )) {
    const keys = {
      encryptionKey: random(encryption.keyBytes),
      salt: random(encryption.saltBytes),
      integrityKey: random(integrity.keyBytes),
    };
    sk(`${encryption.name}/${integrity.name}: opens what it sealed and nothing else`, () => {
      const [ours, theirs] = [0, 1].map(() => protection({ encryption, integrity }, keys, random));
      for (const blocks of [1, 2, 9]) {
        const plaintext = random(blocks * ours!.blockBytes);
        const body = ours!.seal(aad, plaintext);
        assert.is(body.length, ours!.bodyLength(plaintext.length));
        assert.equal(theirs!.open(aad, body), plaintext);
        assert.not.equal(ours!.seal(aad, plaintext), body, 'an IV never repeats');
        for (let at = 0; at < body.length; at++) {
          const altered = body.slice();
          altered[at]! ^= 0x40;
          assert.is(theirs!.open(aad, altered), undefined);
          assert.is(theirs!.open(aad, body.subarray(0, at)), undefined);
        }
        const otherAad = aad.slice();
        otherAad[3]! ^= 1;
        assert.is(theirs!.open(otherAad, body), undefined);
      }
      ours!.erase();
      for (const key of Object.values(keys)) assert.ok(key.every((byte) => byte === 0));
      assert.throws(() => ours!.seal(aad, random(32)), /erased/);
      assert.throws(() => ours!.open(aad, random(64)), /erased/);
    });
  }
}

sk.run();
