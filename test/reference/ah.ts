// A second opinion on AH (RFC 4302) on node:crypto: one packet at a time, slowly, and by other means
// than the packet path: it splits a packet into parts and builds what the ICV covers from them.
import { createHmac } from 'node:crypto';

export interface ReferenceAhSa {
  readonly spi: number;
  /** `md5`, `sha1`, `sha256`, `sha384`, `sha512`. */
  readonly integrity: string;
  readonly esn: boolean;
  readonly integrityKey: Uint8Array;
}

/** RFC 2403, RFC 2404, RFC 4868. */
export const AH_ICV_BYTES: Readonly<Record<string, number>> = {
  md5: 12,
  sha1: 12,
  sha256: 16,
  sha384: 24,
  sha512: 32,
};
/** RFC 4302, appendix A1: the options that no router changes. */
const IMMUTABLE = new Set([130, 133, 134, 148, 149]);

export interface AhPacket {
  /** Everything in front of the AH, as it was sent. */
  readonly headers: Buffer;
  readonly nextHeader: number;
  readonly spi: number;
  readonly sequence: number;
  readonly icv: Buffer;
  readonly padding: Buffer;
  readonly payload: Buffer;
}

/** Takes a packet with an AH apart. */
export function dissect(packet: Buffer, icvBytes: number): AhPacket {
  const at = packet[0]! >> 4 === 4 ? (packet[0]! & 15) * 4 : endOfExtensions(packet);
  const size = (packet[at + 1]! + 2) * 4;
  return {
    headers: packet.subarray(0, at),
    nextHeader: packet[at]!,
    spi: packet.readUInt32BE(at + 4),
    sequence: packet.readUInt32BE(at + 8),
    icv: packet.subarray(at + 12, at + 12 + icvBytes),
    padding: packet.subarray(at + 12 + icvBytes, at + size),
    payload: packet.subarray(at + size),
  };
}

function endOfExtensions(packet: Buffer): number {
  let at = 40;
  for (let next = packet[6]!; [0, 43, 60].includes(next); ) {
    next = packet[at]!;
    at += (packet[at + 1]! + 1) * 8;
  }
  return at;
}

/** The whole packet, ICV filled in. `headers` say AH follows; their lengths are set here. */
export function sealAh(
  sa: ReferenceAhSa,
  sequence: bigint,
  headers: Uint8Array,
  nextHeader: number,
  payload: Uint8Array,
  excess = 0,
): Buffer {
  const icvBytes = AH_ICV_BYTES[sa.integrity]!;
  const four = headers[0]! >> 4 === 4;
  const align = four ? 4 : 8;
  const size = Math.ceil((12 + icvBytes) / align) * align + excess;
  const ah = Buffer.alloc(size);
  ah.set([nextHeader, size / 4 - 2]);
  ah.writeUInt32BE(sa.spi, 4);
  ah.writeUInt32BE(Number(sequence & 0xffffffffn), 8);
  const packet = Buffer.concat([headers, ah, payload]);
  if (four) packet.writeUInt16BE(packet.length, 2);
  else packet.writeUInt16BE(packet.length - 40, 4);
  integrityOf(sa, sequence, packet).copy(packet, headers.length + 12);
  return packet;
}

/** The ICV that a packet should have (§3.3.3). */
export function integrityOf(sa: ReferenceAhSa, sequence: bigint, packet: Buffer): Buffer {
  const icvBytes = AH_ICV_BYTES[sa.integrity]!;
  const { headers, payload } = dissect(packet, icvBytes);
  const ah = Buffer.from(packet.subarray(headers.length, packet.length - payload.length));
  ah.fill(0, 12, 12 + icvBytes);
  const masked = headers[0]! >> 4 === 4 ? masked4(headers) : masked6(headers);
  const hmac = createHmac(sa.integrity, sa.integrityKey).update(masked).update(ah).update(payload);
  if (sa.esn) {
    const high = Buffer.alloc(4);
    high.writeUInt32BE(Number(sequence >> 32n));
    hmac.update(high);
  }
  return hmac.digest().subarray(0, icvBytes);
}

/** §3.3.3.1.1: TOS, flags, offset, TTL, checksum and options that may change are zeros. */
function masked4(headers: Buffer): Buffer {
  const out = Buffer.from(headers);
  out[1] = 0;
  out.fill(0, 6, 9);
  out.fill(0, 10, 12);
  for (let at = 20; at < out.length && out[at] !== 0; ) {
    const kind = out[at]!;
    const size = kind === 1 ? 1 : out[at + 1]!;
    if (kind === 131 || kind === 137) {
      if (out[at + 2]! < size) out.copy(out, 16, at + size - 4, at + size);
    }
    if (kind !== 1 && !IMMUTABLE.has(kind)) out.fill(0, at, at + size);
    at += size;
  }
  return out;
}

/** §3.3.3.1.2: class, flow label, hop limit; options whose third bit says so; routes at their end. */
function masked6(headers: Buffer): Buffer {
  const out = Buffer.from(headers);
  out.writeUInt32BE(0x60000000, 0);
  out[7] = 0;
  for (let at = 40, next = out[6]!; at < out.length; ) {
    const size = (out[at + 1]! + 1) * 8;
    if (next === 43) out.set(arrived(out, at, size));
    else {
      for (let option = at + 2; option < at + size; ) {
        const length = out[option] === 0 ? 1 : 2 + out[option + 1]!;
        if (out[option]! & 0x20) out.fill(0, option + 2, option + length);
        option += length;
      }
    }
    next = out[at]!;
    at += size;
  }
  return out;
}

/** The whole header chain as the last node of a type 0 route sees it: one hop after the other. */
function arrived(headers: Buffer, at: number, size: number): Buffer {
  const out = Buffer.from(headers);
  const hops = (size - 8) / 16;
  for (; out[at + 3]! > 0; out[at + 3]!--) {
    const hop = at + 8 + (hops - out[at + 3]!) * 16;
    const address = Buffer.from(out.subarray(hop, hop + 16));
    out.copy(out, hop, 24, 40);
    address.copy(out, 24);
  }
  return out;
}
