// Kinds of value that are lists, names elsewhere in the file, or text with a form of its own.
import { type Address, type Prefix, parseAddress, parsePrefix } from '../policy/address.js';
import { entryName, failed, type Kind, type Read, text } from './kind.js';
import { prefix } from './network-kind.js';
import { show } from './problem.js';

/** A comma list or an array of `item`, each once; the empty one is RouterOS's "not set". */
export function itemsOf<T>(item: Kind<T>): Kind<readonly T[]> {
  return {
    notation: `list of ${item.notation}`,
    schema: {
      anyOf: [
        { type: 'string' },
        { type: 'array', items: item.schema, uniqueItems: true },
        // One number alone is a list of one.
        ...(item.schema.type === 'integer' ? [item.schema] : []),
      ],
    },
    read(written) {
      const parts = typeof written === 'string' ? written.split(',').map((s) => s.trim()) : written;
      if (!Array.isArray(parts)) return { expected: `a list of ${item.notation}` };
      if (parts.length === 1 && parts[0] === '') return { value: [] };
      const values: T[] = [];
      for (const part of parts) {
        const result = item.read(part);
        if (failed(result)) return { expected: `${result.expected}, instead of ${show(part)}` };
        values.push(result.value);
      }
      const twice = parts.find((part, at) => parts.indexOf(part) !== at);
      if (twice !== undefined) return { expected: `a list in which ${show(twice)} stands once` };
      return { value: values };
    },
  };
}

/** Names of entries elsewhere; empty is none. */
export const names: Kind<readonly string[]> = itemsOf(entryName);

/** A domain name; the last label has a letter, or a slip in an address would be one. */
const DOMAIN = /^(?=.{1,253}$)([A-Za-z0-9_]([\w-]{0,61}\w)?\.)*[A-Za-z]([\w-]{0,61}\w)?\.?$/;

export const domain: Kind<string> = {
  notation: 'DNS name',
  schema: { type: 'string' },
  read(written) {
    if (typeof written === 'string' && DOMAIN.test(written)) return { value: written };
    return { expected: 'a DNS name such as example.org' };
  },
};

/** RouterOS's peer address: a prefix, or a name (a string here) that is resolved. */
export const peerAddress: Kind<Prefix | string> = {
  notation: 'IP prefix | DNS name',
  schema: { type: 'string' },
  read(written) {
    // With a dot: a word alone is more often a slip than a host.
    if (typeof written === 'string' && written.includes('.') && DOMAIN.test(written)) {
      return { value: written };
    }
    const result = prefix.read(written);
    return failed(result) ? { expected: `${result.expected}, or a DNS name` } : result;
  },
};

export interface AddressRange {
  readonly start: Address;
  readonly end: Address;
}

const RANGE = 'a range such as 192.0.2.10-192.0.2.99, a prefix or an address';

/** Part of an address pool: first and last address, a prefix, or one address. */
export const addressRange: Kind<AddressRange> = {
  notation: 'IP range',
  schema: { type: 'string' },
  read(written): Read<AddressRange> {
    const [first = '', last, more] = typeof written === 'string' ? written.split('-') : [];
    if (last === undefined) {
      const one = parsePrefix(first);
      if (!one) return { expected: RANGE };
      const { family, value } = one.address;
      const size = 1n << BigInt((family === 4 ? 32 : 128) - one.bits);
      return { value: { start: one.address, end: { family, value: value + size - 1n } } };
    }
    const [start, end] = [parseAddress(first), parseAddress(last)];
    if (!start || !end || more !== undefined) return { expected: RANGE };
    if (start.family !== end.family || start.value > end.value) {
      return { expected: 'a range whose first address is not behind its last' };
    }
    return { value: { start, end } };
  },
};

/** A word that never leaves the file: passwords. */
export const hiddenText: Kind<string> = {
  ...text,
  secret: true,
};

/** Key material in hexadecimal, with or without `0x`, at least `bytes` long. */
export function hexadecimal(bytes: number): Kind<Uint8Array> {
  const least = `at least ${bytes} bytes in hexadecimal, two digits a byte`;
  return {
    notation: 'hexadecimal',
    schema: { type: 'string', pattern: '^(0x)?([0-9a-fA-F]{2})*$' },
    secret: true,
    read(written) {
      const digits = typeof written === 'string' ? written.replace(/^0x/, '') : '';
      if (!/^([0-9a-fA-F]{2})+$/.test(digits) || digits.length < 2 * bytes) {
        return { expected: least };
      }
      return { value: new Uint8Array(Buffer.from(digits, 'hex')) };
    },
  };
}

/** A path of a file on this host. */
export const filePath: Kind<string> = {
  notation: 'path',
  schema: { type: 'string' },
  read(written) {
    if (typeof written === 'string' && /^[^\p{Cc}]{1,1024}$/u.test(written)) {
      return { value: written };
    }
    return { expected: 'the path of a file' };
  },
};

const isPlainHttp = (text: string): boolean => {
  if (!/^http:\/\/[\x21-\x7e]{1,1000}$/.test(text) || !URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return username + password + hash === '';
};

/** A document over plain HTTP: what is fetched shows by itself that it is right. */
export const httpUrl: Kind<string> = {
  notation: 'http URL',
  schema: { type: 'string' },
  read(written) {
    if (typeof written === 'string' && isPlainHttp(written)) return { value: written };
    return { expected: 'a URL such as http://pki.example.org/gateway.der' };
  },
};

/** All that lies below it. */
export const httpFolder: Kind<string> = {
  ...httpUrl,
  read(written) {
    const fits = typeof written === 'string' && isPlainHttp(written);
    if (fits && written.endsWith('/') && !written.includes('?')) return { value: written };
    return { expected: 'a URL that ends with a slash, such as http://pki.example.org/certs/' };
  },
};
