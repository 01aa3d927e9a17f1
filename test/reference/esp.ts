// A second opinion on ESP (RFC 4303) on node:crypto: seals and opens one packet at a time, slowly and
// in the order of the RFC's sections.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { cipherOf, openAead, sealAead, tagBytes } from './ciphers.js';

export interface ReferenceSa {
  readonly spi: number;
  /** A name of the registry. */
  readonly encryption: string;
  /** `null` with an AEAD. */
  readonly integrity: string;
  readonly esn: boolean;
  readonly encryptionKey: Uint8Array;
  readonly salt: Uint8Array;
  readonly integrityKey: Uint8Array;
}

export interface Opened {
  readonly sequenceLow: number;
  readonly iv: Buffer;
  readonly nextHeader: number;
  readonly padding: Buffer;
  readonly packet: Buffer;
}

/** RFC 2403, RFC 2404, RFC 4868. */
const ICV_BYTES: Readonly<Record<string, number>> = {
  md5: 12,
  sha1: 12,
  sha256: 16,
  sha384: 24,
  sha512: 32,
};

const isAead = (sa: ReferenceSa): boolean => sa.integrity === 'null';

function header(spi: number, low: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(spi, 0);
  bytes.writeUInt32BE(low, 4);
  return bytes;
}

/** RFC 4106 §5, RFC 7634 §2.1. */
function additionalData(sa: ReferenceSa, sequence: bigint): Buffer {
  const bytes = Buffer.alloc(sa.esn ? 12 : 8);
  bytes.writeUInt32BE(sa.spi, 0);
  if (sa.esn) bytes.writeBigUInt64BE(sequence, 4);
  else bytes.writeUInt32BE(Number(sequence & 0xffffffffn), 4);
  return bytes;
}

/** RFC 4303 §2.8: over the packet, and the high half that is not sent. */
function integrityCheck(sa: ReferenceSa, packet: Uint8Array, sequence: bigint): Buffer {
  const hmac = createHmac(sa.integrity, sa.integrityKey).update(packet);
  if (sa.esn) {
    const high = Buffer.alloc(4);
    high.writeUInt32BE(Number(sequence >> 32n));
    hmac.update(high);
  }
  return hmac.digest().subarray(0, ICV_BYTES[sa.integrity]!);
}

/** `text` is the packet with padding and trailer already behind it. */
export function sealText(sa: ReferenceSa, sequence: bigint, iv: Uint8Array, text: Uint8Array) {
  const head = header(sa.spi, Number(sequence & 0xffffffffn));
  if (isAead(sa)) {
    const { sealed, tag } = sealAead(sa, additionalData(sa, sequence), iv, text);
    return Buffer.concat([head, iv, sealed, tag]);
  }
  const packet = Buffer.concat([head, iv, cipherOf(sa.encryption).encrypt(sa, iv, text)]);
  return Buffer.concat([packet, integrityCheck(sa, packet, sequence)]);
}

export const blockBytes = (sa: ReferenceSa): number => Math.max(4, cipherOf(sa.encryption).block);
export const ivBytes = (sa: ReferenceSa): number => cipherOf(sa.encryption).iv;
export const icvBytes = (sa: ReferenceSa): number =>
  isAead(sa) ? tagBytes(sa.encryption) : ICV_BYTES[sa.integrity]!;

/** RFC 4303 §2.4: padding 1, 2, 3 …, its length, the next header; `extra` blocks more than needed. */
export function trailer(
  sa: ReferenceSa,
  packet: Uint8Array,
  nextHeader: number,
  extra = 0,
): Buffer {
  const block = blockBytes(sa);
  const padding = ((block - ((packet.length + 2) % block)) % block) + extra * block;
  const bytes = Buffer.from(Array.from({ length: padding }, (_, i) => i + 1));
  return Buffer.concat([bytes, Buffer.from([padding, nextHeader])]);
}

export function seal(
  sa: ReferenceSa,
  sequence: bigint,
  iv: Uint8Array,
  packet: Uint8Array,
  nextHeader = packet[0]! >> 4 === 4 ? 4 : 41,
): Buffer {
  return sealText(sa, sequence, iv, Buffer.concat([packet, trailer(sa, packet, nextHeader)]));
}

/** Undefined where the ICV is wrong. */
export function open(sa: ReferenceSa, high: bigint, esp: Uint8Array): Opened | undefined {
  const bytes = Buffer.from(esp);
  const low = bytes.readUInt32BE(4);
  const sequence = (high << 32n) | BigInt(low);
  const iv = bytes.subarray(8, 8 + ivBytes(sa));
  const end = bytes.length - icvBytes(sa);
  const sealed = bytes.subarray(8 + iv.length, end);
  const icv = bytes.subarray(end);
  let text: Buffer | undefined;
  if (isAead(sa)) {
    text = openAead(sa, additionalData(sa, sequence), iv, sealed, icv);
    if (text === undefined) return undefined;
  } else {
    if (!timingSafeEqual(icv, integrityCheck(sa, bytes.subarray(0, end), sequence)))
      return undefined;
    text = cipherOf(sa.encryption).decrypt(sa, iv, sealed);
  }
  const padding = text[text.length - 2]!;
  return {
    sequenceLow: low,
    iv: Buffer.from(iv),
    nextHeader: text[text.length - 1]!,
    padding: Buffer.from(text.subarray(text.length - 2 - padding, text.length - 2)),
    packet: Buffer.from(text.subarray(0, text.length - 2 - padding)),
  };
}
