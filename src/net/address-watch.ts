// Says when addresses or routes of this host may have changed: the kernel tells it on a netlink socket,
// which is looked into a few times a second. What has changed the listener finds out itself; a queue
// that overflowed has only lost what would have said the same.
import { allocate, bindSocket, check, close, errno, recv, socket, SystemError } from './libc.js';
import {
  AF_NETLINK,
  EAGAIN,
  EINTR,
  ENOBUFS,
  MSG_DONTWAIT,
  NETLINK_ROUTE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
} from './linux.js';

const INTERVAL_MS = 250;
const SUBJECT = 'an rtnetlink socket for changes of addresses';
const SOCKADDR_NL = 12; // u16 family, u16 0, u32 port, u32 groups
// linux/rtnetlink.h: RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE
const GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

export class AddressWatch {
  readonly #fd: number;
  readonly #buffer = allocate(16_384);
  readonly #timer: NodeJS.Timeout;

  constructor(onChange: () => void) {
    const flags = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
    this.#fd = check(socket(AF_NETLINK, flags, NETLINK_ROUTE), 'socket', SUBJECT);
    const name = allocate(SOCKADDR_NL);
    name.view.setUint16(0, AF_NETLINK, true);
    name.view.setUint32(8, GROUPS, true);
    check(bindSocket(this.#fd, name.at, SOCKADDR_NL), 'bind', SUBJECT);
    this.#timer = setInterval(() => {
      if (this.#drain()) onChange();
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    close(this.#fd);
  }

  /** Whether anything was there. */
  #drain(): boolean {
    for (let any = false; ; any = true) {
      const got = recv(this.#fd, this.#buffer.at, this.#buffer.bytes.length, MSG_DONTWAIT);
      const code = got < 0 ? errno() : 0;
      if (code === EAGAIN) return any;
      if (got < 0 && code !== EINTR && code !== ENOBUFS) {
        throw new SystemError('recv', SUBJECT, code);
      }
    }
  }
}
