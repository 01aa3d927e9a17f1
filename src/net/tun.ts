// The TUN device: one queue per worker, packets without a header of their own (IFF_NO_PI). The next
// step for speed is IFF_VNET_HDR with TUNSETOFFLOAD, set between TUNSETIFF and the first read.
import { addressOf, allocate, check, close, ioctl, open } from './libc.js';
import { linkIndex, setLink } from './links.js';
import {
  IFF_MULTI_QUEUE,
  IFF_NO_PI,
  IFF_TUN,
  IFNAMSIZ,
  IFREQ_BYTES,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  TUNSETIFF,
} from './linux.js';
import { Netlink } from './netlink.js';
import { writeSysctl } from './sysctl.js';

// IPv6 needs 1280; a receive slot (layout.ts, SLOT) holds a packet of 9000.
const MIN_MTU = 576;
const MAX_MTU = 9000;
const DEVICE = '/dev/net/tun';
const MISSING = `load the module (modprobe tun) or pass the device into the container`;
const OPEN_ADVICE = { ENOENT: MISSING, ENODEV: MISSING, ENXIO: MISSING };
const ATTACH_ADVICE = {
  EBUSY: 'another process holds a device of this name; choose another `tun` name',
  EINVAL: 'an interface of this name exists and is no multi-queue TUN; choose another `tun` name',
};

export interface Tun {
  readonly name: string;
  readonly index: number;
  /** One queue per worker, non-blocking. */
  readonly fds: readonly number[];
  /** Closes all queues; the kernel then removes the device with its routes. */
  close(): void;
}

export interface TunOptions {
  readonly name: string;
  readonly queues: number;
  readonly mtu: number;
}

/** Makes the device in the calling thread's network namespace and brings it up. */
export function openTun({ name, queues, mtu }: TunOptions): Tun {
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(name)) {
    throw new Error(`TUN name '${name}': expected 1 to ${IFNAMSIZ - 1} letters, digits, '-_.'`);
  }
  if (!(mtu >= MIN_MTU && mtu <= MAX_MTU)) {
    throw new Error(`TUN MTU ${mtu}: expected ${MIN_MTU} to ${MAX_MTU}`);
  }
  const fds: number[] = [];
  const closeAll = (): void => {
    for (const fd of fds.splice(0)) close(fd);
  };
  try {
    for (let queue = 0; queue < queues; queue++) fds.push(openQueue(name));
    quietIpv6(name);
    const netlink = new Netlink();
    try {
      setLink(netlink, name, { mtu, up: true });
      return { name, index: linkIndex(netlink, name), fds: [...fds], close: closeAll };
    } finally {
      netlink.close();
    }
  } catch (error) {
    closeAll();
    throw error;
  }
}

function openQueue(name: string): number {
  const fd = check(open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC), 'open', DEVICE, OPEN_ADVICE);
  const request = allocate(IFREQ_BYTES);
  request.bytes.set(new TextEncoder().encode(name));
  request.view.setUint16(IFNAMSIZ, IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE, true);
  try {
    check(ioctl(fd, TUNSETIFF, addressOf(request.bytes)), 'TUNSETIFF', name, ATTACH_ADVICE);
  } catch (error) {
    close(fd);
    throw error;
  }
  return fd;
}

/**
 * No link-local address and no router solicitations: nobody on the other end speaks them, and each
 * would count as a packet without a policy. Where /proc is read-only that noise is the only harm.
 */
function quietIpv6(name: string): void {
  for (const [key, value] of [
    ['addr_gen_mode', '1'],
    ['accept_ra', '0'],
    ['autoconf', '0'],
    ['router_solicitations', '0'],
  ] as const) {
    writeSysctl(`ipv6/conf/${name}/${key}`, value);
  }
}
