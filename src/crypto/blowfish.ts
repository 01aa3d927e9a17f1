// Blowfish in CBC mode (Schneier 1993; RFC 2451 §2.3) for the few messages of an IKE SA with a peer that
// has nothing better. Packets go through assembly/cipher/blowfish.ts. Not constant time, like it.
import type { Cbc } from './cbc.js';

const P_WORDS = 18;
const S_WORDS = 4 * 256;
const BLOCK = 8;

/** The fraction of pi, 32 bits a word: where P and the S-boxes begin. */
function piWords(count: number): Uint32Array {
  const spare = 64n; // bits that hold what the divisions cut off
  const one = 1n << (32n * BigInt(count) + spare);
  // Machin: pi = 16 arctan(1/5) - 4 arctan(1/239)
  const arctangent = (x: bigint): bigint => {
    let sum = 0n;
    for (let term = one / x, n = 1n, sign = 1n; term > 0n; term /= x * x, n += 2n, sign = -sign) {
      sum += (sign * term) / n;
    }
    return sum;
  };
  const fraction = (16n * arctangent(5n) - 4n * arctangent(239n) - 3n * one) >> spare;
  const hex = fraction.toString(16).padStart(8 * count, '0');
  return Uint32Array.from({ length: count }, (_, i) =>
    Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16),
  );
}

let pi: Uint32Array | undefined;

export class Blowfish implements Cbc {
  readonly #p: Uint32Array;
  readonly #s: Uint32Array;

  /** `key`: 4 to 56 bytes. */
  constructor(key: Uint8Array) {
    pi ??= piWords(P_WORDS + S_WORDS);
    this.#p = pi.slice(0, P_WORDS);
    this.#s = pi.slice(P_WORDS);
    for (let i = 0; i < 4 * P_WORDS; i++) {
      this.#p[i >> 2]! ^= key[i % key.length]! << (24 - 8 * (i & 3));
    }
    const block: [number, number] = [0, 0];
    for (const words of [this.#p, this.#s]) {
      for (let i = 0; i < words.length; i += 2) {
        this.#run(block, false);
        words.set(block, i);
      }
    }
  }

  encrypt(iv: Uint8Array, text: Uint8Array): Uint8Array {
    const out = Uint8Array.from(text);
    let before = iv;
    for (let at = 0; at < out.length; at += BLOCK) {
      const block = out.subarray(at, at + BLOCK);
      add(block, before);
      this.#block(block, false);
      before = block;
    }
    return out;
  }

  decrypt(iv: Uint8Array, sealed: Uint8Array): Uint8Array {
    const out = Uint8Array.from(sealed);
    for (let at = 0; at < out.length; at += BLOCK) {
      const block = out.subarray(at, at + BLOCK);
      this.#block(block, true);
      add(block, at === 0 ? iv : sealed.subarray(at - BLOCK, at));
    }
    return out;
  }

  #block(bytes: Uint8Array, backwards: boolean): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK);
    const block: [number, number] = [view.getUint32(0), view.getUint32(4)];
    this.#run(block, backwards);
    view.setUint32(0, block[0]);
    view.setUint32(4, block[1]);
  }

  #run(block: [number, number], backwards: boolean): void {
    const p = (i: number): number => this.#p[backwards ? 17 - i : i]!;
    let [left, right] = block;
    for (let round = 0; round < 16; round++) {
      left ^= p(round);
      right ^= this.#feistel(left);
      [left, right] = [right, left];
    }
    block[0] = (right ^ p(17)) >>> 0;
    block[1] = (left ^ p(16)) >>> 0;
  }

  #feistel(x: number): number {
    const s = (box: number, byte: number): number => this.#s[256 * box + (byte & 255)]!;
    return (((s(0, x >>> 24) + s(1, x >>> 16)) ^ s(2, x >>> 8)) + s(3, x)) | 0;
  }
}

function add(block: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < BLOCK; i++) block[i]! ^= other[i]!;
}
