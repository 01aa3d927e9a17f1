// The TUN device: one queue per worker, packets without a header of their own (IFF_NO_PI), or with
// offloads a virtio header before each: then one read brings a super-packet of up to 64 KiB that the
// host would have cut (TSO, USO), checksums not yet complete, and one write may give such a one back.
import { addressOf, allocate, check, close, ioctl, open, SystemError } from './libc.js';
import { linkIndex, listLinks, setLink } from './links.js';
import {
  IFF_MULTI_QUEUE,
  IFF_NO_PI,
  IFF_TUN,
  IFF_VNET_HDR,
  IFNAMSIZ,
  IFREQ_BYTES,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  TUN_F_CSUM,
  TUN_F_TSO4,
  TUN_F_TSO6,
  TUN_F_USO4,
  TUN_F_USO6,
  TUNSETIFF,
  TUNSETOFFLOAD,
  VNET_HEADER,
} from './linux.js';
import { Netlink } from './netlink.js';
import { writeSysctl } from './sysctl.js';

// IPv6 needs 1280; a transmit slot (layout.ts, SLOT) holds a packet of 9000.
const MIN_MTU = 576;
const MAX_MTU = 9000;
const DEVICE = '/dev/net/tun';
/**
 * Packets that wait in each queue, as many as Linux gives an Ethernet device. Its 500 for a TUN are
 * 2.5 ms of small packets: lost whenever another process has the core for longer.
 */
const QUEUE = 1000;
/** What the host may leave to us, the most first; each kernel takes one of them. */
const TSO = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
const LEVELS = [
  { flags: TSO | TUN_F_USO4 | TUN_F_USO6, uso: true, missing: undefined },
  { flags: TSO, uso: false, missing: 'UDP segmentation (Linux 6.2)' },
  { flags: TUN_F_CSUM, uso: false, missing: 'TCP and UDP segmentation' },
  { flags: 0, uso: false, missing: 'checksum and segmentation offload' },
] as const;
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
  /** Bytes of the virtio header before every packet, read or written; 0: there is none. */
  readonly header: number;
  /** Whether UDP super-packets may be written. */
  readonly uso: boolean;
  /** What the kernel would not do, in a sentence for the log. */
  readonly warning: string | undefined;
  /** Closes all queues; the kernel then removes the device with its routes. */
  close(): void;
}

export interface TunOptions {
  readonly name: string;
  readonly queues: number;
  readonly mtu: number;
  /** Whether to ask for super-packets. */
  readonly offload: boolean;
}

/** Makes the device in the calling thread's network namespace and brings it up. */
export function openTun({ name, queues, mtu, offload }: TunOptions): Tun {
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
    refuseHeld(name);
    const { first, ...format } = openFirst(name, offload);
    fds.push(first);
    const flags = format.header > 0 ? IFF_VNET_HDR : 0;
    while (fds.length < queues) fds.push(openQueue(name, flags));
    quietIpv6(name);
    const netlink = new Netlink();
    try {
      setLink(netlink, name, { mtu, up: true, queue: QUEUE });
      const index = linkIndex(netlink, name);
      return { name, index, fds: [...fds], ...format, close: closeAll };
    } finally {
      netlink.close();
    }
  } catch (error) {
    closeAll();
    throw error;
  }
}

/**
 * A second daemon of the same name: the kernel would give it queues of the running one's device
 * (IFF_MULTI_QUEUE), it would have half of the packets, and its stop would close the host for both.
 */
function refuseHeld(name: string): void {
  const netlink = new Netlink();
  try {
    const held = listLinks(netlink).some((link) => link.name === name && link.carrier);
    if (!held) return;
  } finally {
    netlink.close();
  }
  throw new Error(
    `${name} is in use: a running process holds it, a culvert of the same name perhaps, or it is ` +
      'no TUN device; stop that process, or choose another `tun` name',
  );
}

type Format = Pick<Tun, 'header' | 'uso' | 'warning'>;

/** The first queue makes the device and finds out what this kernel offers. */
function openFirst(name: string, offload: boolean): Format & { readonly first: number } {
  const plain: Format = { header: 0, uso: false, warning: undefined };
  if (!offload) return { first: openQueue(name, 0), ...plain };
  let first: number;
  try {
    first = openQueue(name, IFF_VNET_HDR);
  } catch (error) {
    // EINVAL also means a device of another kind: then the plain one is refused as well, in words.
    if (!(error instanceof SystemError && error.code === 'EINVAL')) throw error;
    const warning = lacks('virtio headers');
    return { first: openQueue(name, 0), ...plain, warning };
  }
  const level = LEVELS.find(({ flags }) => ioctl(first, TUNSETOFFLOAD, flags) === 0);
  const missing = level === undefined ? 'TUNSETOFFLOAD' : level.missing;
  const warning = missing === undefined ? undefined : lacks(missing);
  return { first, header: VNET_HEADER, uso: level?.uso ?? false, warning };
}

const lacks = (what: string): string =>
  `this kernel's TUN has no ${what}: we go on without, more slowly`;

function openQueue(name: string, more: number): number {
  const fd = check(open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC), 'open', DEVICE, OPEN_ADVICE);
  const request = allocate(IFREQ_BYTES);
  request.bytes.set(new TextEncoder().encode(name));
  request.view.setUint16(IFNAMSIZ, IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE | more, true);
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
