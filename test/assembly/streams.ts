// Packets of TCP and UDP flows for tests of offloads: every field that matters can be said.
import { ipv4, ipv6, type PacketFields, tcp, udp } from './packets.js';
import { partsOf, whole } from '../reference/segment.js';

export interface StreamFields extends PacketFields {
  readonly family?: 4 | 6;
  readonly udp?: boolean;
  readonly srcPort?: number;
  readonly sequence?: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly tcpOptions?: Uint8Array;
  readonly ttl?: number;
}

const ADDRESSES = {
  4: { src: '198.18.1.1', dst: '198.18.2.2' },
  6: { src: '2001:db8:1::1', dst: '2001:db8:2::2' },
};
export const ACK = 0x10;
export const PSH = 0x08;

/** One packet with right checksums. */
export function packetOf(data: Uint8Array, fields: StreamFields = {}): Buffer {
  const family = fields.family ?? 4;
  const protocol = fields.udp ? 17 : 6;
  const ends = { ...ADDRESSES[family], ...fields, protocol };
  const upper = fields.udp
    ? udp(data, fields.srcPort ?? 1000)
    : tcp(fields.flags ?? ACK, fields.tcpOptions ?? new Uint8Array(0), ends, data);
  if (!fields.udp) {
    upper.writeUInt16BE(fields.srcPort ?? 40000, 0);
    upper.writeUInt32BE((fields.sequence ?? 0) >>> 0, 4);
    upper.writeUInt32BE(fields.ack ?? 7, 8);
    upper.writeUInt16BE(fields.window ?? 500, 14);
  }
  const packet = family === 4 ? ipv4(upper, ends) : ipv6(upper, ends);
  if (fields.ttl !== undefined) packet[family === 4 ? 8 : 7] = fields.ttl;
  return whole(partsOf(packet));
}
