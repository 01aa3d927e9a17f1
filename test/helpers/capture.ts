// Watches an interface for packets of given networks in the clear: a packet socket with a filter in
// the kernel, so that only offenders are queued, and none while all is well.
import { addressText, type IpPrefix } from '../../src/net/addressing.js';
import { attachProgram, type Instruction } from '../../src/net/bpf.js';
import {
  allocate,
  bindSocket,
  check,
  close,
  errno,
  recv,
  SystemError,
  socket,
} from '../../src/net/libc.js';
import { linkIndex } from '../../src/net/links.js';
import * as linux from '../../src/net/linux.js';
import { Netlink } from '../../src/net/netlink.js';

const SOCKADDR_LL = 20;
const SNAP = 65536;
const FRAGMENT = 44;
const ALL = 0xffffffff;
const IPV4_SOURCE = 12;
const IPV6_SOURCE = 8;
const accept: Instruction = [linux.BPF_RET_K, 0, 0, ALL];
const reject: Instruction = [linux.BPF_RET_K, 0, 0, 0];

export class ClearCapture {
  readonly #fd: number;
  readonly #buffer = allocate(SNAP);
  readonly #seen: string[] = [];

  /** On interface `name` of the calling thread's namespace, both directions, from now on. */
  constructor(name: string, prefixes: readonly IpPrefix[]) {
    const subject = `a packet socket on ${name}`;
    // Protocol 0 keeps it deaf until the filter stands.
    const type = linux.SOCK_DGRAM | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC;
    this.#fd = check(socket(linux.AF_PACKET, type, 0), 'socket', subject);
    attachProgram(this.#fd, linux.SO_ATTACH_FILTER, takePrefixes(prefixes));
    const netlink = new Netlink();
    try {
      const address = allocate(SOCKADDR_LL); // struct sockaddr_ll: u16 family, be16 protocol, i32
      address.view.setUint16(0, linux.AF_PACKET, true);
      address.view.setUint16(2, linux.ETH_P_ALL);
      address.view.setInt32(4, linkIndex(netlink, name), true);
      check(bindSocket(this.#fd, address.at, SOCKADDR_LL), 'bind', subject);
    } finally {
      netlink.close();
    }
  }

  /** Every packet seen so far: `198.18.0.10 > 198.19.0.10 protocol 1, 84 bytes`. */
  packets(): readonly string[] {
    for (;;) {
      const length = recv(this.#fd, this.#buffer.at, SNAP, 0);
      if (length >= 0) this.#seen.push(describe(this.#buffer.bytes.subarray(0, length)));
      else if (errno() === linux.EAGAIN) return this.#seen;
      else if (errno() !== linux.EINTR) throw new SystemError('recv', 'a capture', errno());
    }
  }

  /** Ends the capture and says what it saw. */
  finish(): readonly string[] {
    const seen = this.packets();
    close(this.#fd);
    return seen;
  }
}

function describe(packet: Uint8Array): string {
  const four = packet[0]! >> 4 === 4;
  const [source, size, protocol] = four ? [12, 4, packet[9]] : [8, 16, packet[6]];
  // of an IPv6 fragment what its header names as well
  const inside = !four && protocol === FRAGMENT ? ` of ${packet[40]}` : '';
  const from = addressText(packet.subarray(source, source + size));
  const to = addressText(packet.subarray(source + size, source + 2 * size));
  return `${from} > ${to} protocol ${protocol}${inside}, ${packet.length} bytes`;
}

/** For a packet socket that sees IP headers first: keeps packets from or to one of the prefixes. */
function takePrefixes(prefixes: readonly IpPrefix[]): Instruction[] {
  return [...prefixes.flatMap(matchPrefix), reject];
}

function matchPrefix({ address, bits }: IpPrefix): Instruction[] {
  const four = address.length === 4;
  const version: Instruction[] = [
    [linux.BPF_LD_B_ABS, 0, 0, 0],
    [linux.BPF_ALU_RSH_K, 0, 0, 4],
  ];
  const source = four ? IPV4_SOURCE : IPV6_SOURCE;
  const checks = [source, source + address.length].map((at) => matchField(at, address, bits));
  const length = checks[0]!.length + checks[1]!.length;
  return [...version, [linux.BPF_JMP_JEQ_K, 0, length, four ? 4 : 6], ...checks.flat()];
}

/** Accepts where the field at `at` lies in the prefix, else falls through to what follows. */
function matchField(at: number, address: Uint8Array, bits: number): Instruction[] {
  const words = Math.ceil(bits / 32);
  const view = new DataView(address.buffer, address.byteOffset, address.length);
  const program: Instruction[] = [];
  for (let word = 0; word < words; word++) {
    const mask = bits >= 32 * (word + 1) ? ALL : (ALL << (32 * (word + 1) - bits)) >>> 0;
    const left = 3 * (words - word - 1) + 1; // instructions up to the end of this field's check
    program.push([linux.BPF_LD_W_ABS, 0, 0, at + 4 * word], [linux.BPF_ALU_AND_K, 0, 0, mask]);
    program.push([linux.BPF_JMP_JEQ_K, 0, left, (view.getUint32(4 * word) & mask) >>> 0]);
  }
  return [...program, accept];
}
