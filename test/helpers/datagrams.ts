// Sockets of the other end, for tests: bound, sending and receiving synchronously through libc.
import { addressText, domainOf, familyOf } from '../../src/net/addressing.js';
import { allocate, bindSocket, check, close, poll, recv, sendto } from '../../src/net/libc.js';
import { socket } from '../../src/net/libc.js';
import { POLLIN, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from '../../src/net/linux.js';

function sockaddr(address: Uint8Array, port: number): ReturnType<typeof allocate> {
  const family = familyOf(address);
  const name = allocate(family === 4 ? 16 : 28);
  name.view.setUint16(0, domainOf(family), true);
  name.view.setUint16(2, port);
  name.bytes.set(address, family === 4 ? 4 : 8);
  return name;
}

export class TestSocket {
  readonly fd: number;

  /** Of the calling thread's namespace. */
  constructor(address: Uint8Array, port: number, type = SOCK_DGRAM, protocol = 0) {
    const subject = `test socket ${addressText(address)} ${port}`;
    const domain = domainOf(familyOf(address));
    this.fd = check(
      socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
      'socket',
      subject,
    );
    const name = sockaddr(address, port);
    check(bindSocket(this.fd, name.at, name.bytes.length), 'bind', subject);
  }

  send(address: Uint8Array, port: number, bytes: Uint8Array): void {
    const subject = `${bytes.length} bytes to ${addressText(address)}`;
    check(sendFrom(this.fd, address, port, bytes), 'sendto', subject);
  }

  /** The next datagram, or undefined where none comes. */
  receive(timeoutMs = 2000): Uint8Array | undefined {
    return receiveFrom(this.fd, timeoutMs);
  }

  close(): void {
    close(this.fd);
  }
}

/** Sends one datagram; what sendto(2) returns. */
export function sendFrom(fd: number, to: Uint8Array, port: number, bytes: Uint8Array): number {
  const body = allocate(bytes.length);
  body.bytes.set(bytes);
  const name = sockaddr(to, port);
  return sendto(fd, body.at, bytes.length, 0, name.at, name.bytes.length);
}

/** Waits for a descriptor to be readable, then reads one message from a socket. */
export function receiveFrom(fd: number, timeoutMs = 2000): Uint8Array | undefined {
  if (!readable(fd, timeoutMs)) return undefined;
  const buffer = allocate(65536);
  const length = recv(fd, buffer.at, buffer.bytes.length, 0);
  return length < 0 ? undefined : buffer.bytes.slice(0, length);
}

export function readable(fd: number, timeoutMs = 2000): boolean {
  return firstReadable([fd], timeoutMs) === 0;
}

/** The index of the first descriptor with something to read, -1 where the time passes. */
export function firstReadable(fds: readonly number[], timeoutMs = 2000): number {
  const set = allocate(8 * fds.length);
  fds.forEach((fd, index) => {
    set.view.setInt32(8 * index, fd, true);
    set.view.setInt16(8 * index + 4, POLLIN, true);
  });
  if (poll(set.at, fds.length, timeoutMs) <= 0) return -1;
  return fds.findIndex((_, index) => set.view.getInt16(8 * index + 6, true) !== 0);
}
