// Addresses as this room passes them: bytes in network order (4 or 16) and prefixes of them, with the
// text that errors and logs need.
import { isIP } from 'node:net';
import type { IpPrefix } from './bpf.js';
import { AF_INET, AF_INET6 } from './linux.js';

export type { IpPrefix } from './bpf.js';

export const familyOf = (address: Uint8Array): 4 | 6 => (address.length === 4 ? 4 : 6);
export const domainOf = (family: 4 | 6): number => (family === 4 ? AF_INET : AF_INET6);
export const isUnspecified = (address: Uint8Array): boolean => address.every((byte) => byte === 0);
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/** Whether an address lies in a prefix; never across families. */
export function prefixHolds({ address, bits }: IpPrefix, other: Uint8Array): boolean {
  if (address.length !== other.length) return false;
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
    if (((address[bit >> 3]! ^ other[bit >> 3]!) & mask) !== 0) return false;
  }
  return true;
}

/** `192.0.2.1`, `2001:db8::1` (RFC 5952 §4: the longest run of zeros, the first of equals). */
export function addressText(address: Uint8Array): string {
  if (address.length === 4) return address.join('.');
  const words = Array.from({ length: 8 }, (_, i) => (address[2 * i]! << 8) | address[2 * i + 1]!);
  const text = words.map((word) => word.toString(16)).join(':');
  const runs = [...text.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].map((match) => match[0]);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = text.search(new RegExp(`(?:^|(?<=:))${longest}(?=:|$)`));
  const head = text.slice(0, at).replace(/:$/, '');
  const tail = text.slice(at + longest.length).replace(/^:/, '');
  return `${head}::${tail}`;
}

export const prefixText = ({ address, bits }: IpPrefix): string =>
  `${addressText(address)}/${bits}`;

/** Bytes of a textual address; throws on text that is none. */
export function addressBytes(text: string): Uint8Array {
  const family = isIP(text);
  if (family === 4) return Uint8Array.from(text.split('.').map(Number));
  if (family !== 6 || text.includes('%')) throw new Error(`'${text}' is not an IP address`);
  const parts = (side: string): number[] =>
    side === '' ? [] : side.split(':').flatMap((part) => wordBytes(part));
  const [head = '', tail] = text.split('::');
  const left = parts(head);
  const right = tail === undefined ? [] : parts(tail);
  return Uint8Array.from([...left, ...Array(16 - left.length - right.length).fill(0), ...right]);
}

function wordBytes(part: string): number[] {
  if (part.includes('.')) return part.split('.').map(Number);
  const word = Number.parseInt(part, 16);
  return [word >> 8, word & 0xff];
}

/** Parses `address/bits`; a bare address is its own whole prefix. */
export function prefixOf(text: string): IpPrefix {
  const [host = '', length] = text.split('/');
  const address = addressBytes(host);
  const bits = length === undefined ? address.length * 8 : Number(length);
  if (!Number.isInteger(bits) || bits < 0 || bits > address.length * 8) {
    throw new Error(`'${text}': expected a prefix length of 0 to ${address.length * 8}`);
  }
  return { address, bits };
}
