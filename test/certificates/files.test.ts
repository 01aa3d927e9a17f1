// Entries of the menu certificate from files: PEM, DER, chains; what cannot be read is named by path.
// Shows certificate.file
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCertificate } from '../../src/certificates/certificate.js';
import { loadEntry, parseKey, toPem } from '../../src/certificates/files.js';
import { issue, newKey, storeOf } from './pki.js';

const files = suite('certificate files');
const folder = mkdtempSync(join(tmpdir(), 'culvert-certificates-'));
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const CA = issue({ cn: 'CA', ca: true });
const LEAF = issue({ cn: 'leaf', san: 'DNS:leaf.example,IP:192.0.2.1,IP:2001:db8::1' }, CA);
const pem = (holder: { certificate: Uint8Array }) => toPem('CERTIFICATE', holder.certificate);
const keyPem = LEAF.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const entry = (file: string, keyFile?: string, crlFile?: string) =>
  loadEntry({ name: 'leaf', file, keyFile, crlFile, url: undefined, trusted: false, comment: '' });

files('PEM with its chain, DER, and keys of every form', () => {
  const chained = entry(
    write('chain.pem', `a comment\n${pem(LEAF)}\n${pem(CA)}`),
    write('k', keyPem),
  );
  assert.is(chained.certificate.subjectText, 'O=Lab, CN=leaf');
  assert.equal(
    chained.chain.map(({ subjectText }) => subjectText),
    ['O=Lab, CN=CA'],
  );
  assert.is(chained.privateKey?.asymmetricKeyType, 'ec');
  const der = entry(write('leaf.der', LEAF.certificate));
  assert.equal(
    der.certificate.names.map(({ kind }) => kind),
    ['dns', 'ip', 'ip'],
  );
  for (const type of ['pkcs8', 'sec1'] as const) {
    const bytes = LEAF.privateKey.export({ type, format: 'der' });
    assert.is(parseKey(bytes).asymmetricKeyType, 'ec', type);
  }
  const rsa = newKey('rsa').export({ type: 'pkcs1', format: 'der' });
  assert.is(parseKey(rsa).asymmetricKeyType, 'rsa');
  const locked = LEAF.privateKey.export({
    ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'pass' },
  } as never);
  assert.is(parseKey(Buffer.from(locked as string), 'pass').asymmetricKeyType, 'ec');
});

const WRONG: readonly [string, () => unknown, RegExp][] = [
  ['missing', () => entry(join(folder, 'none')), /none: not found$/],
  ['no certificate', () => entry(write('x', 'nothing')), /x: no X.509 certificate/],
  ['PEM of something else', () => entry(write('y', keyPem)), /y: no certificate in it/],
  ['a folder', () => entry(folder), /EISDIR/],
  [
    'the key of another',
    () =>
      entry(
        write('l', pem(LEAF)),
        write('o', newKey('ec256').export({ type: 'pkcs8', format: 'pem' })),
      ),
    /o: is not the private key of .*l$/,
  ],
  [
    'no key',
    () => entry(write('l', pem(LEAF)), write('n', 'nothing')),
    /n: no private key that can be read/,
  ],
];
for (const [name, work, why] of WRONG) {
  files(`${name}: the path and the reason`, () => {
    assert.throws(
      work,
      (error: Error) => why.test(error.message) || assert.unreachable(error.message),
    );
  });
}

files('damaged certificates are refused, whatever is damaged', () => {
  let refused = 0;
  for (let at = 0; at < LEAF.certificate.length; at += 3) {
    for (const change of [0xff, 0x80, 1]) {
      const bent = Uint8Array.from(LEAF.certificate);
      bent[at]! ^= change;
      try {
        readCertificate(bent);
      } catch (error) {
        refused++;
        assert.is((error as Error).name, 'CertificateError');
      }
    }
  }
  assert.ok(refused > 100, `${refused} refused`);
  for (let length = 0; length < LEAF.certificate.length; length += 7) {
    assert.throws(() => readCertificate(LEAF.certificate.subarray(0, length)));
  }
});

files('two names are the same by what they say, not by how it is encoded', () => {
  const store = storeOf([]);
  const name = (hex: string) => Buffer.from(hex, 'hex');
  const utf8 = name('3010310e300c06035504030c0545 61 73 74 31'.replaceAll(' ', ''));
  const printable = name('3010310e300c0603550403130565 61 73 74 31'.replaceAll(' ', ''));
  const other = name('3010310e300c0603550403130577 65 73 74 31'.replaceAll(' ', ''));
  assert.ok(store.sameName(utf8, printable));
  assert.not.ok(store.sameName(utf8, other));
  assert.not.ok(store.sameName(utf8, name('00')));
});

files.after(() => rmSync(folder, { recursive: true }));
files.run();
