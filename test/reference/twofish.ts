// Twofish (Schneier et al., "Twofish: A 128-Bit Block Cipher", 1998) in CBC mode, one byte at a time in the
// order of the paper's §4.

const T = [
  ['817d6f320b59eca4', 'ecb81235f4a6709d', 'ba5e6d90c8f32471', 'd7f4126e9b3085ca'],
  ['28bdf76e31940ac5', '1e2b4c376da5f908', '4c75169a0ed82b3f', 'b951c3de647f208a'],
].map((q) => q.map((row) => [...row].map((digit) => Number.parseInt(digit, 16))));

const MDS = [
  [0x01, 0xef, 0x5b, 0x5b],
  [0x5b, 0xef, 0xef, 0x01],
  [0xef, 0x5b, 0x01, 0xef],
  [0xef, 0x01, 0xef, 0x5b],
];
const RS = [
  [0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e],
  [0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5],
  [0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19],
  [0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03],
];
/** Figure 2: which q each of the four bytes meets, before key word 3, 2, 1, 0 and at the end. */
const STAGES = ['1001', '1100', '0101', '0011', '1010'].map((row) => [...row].map(Number));

function multiply(a: number, b: number, polynomial: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) product ^= a << bit;
  for (let bit = 14; bit >= 8; bit--) if ((product >> bit) & 1) product ^= polynomial << (bit - 8);
  return product;
}

const matrix = (
  rows: readonly number[][],
  bytes: readonly number[],
  polynomial: number,
): number[] =>
  rows.map((row) => row.reduce((sum, m, i) => sum ^ multiply(m, bytes[i]!, polynomial), 0));

/** §4.3.5. */
function q(which: number, x: number): number {
  const t = T[which]!;
  let [a, b] = [x >> 4, x & 15];
  for (const [first, second] of [
    [0, 1],
    [2, 3],
  ] as const) {
    const turned = ((b >> 1) | (b << 3)) & 15;
    [a, b] = [t[first]![a ^ b]!, t[second]![a ^ turned ^ ((8 * a) & 15)]!];
  }
  return 16 * b + a;
}

const word = (bytes: readonly number[]): number => bytes.reduceRight((sum, b) => sum * 256 + b, 0);
const bytesOf = (value: number): number[] => [0, 8, 16, 24].map((by) => (value >>> by) & 255);
const left = (x: number, by: number): number => ((x << by) | (x >>> (32 - by))) >>> 0;

/** §4.3.2: what byte j of X, through the words of L, the last of them first, adds to the result. */
function part(x: number, j: number, list: readonly number[][]): number {
  let y = x;
  for (let i = list.length - 1; i >= 0; i--) y = q(STAGES[3 - i]![j]!, y) ^ list[i]![j]!;
  y = q(STAGES[4]![j]!, y);
  return word(MDS.map((row) => multiply(row[j]!, y, 0x169)));
}

const h = (x: number, list: readonly number[][]): number =>
  bytesOf(x).reduce((sum, byte, j) => (sum ^ part(byte, j, list)) >>> 0, 0);

export class Twofish {
  readonly #keys: number[];
  readonly #s: number[][];
  readonly #parts: number[][] = [[], [], [], []];

  constructor(key: Uint8Array) {
    const words = Array.from({ length: key.length / 4 }, (_, i) => [
      ...key.slice(4 * i, 4 * i + 4),
    ]);
    const even = words.filter((_, i) => i % 2 === 0);
    const odd = words.filter((_, i) => i % 2 === 1);
    this.#keys = Array.from({ length: 20 }, (_, i) => {
      const a = h(2 * i * 0x01010101, even);
      const b = left(h((2 * i + 1) * 0x01010101, odd), 8);
      return [(a + b) >>> 0, left((a + 2 * b) >>> 0, 9)];
    }).flat();
    this.#s = Array.from({ length: key.length / 8 }, (_, i) =>
      matrix(RS, [...key.slice(8 * i, 8 * i + 8)], 0x14d),
    ).reverse();
  }

  /** h under S; what a byte adds is worked out once. */
  #g(x: number): number {
    return bytesOf(x).reduce((sum, byte, j) => {
      const known = this.#parts[j]!;
      known[byte] ??= part(byte, j, this.#s);
      return (sum ^ known[byte]!) >>> 0;
    }, 0);
  }

  #f(a: number, b: number, round: number): [number, number] {
    const t0 = this.#g(a);
    const t1 = this.#g(left(b, 8));
    const key = (i: number): number => this.#keys[2 * round + 8 + i]!;
    return [(t0 + t1 + key(0)) >>> 0, (t0 + 2 * t1 + key(1)) >>> 0];
  }

  encryptBlock(block: Uint8Array): Buffer {
    const view = new DataView(block.buffer, block.byteOffset, 16);
    let r = [0, 1, 2, 3].map((i) => view.getUint32(4 * i, true) ^ this.#keys[i]!);
    for (let round = 0; round < 16; round++) {
      const [f0, f1] = this.#f(r[0]!, r[1]!, round);
      r = [left(r[2]! ^ f0, 31), left(r[3]!, 1) ^ f1, r[0]!, r[1]!];
    }
    return Buffer.from([2, 3, 0, 1].flatMap((from, i) => bytesOf(r[from]! ^ this.#keys[4 + i]!)));
  }

  decryptBlock(block: Uint8Array): Buffer {
    const view = new DataView(block.buffer, block.byteOffset, 16);
    const whitened = [0, 1, 2, 3].map((i) => view.getUint32(4 * i, true) ^ this.#keys[4 + i]!);
    let r = [2, 3, 0, 1].map((i) => whitened[i]!);
    for (let round = 15; round >= 0; round--) {
      const [f0, f1] = this.#f(r[2]!, r[3]!, round);
      r = [r[2]!, r[3]!, left(r[0]!, 1) ^ f0, left(r[1]! ^ f1, 31)];
    }
    return Buffer.from(r.flatMap((value, i) => bytesOf(value ^ this.#keys[i]!)));
  }

  encrypt(iv: Uint8Array, text: Uint8Array): Buffer {
    let before: Uint8Array = iv;
    return Buffer.concat(
      blocksOf(text).map((block) => {
        const sealed = this.encryptBlock(block.map((byte, i) => byte ^ before[i]!));
        before = sealed;
        return sealed;
      }),
    );
  }

  decrypt(iv: Uint8Array, sealed: Uint8Array): Buffer {
    const blocks = blocksOf(sealed);
    return Buffer.concat(
      blocks.map((block, i) => {
        const before = i === 0 ? iv : blocks[i - 1]!;
        return this.decryptBlock(block).map((byte, j) => byte ^ before[j]!);
      }),
    );
  }
}

const blocksOf = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: bytes.length / 16 }, (_, i) =>
    Uint8Array.from(bytes.slice(16 * i, 16 * i + 16)),
  );
