// Kinds of value that name something on the network: addresses, ports, protocols, identities.
import {
  type Address,
  formatPrefix,
  networkOf,
  type Prefix,
  parseAddress,
  parseHostPrefix,
} from '../policy/address.js';
import type { Identification } from '../policy/database.js';
import type { Kind, Read } from './kind.js';
import { PROTOCOLS } from './protocols.js';

export const address: Kind<Address> = {
  notation: 'IP address',
  schema: { type: 'string' },
  read(written) {
    // No host names: a gateway that waits for DNS at start, or trusts it, is another design.
    const value = typeof written === 'string' ? parseAddress(written) : undefined;
    return value
      ? { value }
      : { expected: 'an IPv4 or IPv6 address such as 192.0.2.1 or 2001:db8::1' };
  },
};

/** An address that only this host can reach: 127.0.0.0/8 or ::1. */
export const loopback: Kind<Address> = {
  notation: 'loopback address',
  schema: { type: 'string' },
  read(written) {
    const value = typeof written === 'string' ? parseAddress(written) : undefined;
    const inside = value && (value.family === 4 ? value.value >> 24n === 127n : value.value === 1n);
    return inside ? { value } : { expected: 'a loopback address: 127.0.0.1 or ::1' };
  },
};

/** A bare address is one host, as in RouterOS. */
export const prefix: Kind<Prefix> = {
  notation: 'IP prefix',
  schema: { type: 'string' },
  read(written) {
    const found = typeof written === 'string' ? parseHostPrefix(written) : undefined;
    if (!found) {
      return { expected: 'an IPv4 or IPv6 prefix such as 192.0.2.0/24 or 2001:db8::/32' };
    }
    // A prefix with host bits is more often a slip of the length than a wish.
    const value = networkOf(found);
    if (value.address.value !== found.address.value) {
      return { expected: `a prefix whose host bits are zero: ${formatPrefix(value)}` };
    }
    return { value };
  },
};

export const port: Kind<number | undefined> = {
  notation: 'integer: 0..65535 | any',
  schema: { anyOf: [{ type: 'integer', minimum: 0, maximum: 65535 }, { type: 'string' }] },
  read(written) {
    if (written === 'any') return { value: undefined };
    const value = typeof written === 'string' && /^\d{1,5}$/.test(written) ? +written : written;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65535) {
      return { value };
    }
    return { expected: 'a port from 0 to 65535, or any' };
  },
};

/** By name or number; `all` is 0. */
export const protocol: Kind<number> = {
  notation: 'all | tcp | udp | icmp | … | integer: 1..255',
  schema: {
    anyOf: [
      { enum: ['all', ...Object.keys(PROTOCOLS)] },
      { type: 'integer', minimum: 1, maximum: 255 },
      { type: 'string', pattern: '^[0-9]{1,3}$' },
    ],
  },
  read(written) {
    if (written === 'all') return { value: 0 };
    // hasOwn: `constructor` is no protocol.
    if (typeof written === 'string' && Object.hasOwn(PROTOCOLS, written)) {
      return { value: PROTOCOLS[written]! };
    }
    const value = typeof written === 'string' && /^\d{1,3}$/.test(written) ? +written : written;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 255) {
      return { value };
    }
    return { expected: 'all, a protocol such as tcp, udp or icmp, or its number from 1 to 255' };
  },
};

const FORMS = 'auto, address:ADDRESS, fqdn:NAME, user-fqdn:USER@NAME, key-id:TEXT or dn';

/** RouterOS's `type:value`. */
export const identification: Kind<Identification> = {
  notation: 'auto | address:… | fqdn:… | user-fqdn:… | key-id:… | dn',
  schema: { type: 'string', pattern: '^(auto|dn|(address|fqdn|user-fqdn|key-id):.+)$' },
  read: (written) => readIdentification(written, FORMS),
};

export const remoteIdentification: Kind<Identification | { readonly kind: 'ignore' }> = {
  notation: `${identification.notation} | ignore`,
  schema: { type: 'string', pattern: '^(auto|dn|ignore|(address|fqdn|user-fqdn|key-id):.+)$' },
  read(written) {
    if (written === 'ignore') return { value: { kind: 'ignore' } };
    return readIdentification(written, `${FORMS.replace(' or ', ', ')} or ignore`);
  },
};

function readIdentification(written: unknown, forms: string): Read<Identification> {
  if (written === 'auto' || written === 'dn') return { value: { kind: written } };
  const [, kind, text = ''] =
    /^([a-z-]+):(.+)$/.exec(typeof written === 'string' ? written : '') ?? [];
  if (kind === 'address') {
    const result = address.read(text);
    if ('expected' in result) return { expected: `address: followed by ${result.expected}` };
    return { value: { kind, address: result.value } };
  }
  // RFC 7296 §3.5: neither form has a terminating zero, and both are compared byte by byte.
  if (kind === 'fqdn') {
    if (/^[\w*-]+(\.[\w-]+)*\.?$/.test(text)) return { value: { kind, text } };
    return { expected: 'fqdn: followed by a domain name such as east.example' };
  }
  if (kind === 'user-fqdn') {
    if (/^[^\s@]+@[^\s@]+$/.test(text)) return { value: { kind, text } };
    return { expected: 'user-fqdn: followed by user@domain' };
  }
  if (kind === 'key-id') {
    const data = bytesOf(text);
    return data
      ? { value: { kind, data } }
      : { expected: 'key-id: followed by text or 0x and hex' };
  }
  return { expected: forms };
}

/** Text is its UTF-8 bytes; what starts with 0x is hexadecimal, two digits a byte. */
function bytesOf(text: string): Uint8Array | undefined {
  if (!text.startsWith('0x')) return new TextEncoder().encode(text);
  if (!/^0x([0-9a-fA-F]{2})+$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

/** A pre-shared key; empty is "not set", which the check of the entry judges. */
export const secret: Kind<Uint8Array> = {
  notation: 'string | 0x…',
  schema: { type: 'string' },
  secret: true,
  read(written) {
    if (written === '') return { value: new Uint8Array() };
    const value = typeof written === 'string' ? bytesOf(written) : undefined;
    return value ? { value } : { expected: 'text, or 0x and an even number of hexadecimal digits' };
  },
};
