// Fragments as hosts make them and put them together (RFC 791 §3.2, RFC 8200 §4.5), for tests.
import * as assert from 'uvu/assert';
import { PORT_BYPASS4, PORT_BYPASS6, PORT_UDP4_4500 } from '../../src/contract/ids.js';
import type { Message } from './gateway.js';
import { arrive, type HostOptions, type Hosts } from './hosts.js';
import { checksum } from './packets.js';
import { EAST, SUITES, WEST } from './site.js';

const NULL_SHA = SUITES.find((row) => row.encryption === 'null' && row.integrity === 'sha256')!;
/** What leaves whole through a raw socket, so that we cut it. */
export const KINDS: Readonly<Record<string, HostOptions>> = {
  ESP: {},
  AH: { suite: { ...NULL_SHA, keyBytes: 0 }, protocol: 'ah' },
  'AH around ESP': { around: 'sha256' },
};

/** The whole packet, from fragments in any order. */
export function reassembled(messages: readonly Message[]): Buffer {
  const four = messages[0]!.port === PORT_BYPASS4;
  const pieces = messages.map(({ bytes }) => (four ? piece4(bytes) : piece6(bytes)));
  assert.is(new Set(pieces.map(({ id }) => id)).size, 1, 'one identification');
  pieces.sort((a, b) => a.offset - b.offset);
  pieces.forEach(({ offset, more }, index) => {
    const before = pieces.slice(0, index).reduce((sum, { data }) => sum + data.length, 0);
    assert.is(offset, before, 'no hole, no overlap');
    assert.is(more, index < pieces.length - 1);
  });
  const { header } = pieces[0]!;
  const packet = Buffer.concat([header, ...pieces.map(({ data }) => data)]);
  if (four) {
    packet.writeUInt16BE(packet.length, 2);
    packet.writeUInt16BE(0, 6);
    packet.writeUInt16BE(0, 10);
    packet.writeUInt16BE(checksum(packet.subarray(0, header.length)), 10);
  } else packet.writeUInt16BE(packet.length - 40, 4);
  return packet;
}

/** A fragment of `packet`: its data from `from` to `to`, behind `front` bytes of headers (IPv6). */
export function cut(packet: Buffer, from: number, to: number, id: number, front = 40): Buffer {
  return packet[0]! >> 4 === 4 ? cut4(packet, from, to, id) : cut6(packet, from, to, id, front);
}

function cut4(packet: Buffer, from: number, to: number, id: number): Buffer {
  const size = (packet[0]! & 15) * 4;
  const end = Math.min(size + to, packet.length);
  const piece = Buffer.concat([packet.subarray(0, size), packet.subarray(size + from, end)]);
  piece.writeUInt16BE(piece.length, 2);
  piece.writeUInt16BE(id, 4);
  piece.writeUInt16BE((from >> 3) | (end < packet.length ? 0x2000 : 0), 6);
  piece.writeUInt16BE(0, 10);
  piece.writeUInt16BE(checksum(piece.subarray(0, size)), 10);
  return piece;
}

function cut6(packet: Buffer, from: number, to: number, id: number, front: number): Buffer {
  let field = 6;
  for (let at = 40; at < front; at += (packet[at + 1]! + 1) * 8) field = at;
  const end = Math.min(front + to, packet.length);
  const header = Buffer.alloc(8);
  header[0] = packet[field]!;
  header.writeUInt16BE(from | (end < packet.length ? 1 : 0), 2);
  header.writeUInt32BE(id, 4);
  const data = packet.subarray(front + from, end);
  const piece = Buffer.concat([packet.subarray(0, front), header, data]);
  piece[field] = 44;
  piece.writeUInt16BE(piece.length - 40, 4);
  return piece;
}

interface Piece {
  readonly id: number;
  readonly offset: number;
  readonly more: boolean;
  readonly header: Buffer;
  readonly data: Buffer;
}

function piece4(bytes: Buffer): Piece {
  const size = (bytes[0]! & 15) * 4;
  assert.is(checksum(bytes.subarray(0, size)), 0);
  assert.is(bytes.readUInt16BE(2), bytes.length);
  const field = bytes.readUInt16BE(6);
  assert.is(field & 0x4000, 0, 'DF');
  const header = Buffer.from(bytes.subarray(0, size));
  const [offset, more] = [(field & 0x1fff) * 8, (field & 0x2000) !== 0];
  return { id: bytes.readUInt16BE(4), offset, more, header, data: bytes.subarray(size) };
}

function piece6(bytes: Buffer): Piece {
  assert.is(bytes.readUInt16BE(4), bytes.length - 40);
  let [at, field] = [40, 6];
  while (bytes[field] !== 44) {
    field = at;
    at += (bytes[at + 1]! + 1) * 8;
  }
  const header = Buffer.from(bytes.subarray(0, at));
  header[field] = bytes[at]!;
  const bits = bytes.readUInt16BE(at + 2);
  const data = bytes.subarray(at + 8);
  return {
    id: bytes.readUInt32BE(at + 4),
    offset: bits & ~7,
    more: (bits & 1) === 1,
    header,
    data,
  };
}

/** What west sent, together again, to east; what its TUN gets. */
export function deliver(
  pair: Hosts,
  messages: readonly Message[],
  pathMtu: number,
): { pieces: number; tun: Buffer[] } {
  const [from, to] = [WEST[pair.family], EAST[pair.family]];
  if (messages.length === 0) return { pieces: 0, tun: [] };
  // under UDP the kernel cuts
  const ours = messages.filter(({ port }) => port !== PORT_UDP4_4500);
  assert.ok(ours.every(({ bytes }) => bytes.length <= pathMtu));
  const whole = messages.length === 1 ? messages[0]!.bytes : reassembled(messages);
  const raw = pair.family === 4 ? PORT_BYPASS4 : PORT_BYPASS6;
  const port = messages[0]!.port === PORT_UDP4_4500 ? PORT_UDP4_4500 : raw;
  const arrived = arrive({ ...messages[0]!, port, bytes: whole }, from, to);
  const { tun } = pair.east.inbound(arrived.port, [arrived.received]);
  return { pieces: messages.length, tun };
}

/** Without what fragments change. */
export function comparable(packet: Buffer): Buffer {
  const copy = Buffer.from(packet);
  if (copy[0]! >> 4 !== 4) return copy;
  copy.fill(0, 6, 8);
  copy.fill(0, 10, 12);
  return copy;
}
