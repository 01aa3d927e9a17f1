// Poly1305 in WebAssembly where random inputs do not lead: the largest keys and blocks, and
// accumulators next to 2^130 - 5, 2^128 and 0, against big integers.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { P, reference, solve } from '../reference/poly1305.js';
import { arena, seeded } from './arena.js';

const test = suite('poly1305');
const room = arena();

// Where the arguments stand, relative to the arena.
const STATE = 0;
const KEY = 128;
const TAG = 160;
const AAD = 256;
const TEXT = 1024;

function poly1305(key: Buffer, aad: Buffer, text: Buffer): Buffer {
  const at = [room.base + STATE, room.put(KEY, key), room.put(AAD, aad), aad.length];
  room.exports.poly1305!(...at, room.put(TEXT, text), text.length, room.base + TAG);
  return room.get(TAG, 16);
}

/** Keys whose r is as large, as small and as lopsided as the clamp allows, then random ones. */
function* keys(): Generator<Buffer> {
  const random = seeded(130);
  for (const fill of [0xff, 0, 1, 0x80]) {
    for (const s of [0xff, 0]) yield Buffer.concat([Buffer.alloc(16, fill), Buffer.alloc(16, s)]);
  }
  for (let word = 0; word < 4; word++) {
    const key = Buffer.alloc(32);
    key.fill(0xff, 4 * word, 4 * word + 4);
    yield key;
  }
  for (let i = 0; i < 20; i++) yield random.bytes(32);
}

test('the extremes of key and block', () => {
  const random = seeded(5);
  for (const key of keys()) {
    for (const fill of [0xff, 0, 0x01, 0x80, 0xfe]) {
      for (const length of [0, 1, 15, 16, 17, 31, 32, 160, 1600, 3200]) {
        const text = Buffer.alloc(length, fill);
        const aad = random.number(2) === 0 ? Buffer.alloc(20, fill) : Buffer.alloc(0);
        assert.equal(poly1305(key, aad, text), reference(key, aad, text), `${fill} x ${length}`);
      }
    }
  }
});

test('accumulators next to 0, 2^128 and 2^130 - 5', () => {
  const random = seeded(26);
  let solved = 0;
  for (const key of keys()) {
    // no text reaches a target under r = 0
    if (key.subarray(0, 16).every((byte) => byte === 0)) continue;
    for (let offset = -8n; offset <= 8n; offset++) {
      for (const centre of [0n, 2n ** 32n, 2n ** 64n, 2n ** 96n, 2n ** 128n, 2n ** 129n]) {
        const target = (centre + offset + P) % P;
        const text = solve(key, random.bytes(16 * random.number(4)), target);
        if (text === undefined) continue;
        solved++;
        const expected = reference(key, Buffer.alloc(0), text);
        assert.equal(poly1305(key, Buffer.alloc(0), text), expected, `target ${target}`);
      }
    }
  }
  assert.ok(solved > 300, `${solved} texts`);
});

test('leaves no key in its state', () => {
  poly1305(Buffer.alloc(32, 0x77), Buffer.alloc(3), Buffer.alloc(99, 1));
  assert.equal(room.get(STATE, 96), Buffer.alloc(96));
});

test.run();
