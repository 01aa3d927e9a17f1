// Expressions of an nf_tables rule: each reads into a register or compares one, and a rule goes on to
// its next expression only where the comparison holds. Enough for addresses, ports and verdicts.
import { type Attribute, be32Attribute as be32, bytesAttribute } from './attributes.js';
import { nestedAttribute, textAttribute } from './attributes.js';

export interface Expression {
  readonly name: string;
  readonly attributes: readonly Attribute[];
}

const REGISTER = 1; // NFT_REG_1, 16 bytes
const VALUE = 1; // NFTA_DATA_VALUE
const VERDICT = 2; // NFTA_DATA_VERDICT
const IFNAMSIZ = 16;
const META_IIFNAME = 6;
const META_OIFNAME = 7;
const META_NFPROTO = 15;
const META_L4PROTO = 16;
const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const NFT_RETURN = -5;
const NFT_JUMP = -3;
const NF_DROP = 0;
const FRAGMENT_HEADER = 44; // of IPv6

export const expressionList = (list: readonly Expression[]): Attribute[] =>
  list.map(({ name, attributes }) =>
    nestedAttribute(1, [textAttribute(1, name), nestedAttribute(2, attributes)]),
  );

const meta = (key: number): Expression => ({
  name: 'meta',
  attributes: [be32(1, REGISTER), be32(2, key)],
});

const payload = (base: number, offset: number, length: number): Expression => ({
  name: 'payload',
  attributes: [be32(1, REGISTER), be32(2, base), be32(3, offset), be32(4, length)],
});

function compare(value: Uint8Array, equal = true): Expression {
  const data = nestedAttribute(3, [bytesAttribute(VALUE, value)]);
  return { name: 'cmp', attributes: [be32(1, REGISTER), be32(2, equal ? 0 : 1), data] };
}

function masked(mask: Uint8Array): Expression {
  const value = (type: number, bytes: Uint8Array): Attribute =>
    nestedAttribute(type, [bytesAttribute(VALUE, bytes)]);
  const sizes = [be32(1, REGISTER), be32(2, REGISTER), be32(3, mask.length)];
  const zero = new Uint8Array(mask.length);
  return { name: 'bitwise', attributes: [...sizes, value(4, mask), value(5, zero)] };
}

/** NFPROTO_IPV4 is 2, NFPROTO_IPV6 is 10. */
export const isFamily = (family: 4 | 6): Expression[] => [
  meta(META_NFPROTO),
  compare(Uint8Array.of(family === 4 ? 2 : 10)),
];

export const cameFrom = (interfaceName: string): Expression[] => [
  meta(META_IIFNAME),
  compare(nameBytes(interfaceName)),
];

export const leavesBy = (interfaceName: string): Expression[] => [
  meta(META_OIFNAME),
  compare(nameBytes(interfaceName)),
];

function nameBytes(interfaceName: string): Uint8Array {
  const name = new Uint8Array(IFNAMSIZ);
  name.set(new TextEncoder().encode(interfaceName).subarray(0, IFNAMSIZ - 1));
  return name;
}

export const hasProtocol = (protocol: number): Expression[] => [
  meta(META_L4PROTO),
  compare(Uint8Array.of(protocol)),
];

const addressAt = (side: 'source' | 'destination', bytes: number): Expression => {
  const first = bytes === 4 ? 12 : 8;
  return payload(NETWORK_HEADER, side === 'source' ? first : first + bytes, bytes);
};

/** The family must have been compared before. A prefix of no bits needs no comparison. */
export function addressIn(
  side: 'source' | 'destination',
  prefix: { readonly address: Uint8Array; readonly bits: number },
  inside = true,
): Expression[] {
  const { address, bits } = prefix;
  if (bits === 0) return [];
  const mask = address.map(
    (_, index) => (0xff00 >> Math.min(Math.max(bits - 8 * index, 0), 8)) & 0xff,
  );
  const value = address.map((byte, index) => byte & mask[index]!);
  const whole = bits === 8 * address.length;
  const load = addressAt(side, address.length);
  return whole ? [load, compare(value, inside)] : [load, masked(mask), compare(value, inside)];
}

export const isInSet = (
  side: 'source' | 'destination',
  bytes: number,
  set: string,
): Expression[] => [
  addressAt(side, bytes),
  { name: 'lookup', attributes: [textAttribute(1, set), be32(2, REGISTER)] },
];

/** A later fragment has no ports and never matches. */
export const hasPort = (side: 'source' | 'destination', port: number): Expression[] => [
  payload(TRANSPORT_HEADER, side === 'source' ? 0 : 2, 2),
  compare(Uint8Array.of(port >> 8, port & 0xff)),
];

export const hasIcmpType = (type: number): Expression[] => [
  payload(TRANSPORT_HEADER, 0, 1),
  compare(Uint8Array.of(type)),
];

/** A fragment other than the first (RFC 791 §3.1, RFC 8200 §4.5). */
export function isLaterFragment(family: 4 | 6): Expression[] {
  const nothing = compare(new Uint8Array(2), false);
  if (family === 4)
    return [payload(NETWORK_HEADER, 6, 2), masked(Uint8Array.of(0x1f, 0xff)), nothing];
  const header: Expression = {
    name: 'exthdr',
    attributes: [
      be32(1, REGISTER),
      bytesAttribute(2, Uint8Array.of(FRAGMENT_HEADER)),
      be32(3, 2),
      be32(4, 2),
    ],
  };
  return [header, masked(Uint8Array.of(0xff, 0xf8)), nothing];
}

/** Counts in a named counter of the table. */
export const countIn = (counter: string): Expression => ({
  name: 'objref',
  attributes: [be32(1, 1), textAttribute(2, counter)],
});

function verdict(code: number, chain?: string): Expression {
  const inner = [be32(1, code), ...(chain ? [textAttribute(2, chain)] : [])];
  const data = nestedAttribute(2, [nestedAttribute(VERDICT, inner)]);
  return { name: 'immediate', attributes: [be32(1, 0), data] };
}

export const drop = verdict(NF_DROP);
export const leave = verdict(NFT_RETURN);
export const jumpTo = (chain: string): Expression => verdict(NFT_JUMP, chain);

/** The source becomes `address`, for all packets of the connection (NFT_NAT_SNAT). */
export function translateSource(address: Uint8Array): Expression[] {
  const value = nestedAttribute(2, [bytesAttribute(VALUE, address)]);
  const family = address.length === 4 ? 2 : 10;
  return [
    { name: 'immediate', attributes: [be32(1, REGISTER), value] },
    { name: 'nat', attributes: [be32(1, 0), be32(2, family), be32(3, REGISTER)] },
  ];
}

/** Connection tracking leaves the packet alone. */
export const untracked: Expression = { name: 'notrack', attributes: [] };
