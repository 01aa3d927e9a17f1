// AEAD_CHACHA20_POLY1305 in WebAssembly: vectors, and node:crypto's opinion on every length.
import { createCipheriv } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SCRATCH_SIZE, WORKER_SCRATCH, WORKERS_AT } from '../../src/contract/layout.js';
import { keyStream, vectors } from '../vectors/chacha20poly1305.js';
import { SLOT } from '../../src/contract/layout.js';
import { arena, hex, seeded } from './arena.js';

const test = suite('chacha20poly1305');
const room = arena();
const { exports } = room;

// Where the arguments stand, relative to the arena.
const KEY = 0;
const NONCE = 32;
const TAG = 48;
const AAD = 64;
const SRC = 512;
const DST = 16384;
const FAR = 131072;
const LONGEST = 2000;

interface Sealed {
  readonly text: Buffer;
  readonly tag: Buffer;
}

function place(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, src: Uint8Array): number[] {
  const at = [room.put(KEY, key), room.put(NONCE, nonce), room.put(AAD, aad), aad.length];
  return [...at, room.put(SRC, src)];
}

function seal(key: Buffer, nonce: Buffer, aad: Buffer, plain: Buffer, dst = DST): Sealed {
  const at = place(key, nonce, aad, plain);
  exports.chachaPolySeal!(...at, room.base + dst, plain.length, room.base + TAG);
  return { text: room.get(dst, plain.length), tag: room.get(TAG, 16) };
}

function open(
  key: Buffer,
  nonce: Buffer,
  aad: Buffer,
  sealed: Sealed,
  dst = DST,
): { good: number; plain: Buffer } {
  const at = place(key, nonce, aad, sealed.text);
  const length = sealed.text.length;
  const good = exports.chachaPolyOpen!(...at, room.base + dst, length, room.put(TAG, sealed.tag));
  return { good, plain: room.get(dst, length) };
}

function reference(key: Buffer, nonce: Buffer, aad: Buffer, plain: Buffer): Sealed {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAAD(aad, { plaintextLength: plain.length });
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { text, tag: cipher.getAuthTag() };
}

for (const vector of vectors) {
  test(`${vector.source}: seal and open`, () => {
    const [key, nonce, aad] = [hex(vector.key), hex(vector.nonce), hex(vector.aad)];
    const sealed = { text: hex(vector.sealed), tag: hex(vector.tag) };
    if (vector.plain !== undefined) assert.equal(seal(key, nonce, aad, hex(vector.plain)), sealed);
    const opened = open(key, nonce, aad, sealed);
    assert.is(opened.good, 1);
    if (vector.plain !== undefined) assert.equal(opened.plain, hex(vector.plain));
  });
}

test(`${keyStream.source}: the text is ChaCha20 from block 1 on`, () => {
  const plain = hex(keyStream.plain);
  const sealed = seal(hex(keyStream.key), hex(keyStream.nonce), Buffer.alloc(0), plain);
  assert.equal(sealed.text, hex(keyStream.sealed));
});

test(`agrees with node:crypto on every length from 0 to ${LONGEST}`, () => {
  const random = seeded(7539);
  for (let length = 0; length <= LONGEST; length++) {
    const [key, nonce] = [random.bytes(32), random.bytes(12)];
    const aad = random.bytes(length % 3 === 0 ? 12 : random.number(40));
    const plain = random.bytes(length);
    const expected = reference(key, nonce, aad, plain);
    const dst = length % 2 === 0 ? DST : SRC;
    assert.equal(seal(key, nonce, aad, plain, dst), expected, `seal ${length}`);
    const opened = open(key, nonce, aad, expected, dst);
    assert.is(opened.good, 1, `open ${length}`);
    assert.equal(opened.plain, plain, `open ${length}`);
  }
});

test('agrees with node:crypto on the largest packets, and on datagrams larger than a slot', () => {
  const random = seeded(7634);
  const [key, nonce, aad] = [random.bytes(32), random.bytes(12), random.bytes(8)];
  for (const length of [9000, SLOT - 1, SLOT, SLOT + 1, 20_000, 65_407, 65_535]) {
    const plain = random.bytes(length);
    const expected = reference(key, nonce, aad, plain);
    for (const dst of [FAR, SRC]) {
      assert.equal(seal(key, nonce, aad, plain, dst), expected);
      const before = dst === SRC ? expected.text : random.bytes(length);
      room.put(dst, before);
      const tag = Buffer.from(expected.tag);
      tag[length % 16]! ^= 1;
      assert.is(open(key, nonce, aad, { ...expected, tag }, dst).good, 0, `${length}`);
      assert.equal(room.get(dst, length), before, 'as it was');
      assert.is(open(key, nonce, aad, expected, dst).good, 1, `${length}`);
      assert.equal(room.get(dst, length), plain);
    }
  }
});

test('works at any alignment of source and destination', () => {
  const random = seeded(8439);
  const [key, nonce, aad] = [random.bytes(32), random.bytes(12), random.bytes(8)];
  const plain = random.bytes(777);
  const expected = reference(key, nonce, aad, plain);
  for (let shift = 0; shift < 16; shift++) {
    const at = place(key, nonce, aad, Buffer.alloc(0)).slice(0, 4);
    const src = room.put(SRC + shift, plain);
    exports.chachaPolySeal!(...at, src, room.base + DST + 3 * shift, 777, room.base + TAG);
    assert.equal(room.get(DST + 3 * shift, 777), expected.text);
    assert.equal(room.get(TAG, 16), expected.tag);
  }
});

test('writes nothing outside text and tag', () => {
  const random = seeded(1);
  const [key, nonce, aad] = [random.bytes(32), random.bytes(12), random.bytes(12)];
  for (let length = 0; length <= 700; length++) {
    room.put(DST - 64, Buffer.alloc(length + 1200, 0xa5));
    room.put(TAG, Buffer.alloc(16, 0xa5));
    seal(key, nonce, aad, random.bytes(length));
    assert.equal(room.get(DST - 64, 64), Buffer.alloc(64, 0xa5));
    assert.equal(room.get(DST + length, 1000), Buffer.alloc(1000, 0xa5), `length ${length}`);
  }
});

test('open refuses any flipped bit and leaves the destination as it was', () => {
  const random = seeded(2);
  const [key, nonce, aad] = [random.bytes(32), random.bytes(12), random.bytes(12)];
  for (const length of [0, 1, 15, 16, 63, 64, 65, 192, 400, 1400]) {
    const good = seal(key, nonce, aad, random.bytes(length));
    const untouched = Buffer.alloc(length, 0x5a);
    const refused = (what: string, otherAad: Buffer, sealed: Sealed): void => {
      room.put(DST, untouched);
      assert.is(open(key, nonce, otherAad, sealed).good, 0, `${what}, length ${length}`);
      assert.equal(room.get(DST, length), untouched, `${what}, length ${length}`);
    };
    for (let bit = 0; bit < 128; bit++) {
      refused(`tag bit ${bit}`, aad, { text: good.text, tag: flip(good.tag, bit) });
    }
    for (let bit = 0; bit < 96; bit += 7) refused(`aad bit ${bit}`, flip(aad, bit), good);
    for (let bit = 0; bit < 8 * length; bit += 37) {
      refused(`text bit ${bit}`, aad, { text: flip(good.text, bit), tag: good.tag });
    }
  }
});

test('the one-time key is gone from memory when a call returns', () => {
  const random = seeded(3);
  for (const length of [0, 64, 1400]) {
    const [key, nonce, aad] = [random.bytes(32), random.bytes(12), random.bytes(12)];
    const counterZero = Buffer.concat([Buffer.alloc(4), nonce]);
    const once = createCipheriv('chacha20', key, counterZero).update(Buffer.alloc(32));
    const sealed = seal(key, nonce, aad, random.bytes(length));
    assert.is(scratch().indexOf(once.subarray(0, 16)), -1, 'after seal');
    assert.is(scratch().indexOf(once.subarray(16)), -1, 'after seal');
    open(key, nonce, aad, sealed);
    open(key, nonce, aad, { text: sealed.text, tag: flip(sealed.tag, 0) });
    assert.is(scratch().indexOf(once.subarray(0, 16)), -1, 'after open');
    assert.is(scratch().indexOf(once.subarray(16)), -1, 'after open');
    assert.is(scratch().indexOf(key), -1);
  }
});

function scratch(): Buffer {
  return Buffer.from(room.bytes.buffer, WORKERS_AT + WORKER_SCRATCH, SCRATCH_SIZE);
}

function flip(data: Buffer, bit: number): Buffer {
  const copy = Buffer.from(data);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

test.run();
