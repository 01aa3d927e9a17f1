// What is asked of openssl and what its answer means; the run itself is not part of the tests.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CASES } from '../../src/bench/cases.js';
import { megahertz } from '../../src/bench/environment.js';
import { opensslArguments, parseSpeed } from '../../src/bench/openssl.js';

const test = suite('bench openssl');

test('the rate is calls times bytes by seconds', () => {
  const text = '+DT:AES-128-GCM:1:1400\n+R:1423595:AES-128-GCM:2.000000\n+H:1400\n+F:25:x:1.0\n';
  assert.is(parseSpeed(text, 1400), (1423595 * 1400) / 2 / 1e6);
  assert.is(parseSpeed('+R:967424:hmac(sha256):1.010000\n', 64), (967424 * 64) / 1.01 / 1e6);
  assert.is(parseSpeed('Unknown cipher x\n', 64), undefined);
});

test('cipher and HMAC are asked for by the names of openssl', () => {
  const asked = (name: string): string =>
    opensslArguments(CASES.find((row) => row.name === name)!)
      .map((what) => what.join(' '))
      .join(', ');
  assert.is(asked('aes-192-gcm'), '-evp aes-192-gcm');
  assert.is(asked('chacha20-poly1305'), '-evp chacha20-poly1305');
  assert.is(asked('aes-256-cbc+sha512'), '-evp aes-256-cbc, -hmac sha512');
  assert.is(asked('null+sha256'), '-hmac sha256');
});

test('the counter of the processor', () => {
  assert.is(megahertz('model name\t: AMD EPYC\ncpu MHz\t\t: 2596.142\ncpu MHz\t\t: 1\n'), 2596);
  assert.is(megahertz('processor\t: 0\nBogoMIPS\t: 50.00\n'), undefined, 'arm64 tells none');
});

test.run();
