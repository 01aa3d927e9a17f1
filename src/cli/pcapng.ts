// The blocks of a pcapng file (draft-ietf-opsawg-pcapng): a section, an interface each, packets with
// their direction, and at the end how many were dropped.

const BYTE_ORDER = 0x1a2b3c4d;
const LINKTYPE_RAW = 101; // from the IP header on; its version says which
const NANOSECONDS = 9;

/** Options: code, length, value padded to 32 bits; the last is code 0. */
type Option = readonly [code: number, value: Uint8Array];
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Section Header Block. `program` says who wrote the file. */
export function sectionHeader(program: string): Uint8Array {
  const body = new DataView(new ArrayBuffer(16));
  body.setUint32(0, BYTE_ORDER, true);
  body.setUint16(4, 1, true); // version 1.0
  body.setBigInt64(8, -1n, true); // the length of the section is not known
  return block(0x0a0d0d0a, bytesOf(body), [[4, text(program)]]);
}

/** Interface Description Block. */
export function interfaceDescription(name: string): Uint8Array {
  const body = new DataView(new ArrayBuffer(8));
  body.setUint16(0, LINKTYPE_RAW, true);
  return block(1, bytesOf(body), [
    [2, text(name)],
    [9, Uint8Array.of(NANOSECONDS)],
  ]);
}

export interface WrittenPacket {
  readonly interface: number;
  /** Nanoseconds of Unix time. */
  readonly at: bigint;
  readonly outbound: boolean;
  readonly bytes: Uint8Array;
}

/** Enhanced Packet Block. */
export function packetBlock({ interface: place, at, outbound, bytes }: WrittenPacket): Uint8Array {
  const head = new DataView(new ArrayBuffer(20));
  head.setUint32(0, place, true);
  head.setUint32(4, Number(at >> 32n), true);
  head.setUint32(8, Number(at & 0xffffffffn), true);
  head.setUint32(12, bytes.length, true);
  head.setUint32(16, bytes.length, true);
  const flags = new DataView(new ArrayBuffer(4));
  flags.setUint32(0, outbound ? 2 : 1, true);
  return block(6, Buffer.concat([bytesOf(head), padded(bytes)]), [[2, bytesOf(flags)]]);
}

/** Interface Statistics Block: what the kernel dropped. */
export function interfaceStatistics(place: number, at: bigint, dropped: number): Uint8Array {
  const body = new DataView(new ArrayBuffer(12));
  body.setUint32(0, place, true);
  body.setUint32(4, Number(at >> 32n), true);
  body.setUint32(8, Number(at & 0xffffffffn), true);
  const count = new DataView(new ArrayBuffer(8));
  count.setBigUint64(0, BigInt(dropped), true);
  return block(5, bytesOf(body), [[5, bytesOf(count)]]);
}

function block(type: number, body: Uint8Array, options: readonly Option[]): Uint8Array {
  const written = options.flatMap(([code, value]) => {
    const head = new DataView(new ArrayBuffer(4));
    head.setUint16(0, code, true);
    head.setUint16(2, value.length, true);
    return [bytesOf(head), padded(value)];
  });
  const inner = Buffer.concat([body, ...written, new Uint8Array(4)]);
  const length = inner.length + 12;
  const edge = new DataView(new ArrayBuffer(8));
  edge.setUint32(0, type, true);
  edge.setUint32(4, length, true);
  return Buffer.concat([bytesOf(edge), inner, bytesOf(edge).slice(4)]);
}

const bytesOf = ({ buffer }: DataView): Uint8Array => new Uint8Array(buffer);

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array((bytes.length + 3) & ~3);
  whole.set(bytes);
  return whole;
}
