import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { getCiphers, getCurves, getDiffieHellman, getHashes } from 'node:crypto';
import { ENCRYPTION } from '../../src/algorithms/encryption.js';
import { GROUP } from '../../src/algorithms/group.js';
import { INTEGRITY } from '../../src/algorithms/integrity.js';
import { PRF } from '../../src/algorithms/prf.js';

const tables = suite('algorithm tables');
const ALL = { ENCRYPTION, INTEGRITY, PRF, GROUP };

const unique = (values: readonly unknown[]): boolean => {
  const present = values.filter((value) => value !== undefined);
  return new Set(present).size === present.length;
};

for (const [title, rows] of Object.entries(ALL)) {
  tables(`${title}: names and numbers are unique, every row cites its RFC`, () => {
    for (const column of ['name', 'profile', 'proposal'] as const) {
      assert.ok(unique(rows.map((row) => row[column])), column);
    }
    assert.ok(unique(rows.map((row) => `${row.ikev2}:${(row as { keyBits?: number }).keyBits}`)));
    for (const row of rows) assert.match(row.rfc, /^RFC \d+/);
  });
}

tables('OpenSSL knows every cipher, hash and group a row names', () => {
  for (const row of ENCRYPTION)
    if (row.openssl) assert.ok(getCiphers().includes(row.openssl), row.name);
  for (const row of [...INTEGRITY, ...PRF]) {
    if (row.openssl) assert.ok(getHashes().includes(row.openssl), row.name);
  }
  for (const row of GROUP) {
    if (row.kind === 'modp')
      assert.is(getDiffieHellman(row.openssl).getPrime().length, row.publicBytes);
    else if (row.kind !== 'x25519') assert.ok(getCurves().includes(row.openssl), row.name);
  }
});

tables('sizes belong together', () => {
  for (const row of ENCRYPTION) {
    if (row.keyBits !== undefined) assert.is(row.keyBytes * 8, row.keyBits, row.name);
    assert.is(row.aead, row.icvBytes > 0, row.name);
    // a nonce is salt and IV (AEADs, counter mode); an IV alone is a block (CBC)
    if (row.aead) assert.ok(row.saltBytes > 0, row.name);
    if (row.saltBytes > 0) assert.is(row.blockBytes, 1, row.name);
    else if (row.keyBytes > 0) assert.is(row.ivBytes, row.blockBytes, row.name);
    if (row.proposal) assert.ok(row.kernel !== undefined, `${row.name} has no kernel`);
    if (row.profile) assert.ok(row.openssl !== undefined, `${row.name} is not in OpenSSL`);
  }
  for (const row of INTEGRITY) {
    assert.ok(row.icvBytes <= row.keyBytes, row.name);
    if (row.proposal) assert.ok(row.kernel !== undefined, `${row.name} has no kernel`);
  }
});

tables('every hash of a profile is integrity and pseudorandom function at once', () => {
  const hashes = INTEGRITY.filter((row) => row.profile).map((row) => row.profile);
  assert.equal([...hashes].sort(), PRF.map((row) => row.profile).sort());
});

tables.run();
