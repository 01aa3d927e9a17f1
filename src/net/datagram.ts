// Sends one IKE message from a given local address (IP_PKTINFO) and port, with the non-ESP marker on
// the NAT traversal port (RFC 3948 §2.2). Used by the main thread only; data packets never pass here.
import { addressText, domainOf, familyOf, sameBytes } from './addressing.js';
import { allocate, errno, SystemError, sendmsg } from './libc.js';
import {
  EAGAIN,
  EINTR,
  IP_PKTINFO,
  IPV6_PKTINFO,
  MSG_DONTWAIT,
  SOL_IP,
  SOL_IPV6,
} from './linux.js';
import { PORT_BYPASS4, PORT_BYPASS6 } from '../contract/ids.js';
import { fragmentsOf } from './small.js';
import type { SocketSet } from './sockets.js';

export interface NetEndpoint {
  readonly address: Uint8Array;
  readonly port: number;
}

const MARKER = 4;
const KEEPALIVE = 0xff;
const MAX_MESSAGE = 65535;
// One message at a time: struct msghdr, iovec, sockaddr and control message, laid out once.
const MSG = 0;
const IOV = 64;
const NAME = 80;
const CONTROL = 112;
const BODY = 256;
const block = allocate(BODY + MARKER + MAX_MESSAGE);
const unspecified = { 4: new Uint8Array(4), 6: new Uint8Array(16) };
const ADVICE = {
  ENETUNREACH: 'this host has no route to the peer',
  EHOSTUNREACH: 'the peer cannot be reached',
  EADDRNOTAVAIL: 'the local address is not on this host',
  EINVAL: 'the local address is not on this host, or the remote port is 0',
  EPERM: 'a firewall on this host refuses the packet',
};

/**
 * Sends `bytes`, of a given size or as the kernel thinks fit; an unspecified local address leaves the
 * choice to the kernel. Throws a SystemError where the kernel refuses; a full send buffer is a loss that
 * retransmission repairs, not an error.
 */
export function sendIke(
  set: SocketSet,
  local: NetEndpoint,
  remote: NetEndpoint,
  bytes: Uint8Array,
  size?: 'whole' | 'small',
): void {
  const subject = `IKE message to ${addressText(remote.address)} port ${remote.port}`;
  if (bytes.length > MAX_MESSAGE) throw new Error(`${subject}: ${bytes.length} bytes are too many`);
  const marker = local.port === set.nattPort ? MARKER : 0;
  block.bytes.fill(0, 0, BODY + MARKER);
  block.bytes.set(bytes, BODY + marker);
  const length = marker + bytes.length;
  if (size === 'small') sendSmall(set, local, remote, length, subject);
  else sendBody(set, local, remote, length, subject, size === 'whole');
}

/** The datagram in the block, in fragments that pass anywhere. */
function sendSmall(
  set: SocketSet,
  local: NetEndpoint,
  remote: NetEndpoint,
  length: number,
  subject: string,
): void {
  const family = familyOf(remote.address);
  const fd = set.workers[0]![family === 4 ? PORT_BYPASS4 : PORT_BYPASS6]!;
  if (fd < 0) throw new Error(`${subject}: this host has no IPv${family}`);
  const data = block.bytes.slice(BODY, BODY + length);
  for (const packet of fragmentsOf(local, remote, data)) {
    block.bytes.fill(0, 0, BODY);
    block.bytes.set(packet, BODY);
    // a raw socket wants port 0 (raw(7), ipv6(7))
    layName({ address: remote.address, port: 0 }, family);
    layMessage(family, packet.length);
    transmit(fd, subject);
  }
}

/** Keeps the mapping of a NAT before us alive: one byte 0xff, no marker (RFC 3948 §2.3). */
export function sendKeepalive(set: SocketSet, local: NetEndpoint, remote: NetEndpoint): void {
  block.bytes.fill(0, 0, BODY);
  block.bytes[BODY] = KEEPALIVE;
  sendBody(set, local, remote, 1, `NAT keepalive to ${addressText(remote.address)}`);
}

function sendBody(
  set: SocketSet,
  local: NetEndpoint,
  remote: NetEndpoint,
  length: number,
  subject: string,
  whole = false,
): void {
  const family = familyOf(remote.address);
  if (local.port !== set.nattPort && local.port !== set.ikePort) {
    throw new Error(`${subject}: local port ${local.port} is not ours`);
  }
  const sending = (whole ? set.whole : set.ike)[family];
  const fd = sending[local.port === set.nattPort ? 'natt' : 'ike'];
  if (fd < 0) throw new Error(`${subject}: this host has no IPv${family}`);
  layName(remote, family);
  layMessage(family, length);
  if (!sameBytes(local.address, unspecified[family])) {
    pointer(MSG + 32, block.at + CONTROL);
    pointer(MSG + 40, layPacketInfo(local.address, family));
  }
  transmit(fd, subject);
}

const pointer = (offset: number, value: number): void =>
  block.view.setBigUint64(offset, BigInt(value), true);

/** struct msghdr {name, namelen, iov, iovlen, control, controllen} and its one iovec. */
function layMessage(family: 4 | 6, length: number): void {
  const { view, at } = block;
  pointer(IOV, at + BODY);
  pointer(IOV + 8, length);
  pointer(MSG, at + NAME);
  view.setUint32(MSG + 8, family === 4 ? 16 : 28, true);
  pointer(MSG + 16, at + IOV);
  pointer(MSG + 24, 1);
}

function transmit(fd: number, subject: string): void {
  while (sendmsg(fd, block.at + MSG, MSG_DONTWAIT) < 0) {
    const number = errno();
    if (number === EINTR) continue;
    if (number === EAGAIN) return;
    throw new SystemError('sendmsg', subject, number, ADVICE);
  }
}

function layName({ address, port }: NetEndpoint, family: 4 | 6): void {
  block.view.setUint16(NAME, domainOf(family), true);
  block.view.setUint16(NAME + 2, port);
  block.bytes.set(address, NAME + (family === 4 ? 4 : 8));
}

/** struct cmsghdr {u64 length, i32 level, i32 type} and in_pktinfo or in6_pktinfo; their space. */
function layPacketInfo(local: Uint8Array, family: 4 | 6): number {
  const { view, bytes } = block;
  const data = CONTROL + 16;
  const length = family === 4 ? 12 : 20;
  view.setBigUint64(CONTROL, BigInt(16 + length), true);
  view.setInt32(CONTROL + 8, family === 4 ? SOL_IP : SOL_IPV6, true);
  view.setInt32(CONTROL + 12, family === 4 ? IP_PKTINFO : IPV6_PKTINFO, true);
  // in_pktinfo is {i32 interface, local, destination}: the second field picks the source.
  bytes.set(local, family === 4 ? data + 4 : data);
  return 16 + (family === 4 ? 16 : 24);
}
