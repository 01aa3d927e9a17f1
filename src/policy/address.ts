// IP addresses and prefixes as values: a family and an unsigned integer.
import { isIP } from 'node:net';

/** An IPv4 (32-bit) or IPv6 (128-bit) address. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A CIDR prefix; `bits` is 0 … 32 or 0 … 128, host bits of `address` are zero. */
export interface Prefix {
  readonly address: Address;
  readonly bits: number;
}

export const addressBits = (family: 4 | 6): number => (family === 4 ? 32 : 128);

export const sameAddress = (a: Address, b: Address): boolean =>
  a.family === b.family && a.value === b.value;

/** Parses a textual address; undefined if it is none (no octal, no short forms). */
export function parseAddress(text: string): Address | undefined {
  const family = isIP(text);
  if (family === 4) return { family, value: fromBytes(text.split('.').map(Number)) };
  if (family !== 6 || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  const all = [...left, ...zeros, ...right];
  return { family, value: all.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n) };
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** Text in RFC 5952 form. */
export function formatAddress({ family, value }: Address): string {
  const bytes = toBytes({ family, value });
  if (family === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  const run = longestZeroRun(words);
  const hex = (part: number[]): string => part.map((word) => word.toString(16)).join(':');
  if (run.length < 2) return hex(words);
  return `${hex(words.slice(0, run.start))}::${hex(words.slice(run.start + run.length))}`;
}

function longestZeroRun(words: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** 4 or 16 bytes, network order. */
export function toBytes({ family, value }: Address): Uint8Array {
  // Tens of thousands of policies have IPv4 addresses: plain numbers are much quicker.
  if (family === 4) {
    const word = Number(value);
    return Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word);
  }
  const bytes = new Uint8Array(addressBits(family) / 8);
  for (let i = bytes.length - 1, rest = value; i >= 0; i--, rest >>= 8n) {
    bytes[i] = Number(rest & 0xffn);
  }
  return bytes;
}

function fromBytes(bytes: ArrayLike<number>): bigint {
  if (bytes.length === 4) {
    const [a = 0, b = 0, c = 0, d = 0] = [bytes[0], bytes[1], bytes[2], bytes[3]];
    return BigInt(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  }
  let value = 0n;
  for (let i = 0; i < bytes.length; i++) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** An address from 4 or 16 bytes in network order. */
export function addressFromBytes(bytes: ArrayLike<number>): Address {
  return { family: bytes.length === 4 ? 4 : 6, value: fromBytes(bytes) };
}

/** Parses `a.b.c.d/n`, `x::y/n` or a bare address (then the whole length). */
export function parsePrefix(text: string): Prefix | undefined {
  const found = parseHostPrefix(text);
  return found && networkOf(found);
}

/** The network of a host with a prefix length. */
export function networkOf({ address: { family, value }, bits }: Prefix): Prefix {
  const hostBits = BigInt(addressBits(family) - bits);
  return { address: { family, value: (value >> hostBits) << hostBits }, bits };
}

/** The same as parsePrefix, with the host bits as they are written. */
export function parseHostPrefix(text: string): Prefix | undefined {
  const [host = '', length, extra] = text.split('/');
  const address = parseAddress(host);
  if (!address || extra !== undefined) return undefined;
  const most = addressBits(address.family);
  if (length === undefined) return { address, bits: most };
  if (!/^\d{1,3}$/.test(length) || Number(length) > most) return undefined;
  return { address, bits: Number(length) };
}

export const formatPrefix = (p: Prefix): string => `${formatAddress(p.address)}/${p.bits}`;

/** First and last address of a prefix. */
export function prefixRange({ address, bits }: Prefix): { start: bigint; end: bigint } {
  const size = 1n << BigInt(addressBits(address.family) - bits);
  return { start: address.value, end: address.value + size - 1n };
}

export function prefixContains(prefix: Prefix, address: Address): boolean {
  const { start, end } = prefixRange(prefix);
  return prefix.address.family === address.family && address.value >= start && address.value <= end;
}
