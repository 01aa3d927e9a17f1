import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localAgreement } from '../../src/crypto/agreement.js';
import type { Context } from '../../src/ike/context.js';
import { CookieJar } from '../../src/ike/cookie.js';
import { EAST, WEST } from '../exchanges/databases.js';
import { storeOf } from '../certificates/pki.js';
import { Random } from '../wire/random.js';

const cookies = suite('cookies');
const from = { address: EAST, port: 500 };
const nonce = new Uint8Array(32).fill(7);

function jar(): { jar: CookieJar; later: (ms: number) => void } {
  let now = 1_000_000;
  const random = new Random(3);
  const context: Context = {
    now: () => now,
    random: (bytes) => random.bytes(bytes),
    allocateSpi: () => 1,
    agreement: localAgreement,
    certificates: storeOf([]),
    localAddressFor: () => EAST,
  };
  return {
    jar: new CookieJar(context),
    later: (ms) => {
      now += ms;
    },
  };
}

cookies('only for the SPI, nonce, address and port they were made for', () => {
  const { jar: one } = jar();
  const cookie = one.bake(5n, nonce, from);
  assert.ok(cookie.length <= 64);
  assert.ok(one.accepts(cookie, 5n, nonce, from));
  assert.not.ok(one.accepts(cookie, 6n, nonce, from));
  assert.not.ok(
    one.accepts(
      cookie,
      5n,
      nonce.map((byte) => byte ^ 1),
      from,
    ),
  );
  assert.not.ok(one.accepts(cookie, 5n, nonce, { ...from, address: WEST }));
  assert.not.ok(one.accepts(cookie, 5n, nonce, { ...from, port: 501 }));
  assert.not.ok(one.accepts(cookie.subarray(1), 5n, nonce, from));
  assert.not.ok(one.accepts(new Uint8Array(0), 5n, nonce, from));
});

cookies('outlive one change of the secret, not two, nor a long silence', () => {
  const { jar: one, later } = jar();
  const cookie = one.bake(5n, nonce, from);
  later(61_000);
  assert.ok(one.accepts(cookie, 5n, nonce, from));
  later(61_000);
  assert.not.ok(one.accepts(cookie, 5n, nonce, from));
  const second = one.bake(5n, nonce, from);
  later(3_600_000);
  assert.not.ok(one.accepts(second, 5n, nonce, from));
});

cookies('another gateway accepts none of ours', () => {
  const cookie = jar().jar.bake(5n, nonce, from);
  const other = new CookieJar({
    ...{ allocateSpi: () => 1, agreement: localAgreement, localAddressFor: () => EAST },
    certificates: storeOf([]),
    now: () => 1_000_000,
    random: (bytes) => new Random(99).bytes(bytes),
  });
  assert.not.ok(other.accepts(cookie, 5n, nonce, from));
});

cookies.run();
