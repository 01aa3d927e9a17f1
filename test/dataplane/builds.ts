// Run by module.test.ts in a process that has relaxed SIMD: seals the same packets with both builds of
// culvert.wasm and compares every byte. Prints how many it compared.
import { strictEqual } from 'node:assert/strict';
import { MAC_HMAC_SHA256 } from '../../src/contract/ids.js';
import { SA_KEY, SA_MAC_KEY, SAS_AT } from '../../src/contract/layout.js';
import { type Build, bestBuild, createMemory } from '../../src/dataplane/module.js';
import { arena, seeded } from '../assembly/arena.js';

strictEqual(bestBuild(), 'relaxed');
const KEY = SAS_AT + SA_KEY;
const MAC_KEY = SAS_AT + SA_MAC_KEY;
const [NONCE, SRC, DST, JOB] = [0, 4096, 16_384, 256];
const LONGEST = 2600; // past the first segment of AES's counter

/** Text and tag of every kernel for one packet. */
function seal(build: Build, length: number, random: ReturnType<typeof seeded>): string {
  const { exports, put, get, base, view } = rooms[build];
  const out: string[] = [];
  const key = put(NONCE + 64, random.bytes(32));
  const at = [put(NONCE, random.bytes(12)), key, 8, put(SRC, random.bytes(length)), base + DST];
  exports.gcmSetKey!(KEY, key, 16);
  exports.gcmSeal!(KEY, 16, ...at, length, base + DST + length);
  out.push(get(DST, length + 16).toString('hex'));
  strictEqual(
    exports.gcmOpen!(KEY, 16, at[0]!, key, 8, at[4]!, at[3]!, length, at[4]! + length),
    1,
  );
  exports.chachaPolySeal!(key, ...at, length, base + DST + length);
  out.push(get(DST, length + 16).toString('hex'));
  const whole = length & ~15;
  exports.aesExpandKey!(KEY, key, 32);
  [at[3]!, at[4]!, whole, key].forEach((word, i) => {
    view.setUint32(base + JOB + 4 * i, word, true);
  });
  exports.cbcEncryptLanes!(KEY, 32, base + JOB, 1);
  out.push(get(DST, whole).toString('hex'));
  exports.cbcDecrypt!(KEY, 32, key, at[4]!, at[4]!, whole);
  out.push(get(DST, whole).toString('hex'));
  exports.hmacSetKey!(MAC_KEY, MAC_HMAC_SHA256, key, 32);
  [at[3]!, length, base + DST, 0, 0].forEach((word, i) => {
    view.setUint32(base + JOB + 4 * i, word, true);
  });
  exports.hmacLanes!(MAC_KEY, MAC_HMAC_SHA256, base + JOB, 1);
  out.push(get(DST, 32).toString('hex'));
  return out.join('\n');
}

const rooms = {
  simd128: arena(createMemory(), 'simd128'),
  relaxed: arena(createMemory(), 'relaxed'),
};
let compared = 0;
for (let length = 0; length <= LONGEST; length += 13) {
  const [one, other] = [seeded(length), seeded(length)];
  strictEqual(seal('relaxed', length, one), seal('simd128', length, other), `length ${length}`);
  compared++;
}
console.log(`${compared} packets`);
