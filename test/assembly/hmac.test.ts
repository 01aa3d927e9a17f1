// HMAC over MD5 and the SHA family in WebAssembly: vectors, and node:crypto's opinion on every length, one
// message at a time and in lanes.
import { createHmac } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  MAC_HMAC_MD5,
  MAC_HMAC_SHA1,
  MAC_HMAC_SHA256,
  MAC_HMAC_SHA384,
  MAC_HMAC_SHA512,
} from '../../src/contract/ids.js';
import { SCRATCH_SIZE, WORKER_SCRATCH, WORKERS_AT } from '../../src/contract/layout.js';
import { millionA, vectors } from '../vectors/hmac.js';
import { arena, hex, seeded } from './arena.js';

const test = suite('hmac');
const room = arena();
const { exports, view } = room;

const HASHES = [
  { mac: MAC_HMAC_MD5, name: 'md5', digest: 16 },
  { mac: MAC_HMAC_SHA1, name: 'sha1', digest: 20 },
  { mac: MAC_HMAC_SHA256, name: 'sha256', digest: 32 },
  { mac: MAC_HMAC_SHA384, name: 'sha384', digest: 48 },
  { mac: MAC_HMAC_SHA512, name: 'sha512', digest: 64 },
] as const;
type Hash = (typeof HASHES)[number];

// Where the arguments stand, relative to the arena.
const CONTEXT = 0;
const KEY = 512;
const EXTRA = 1024;
const OUT = 1040;
const JOBS = 4096;
const DIGESTS = 8192;
const DATA = 32768;
const SLOT = 2048;
const LONGEST = 2000;

function setKey(hash: Hash, key: Buffer, at = KEY): void {
  exports.hmacSetKey!(room.base + CONTEXT, hash.mac, room.put(at, key), key.length);
}

function digest(hash: Hash, data: Buffer, extra: Buffer): Buffer {
  const at = [room.base + CONTEXT, hash.mac, room.put(DATA, data), data.length];
  exports.hmac!(...at, room.put(EXTRA, extra), extra.length, room.base + OUT);
  return room.get(OUT, hash.digest);
}

interface Message {
  readonly data: Buffer;
  /** The high half of an extended sequence number, or none. */
  readonly extra: number | undefined;
}

function lanes(hash: Hash, messages: readonly Message[]): Buffer[] {
  messages.forEach(({ data, extra }, i) => {
    const job = room.base + JOBS + 32 * i;
    view.setUint32(job, room.put(DATA + SLOT * i, data), true);
    view.setUint32(job + 4, data.length, true);
    view.setUint32(job + 8, room.base + DIGESTS + 64 * i, true);
    view.setUint32(job + 12, extra === undefined ? 0 : 4, true);
    view.setUint32(job + 16, extra ?? 0xffffffff, true);
  });
  exports.hmacLanes!(room.base + CONTEXT, hash.mac, room.base + JOBS, messages.length);
  return messages.map((_, i) => room.get(DIGESTS + 64 * i, hash.digest));
}

function reference(hash: Hash, key: Buffer, { data, extra }: Message): Buffer {
  const mac = createHmac(hash.name, key).update(data);
  return (extra === undefined ? mac : mac.update(word(extra))).digest();
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

for (const vector of vectors) {
  test(`${vector.source}: ${vector.hash}`, () => {
    const hash = HASHES.find(({ name }) => name === vector.hash)!;
    const expected = hex(vector.digest);
    setKey(hash, hex(vector.key));
    const data = hex(vector.data);
    assert.equal(digest(hash, data, Buffer.alloc(0)).subarray(0, expected.length), expected);
    for (const out of lanes(
      hash,
      [data, data, data].map((data) => ({ data, extra: undefined })),
    )) {
      assert.equal(out.subarray(0, expected.length), expected);
    }
  });
}

for (const hash of HASHES) {
  test(`${hash.name} agrees with node:crypto on every length from 0 to ${LONGEST}`, () => {
    const random = seeded(hash.digest);
    for (let length = 0; length <= LONGEST; length++) {
      const key = random.bytes(1 + random.number(200));
      const data = random.bytes(length);
      const extra = length % 2 === 0 ? undefined : random.number(2 ** 32);
      setKey(hash, key);
      const tail = extra === undefined ? Buffer.alloc(0) : word(extra);
      const expected = reference(hash, key, { data, extra });
      assert.equal(digest(hash, data, tail), expected, `length ${length}`);
    }
  });

  test(`${hash.name} in lanes agrees with node:crypto, lengths mixed`, () => {
    const random = seeded(hash.digest + 1);
    for (let round = 0; round < 150; round++) {
      const key = random.bytes(hash.digest);
      setKey(hash, key);
      const same = random.number(4) === 0 ? random.number(LONGEST + 1) : undefined;
      const messages = Array.from({ length: random.number(70) }, () => ({
        data: random.bytes(same ?? random.number(LONGEST + 1)),
        extra: random.number(2) === 0 ? undefined : random.number(2 ** 32),
      }));
      const expected = messages.map((message) => reference(hash, key, message));
      assert.equal(lanes(hash, messages), expected, `round ${round}`);
    }
  });

  test(`${hash.name} in lanes agrees with node:crypto on every length from 0 to ${LONGEST}`, () => {
    const random = seeded(hash.digest + 2);
    const key = random.bytes(hash.digest);
    setKey(hash, key);
    for (let length = 0; length <= LONGEST; length += 4) {
      const messages = [0, 1, 2, 3].map((more) => ({
        data: random.bytes(Math.min(length + more, LONGEST)),
        extra: more === 2 ? random.number(2 ** 32) : undefined,
      }));
      const expected = messages.map((message) => reference(hash, key, message));
      assert.equal(lanes(hash, messages), expected, `length ${length}`);
    }
  });
}

for (const { hash: name, source, digest: hashed } of millionA) {
  test(`${source}: ${name} of a key of a million a`, () => {
    const hash = HASHES.find((row) => row.name === name)!;
    const data = Buffer.from('a message');
    setKey(hash, Buffer.alloc(1_000_000, 'a'), DATA);
    const long = digest(hash, data, Buffer.alloc(0));
    // RFC 2104 §2: a key longer than a block is replaced by its hash
    setKey(hash, hex(hashed));
    assert.equal(digest(hash, data, Buffer.alloc(0)), long);
  });
}

test('hmacSetKey leaves no key in scratch', () => {
  const scratch = Buffer.from(room.bytes.buffer, WORKERS_AT + WORKER_SCRATCH, SCRATCH_SIZE);
  for (const hash of HASHES) {
    for (const length of [20, 64, 128, 200]) {
      const key = Buffer.alloc(length, 0xc3);
      setKey(hash, key);
      for (const mask of [0, 0x36, 0x5c]) {
        const four = Buffer.alloc(4, 0xc3 ^ mask);
        assert.is(scratch.indexOf(four), -1, `${hash.name}, ${length} bytes, mask ${mask}`);
      }
    }
  }
});

test('no job writes outside its digest', () => {
  const random = seeded(5);
  for (const hash of HASHES) {
    setKey(hash, random.bytes(20));
    room.put(DIGESTS, Buffer.alloc(8 * 64, 0xa5));
    lanes(
      hash,
      Array.from({ length: 7 }, (_, i) => ({ data: random.bytes(i * 50), extra: i })),
    );
    const rest = Buffer.alloc(64 - hash.digest, 0xa5);
    for (let i = 0; i < 7; i++) {
      assert.equal(room.get(DIGESTS + 64 * i + hash.digest, rest.length), rest);
    }
    assert.equal(room.get(DIGESTS + 7 * 64, 64), Buffer.alloc(64, 0xa5));
  }
});

test.run();
