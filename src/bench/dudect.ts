// Does the time of a kernel depend on its secrets? In the manner of dudect (Reparaz, Balasch, Verbauwhede,
// "Dude, is my code constant time?", 2017): calls with a fixed input and with random ones in random
// order, and Welch's t test on their times.  node dist/src/bench/dudect.js [calls per kernel]
//   1. subjects  what is run, and what differs between the two classes
//   2. collect   times of each call, the input copied to the same place before it
//   3. Welch's t on all times and on those below several percentiles; the largest |t| counts
// |t| above 10 says that the classes differ; above 4.5 the row must be run again, since on a machine that
// others use it is reached by chance. The last row leaks on purpose: it shows what the test sees.
import { randomBytes, randomInt } from 'node:crypto';
import { MAC_HMAC_SHA256 } from '../contract/ids.js';
import { SA_KEY, SA_MAC_KEY, SAS_AT, WORKER_RX_SLOTS, WORKERS_AT } from '../contract/layout.js';
import { bestBuild, loadModule } from '../dataplane/module.js';

const BYTES = 240;
const INPUTS = 64; // different random inputs, made in advance
const CALLS_AT_ONCE = 16; // a call is too short for the clock
const WARM_UP = 20_000;
const PERCENTILES = [0.5, 0.75, 0.9, 0.95, 0.99, 1];
const SUSPECT = 4.5;
const CERTAIN = 10;

interface Subject {
  readonly name: string;
  /** What is copied into place before each measurement: where, and a new value of the class. */
  readonly at: number;
  readonly fixed: Uint8Array;
  random(): Uint8Array;
  run(): void;
}

const { exports, memory } = loadModule(0);
const bytes = new Uint8Array(memory.buffer);
const BASE = WORKERS_AT + WORKER_RX_SLOTS;
const [NONCE, AAD, KEY, SRC, DST, JOB] = [0, 32, 64, 1024, 4096, 8192].map((at) => BASE + at) as [
  number,
  number,
  number,
  number,
  number,
  number,
];
const TAG = DST + BYTES;
const CONTEXT = SAS_AT + SA_KEY;
const MAC_CONTEXT = SAS_AT + SA_MAC_KEY;

// ---- 1. subjects -----------------------------------------------------------------------------------

function put(at: number, data: Uint8Array): number {
  bytes.set(data, at);
  return at;
}

/** The key context that `set` makes of a key. */
function context(
  at: number,
  length: number,
  set: (key: number) => void,
  key: Uint8Array,
): Uint8Array {
  set(put(KEY, key));
  return bytes.slice(at, at + length);
}

const gcmKey = (key: Uint8Array): Uint8Array =>
  context(CONTEXT, 3968, (at) => exports.gcmSetKey!(CONTEXT, at, 16), key);
const hmacKey = (key: Uint8Array): Uint8Array =>
  context(MAC_CONTEXT, 512, (at) => exports.hmacSetKey!(MAC_CONTEXT, MAC_HMAC_SHA256, at, 32), key);
const text = { at: SRC, fixed: new Uint8Array(BYTES), random: () => randomBytes(BYTES) };
const gcmSeal = (): void => {
  exports.gcmSeal!(CONTEXT, 16, NONCE, AAD, 8, SRC, DST, BYTES, TAG);
};
const chachaSeal = (): void => {
  exports.chachaPolySeal!(KEY, NONCE, AAD, 8, SRC, DST, BYTES, TAG);
};

/** A wrong tag: its first byte is wrong, or any other. `right` makes the right one at TAG. */
function wrongTag(name: string, right: () => void, open: () => void): Subject {
  right();
  const tag = bytes.slice(TAG, TAG + 16);
  const wrong = (index: number): Uint8Array =>
    tag.map((byte, i) => (i === index ? byte ^ 1 : byte));
  return { name, at: TAG, fixed: wrong(0), random: () => wrong(randomInt(1, 16)), run: open };
}

/** Made one after another, each just before it runs: they share the places of their arguments. */
function subjects(): (() => Subject)[] {
  exports.gcmSetKey!(CONTEXT, put(KEY, randomBytes(32)), 16);
  exports.hmacSetKey!(MAC_CONTEXT, MAC_HMAC_SHA256, KEY, 32);
  new Uint32Array(memory.buffer, JOB, 5).set([SRC, BYTES, DST, 0, 0]);
  const aesKey = { at: CONTEXT, fixed: gcmKey(new Uint8Array(16)) };
  const macKey = { at: MAC_CONTEXT, fixed: hmacKey(new Uint8Array(32)) };
  const hmac = (): void => void exports.hmacLanes!(MAC_CONTEXT, MAC_HMAC_SHA256, JOB, 1);
  const key32 = { at: KEY, fixed: new Uint8Array(32), random: () => randomBytes(32) };
  return [
    () => ({ name: 'AES-128-GCM, text', ...text, run: gcmSeal }),
    () => ({
      name: 'AES-128-GCM, key',
      ...aesKey,
      random: () => gcmKey(randomBytes(16)),
      run: gcmSeal,
    }),
    () =>
      wrongTag('AES-128-GCM, place of a wrong byte in the tag', gcmSeal, () => {
        exports.gcmOpen!(CONTEXT, 16, NONCE, AAD, 8, DST, SRC, BYTES, TAG);
      }),
    () => ({ name: 'ChaCha20-Poly1305, text', ...text, run: chachaSeal }),
    () => ({ name: 'ChaCha20-Poly1305, key', ...key32, run: chachaSeal }),
    () =>
      wrongTag('ChaCha20-Poly1305, place of a wrong byte in the tag', chachaSeal, () => {
        exports.chachaPolyOpen!(KEY, NONCE, AAD, 8, DST, SRC, BYTES, TAG);
      }),
    () => ({ name: 'HMAC-SHA-256, text', ...text, run: hmac }),
    () => ({
      name: 'HMAC-SHA-256, key',
      ...macKey,
      random: () => hmacKey(randomBytes(32)),
      run: hmac,
    }),
    () => ({ ...wrongTag('a comparison with early exit', gcmSeal, earlyExit), at: SRC }),
  ];
}

/** What none of the kernels does: stops at the first byte that differs from zero. */
function earlyExit(): void {
  for (let i = 0; i < 4096 && bytes[SRC + (i & 15)] === bytes[TAG + (i & 15)]; i++);
}

// ---- 2. collect ------------------------------------------------------------------------------------

function collect(subject: Subject, calls: number): [number[], number[]] {
  const inputs = Array.from({ length: INPUTS }, () => Uint8Array.from(subject.random()));
  const times: [number[], number[]] = [[], []];
  for (let call = -WARM_UP / CALLS_AT_ONCE; call < calls; call++) {
    const random = randomInt(2);
    // a copy from an array of many in both classes, so that caches see the same
    const input = inputs[randomInt(INPUTS)]!;
    bytes.set(input, subject.at);
    if (random === 0) bytes.set(subject.fixed, subject.at);
    else bytes.set(input, subject.at);
    const start = process.hrtime.bigint();
    for (let i = 0; i < CALLS_AT_ONCE; i++) subject.run();
    const time = Number(process.hrtime.bigint() - start);
    if (call >= 0) times[random]!.push(time);
  }
  return times;
}

// ---- 3. Welch's t ----------------------------------------------------------------------------------

function welch(a: readonly number[], b: readonly number[]): number {
  const moments = (values: readonly number[]): [number, number] => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return [mean, square / (values.length - 1) / values.length];
  };
  const [[meanA, varianceA], [meanB, varianceB]] = [moments(a), moments(b)];
  return (meanA - meanB) / Math.sqrt(varianceA + varianceB);
}

/** The t of largest size over the percentiles of all times. */
function largest([fixed, random]: readonly [number[], number[]]): number {
  const all = [...fixed, ...random].sort((x, y) => x - y);
  const values = PERCENTILES.map((part) => {
    const limit = all[Math.ceil(part * all.length) - 1]!;
    const below = (times: number[]): number[] => times.filter((time) => time <= limit);
    return welch(below(fixed), below(random));
  });
  return values.reduce((most, t) => (Math.abs(t) > Math.abs(most) ? t : most), 0);
}

const calls = Number(process.argv[2] ?? 100_000);
console.log(`${calls} measurements of ${CALLS_AT_ONCE} calls each, build ${bestBuild()}`);
for (const make of subjects()) {
  const subject = make();
  const t = largest(collect(subject, calls));
  const doubtful = Math.abs(t) > SUSPECT ? 'doubtful: run it again' : 'no difference seen';
  const verdict = Math.abs(t) > CERTAIN ? 'differs' : doubtful;
  console.log(`${subject.name.padEnd(54)} t = ${t.toFixed(2).padStart(8)}  ${verdict}`);
}
