// Bitsliced AES in WebAssembly: blocks, CBC and GCM against vectors and, on every length, node:crypto.
import { createCipheriv } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { blocks, cbc, gcm } from '../vectors/aes.js';
import { arena, hex, seeded } from './arena.js';

const aes = suite('aes');
const room = arena();
const { exports } = room;
const random = seeded(0xae5);

// Where the arguments stand, relative to the arena.
const KEY = 0;
const CONTEXT = 64;
const NONCE = 4096;
const AAD = 4112;
const TAG = 4160;
const JOBS = 4200;
const SRC = 8192;
const DST = 81_920;
const STRIDE = 4096; // of the lanes' packets
const LONGEST = 2000;
const KEY_BYTES = [16, 24, 32] as const;

function gcmKey(key: Buffer): void {
  exports.gcmSetKey!(room.base + CONTEXT, room.put(KEY, key), key.length);
}

interface Sealed {
  readonly text: Buffer;
  readonly tag: Buffer;
}

/** Under the key that gcmKey set. */
function seal(keyBytes: number, nonce: Buffer, aad: Buffer, plain: Buffer, dst: number): Sealed {
  const at = [room.put(NONCE, nonce), room.put(AAD, aad), aad.length, room.put(SRC, plain)];
  const target = room.base + dst;
  const context = room.base + CONTEXT;
  exports.gcmSeal!(context, keyBytes, ...at, target, plain.length, room.base + TAG);
  return { text: room.get(dst, plain.length), tag: room.get(TAG, 16) };
}

function open(keyBytes: number, nonce: Buffer, aad: Buffer, { text, tag }: Sealed): number {
  const at = [room.put(NONCE, nonce), room.put(AAD, aad), aad.length, room.put(SRC, text)];
  const context = room.base + CONTEXT;
  const tagAt = room.put(TAG, tag);
  return exports.gcmOpen!(context, keyBytes, ...at, room.base + DST, text.length, tagAt);
}

function reference(key: Buffer, nonce: Buffer, aad: Buffer, plain: Buffer): Sealed {
  const name = `aes-${key.length * 8}-gcm` as 'aes-128-gcm';
  const cipher = createCipheriv(name, key, nonce).setAAD(aad);
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return { text, tag: cipher.getAuthTag() };
}

for (const { source, key, plain, sealed } of blocks) {
  aes(`${source}: all eight blocks of a batch, there and back`, () => {
    const rounds = hex(key).length / 4 + 6;
    const context = room.base + CONTEXT;
    exports.aesExpandKey!(context, room.put(KEY, hex(key)), hex(key).length);
    room.put(SRC, Buffer.concat(Array(8).fill(hex(plain))));
    exports.encryptBlocks!(context, rounds, room.base + SRC);
    assert.is(room.get(SRC, 128).toString('hex'), sealed.repeat(8));
    exports.decryptBlocks!(context, rounds, room.base + SRC);
    assert.is(room.get(SRC, 128).toString('hex'), plain.repeat(8));
  });
}

for (const vector of gcm) {
  aes(`${vector.source}: seal and open`, () => {
    const [key, nonce, aad] = [hex(vector.key), hex(vector.nonce), hex(vector.aad)];
    gcmKey(key);
    const sealed = seal(key.length, nonce, aad, hex(vector.plain), DST);
    assert.is(sealed.text.toString('hex'), hex(vector.sealed).toString('hex'));
    assert.is(sealed.tag.toString('hex'), vector.tag);
    assert.is(open(key.length, nonce, aad, sealed), 1);
    assert.ok(room.get(DST, sealed.text.length).equals(hex(vector.plain)));
  });
}

for (const keyBytes of KEY_BYTES) {
  aes(`AES-${keyBytes * 8}-GCM agrees with node:crypto on every length to ${LONGEST}`, () => {
    const key = random.bytes(keyBytes);
    gcmKey(key);
    for (let length = 0; length <= LONGEST; length++) {
      const [nonce, aad] = [random.bytes(12), random.bytes(length % 2 === 0 ? 8 : 12)];
      const plain = random.bytes(length);
      const expected = reference(key, nonce, aad, plain);
      for (const dst of [DST, SRC]) {
        const sealed = seal(keyBytes, nonce, aad, plain, dst);
        assert.ok(sealed.text.equals(expected.text), `length ${length}`);
        assert.ok(sealed.tag.equals(expected.tag), `tag of length ${length}`);
      }
      assert.is(open(keyBytes, nonce, aad, expected), 1);
      assert.ok(room.get(DST, length).equals(plain));
    }
  });
}

// the key stream is made in segments of 2048 bytes, and the first two blocks are not the data's
const SEGMENTS = [2015, 2016, 2017, 2047, 2048, 4063, 4064, 4065, 6112, 6113, 9000, 10_000];
for (const keyBytes of KEY_BYTES) {
  aes(`AES-${keyBytes * 8}-GCM agrees with node:crypto where segments of the counter meet`, () => {
    const key = random.bytes(keyBytes);
    gcmKey(key);
    for (const length of SEGMENTS) {
      const [nonce, aad, plain] = [random.bytes(12), random.bytes(8), random.bytes(length)];
      const expected = reference(key, nonce, aad, plain);
      const sealed = seal(keyBytes, nonce, aad, plain, SRC);
      assert.ok(sealed.text.equals(expected.text) && sealed.tag.equals(expected.tag), `${length}`);
      assert.is(open(keyBytes, nonce, aad, expected), 1);
      assert.ok(room.get(DST, length).equals(plain));
    }
  });
}

aes('GCM: one wrong bit anywhere, and nothing is written', () => {
  const key = random.bytes(16);
  gcmKey(key);
  const [nonce, aad, plain] = [random.bytes(12), random.bytes(8), random.bytes(150)];
  const good = reference(key, nonce, aad, plain);
  for (let bit = 0; bit < 8 * (150 + 16 + 8); bit++) {
    const all = Buffer.concat([good.text, good.tag, aad]);
    all[bit >> 3]! ^= 1 << (bit & 7);
    room.put(DST, Buffer.alloc(150, 0x77));
    const sealed = { text: all.subarray(0, 150), tag: all.subarray(150, 166) };
    assert.is(open(16, nonce, all.subarray(166), sealed), 0, `bit ${bit}`);
    assert.ok(room.get(DST, 150).every((byte) => byte === 0x77));
  }
});

interface Lane {
  readonly plain: Buffer;
  readonly iv: Buffer;
}

/** Encrypts the lanes side by side; in place where `dst` is SRC. */
function encryptLanes(key: Buffer, lanes: readonly Lane[], dst: number): Buffer[] {
  const context = room.base + CONTEXT;
  exports.aesExpandKey!(context, room.put(KEY, key), key.length);
  lanes.forEach(({ plain, iv }, lane) => {
    const source = room.put(SRC + lane * STRIDE, plain);
    const job = [
      source,
      room.base + dst + lane * STRIDE,
      plain.length,
      room.put(NONCE + 512 + 16 * lane, iv),
    ];
    job.forEach((word, i) => {
      room.view.setUint32(room.base + JOBS + 16 * lane + 4 * i, word, true);
    });
  });
  exports.cbcEncryptLanes!(context, key.length, room.base + JOBS, lanes.length);
  return lanes.map(({ plain }, lane) => room.get(dst + lane * STRIDE, plain.length));
}

function referenceCbc(key: Buffer, { plain, iv }: Lane): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.final()]);
}

for (const { source, key, iv, plain, sealed } of cbc) {
  aes(`${source}: encrypt and decrypt`, () => {
    const lane = { plain: hex(plain), iv: hex(iv) };
    const [text] = encryptLanes(hex(key), [lane], DST);
    assert.is(text!.toString('hex'), hex(sealed).toString('hex'));
    const at = [room.put(NONCE, lane.iv), room.put(SRC, text!), room.base + DST, text!.length];
    exports.cbcDecrypt!(room.base + CONTEXT, hex(key).length, ...(at as [number]));
    assert.ok(room.get(DST, text!.length).equals(lane.plain));
  });
}

for (const keyBytes of KEY_BYTES) {
  aes(`AES-${keyBytes * 8}-CBC agrees with node:crypto, lanes of unlike lengths`, () => {
    const key = random.bytes(keyBytes);
    for (let length = 0; length <= LONGEST; length += 16) {
      const lanes = Array.from({ length: 1 + ((length / 16) % 16) }, (_, lane): Lane => {
        const own = (length + 208 * lane) % (LONGEST + 16);
        return { plain: random.bytes(own - (own % 16)), iv: random.bytes(16) };
      });
      const dst = length % 32 === 0 ? DST : SRC;
      const texts = encryptLanes(key, lanes, dst);
      lanes.forEach((lane, i) => {
        assert.ok(
          texts[i]!.equals(referenceCbc(key, lane)),
          `${lane.plain.length} bytes, lane ${i}`,
        );
        const at = [room.put(NONCE, lane.iv), room.put(SRC, texts[i]!), room.base + dst];
        exports.cbcDecrypt!(room.base + CONTEXT, keyBytes, ...(at as [number]), lane.plain.length);
        assert.ok(room.get(dst, lane.plain.length).equals(lane.plain));
      });
    }
  });
}

aes.run();
