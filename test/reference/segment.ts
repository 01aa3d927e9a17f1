// A second opinion on segmentation offload: what a super-packet behind its virtio header stands for,
// packet by packet, as Linux would send it; and whether a packet's checksums are right.
import { checksum } from '../assembly/packets.js';

export const VIRTIO = 10;
export const NEEDS_CSUM = 1;
export const GSO = { none: 0, tcp4: 1, tcp6: 4, udp: 5 } as const;

export interface Virtio {
  readonly flags?: number;
  readonly type?: number;
  readonly headers?: number;
  readonly size?: number;
  readonly start?: number;
  readonly offset?: number;
}

/** struct virtio_net_hdr, as a little-endian host has it. */
export function virtio(fields: Virtio = {}): Buffer {
  const header = Buffer.alloc(VIRTIO);
  header[0] = fields.flags ?? 0;
  header[1] = fields.type ?? GSO.none;
  header.writeUInt16LE(fields.headers ?? 0, 2);
  header.writeUInt16LE(fields.size ?? 0, 4);
  header.writeUInt16LE(fields.start ?? 0, 6);
  header.writeUInt16LE(fields.offset ?? 0, 8);
  return header;
}

interface Parts {
  readonly ip: Buffer;
  readonly upper: Buffer;
  readonly payload: Buffer;
  readonly protocol: number;
}

/** IPv4 with options, IPv6 without extensions. */
export function partsOf(packet: Buffer): Parts {
  const four = packet[0]! >> 4 === 4;
  const size = four ? (packet[0]! & 15) * 4 : 40;
  const protocol = four ? packet[9]! : packet[6]!;
  const upper = protocol === 6 ? (packet[size + 12]! >> 4) * 4 : 8;
  return {
    ip: packet.subarray(0, size),
    upper: packet.subarray(size, size + upper),
    payload: packet.subarray(size + upper),
    protocol,
  };
}

function pseudoHeader(ip: Buffer, protocol: number, length: number): Buffer {
  const addresses = ip[0]! >> 4 === 4 ? ip.subarray(12, 20) : ip.subarray(8, 40);
  const rest = Buffer.alloc(8);
  rest.writeUInt32BE(length, 0);
  rest[7] = protocol;
  return Buffer.concat([addresses, rest]);
}

const at = (protocol: number): number => (protocol === 6 ? 16 : 6);

/** The packet with lengths and every checksum as they should be. */
export function whole({ ip, upper, payload, protocol }: Parts): Buffer {
  const header = Buffer.from(ip);
  const rest = Buffer.concat([upper, payload]);
  if (protocol === 17) rest.writeUInt16BE(rest.length, 4);
  rest.writeUInt16BE(0, at(protocol));
  const sum = checksum(pseudoHeader(header, protocol, rest.length), rest);
  rest.writeUInt16BE(sum === 0 && protocol === 17 ? 0xffff : sum, at(protocol));
  if (header[0]! >> 4 === 4) {
    header.writeUInt16BE(header.length + rest.length, 2);
    header.writeUInt16BE(0, 10);
    header.writeUInt16BE(checksum(header), 10);
  } else {
    header.writeUInt16BE(rest.length, 4);
  }
  return Buffer.concat([header, rest]);
}

/** Whether both checksums are right. */
export const sound = (packet: Buffer): boolean => whole(partsOf(packet)).equals(packet);

/** What the kernel leaves to the device: the sum of the pseudo-header where the checksum goes. */
export function unfinished(packet: Buffer): Buffer {
  const { ip, upper, payload, protocol } = partsOf(packet);
  const copy = Buffer.from(packet);
  const pseudo = pseudoHeader(ip, protocol, upper.length + payload.length);
  copy.writeUInt16BE(~checksum(pseudo) & 0xffff, ip.length + at(protocol));
  return copy;
}

/** The super-packet of `packet`, to be cut into payloads of `size`: header and packet. */
export function superPacket(packet: Buffer, size: number): { header: Buffer; packet: Buffer } {
  const { ip, upper, protocol } = partsOf(packet);
  const tcp = ip[0]! >> 4 === 4 ? GSO.tcp4 : GSO.tcp6;
  const header = virtio({
    flags: NEEDS_CSUM,
    type: protocol === 6 ? tcp : GSO.udp,
    headers: ip.length + upper.length,
    size,
    start: ip.length,
    offset: at(protocol),
  });
  return { header, packet: unfinished(packet) };
}

/** Every packet that a read or write of the TUN stands for. */
export function segments(header: Buffer, packet: Buffer): Buffer[] {
  if (header[1] === GSO.none) {
    return [header[0]! & NEEDS_CSUM ? whole(partsOf(packet)) : Buffer.from(packet)];
  }
  const { ip, upper, payload, protocol } = partsOf(packet);
  const size = header.readUInt16LE(4);
  const count = Math.ceil(payload.length / size);
  return Array.from({ length: count }, (_, i) => {
    const outer = Buffer.from(ip);
    const inner = Buffer.from(upper);
    if (ip[0]! >> 4 === 4) outer.writeUInt16BE((ip.readUInt16BE(4) + i) & 0xffff, 4);
    if (protocol === 6) {
      inner.writeUInt32BE((upper.readUInt32BE(4) + i * size) >>> 0, 4);
      if (i < count - 1) inner[13]! &= ~0x09;
      if (i > 0) inner[13]! &= ~0x80;
    }
    const piece = payload.subarray(i * size, (i + 1) * size);
    return whole({ ip: outer, upper: inner, payload: piece, protocol });
  });
}
