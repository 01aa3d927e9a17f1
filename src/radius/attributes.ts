// The attributes this gateway reads or writes, by RADIUS's own names: number, vendor, kind of value.
// Kinds know their bytes; a value of the wrong length is an error, not a guess.
import { type Attribute, LONGEST_VALUE, type Packet, RadiusError } from './packet.js';

export interface Kind<T> {
  encode(value: T): Uint8Array;
  /** undefined: these bytes are none. */
  decode(value: Uint8Array): T | undefined;
}

const integer = (bytes: 4 | 8): Kind<number> => ({
  encode(value) {
    const view = new DataView(new ArrayBuffer(bytes));
    if (bytes === 8) view.setBigUint64(0, BigInt(value));
    else view.setUint32(0, value);
    return new Uint8Array(view.buffer);
  },
  decode(value) {
    if (value.length !== bytes) return undefined;
    const view = new DataView(value.buffer, value.byteOffset, bytes);
    return bytes === 8 ? Number(view.getBigUint64(0)) : view.getUint32(0);
  },
});

const text: Kind<string> = {
  encode: (value) => new TextEncoder().encode(value),
  decode(value) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(value);
    } catch {
      return undefined; // RFC 8044 §3.4: text is UTF-8
    }
  },
};

const bytes = (low = 0, high = LONGEST_VALUE): Kind<Uint8Array> => ({
  encode: (value) => value,
  decode: (value) => (value.length < low || value.length > high ? undefined : value),
});

/** RFC 3162 §2.3: a reserved byte, the length in bits, as many bytes as are needed. */
const prefix6: Kind<{ readonly bits: number; readonly address: Uint8Array }> = {
  encode: ({ bits, address }) => Uint8Array.of(0, bits, ...address.subarray(0, (bits + 7) >> 3)),
  decode(value) {
    const [, bits = 129] = value;
    if (value.length > 18 || bits > 128 || value.length - 2 < (bits + 7) >> 3) return undefined;
    const address = new Uint8Array(16);
    address.set(value.subarray(2));
    for (let bit = bits; bit < 128; bit++) address[bit >> 3]! &= ~(0x80 >> (bit & 7));
    return { bits, address };
  },
};

const u32 = integer(4);
const address4 = bytes(4, 4);
const address6 = bytes(16, 16);

/** SMI Private Enterprise Code of Microsoft (RFC 2548 §2). */
const MICROSOFT = 311;
export const VENDOR_SPECIFIC = 26;

interface Row<T> {
  readonly type: number;
  readonly vendor?: number;
  readonly kind: Kind<T>;
}
const row = <T>(type: number, kind: Kind<T>, vendor?: number): Row<T> =>
  vendor === undefined ? { type, kind } : { type, kind, vendor };

export const ATTRIBUTES = {
  // RFC 2865 §5
  'User-Name': row(1, text),
  'NAS-IP-Address': row(4, address4),
  'NAS-Port': row(5, u32),
  'Service-Type': row(6, u32),
  'Framed-IP-Address': row(8, address4),
  'Framed-IP-Netmask': row(9, address4),
  'Filter-Id': row(11, text),
  'Framed-MTU': row(12, u32),
  'Reply-Message': row(18, text),
  State: row(24, bytes(1)),
  Class: row(25, bytes(1)),
  'Session-Timeout': row(27, u32),
  'Idle-Timeout': row(28, u32),
  'Termination-Action': row(29, u32),
  'Called-Station-Id': row(30, text),
  'Calling-Station-Id': row(31, text),
  'NAS-Identifier': row(32, text),
  'Proxy-State': row(33, bytes()),
  'NAS-Port-Type': row(61, u32),
  // RFC 2866 §5
  'Acct-Status-Type': row(40, u32),
  'Acct-Input-Octets': row(42, u32),
  'Acct-Output-Octets': row(43, u32),
  'Acct-Session-Id': row(44, text),
  'Acct-Authentic': row(45, u32),
  'Acct-Session-Time': row(46, u32),
  'Acct-Input-Packets': row(47, u32),
  'Acct-Output-Packets': row(48, u32),
  'Acct-Terminate-Cause': row(49, u32),
  'Acct-Multi-Session-Id': row(50, text),
  // RFC 2869 §5
  'Acct-Input-Gigawords': row(52, u32),
  'Acct-Output-Gigawords': row(53, u32),
  'Event-Timestamp': row(55, u32),
  'EAP-Message': row(79, bytes()),
  'Message-Authenticator': row(80, bytes(16, 16)),
  'Acct-Interim-Interval': row(85, u32),
  'NAS-Port-Id': row(87, text),
  'Framed-Pool': row(88, text),
  'Chargeable-User-Identity': row(89, bytes()),
  // RFC 3162 §2, RFC 6911 §3
  'NAS-IPv6-Address': row(95, address6),
  'Framed-Interface-Id': row(96, bytes(8, 8)),
  'Framed-IPv6-Prefix': row(97, prefix6),
  'Framed-IPv6-Pool': row(100, text),
  'Framed-IPv6-Address': row(168, address6),
  'DNS-Server-IPv6-Address': row(169, address6),
  'Stateful-IPv6-Address-Pool': row(172, text),
  // RFC 5176 §3.5
  'Error-Cause': row(101, u32),
  // RFC 2548 §2.4, §2.5
  'MS-MPPE-Send-Key': row(16, bytes(), MICROSOFT),
  'MS-MPPE-Recv-Key': row(17, bytes(), MICROSOFT),
  'MS-Primary-DNS-Server': row(28, address4, MICROSOFT),
  'MS-Secondary-DNS-Server': row(29, address4, MICROSOFT),
} as const;

export type AttributeName = keyof typeof ATTRIBUTES;
export type ValueOf<N extends AttributeName> =
  (typeof ATTRIBUTES)[N] extends Row<infer T> ? T : never;

export function attribute<N extends AttributeName>(name: N, value: ValueOf<N>): Attribute {
  const { type, vendor, kind } = ATTRIBUTES[name] as Row<ValueOf<N>>;
  const encoded = kind.encode(value);
  if (vendor === undefined) return { type, value: encoded };
  const inner = Uint8Array.of(0, 0, 0, 0, type, 2 + encoded.length, ...encoded);
  new DataView(inner.buffer).setUint32(0, vendor);
  return { type: VENDOR_SPECIFIC, value: inner };
}

/** Where there is a value. */
export const optionally = <N extends AttributeName>(
  name: N,
  value: ValueOf<N> | undefined,
): Attribute[] => (value === undefined ? [] : [attribute(name, value)]);

type Attributes = Pick<Packet, 'attributes'>;

/** All values under a name, in their order. */
export function allOf<N extends AttributeName>({ attributes }: Attributes, name: N): ValueOf<N>[] {
  const { type, vendor, kind } = ATTRIBUTES[name] as Row<ValueOf<N>>;
  const raw =
    vendor === undefined
      ? attributes.filter((one) => one.type === type).map(({ value }) => value)
      : attributes.flatMap((one) => vendorValues(one, vendor, type));
  return raw.map((value) => {
    const decoded = kind.decode(value);
    if (decoded === undefined) throw new RadiusError(`${name} of ${value.length} bytes is none`);
    return decoded;
  });
}

/** The first value under a name. */
export const firstOf = <N extends AttributeName>(
  packet: Attributes,
  name: N,
): ValueOf<N> | undefined => allOf(packet, name)[0];

/** RFC 2865 §5.26: a vendor's attribute may hold several of its own. */
function vendorValues({ type, value }: Attribute, vendor: number, wanted: number): Uint8Array[] {
  if (type !== VENDOR_SPECIFIC || value.length < 4) return [];
  if (new DataView(value.buffer, value.byteOffset, 4).getUint32(0) !== vendor) return [];
  const found: Uint8Array[] = [];
  for (let at = 4; at + 2 <= value.length; ) {
    const [inner, length = 0] = value.subarray(at, at + 2);
    // Vendors may choose another form; what does not fit this one is not ours to read.
    if (length < 2 || at + length > value.length) return found;
    if (inner === wanted) found.push(value.subarray(at + 2, at + length));
    at += length;
  }
  return found;
}

// ---- EAP ---------------------------------------------------------------------------------------

/** RFC 3579 §3.1: an EAP packet in as many attributes as it takes, one after another. */
export function splitEap(packet: Uint8Array): Attribute[] {
  const parts: Attribute[] = [];
  for (let at = 0; at < packet.length; at += LONGEST_VALUE) {
    parts.push(attribute('EAP-Message', packet.subarray(at, at + LONGEST_VALUE)));
  }
  return parts;
}

/**
 * The EAP packet of a message; undefined where it has none. The attributes must follow one another
 * and hold exactly the bytes that EAP's own length names (RFC 3748 §4).
 */
export function joinEap({ attributes }: Attributes): Uint8Array | undefined {
  const { type } = ATTRIBUTES['EAP-Message'];
  const first = attributes.findIndex((one) => one.type === type);
  if (first < 0) return undefined;
  const rest = attributes.slice(first);
  const end = rest.findIndex((one) => one.type !== type);
  const run = end < 0 ? rest : rest.slice(0, end);
  if (attributes.filter((one) => one.type === type).length !== run.length) {
    throw new RadiusError('EAP-Message attributes with others between them');
  }
  const whole = new Uint8Array(run.reduce((sum, { value }) => sum + value.length, 0));
  let at = 0;
  for (const { value } of run) {
    whole.set(value, at);
    at += value.length;
  }
  const said = whole.length < 4 ? 0 : (whole[2]! << 8) | whole[3]!;
  if (said !== whole.length || said < 4) {
    throw new RadiusError(`an EAP packet of ${whole.length} bytes that says it has ${said}`);
  }
  return whole;
}
