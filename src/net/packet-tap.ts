// Packets as they pass an interface, or all of them, for `culvert capture`: a packet socket with a
// filter in the kernel. It never blocks; what it is too slow for the kernel drops and counts.
import { attachProgram, takeAll, takeIpsec } from './bpf.js';
import {
  allocate,
  bindSocket,
  check,
  close,
  errno,
  getsockopt,
  recvmsg,
  socket,
  SystemError,
} from './libc.js';
import { linkIndex } from './links.js';
import * as linux from './linux.js';
import { Netlink } from './netlink.js';
import { setBuffers, setOption } from './socket-options.js';

export interface TappedPacket {
  /** From its IP header on. */
  readonly bytes: Uint8Array;
  /** Nanoseconds of Unix time, by the kernel's clock when it passed. */
  readonly at: bigint;
  readonly outbound: boolean;
}

const SNAP = 262_144;
const BUFFER = 4 * 1024 * 1024;
const SOCKADDR_LL = 20; // linux/if_packet.h: u16 family, be16 protocol, i32 index, u16, u8 type, …
const LL_TYPE = 10;
const PACKET_OUTGOING = 4;
const PACKET_STATISTICS = 6;
const SOL_PACKET = 263;
const CONTROL = 64; // one cmsghdr with a timespec of two i64
const CMSG_DATA = 16;
const NS = 1_000_000_000n;

export class PacketTap {
  readonly #fd: number;
  readonly #packet = allocate(SNAP);
  readonly #name = allocate(SOCKADDR_LL);
  readonly #control = allocate(CONTROL);
  readonly #vector = allocate(16);
  readonly #message = allocate(56); // struct msghdr of a 64-bit system
  #dropped = 0;

  /** A device: everything on it. Ports: ESP, AH and IKE on every interface. */
  constructor(what: string | readonly number[]) {
    const device = typeof what === 'string' ? what : undefined;
    const subject = device === undefined ? 'a packet socket' : `a packet socket on ${device}`;
    const type = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC;
    // Protocol 0 keeps it deaf until the filter stands.
    this.#fd = check(socket(linux.AF_PACKET, type, 0), 'socket', subject);
    try {
      attachProgram(
        this.#fd,
        linux.SO_ATTACH_FILTER,
        typeof what === 'string' ? takeAll() : takeIpsec(what),
      );
      setBuffers(this.#fd, BUFFER, subject);
      setOption(this.#fd, 'SO_TIMESTAMPNS', 1, subject);
      this.#bind(device, subject);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  #bind(device: string | undefined, subject: string): void {
    const address = allocate(SOCKADDR_LL);
    address.view.setUint16(0, linux.AF_PACKET, true);
    address.view.setUint16(2, linux.ETH_P_ALL);
    address.view.setInt32(4, device === undefined ? 0 : indexOf(device), true);
    check(bindSocket(this.#fd, address.at, SOCKADDR_LL), 'bind', subject);
  }

  /** What has passed since the last call, `most` at a time. */
  read(most: number): TappedPacket[] {
    const found: TappedPacket[] = [];
    while (found.length < most) {
      const length = this.#receive();
      if (length < 0) break;
      found.push({
        bytes: this.#packet.bytes.slice(0, length),
        at: this.#time(),
        outbound: this.#name.bytes[LL_TYPE] === PACKET_OUTGOING,
      });
    }
    return found;
  }

  #receive(): number {
    const { view } = this.#message;
    this.#vector.view.setBigUint64(0, BigInt(this.#packet.at), true);
    this.#vector.view.setBigUint64(8, BigInt(SNAP), true);
    view.setBigUint64(0, BigInt(this.#name.at), true);
    view.setUint32(8, SOCKADDR_LL, true);
    view.setBigUint64(16, BigInt(this.#vector.at), true);
    view.setBigUint64(24, 1n, true);
    view.setBigUint64(32, BigInt(this.#control.at), true);
    view.setBigUint64(40, BigInt(CONTROL), true);
    for (;;) {
      const length = recvmsg(this.#fd, this.#message.at, 0);
      if (length >= 0) return length;
      if (errno() === linux.EAGAIN || errno() === linux.ENETDOWN) return -1;
      if (errno() !== linux.EINTR) throw new SystemError('recvmsg', 'a capture', errno());
    }
  }

  #time(): bigint {
    const { view } = this.#control;
    return view.getBigInt64(CMSG_DATA, true) * NS + view.getBigInt64(CMSG_DATA + 8, true);
  }

  /** How many packets the kernel had to drop since the tap was made. */
  dropped(): number {
    const counts = allocate(8); // struct tpacket_stats: u32 packets, u32 drops; reading resets them
    const length = allocate(4);
    length.view.setUint32(0, 8, true);
    const result = getsockopt(this.#fd, SOL_PACKET, PACKET_STATISTICS, counts.at, length.at);
    check(result, 'getsockopt', 'a capture');
    this.#dropped += counts.view.getUint32(4, true);
    return this.#dropped;
  }

  close(): void {
    close(this.#fd);
  }
}

function indexOf(device: string): number {
  const netlink = new Netlink();
  try {
    return linkIndex(netlink, device);
  } finally {
    netlink.close();
  }
}
