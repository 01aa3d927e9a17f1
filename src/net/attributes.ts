// Netlink attributes (struct nlattr: u16 length, u16 type, data, padded to 4) as a list while a message
// is written and as a map when one is read. Numbers are in host order, which is little-endian on
// every machine this runs on; addresses and ports are bytes in network order.
import { NLA_F_NESTED, NLA_TYPE_MASK } from './linux.js';

const HEADER = 4;
/** Netlink aligns everything to four bytes. */
export const align4 = (length: number): number => (length + 3) & ~3;

export interface Attribute {
  readonly type: number;
  readonly data: Uint8Array;
}

export const bytesAttribute = (type: number, data: Uint8Array): Attribute => ({ type, data });

export function u32Attribute(type: number, value: number): Attribute {
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, value, true);
  return { type, data };
}

export const u8Attribute = (type: number, value: number): Attribute => ({
  type,
  data: Uint8Array.of(value),
});

/** Text with its closing NUL, as the kernel wants names. */
export const textAttribute = (type: number, text: string): Attribute => ({
  type,
  data: new TextEncoder().encode(`${text}\0`),
});

/** Attributes inside an attribute; `prefix` stands before them (a peer's ifinfomsg in veth). */
export const nestedAttribute = (
  type: number,
  inner: readonly Attribute[],
  prefix: Uint8Array = new Uint8Array(0),
): Attribute => ({ type: type | NLA_F_NESTED, data: concat([prefix, encodeAttributes(inner)]) });

export function encodeAttributes(list: readonly Attribute[]): Uint8Array {
  return concat(
    list.map(({ type, data }) => {
      const out = new Uint8Array(align4(HEADER + data.length));
      const view = new DataView(out.buffer);
      view.setUint16(0, HEADER + data.length, true);
      view.setUint16(2, type, true);
      out.set(data, HEADER);
      return out;
    }),
  );
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
