// Expressions of an nf_tables rule: each reads into a register or compares one, and a rule goes on to
// its next expression only where the comparison holds. Enough for addresses, ports and verdicts.
// Those that many rules share are put into bytes once: of ten thousand rules it is nearly all they have.
import { type Attribute, be32Attribute as be32, bytesAttribute } from './attributes.js';
import { encoded, nestedAttribute, textAttribute } from './attributes.js';

/** An element of NFTA_RULE_EXPRESSIONS. */
export type Expression = Attribute;

const REGISTER = 1; // NFT_REG_1, 16 bytes
const VALUE = 1; // NFTA_DATA_VALUE
const VERDICT = 2; // NFTA_DATA_VERDICT
const IFNAMSIZ = 16;
const META_MARK = 3;
const META_IIFNAME = 6;
const META_OIFNAME = 7;
const META_NFPROTO = 15;
const META_L4PROTO = 16;
const CT_DIRECTION = 1;
const CT_MARK = 3;
const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const NFT_RETURN = -5;
const NFT_JUMP = -3;
const NF_DROP = 0;
const FRAGMENT_HEADER = 44; // of IPv6

const expression = (name: Attribute, attributes: readonly Attribute[]): Expression =>
  nestedAttribute(1, [name, nestedAttribute(2, attributes)]);
const named = (name: string): Attribute => textAttribute(1, name);

const META = named('meta');
const meta = (key: number): Expression => expression(META, [be32(1, REGISTER), be32(2, key)]);

const PAYLOAD = named('payload');
const payload = (base: number, offset: number, length: number): Expression =>
  expression(PAYLOAD, [be32(1, REGISTER), be32(2, base), be32(3, offset), be32(4, length)]);

const COMPARE = named('cmp');
function compare(value: Uint8Array, equal = true): Expression {
  const data = nestedAttribute(3, [bytesAttribute(VALUE, value)]);
  return expression(COMPARE, [be32(1, REGISTER), be32(2, equal ? 0 : 1), data]);
}

function masked(mask: Uint8Array): Expression {
  const value = (type: number, bytes: Uint8Array): Attribute =>
    nestedAttribute(type, [bytesAttribute(VALUE, bytes)]);
  const sizes = [be32(1, REGISTER), be32(2, REGISTER), be32(3, mask.length)];
  const zero = new Uint8Array(mask.length);
  return expression(named('bitwise'), [...sizes, value(4, mask), value(5, zero)]);
}

/** NFPROTO_IPV4 is 2, NFPROTO_IPV6 is 10. */
const FAMILY = {
  4: [meta(META_NFPROTO), compare(Uint8Array.of(2))].map(encoded),
  6: [meta(META_NFPROTO), compare(Uint8Array.of(10))].map(encoded),
} as const;
export const isFamily = (family: 4 | 6): readonly Expression[] => FAMILY[family];

export const cameFrom = (interfaceName: string, from = true): Expression[] => [
  meta(META_IIFNAME),
  compare(nameBytes(interfaceName), from),
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

const addressLoad = (offset: number, length: number): Expression =>
  encoded(payload(NETWORK_HEADER, offset, length));
/** Where the headers of IPv4 and IPv6 have their addresses. */
const ADDRESS = {
  4: { source: addressLoad(12, 4), destination: addressLoad(16, 4) },
  16: { source: addressLoad(8, 16), destination: addressLoad(24, 16) },
} as const;
const addressAt = (side: 'source' | 'destination', bytes: number): Expression =>
  ADDRESS[bytes === 4 ? 4 : 16][side];

/** The family must have been compared before. A prefix of no bits needs no comparison. */
export function addressIn(
  side: 'source' | 'destination',
  prefix: { readonly address: Uint8Array; readonly bits: number },
  inside = true,
): Expression[] {
  const { address, bits } = prefix;
  if (bits === 0) return [];
  const { mask, expression } = maskOf(bits, address.length);
  const value = new Uint8Array(address.length);
  for (let index = 0; index < value.length; index++) value[index] = address[index]! & mask[index]!;
  const whole = bits === 8 * address.length;
  const load = addressAt(side, address.length);
  return whole ? [load, compare(value, inside)] : [load, expression, compare(value, inside)];
}

const masks = new Map<number, { readonly mask: Uint8Array; readonly expression: Expression }>();
function maskOf(bits: number, bytes: number) {
  const key = bytes * 256 + bits;
  const known = masks.get(key);
  if (known) return known;
  const mask = Uint8Array.from(
    { length: bytes },
    (_, index) => (0xff00 >> Math.min(Math.max(bits - 8 * index, 0), 8)) & 0xff,
  );
  const made = { mask, expression: encoded(masked(mask)) };
  masks.set(key, made);
  return made;
}

export const isInSet = (
  side: 'source' | 'destination',
  bytes: number,
  set: string,
): Expression[] => [
  addressAt(side, bytes),
  expression(named('lookup'), [textAttribute(1, set), be32(2, REGISTER)]),
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
  const header = expression(named('exthdr'), [
    be32(1, REGISTER),
    bytesAttribute(2, Uint8Array.of(FRAGMENT_HEADER)),
    be32(3, 2),
    be32(4, 2),
  ]);
  return [header, masked(Uint8Array.of(0xff, 0xf8)), nothing];
}

/** Marks are in host order. */
const hostOrder = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

export const hasMark = (value: number, equal = true): Expression[] => [
  meta(META_MARK),
  compare(hostOrder(value), equal),
];

/** The packet's own, which routing rules see. */
export const setMark = (value: number): Expression[] => [
  expression(named('immediate'), [
    be32(1, REGISTER),
    nestedAttribute(2, [bytesAttribute(VALUE, hostOrder(value))]),
  ]),
  expression(META, [be32(2, META_MARK), be32(3, REGISTER)]),
];

const connection = (key: number): Expression =>
  expression(named('ct'), [be32(1, REGISTER), be32(2, key)]);

/** No packet that connection tracking does not know has either. */
export const isOriginalDirection: readonly Expression[] = [
  connection(CT_DIRECTION),
  compare(Uint8Array.of(0)),
];

export const hasConnectionMark = ({
  value,
  mask,
}: {
  readonly value: number;
  readonly mask: number;
}): Expression[] => [connection(CT_MARK), masked(hostOrder(mask)), compare(hostOrder(value))];

/** Counts in a named counter of the table. */
export const countIn = (counter: string): Expression =>
  encoded(expression(named('objref'), [be32(1, 1), textAttribute(2, counter)]));

function verdict(code: number, chain?: string): Expression {
  const inner = [be32(1, code), ...(chain ? [textAttribute(2, chain)] : [])];
  const data = nestedAttribute(2, [nestedAttribute(VERDICT, inner)]);
  return encoded(expression(named('immediate'), [be32(1, 0), data]));
}

export const drop = verdict(NF_DROP);
export const leave = verdict(NFT_RETURN);
export const jumpTo = (chain: string): Expression => verdict(NFT_JUMP, chain);

/** The source becomes `address`, for all packets of the connection (NFT_NAT_SNAT). */
export function translateSource(address: Uint8Array): Expression[] {
  const value = nestedAttribute(2, [bytesAttribute(VALUE, address)]);
  const family = address.length === 4 ? 2 : 10;
  return [
    expression(named('immediate'), [be32(1, REGISTER), value]),
    expression(named('nat'), [be32(1, 0), be32(2, family), be32(3, REGISTER)]),
  ];
}

/** Connection tracking leaves the packet alone. */
export const untracked: Expression = expression(named('notrack'), []);
