// Netlink attributes (struct nlattr: u16 length, u16 type, data, padded to 4) as a list while a message
// is written and as a map when one is read. Numbers are in host order, which is little-endian on
// every machine this runs on, but for netfilter's; addresses and ports are bytes in network order.
import { NLA_F_NESTED, NLA_TYPE_MASK } from './linux.js';

const HEADER = 4;
const encoder = new TextEncoder();
/** Netlink aligns everything to four bytes. */
export const align4 = (length: number): number => (length + 3) & ~3;

export interface Attribute {
  readonly type: number;
  readonly data: Uint8Array;
}

export const bytesAttribute = (type: number, data: Uint8Array): Attribute => ({ type, data });

export const u32Attribute = (type: number, value: number): Attribute => ({
  type,
  data: Uint8Array.of(value, value >> 8, value >> 16, value >> 24),
});

/** A number in network order, as netfilter wants it; negative ones in two's complement. */
export const be32Attribute = (type: number, value: number): Attribute => ({
  type,
  data: Uint8Array.of(value >> 24, value >> 16, value >> 8, value),
});

export const u8Attribute = (type: number, value: number): Attribute => ({
  type,
  data: Uint8Array.of(value),
});

/** Text with its closing NUL, as the kernel wants names. */
export const textAttribute = (type: number, text: string): Attribute => ({
  type,
  data: encoder.encode(`${text}\0`),
});

/** Attributes inside an attribute; `prefix` stands before them (a peer's ifinfomsg in veth). */
export const nestedAttribute = (
  type: number,
  inner: readonly Attribute[],
  prefix: Uint8Array = new Uint8Array(0),
): Attribute => ({ type: type | NLA_F_NESTED, data: concat([prefix, encodeAttributes(inner)]) });

export function encodeAttributes(list: readonly Attribute[]): Uint8Array {
  let size = 0;
  for (const { data } of list) size += align4(HEADER + data.length);
  const out = new Uint8Array(size);
  let at = 0;
  for (const { type, data } of list) {
    const length = HEADER + data.length;
    out[at] = length;
    out[at + 1] = length >> 8;
    out[at + 2] = type;
    out[at + 3] = type >> 8;
    out.set(data, at + HEADER);
    at += align4(length);
  }
  return out;
}

/** Reads attributes; one whose length does not fit ends the list. A repeated type: the last counts. */
export function decodeAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < HEADER || at + length > bytes.length) break;
    const type = view.getUint16(at + 2, true) & NLA_TYPE_MASK;
    found.set(type, bytes.subarray(at + HEADER, at + length));
    at += align4(length);
  }
  return found;
}

/** A number, or undefined where the attribute is absent or too short to be one. */
export function u32Of(data: Uint8Array | undefined): number | undefined {
  if (!data || data.length < 4) return undefined;
  return new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
}

export function textOf(data: Uint8Array | undefined): string | undefined {
  if (!data) return undefined;
  const end = data.indexOf(0);
  return new TextDecoder().decode(end < 0 ? data : data.subarray(0, end));
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
