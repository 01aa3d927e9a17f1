// AES in counter mode, CCM and GMAC in WebAssembly: vectors, and node:crypto's opinion on every length.
import { createCipheriv } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sealAead } from '../reference/ciphers.js';
import { ccmVectors, ctrVectors } from '../vectors/modes.js';
import { arena, hex, seeded } from './arena.js';

const modes = suite('aes modes');
const room = arena();
const { exports } = room;
const random = seeded(0x3686);

// Where the arguments stand, relative to the arena.
const KEY = 0;
const CONTEXT = 64;
const NONCE = 4096;
const HEAD = 4128;
const TAG = 4160;
const JOBS = 4224;
const SRC = 8192;
const DST = 40_960;
const STRIDE = 4096; // of the lanes' packets
const LONGEST = 2000;
const KEY_BYTES = [16, 24, 32] as const;
const context = room.base + CONTEXT;

// ---- counter mode ----------------------------------------------------------------------------

function apply(key: Buffer, nonce: Buffer, iv: Buffer, plain: Buffer, dst: number): Buffer {
  exports.aesExpandKey!(context, room.put(KEY, key), key.length);
  const prefix = room.put(NONCE, Buffer.concat([nonce, iv]));
  const source = room.put(SRC, plain);
  exports.ctrApply!(context, key.length, prefix, source, room.base + dst, plain.length);
  return room.get(dst, plain.length);
}

for (const vector of ctrVectors) {
  modes(vector.source, () => {
    const [key, nonce, iv] = [vector.key, vector.nonce, vector.iv].map(hex) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    const sealed = apply(key, nonce, iv, hex(vector.plain), DST);
    assert.is(sealed.toString('hex'), vector.sealed);
    assert.ok(apply(key, nonce, iv, sealed, SRC).equals(hex(vector.plain)), 'in place, and back');
  });
}

for (const keyBytes of KEY_BYTES) {
  modes(`AES-${keyBytes * 8}-CTR agrees with node:crypto on every length to ${LONGEST}`, () => {
    const key = random.bytes(keyBytes);
    for (let length = 0; length <= LONGEST; length++) {
      const [nonce, iv, plain] = [random.bytes(4), random.bytes(8), random.bytes(length)];
      const block = Buffer.concat([nonce, iv, Buffer.from([0, 0, 0, 1])]);
      const expected = createCipheriv(`aes-${keyBytes * 8}-ctr`, key, block).update(plain);
      const dst = length % 2 === 0 ? DST : SRC;
      room.put(dst + length, Buffer.from([0x77]));
      assert.ok(apply(key, nonce, iv, plain, dst).equals(expected), `length ${length}`);
      assert.is(room.get(dst + length, 1)[0], 0x77, 'nothing behind the end');
    }
  });
}

// ---- CCM -------------------------------------------------------------------------------------

interface Lane {
  readonly salt: Buffer;
  readonly iv: Buffer;
  readonly aad: Buffer;
  readonly text: Buffer;
  readonly tag: Buffer;
}

/** Lays the lanes out; the text goes from SRC to `dst`, the tag stands behind the sealed text. */
function writeLanes(lanes: readonly Lane[], dst: number, sealed: number): void {
  lanes.forEach(({ salt, iv, aad, text, tag }, lane) => {
    const at = lane * STRIDE;
    const job = room.base + JOBS + 48 * lane;
    const words = [
      room.put(SRC + at, text),
      room.base + dst + at,
      text.length,
      room.put(sealed + at + text.length, tag),
    ];
    words.forEach((word, i) => {
      room.view.setUint32(job + 4 * i, word, true);
    });
    room.put(JOBS + 48 * lane + 16, Buffer.concat([Buffer.from([3]), salt, iv]));
    room.view.setUint32(job + 28, aad.length, true);
    room.put(JOBS + 48 * lane + 32, aad);
  });
}

const plainLane = (length: number, tagBytes: number): Lane => ({
  salt: random.bytes(3),
  iv: random.bytes(8),
  aad: random.bytes(length % 3 === 0 ? 12 : 8),
  text: random.bytes(length),
  tag: Buffer.alloc(tagBytes),
});

function expectedLane(encryption: string, key: Buffer, lane: Lane): Lane {
  const keys = { encryption, encryptionKey: key, salt: lane.salt };
  const { sealed, tag } = sealAead(keys, lane.aad, lane.iv, lane.text);
  return { ...lane, text: sealed, tag };
}

for (const vector of ccmVectors) {
  modes(`the reference of ${vector.encryption} agrees with NIST's CAVS`, () => {
    const [key, salt, iv, aad] = [vector.key, vector.salt, vector.iv, vector.aad].map(hex);
    const keys = { encryption: vector.encryption, encryptionKey: key!, salt: salt! };
    const { sealed, tag } = sealAead(keys, aad!, iv!, hex(vector.plain));
    assert.is(sealed.toString('hex'), vector.sealed);
    assert.is(tag.toString('hex'), vector.tag);
  });
}

for (const keyBytes of KEY_BYTES) {
  for (const tagBytes of [8, 12, 16]) {
    const name = `aes-${keyBytes * 8}-ccm${tagBytes === 16 ? '' : `-${tagBytes}`}`;
    modes(`${name} agrees with node:crypto on every length, lanes of unlike lengths`, () => {
      const key = random.bytes(keyBytes);
      exports.aesExpandKey!(context, room.put(KEY, key), keyBytes);
      // node:crypto refuses CCM of nothing; an ESP text has four bytes at least
      for (let length = 1, count = 1; length <= LONGEST; length += count, count = 1 + (count % 8)) {
        const lengths = Array.from({ length: count }, (_, i) => Math.min(length + i, LONGEST));
        if (count > 5) lengths[2] = 1 + random.number(LONGEST);
        const lanes = lengths.map((each) => plainLane(each, tagBytes));
        const expected = lanes.map((lane) => expectedLane(name, key, lane));
        const dst = length % 2 === 0 ? DST : SRC;
        writeLanes(lanes, dst, dst);
        exports.ccmSealLanes!(context, keyBytes, tagBytes, room.base + JOBS, count);
        expected.forEach(({ text, tag }, i) => {
          const sealed = room.get(dst + i * STRIDE, text.length + tagBytes);
          assert.ok(sealed.equals(Buffer.concat([text, tag])), `${text.length} bytes, lane ${i}`);
        });
        writeLanes(expected, dst, SRC);
        const right = exports.ccmOpenLanes!(context, keyBytes, tagBytes, room.base + JOBS, count);
        assert.is(right, 2 ** count - 1);
        lanes.forEach(({ text }, i) => {
          assert.ok(room.get(dst + i * STRIDE, text.length).equals(text), `lane ${i}, and back`);
        });
      }
    });
  }
}

modes('CCM: one wrong bit anywhere, and that lane alone is refused and overwritten', () => {
  const key = random.bytes(16);
  exports.aesExpandKey!(context, room.put(KEY, key), 16);
  const lanes = [70, 33, 90].map((length) => plainLane(length, 12));
  const sealed = lanes.map((lane) => expectedLane('aes-128-ccm-12', key, lane));
  const { text, tag, aad, iv, salt } = sealed[1]!;
  const lengths = [text, tag, aad, iv, salt].map(({ length }) => length);
  for (let bit = 0; bit < 8 * lengths.reduce((a, b) => a + b); bit++) {
    const all = Buffer.concat([text, tag, aad, iv, salt]);
    all[bit >> 3]! ^= 1 << (bit & 7);
    const part = (index: number): Buffer => {
      const at = lengths.slice(0, index).reduce((a, b) => a + b, 0);
      return all.subarray(at, at + lengths[index]!);
    };
    const wrong = { text: part(0), tag: part(1), aad: part(2), iv: part(3), salt: part(4) };
    writeLanes([sealed[0]!, wrong, sealed[2]!], DST, SRC);
    assert.is(exports.ccmOpenLanes!(context, 16, 12, room.base + JOBS, 3), 0b101, `bit ${bit}`);
    assert.ok(room.get(DST + STRIDE, text.length).every((byte) => byte === 0));
    assert.ok(room.get(DST, 70).equals(lanes[0]!.text));
    assert.ok(room.get(DST + 2 * STRIDE, 90).equals(lanes[2]!.text));
  }
});

// ---- GMAC ------------------------------------------------------------------------------------

function gmacReference(key: Buffer, nonce: Buffer, head: Buffer, text: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-128-gcm', key, nonce);
  cipher.setAAD(Buffer.concat([head, text])).final();
  return cipher.getAuthTag();
}

function gmacOpen(
  keyBytes: number,
  nonce: Buffer,
  head: Buffer,
  text: Buffer,
  tag: Buffer,
): number {
  const at = [room.put(NONCE, nonce), room.put(HEAD, head), head.length, room.put(SRC, text)];
  const tagAt = room.put(TAG, tag);
  return exports.gmacOpen!(context, keyBytes, ...at, room.base + DST, text.length, tagAt);
}

for (const keyBytes of KEY_BYTES) {
  modes(`AES-${keyBytes * 8}-GMAC agrees with node:crypto on every length to ${LONGEST}`, () => {
    const key = random.bytes(keyBytes);
    exports.gcmSetKey!(context, room.put(KEY, key), keyBytes);
    for (let length = 0; length <= LONGEST; length++) {
      const [nonce, head] = [random.bytes(12), random.bytes(length % 2 === 0 ? 16 : 20)];
      const text = random.bytes(length);
      const expected = gmacReference(key, nonce, head, text);
      const at = [room.put(NONCE, nonce), room.put(HEAD, head), head.length, room.put(SRC, text)];
      exports.gmacSeal!(context, keyBytes, ...at, room.base + DST, length, room.base + TAG);
      assert.ok(room.get(DST, length).equals(text), 'nothing is encrypted');
      assert.ok(room.get(TAG, 16).equals(expected), `tag of length ${length}`);
      room.put(DST, Buffer.alloc(length));
      assert.is(gmacOpen(keyBytes, nonce, head, text, expected), 1);
      assert.ok(room.get(DST, length).equals(text));
    }
  });
}

modes('GMAC: one wrong bit anywhere, and nothing is written', () => {
  const key = random.bytes(32);
  exports.gcmSetKey!(context, room.put(KEY, key), 32);
  const [nonce, head, text] = [random.bytes(12), random.bytes(20), random.bytes(45)];
  const tag = gmacReference(key, nonce, head, text);
  for (let bit = 0; bit < 8 * (45 + 16 + 20); bit++) {
    const all = Buffer.concat([text, tag, head]);
    all[bit >> 3]! ^= 1 << (bit & 7);
    room.put(DST, Buffer.alloc(45, 0x77));
    const wrong = [all.subarray(61), all.subarray(0, 45), all.subarray(45, 61)] as const;
    assert.is(gmacOpen(32, nonce, ...wrong), 0, `bit ${bit}`);
    assert.ok(room.get(DST, 45).every((byte) => byte === 0x77));
  }
});

modes.run();
