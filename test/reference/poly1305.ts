// Poly1305 over the AEAD's input (RFC 8439 §2.5, §2.8) in big integers: slow, and plain enough to be
// believed. `solve` makes a text whose accumulator ends where a test wants it.
export const P = 2n ** 130n - 5n;
const TOP = 2n ** 128n;

export function little(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

export function bytesOf(value: bigint, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
}

function clamped(key: Uint8Array): bigint {
  return little(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
}

const lengths = (aad: number, text: number): bigint => BigInt(aad) | (BigInt(text) << 64n);

function absorb(h: bigint, r: bigint, block: bigint): bigint {
  return ((h + block + TOP) * r) % P;
}

function absorbAll(h: bigint, r: bigint, data: Uint8Array): bigint {
  let sum = h;
  for (let at = 0; at < data.length; at += 16) {
    sum = absorb(sum, r, little(data.subarray(at, at + 16)));
  }
  return sum;
}

export function reference(key: Uint8Array, aad: Uint8Array, text: Uint8Array): Buffer {
  const r = clamped(key);
  const all = absorbAll(absorbAll(0n, r, aad), r, text);
  const h = absorb(all, r, lengths(aad.length, text.length));
  return bytesOf((h + little(key.subarray(16))) % TOP, 16);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = base % P, e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) {
    if (e & 1n) result = (result * b) % P;
  }
  return result;
}

/** `text` with a block appended so that the accumulator ends at `target`; undefined: none does. */
export function solve(key: Uint8Array, text: Uint8Array, target: bigint): Buffer | undefined {
  const r = clamped(key);
  const inverse = power(r, P - 2n);
  const before = absorbAll(0n, r, text);
  const beforeLengths = target * inverse - lengths(0, text.length + 16) - TOP;
  const block = (((beforeLengths * inverse - TOP - before) % P) + P) % P;
  return block < TOP ? Buffer.concat([text, bytesOf(block, 16)]) : undefined;
}
