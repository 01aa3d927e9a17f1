// A UDP socket that belongs to one device: it hears what arrives there and nothing else.
import { allocate, bindSocket, check, close, setsockopt, socket } from './libc.js';
import { AF_INET, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from './linux.js';

const SOL_SOCKET = 1;
const [SO_REUSEADDR, SO_BROADCAST, SO_BINDTODEVICE] = [2, 6, 25];

/** IPv4, bound to `port` of any address; the caller closes the descriptor. */
export function openOnDevice(device: string, port: number): number {
  const subject = `a socket on port ${port} of ${device}`;
  const fd = check(
    socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    'socket',
    subject,
  );
  try {
    const one = allocate(4);
    one.view.setInt32(0, 1, true);
    for (const option of [SO_REUSEADDR, SO_BROADCAST]) {
      check(setsockopt(fd, SOL_SOCKET, option, one.at, 4), 'setsockopt', subject);
    }
    const name = allocate(16);
    name.bytes.set(new TextEncoder().encode(device).subarray(0, 15));
    check(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.at, 16), 'SO_BINDTODEVICE', subject);
    const address = allocate(16);
    address.view.setUint16(0, AF_INET, true);
    address.view.setUint16(2, port);
    check(bindSocket(fd, address.at, 16), 'bind', subject);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
