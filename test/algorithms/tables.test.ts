import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { getCiphers, getCurves, getDiffieHellman, getHashes } from 'node:crypto';
import { ENCRYPTION } from '../../src/algorithms/encryption.js';
import { GROUP } from '../../src/algorithms/group.js';
import { INTEGRITY } from '../../src/algorithms/integrity.js';
import { PRF } from '../../src/algorithms/prf.js';
import { type AlgorithmRow, find } from '../../src/algorithms/transform.js';

const tables = suite('algorithm tables');
const ALL = { ENCRYPTION, INTEGRITY, PRF, GROUP };

/** Not in OpenSSL's default provider: src/crypto/cbc.ts has them. */
const OURS = ['bf-cbc', 'des-cbc'];

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
    if (row.openssl && !OURS.includes(row.openssl))
      assert.ok(getCiphers().includes(row.openssl), row.name);
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

tables("RouterOS's lists are there in full, by its names", () => {
  const has = (
    rows: readonly AlgorithmRow[],
    menu: 'profile' | 'proposal',
    names: string,
  ): void => {
    for (const name of names.split(' ')) assert.ok(find(rows, menu, name), `${menu}: ${name}`);
  };
  // the page says aes-128-cbc twice, for aes-128-ctr, and aes-128gcm
  const aes = ['cbc', 'ctr', 'gcm'].flatMap((mode) =>
    [128, 192, 256].map((n) => `aes-${n}-${mode}`),
  );
  const camellia = 'camellia-128 camellia-192 camellia-256';
  has(ENCRYPTION, 'proposal', `null des 3des blowfish twofish ${camellia} ${aes.join(' ')}`);
  has(INTEGRITY, 'proposal', 'md5 null sha1 sha256 sha512');
  has(ENCRYPTION, 'profile', `3des aes-128 aes-192 aes-256 blowfish des ${camellia}`);
  has(INTEGRITY, 'profile', 'md5 sha1 sha256 sha512');
});

tables('every hash of a profile is integrity and pseudorandom function at once', () => {
  const hashes = INTEGRITY.filter((row) => row.profile).map((row) => row.profile);
  assert.equal([...hashes].sort(), PRF.map((row) => row.profile).sort());
});

tables.run();
