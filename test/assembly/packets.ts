// Builds inner packets for tests: IPv4 and IPv6 with UDP, TCP or anything behind, checksums right.
import { parseAddress, toBytes } from '../../src/policy/address.js';

export interface PacketFields {
  readonly src?: string;
  readonly dst?: string;
  readonly protocol?: number;
  readonly tos?: number;
  readonly df?: boolean;
  readonly id?: number;
  /** Fragment offset in bytes, and whether more follow. */
  readonly offset?: number;
  readonly more?: boolean;
  readonly options?: Uint8Array;
}

const bytesOf = (address: string): Uint8Array => toBytes(parseAddress(address)!);

/** RFC 1071. */
export function checksum(...parts: readonly Uint8Array[]): number {
  const data = Buffer.concat(parts);
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += (data[i]! << 8) | (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function ipv4(payload: Uint8Array, fields: PacketFields = {}): Buffer {
  const options = fields.options ?? new Uint8Array(0);
  const size = 20 + options.length;
  const packet = Buffer.alloc(size + payload.length);
  packet[0] = 0x40 | (size >> 2);
  packet[1] = fields.tos ?? 0;
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(fields.id ?? 0x1234, 4);
  const flags = (fields.df ? 0x4000 : 0) | (fields.more ? 0x2000 : 0);
  packet.writeUInt16BE(flags | ((fields.offset ?? 0) >> 3), 6);
  packet[8] = 64;
  packet[9] = fields.protocol ?? 17;
  packet.set(bytesOf(fields.src ?? '198.18.1.1'), 12);
  packet.set(bytesOf(fields.dst ?? '198.18.2.2'), 16);
  packet.set(options, 20);
  packet.writeUInt16BE(checksum(packet.subarray(0, size)), 10);
  packet.set(payload, size);
  return packet;
}

export function ipv6(payload: Uint8Array, fields: PacketFields = {}): Buffer {
  const packet = Buffer.alloc(40 + payload.length);
  packet[0] = 0x60 | ((fields.tos ?? 0) >> 4);
  packet[1] = ((fields.tos ?? 0) & 15) << 4;
  packet.writeUInt16BE(payload.length, 4);
  packet[6] = fields.protocol ?? 17;
  packet[7] = 64;
  packet.set(bytesOf(fields.src ?? '2001:db8:1::1'), 8);
  packet.set(bytesOf(fields.dst ?? '2001:db8:2::2'), 24);
  packet.set(payload, 40);
  return packet;
}

export function udp(data: Uint8Array, srcPort = 1000, dstPort = 2000): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(srcPort, 0);
  header.writeUInt16BE(dstPort, 2);
  header.writeUInt16BE(8 + data.length, 4);
  return Buffer.concat([header, data]);
}

/** A TCP segment with a right checksum for the given addresses. */
export function tcp(
  flags: number,
  options: Uint8Array,
  fields: PacketFields,
  data: Uint8Array = new Uint8Array(0),
): Buffer {
  const size = 20 + options.length;
  const segment = Buffer.alloc(size + data.length);
  segment.writeUInt16BE(40000, 0);
  segment.writeUInt16BE(80, 2);
  segment[12] = (size >> 2) << 4;
  segment[13] = flags;
  segment.set(options, 20);
  segment.set(data, size);
  segment.writeUInt16BE(upperChecksum(segment, 6, fields.src!, fields.dst!), 16);
  return segment;
}

/** Checksum over the pseudo-header; 0 for a segment that carries the right one. */
export function upperChecksum(
  data: Uint8Array,
  protocol: number,
  src: string,
  dst: string,
): number {
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(protocol, 0);
  pseudo.writeUInt16BE(data.length, 2);
  return checksum(bytesOf(src), bytesOf(dst), pseudo, data);
}
