// A UDP datagram as IP fragments that pass on every path: of IPv6 none has more than the 1280 bytes that
// each link carries (RFC 8200 §5), of IPv4 the same, and routers may cut them further. The kernel would
// make them as large as it believes the path to be, which is what is in doubt where they are used.
import { randomBytes } from 'node:crypto';
import { familyOf } from './addressing.js';
import type { NetEndpoint } from './datagram.js';
import { IPPROTO_UDP } from './linux.js';

const MOST = 1280;
const UDP_HEADER = 8;
const FRAGMENT = 44; // RFC 8200 §4.5, as next header
const HOPS = 64;

/** Whole packets, headers included, for a raw socket that takes such. */
export function fragmentsOf(
  local: NetEndpoint,
  remote: NetEndpoint,
  data: Uint8Array,
): Uint8Array[] {
  const datagram = udp(local, remote, data);
  const four = familyOf(remote.address) === 4;
  const room = (MOST - (four ? 20 : 48)) & ~7;
  const id = randomBytes(4);
  // the kernel fills in an identification of 0, another one for each (raw(7))
  id[0]! |= 1;
  return Array.from({ length: Math.ceil(datagram.length / room) }, (_, index) => {
    const from = index * room;
    const piece = datagram.subarray(from, from + room);
    const more = from + room < datagram.length;
    const header = (four ? header4 : header6)(local, remote, piece.length, { id, from, more });
    return Buffer.concat([header, piece]);
  });
}

interface Place {
  readonly id: Uint8Array;
  readonly from: number;
  readonly more: boolean;
}

/** RFC 791 §3.1; the kernel computes the checksum. */
function header4(local: NetEndpoint, remote: NetEndpoint, length: number, place: Place): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + length, 2);
  header.set(place.id.subarray(0, 2), 4);
  header.writeUInt16BE((place.more ? 0x2000 : 0) | (place.from >> 3), 6);
  header.set([HOPS, IPPROTO_UDP], 8);
  header.set(local.address, 12);
  header.set(remote.address, 16);
  return header;
}

/** RFC 8200 §3 and §4.5. */
function header6(local: NetEndpoint, remote: NetEndpoint, length: number, place: Place): Buffer {
  const header = Buffer.alloc(48);
  header[0] = 0x60;
  header.writeUInt16BE(8 + length, 4);
  header.set([FRAGMENT, HOPS], 6);
  header.set(local.address, 8);
  header.set(remote.address, 24);
  header[40] = IPPROTO_UDP;
  header.writeUInt16BE(place.from | (place.more ? 1 : 0), 42);
  header.set(place.id, 44);
  return header;
}

function udp(local: NetEndpoint, remote: NetEndpoint, data: Uint8Array): Buffer {
  const datagram = Buffer.alloc(UDP_HEADER + data.length);
  datagram.writeUInt16BE(local.port, 0);
  datagram.writeUInt16BE(remote.port, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  datagram.set(data, UDP_HEADER);
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(IPPROTO_UDP, 0);
  pseudo.writeUInt16BE(datagram.length, 2);
  const sum = checksum(Buffer.concat([local.address, remote.address, pseudo, datagram]));
  // RFC 768: zero would mean none
  datagram.writeUInt16BE(sum === 0 ? 0xffff : sum, 6);
  return datagram;
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
