// DES, Triple DES, Camellia, Blowfish and Twofish in CBC mode in WebAssembly: vectors, and the
// reference's opinion on every length, in lanes and alone.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encryptionNamed } from '../../src/algorithms/encryption.js';
import { LEGACY_ENCRYPTION } from '../../src/algorithms/legacy.js';
import {
  CIPHER_BLOWFISH_CBC,
  CIPHER_CAMELLIA_CBC,
  CIPHER_DES_CBC,
  CIPHER_TWOFISH_CBC,
} from '../../src/contract/ids.js';
import {
  SA_KEY_SIZE,
  SCRATCH_SIZE,
  WORKER_SCRATCH,
  WORKERS_AT,
} from '../../src/contract/layout.js';
import { Blowfish } from '../../src/crypto/blowfish.js';
import { cipherOf } from '../reference/ciphers.js';
import { Twofish } from '../reference/twofish.js';
import { tableVectors } from '../vectors/tables.js';
import { arena, hex, seeded } from './arena.js';

const tables = suite('ciphers by tables');
const room = arena();
const { exports } = room;
const random = seeded(0x2451);

// Where the arguments stand, relative to the arena.
const KEY = 0;
const CONTEXT = 64;
const IVS = 5000;
const JOBS = 5600;
const SRC = 8192;
const DST = 81_920;
const STRIDE = 4096; // of the lanes' packets
const LONGEST = 2000;
const context = room.base + CONTEXT;

const KEY_SETUP = {
  [CIPHER_DES_CBC]: 'desSetKey',
  [CIPHER_CAMELLIA_CBC]: 'camelliaSetKey',
  [CIPHER_BLOWFISH_CBC]: 'blowfishSetKey',
  [CIPHER_TWOFISH_CBC]: 'twofishSetKey',
} as Readonly<Record<number, string>>;

function setKey(kernel: number, key: Buffer): void {
  exports[KEY_SETUP[kernel]!]!(context, room.put(KEY, key), key.length);
  room.put(KEY, Buffer.alloc(key.length));
}

interface Lane {
  readonly plain: Buffer;
  readonly iv: Buffer;
}

/** Encrypts the lanes side by side; in place where `dst` is SRC. */
function encrypt(kernel: number, keyBytes: number, lanes: readonly Lane[], dst: number): Buffer[] {
  lanes.forEach(({ plain, iv }, lane) => {
    const source = room.put(SRC + lane * STRIDE, plain);
    const target = room.base + dst + lane * STRIDE;
    const job = [source, target, plain.length, room.put(IVS + 16 * lane, iv)];
    job.forEach((word, i) => {
      room.view.setUint32(room.base + JOBS + 16 * lane + 4 * i, word, true);
    });
  });
  exports.tableCbcEncryptLanes!(kernel, context, keyBytes, room.base + JOBS, lanes.length);
  return lanes.map(({ plain }, lane) => room.get(dst + lane * STRIDE, plain.length));
}

function decrypt(
  kernel: number,
  keyBytes: number,
  iv: Buffer,
  sealed: Buffer,
  dst: number,
): Buffer {
  const at = [room.put(IVS, iv), room.put(SRC, sealed), room.base + dst] as const;
  exports.tableCbcDecrypt!(kernel, context, keyBytes, ...at, sealed.length);
  return room.get(dst, sealed.length);
}

for (const { source, cipher, ...vector } of tableVectors) {
  tables(`${cipher}: ${source}`, () => {
    const kernel = encryptionNamed(cipher).kernel!;
    const [key, iv, plain] = [vector.key, vector.iv, vector.plain].map(hex) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    setKey(kernel, key);
    const [sealed] = encrypt(kernel, key.length, [{ plain, iv }], DST);
    assert.is(sealed!.toString('hex'), hex(vector.sealed).toString('hex'));
    assert.ok(decrypt(kernel, key.length, iv, sealed!, DST).equals(plain));
  });
}

tables('the references of Blowfish and Twofish agree with the vectors', () => {
  const found = tableVectors.filter(({ cipher }) => /blowfish|twofish/.test(cipher));
  assert.ok(found.length >= 10);
  for (const { cipher, key, iv, plain, sealed } of found) {
    const reference = cipher === 'blowfish' ? new Blowfish(hex(key)) : new Twofish(hex(key));
    assert.ok(hex(sealed).equals(reference.encrypt(hex(iv), hex(plain))));
    assert.ok(hex(plain).equals(reference.decrypt(hex(iv), hex(sealed))));
  }
});

for (const { name, kernel, keyBytes, blockBytes } of LEGACY_ENCRYPTION) {
  tables(`${name} agrees with the reference on every length to ${LONGEST}, lanes unlike`, () => {
    const keys = { encryption: name, encryptionKey: random.bytes(keyBytes), salt: Buffer.alloc(0) };
    const reference = cipherOf(name);
    setKey(kernel!, keys.encryptionKey);
    for (let length = 0, count = 1; length <= LONGEST; count = 1 + (count % 16)) {
      const lanes = Array.from({ length: count }, (_, lane): Lane => {
        const own = lane === 1 ? random.number(LONGEST) : Math.min(length, LONGEST);
        if (lane !== 1) length += blockBytes;
        const whole = own - (own % blockBytes);
        return { plain: random.bytes(whole), iv: random.bytes(blockBytes) };
      });
      const dst = count % 2 === 0 ? DST : SRC;
      const sealed = encrypt(kernel!, keyBytes, lanes, dst);
      lanes.forEach(({ plain, iv }, lane) => {
        const expected = reference.encrypt(keys, iv, plain);
        assert.ok(sealed[lane]!.equals(expected), `${plain.length} bytes, lane ${lane}`);
        assert.ok(decrypt(kernel!, keyBytes, iv, expected, dst).equals(plain));
      });
    }
  });

  tables(`${name}: its key setup fits the record and leaves no key in scratch`, () => {
    const key = random.bytes(keyBytes);
    const guard = Buffer.alloc(64, 0xa5);
    room.put(CONTEXT + SA_KEY_SIZE, guard);
    setKey(kernel!, key);
    assert.equal(room.get(CONTEXT + SA_KEY_SIZE, 64), guard);
    const scratch = Buffer.from(room.bytes.buffer, WORKERS_AT + WORKER_SCRATCH, SCRATCH_SIZE);
    assert.is(scratch.indexOf(key.subarray(0, 8)), -1);
  });
}

tables.run();
