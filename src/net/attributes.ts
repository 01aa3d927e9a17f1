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
  /** A value, 32 bits in host order, or attributes inside this one; `prefix` stands before those. */
  readonly data: Uint8Array | number | readonly Attribute[];
  readonly prefix?: Uint8Array;
}

export const bytesAttribute = (type: number, data: Uint8Array): Attribute => ({ type, data });

export const u32Attribute = (type: number, value: number): Attribute => ({ type, data: value });

/** A number in network order, as netfilter wants it; negative ones in two's complement. */
export const be32Attribute = (type: number, value: number): Attribute => ({
  type,
  data:
    ((value & 0xff) << 24) |
    ((value & 0xff00) << 8) |
    ((value >>> 8) & 0xff00) |
    ((value >>> 24) & 0xff),
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
  prefix?: Uint8Array,
): Attribute => ({ type: type | NLA_F_NESTED, data: inner, ...(prefix ? { prefix } : {}) });

/**
 * Where messages are put together, one behind the other: a packet filter of ten thousand rules has a
 * million attributes, and an array for each would keep the garbage collector busy for longer than the
 * kernel takes.
 */
export class MessageBuffer {
  #bytes = new Uint8Array(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was put so far; good until the next one is put. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Bytes, and zeros up to a multiple of four. */
  put(data: Uint8Array): void {
    const at = this.#take(align4(data.length));
    this.#bytes.set(data, at);
  }

  putAttributes(list: readonly Attribute[]): void {
    for (const { type, data, prefix } of list) {
      const at = this.#take(HEADER);
      if (prefix) this.put(prefix);
      let length = HEADER + 4;
      if (typeof data === 'number') this.setU32(this.#take(4), data);
      else if (data instanceof Uint8Array) {
        this.put(data);
        length = HEADER + data.length;
      } else {
        this.putAttributes(data);
        length = this.#length - at;
      }
      this.setU16(at, length);
      this.setU16(at + 2, type);
    }
  }

  /** Sets bits of a byte that was put. */
  add(at: number, bits: number): void {
    this.#bytes[at]! |= bits;
  }

  setU16(at: number, value: number): void {
    this.#bytes[at] = value;
    this.#bytes[at + 1] = value >> 8;
  }

  setU32(at: number, value: number): void {
    this.setU16(at, value);
    this.setU16(at + 2, value >> 16);
  }

  /** The place of `size` zeroed bytes more. */
  #take(size: number): number {
    const at = this.#length;
    const end = at + size;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.fill(0, at, end);
    this.#length = end;
    return at;
  }
}

/** The same attribute, put into bytes once for the many messages that have it. */
export function encoded(attribute: Attribute): Attribute {
  const buffer = new MessageBuffer();
  buffer.putAttributes([attribute]);
  return { type: attribute.type, data: buffer.bytes.slice(HEADER) };
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
