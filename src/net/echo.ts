// ICMP echo (RFC 792, RFC 4443 §4.1) from the calling thread's network namespace: what ping(8) does,
// for the demo and for tests on machines that have no ping.
import { addressText, domainOf, familyOf } from './addressing.js';
import { allocate, bindSocket, check, close, errno, poll, recv, sendto, socket } from './libc.js';
import { EAGAIN, IPPROTO_ICMP, IPPROTO_ICMPV6, POLLIN, SOCK_CLOEXEC, SOCK_RAW } from './linux.js';

export interface EchoOptions {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly count: number;
  /** Payload bytes after the eight of the ICMP header. */
  readonly size?: number;
  /** How long to wait for each reply. */
  readonly timeoutMs?: number;
}

export interface EchoResult {
  readonly sent: number;
  readonly received: number;
  /** Round trips in milliseconds, in order of arrival. */
  readonly times: readonly number[];
}

const HEADER = 8;
const REQUEST = { 4: 8, 6: 128 } as const;
const REPLY = { 4: 0, 6: 129 } as const;
const PATTERN = 0x5a;

/** Sends `count` echo requests, one after another, and waits for each reply. */
export function ping({ from, to, count, size = 56, timeoutMs = 1000 }: EchoOptions): EchoResult {
  const family = familyOf(to);
  const protocol = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  const subject = `ICMP echo to ${addressText(to)}`;
  const domain = domainOf(family);
  const fd = check(socket(domain, SOCK_RAW | SOCK_CLOEXEC, protocol), 'socket', subject);
  const identifier = process.pid & 0xffff;
  const times: number[] = [];
  try {
    const source = sockaddr(from);
    check(bindSocket(fd, source.at, source.bytes.length), 'bind', subject);
    for (let sequence = 1; sequence <= count; sequence++) {
      const started = performance.now();
      transmit(fd, to, request(family, identifier, sequence, size), subject);
      if (awaitReply(fd, { family, identifier, sequence, size }, timeoutMs)) {
        times.push(performance.now() - started);
      }
    }
  } finally {
    close(fd);
  }
  return { sent: count, received: times.length, times };
}

interface Expected {
  readonly family: 4 | 6;
  readonly identifier: number;
  readonly sequence: number;
  readonly size: number;
}

function request(family: 4 | 6, identifier: number, sequence: number, size: number): Uint8Array {
  const bytes = new Uint8Array(HEADER + size).fill(PATTERN, HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, REQUEST[family]);
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  // The kernel fills in the checksum of ICMPv6 (RFC 3542 §3.1), not of ICMP.
  if (family === 4) view.setUint16(2, checksum(bytes));
  return bytes;
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function sockaddr(address: Uint8Array): ReturnType<typeof allocate> {
  const family = familyOf(address);
  const name = allocate(family === 4 ? 16 : 28);
  name.view.setUint16(0, domainOf(family), true);
  name.bytes.set(address, family === 4 ? 4 : 8);
  return name;
}

function transmit(fd: number, to: Uint8Array, bytes: Uint8Array, subject: string): void {
  const name = sockaddr(to);
  const body = allocate(bytes.length);
  body.bytes.set(bytes);
  check(sendto(fd, body.at, bytes.length, 0, name.at, name.bytes.length), 'sendto', subject);
}

/** Reads until the expected reply is there with its whole pattern, or the time is up. */
function awaitReply(fd: number, expected: Expected, timeoutMs: number): boolean {
  const deadline = performance.now() + timeoutMs;
  const buffer = allocate(65536);
  const set = allocate(8);
  for (;;) {
    const left = Math.ceil(deadline - performance.now());
    if (left <= 0) return false;
    set.view.setInt32(0, fd, true);
    set.view.setInt16(4, POLLIN, true);
    if (poll(set.at, 1, left) <= 0) continue;
    const length = recv(fd, buffer.at, buffer.bytes.length, 0);
    if (length < 0 && errno() !== EAGAIN) return false;
    if (length > 0 && matches(buffer.bytes.subarray(0, length), expected)) return true;
  }
}

/** A raw IPv4 socket delivers the IP header as well; an IPv6 one does not. */
function matches(packet: Uint8Array, { family, identifier, sequence, size }: Expected): boolean {
  const icmp = family === 4 ? packet.subarray((packet[0]! & 15) * 4) : packet;
  if (icmp.length !== HEADER + size || icmp[0] !== REPLY[family]) return false;
  const view = new DataView(icmp.buffer, icmp.byteOffset, icmp.length);
  if (view.getUint16(4) !== identifier || view.getUint16(6) !== sequence) return false;
  return icmp.subarray(HEADER).every((byte) => byte === PATTERN);
}
