// MD4 (RFC 1320), which OpenSSL 3 keeps from Node. Broken as a hash since 1995: it is here because a
// Windows password is its MD4 (RFC 2759 §8.3), and for nothing else.
import { secretBytes } from './prf.js';

const BLOCK = 64;
const DIGEST = 16;
const START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];

interface Round {
  readonly mix: (x: number, y: number, z: number) => number;
  readonly add: number;
  /** Which word each of the sixteen operations takes. */
  readonly order: readonly number[];
  readonly rotate: readonly number[];
}

/** RFC 1320 §3.4. */
const ROUNDS: readonly Round[] = [
  {
    mix: (x, y, z) => (x & y) | (~x & z),
    add: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    rotate: [3, 7, 11, 19],
  },
  {
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    rotate: [3, 5, 9, 13],
  },
  {
    mix: (x, y, z) => x ^ y ^ z,
    add: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    rotate: [3, 9, 11, 15],
  },
];

export function md4(message: Uint8Array): Uint8Array {
  const padded = secretBytes(Math.ceil((message.length + 9) / BLOCK) * BLOCK);
  const view = new DataView(padded.buffer);
  padded.set(message);
  padded[message.length] = 0x80;
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n, true);
  const state = Uint32Array.from(START);
  for (let at = 0; at < padded.length; at += BLOCK) compress(state, view, at);
  padded.fill(0);
  const digest = secretBytes(DIGEST);
  const out = new DataView(digest.buffer);
  for (let i = 0; i < START.length; i++) out.setUint32(4 * i, state[i]!, true);
  return digest;
}

function compress(state: Uint32Array, view: DataView, at: number): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (const { mix, add, order, rotate } of ROUNDS) {
    for (let step = 0; step < order.length; step++) {
      const word = view.getUint32(at + 4 * order[step]!, true);
      const sum = (a + mix(b, c, d) + word + add) | 0;
      const by = rotate[step & 3]!;
      [a, d, c, b] = [d, c, b, (sum << by) | (sum >>> (32 - by))];
    }
  }
  for (const [i, word] of [a, b, c, d].entries()) state[i]! += word;
}
