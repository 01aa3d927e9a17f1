// Every socket of the gateway, opened by the main thread and handed to workers as numbers: file
// descriptors belong to the process, so a worker that dies loses none of them.
//   UDP 4500   one per worker and family, a reuseport group steered by the SPI's low bits
//   UDP 500    one per family, read by worker 0
//   ESP        one raw socket per worker and family that takes only that worker's SPIs
//   AH         the same; it only receives, since an AH covers the IP header it leaves with
//   bypass     send only, for packets with a header of their own
//   IKE        send only, main's; last in its reuseport group, so that nothing is steered to it
//   whole      the same, for messages that are not to be fragmented
//   errors     never used: they make the kernel heed ICMPv6 errors about raw ESP and AH
//   fragmenting  send only, shared by the workers: main's UDP 4500 and a raw ESP socket, for the packets
//              that must leave though the path is too narrow for them; AH leaves by bypass and has none
import {
  PORT_AH4,
  PORT_AH6,
  PORT_BYPASS4,
  PORT_BYPASS6,
  PORT_COUNT,
  PORT_ESP4,
  PORT_ESP6,
  PORT_UDP4_500,
  PORT_UDP4_4500,
  PORT_UDP6_500,
  PORT_UDP6_4500,
} from '../contract/ids.js';
import { domainOf } from './addressing.js';
import { attachProgram, steerBySpi, steerToFirst, takeNothing, takeSpis } from './bpf.js';
import { allocate, bindSocket, check, close, SystemError, socket } from './libc.js';
import * as linux from './linux.js';
import { setBuffers, setOption, tryOption } from './socket-options.js';

export interface SocketOptions {
  readonly workers: number;
  /** SO_MARK of everything we send; the rule that lets it past our own policy routing. */
  readonly mark: number;
  /** Default 500 and 4500. */
  readonly ikePort?: number;
  readonly nattPort?: number;
  /** Whether the kernel may join datagrams that come in (UDP_GRO). */
  readonly offload?: boolean;
}

/** Descriptors, -1 for none. */
export interface Sending {
  readonly ike: number;
  readonly natt: number;
}

export interface SocketSet {
  /** A row per worker, a column per PORT_*; -1 where the worker has none. */
  readonly workers: readonly (readonly number[])[];
  /** Main's sending sockets: [family 4 or 6][ike or natt]. */
  readonly ike: Readonly<Record<4 | 6, Sending>>;
  /** Main's too, for messages that must not be fragmented, whatever the kernel knows of the path. */
  readonly whole: Readonly<Record<4 | 6, Sending>>;
  /** Per PORT_*: where a packet goes that the worker's own socket refuses as too large; -1: nowhere. */
  readonly fragmenting: readonly number[];
  readonly ikePort: number;
  readonly nattPort: number;
  /** What could not be had and is not essential, in sentences for the log. */
  readonly warnings: readonly string[];
  close(): void;
}

const BUFFER_BYTES = 7 * 1024 * 1024; // notes/performance.md §4.5
const SOCKADDR_IN6 = 28;
const AH_SPI = 4; // RFC 4302 §2: behind next header, length and two reserved bytes
const PORTS = {
  4: {
    natt: PORT_UDP4_4500,
    ike: PORT_UDP4_500,
    esp: PORT_ESP4,
    ah: PORT_AH4,
    bypass: PORT_BYPASS4,
  },
  6: {
    natt: PORT_UDP6_4500,
    ike: PORT_UDP6_500,
    esp: PORT_ESP6,
    ah: PORT_AH6,
    bypass: PORT_BYPASS6,
  },
} as const;

/** Opens everything in the calling thread's network namespace. */
export function openSockets(options: SocketOptions): SocketSet {
  const { workers, ikePort = 500, nattPort = 4500, offload = true } = options;
  const rows = Array.from({ length: workers }, () => new Array<number>(PORT_COUNT).fill(-1));
  const none = () => ({ 4: { ike: -1, natt: -1 }, 6: { ike: -1, natt: -1 } });
  const ike = none();
  const whole = none();
  const fragmenting = new Array<number>(PORT_COUNT).fill(-1);
  const warnings: string[] = [];
  const fds: number[] = [];
  const opened: Context = {
    options: { ...options, ikePort, nattPort, offload },
    fds,
    rows,
    ike,
    whole,
    fragmenting,
  };
  const closeAll = (): void => {
    for (const fd of fds.splice(0)) close(fd);
  };
  try {
    openFamily(4, opened);
    try {
      openFamily(6, opened);
    } catch (error) {
      if (!(error instanceof SystemError && error.code === 'EAFNOSUPPORT')) throw error;
      warnings.push('this host has no IPv6: peers with IPv6 addresses cannot be reached');
    }
  } catch (error) {
    closeAll();
    throw error;
  }
  return { workers: rows, ike, whole, fragmenting, ikePort, nattPort, warnings, close: closeAll };
}

interface Context {
  readonly options: Required<SocketOptions>;
  readonly fds: number[];
  readonly rows: number[][];
  readonly ike: Record<4 | 6, { ike: number; natt: number }>;
  readonly whole: Record<4 | 6, { ike: number; natt: number }>;
  readonly fragmenting: number[];
}

function openFamily(family: 4 | 6, context: Context): void {
  const { options, rows, ike, whole, fragmenting } = context;
  const { workers } = options;
  const port = PORTS[family];
  // The order of binding is the index in the reuseport group, which the program returns.
  for (const row of rows) row[port.natt] = openUdp(family, options.nattPort, 'worker', context);
  ike[family].natt = openUdp(family, options.nattPort, 'fragmenting', context);
  attachProgram(rows[0]![port.natt]!, linux.SO_ATTACH_REUSEPORT_CBPF, steerBySpi(workers));
  rows[0]![port.ike] = openUdp(family, options.ikePort, 'worker', context);
  ike[family].ike = openUdp(family, options.ikePort, 'fragmenting', context);
  attachProgram(rows[0]![port.ike]!, linux.SO_ATTACH_REUSEPORT_CBPF, steerToFirst());
  whole[family].natt = openUdp(family, options.nattPort, 'whole', context);
  whole[family].ike = openUdp(family, options.ikePort, 'whole', context);
  rows.forEach((row, worker) => {
    row[port.esp] = openEsp(family, worker, context);
    row[port.ah] = openAh(family, worker, context);
    row[port.bypass] = openBypass(family, context);
  });
  fragmenting[port.natt] = ike[family].natt;
  fragmenting[port.esp] = openFragmentingEsp(family, context);
  if (family === 4) return; // there every raw socket of a protocol hears its errors
  openErrorListener(linux.IPPROTO_ESP, context);
  // for the kernel AH is an extension header: an error is about what stands behind it, in tunnel mode
  openErrorListener(linux.IPPROTO_IPIP, context);
  openErrorListener(linux.IPPROTO_IPV6, context);
}

/** A worker's socket never fragments; main's and the workers' last resort do, and receive nothing. */
type SocketUser = 'worker' | 'fragmenting' | 'whole';

function openUdp(family: 4 | 6, port: number, user: SocketUser, context: Context): number {
  const subject = `UDP port ${port} (IPv${family})`;
  const fd = openSocket(family, linux.SOCK_DGRAM, linux.IPPROTO_UDP, subject, context);
  setOption(fd, 'SO_REUSEPORT', 1, subject);
  if (family === 6) setOption(fd, 'IPV6_V6ONLY', 1, subject);
  setPathMtu(fd, family, user, subject);
  if (user !== 'worker') attachProgram(fd, linux.SO_ATTACH_FILTER, takeNothing());
  else {
    askForControl(fd, family, subject);
    // One message may then bring many datagrams; a kernel before 5.0 goes on giving them singly.
    if (context.options.offload && port !== context.options.ikePort) tryOption(fd, 'UDP_GRO', 1);
  }
  const name = allocate(SOCKADDR_IN6);
  name.view.setUint16(0, domainOf(family), true);
  name.view.setUint16(2, port);
  check(bindSocket(fd, name.at, family === 4 ? 16 : SOCKADDR_IN6), 'bind', subject, {
    EADDRINUSE:
      'another IKE daemon holds the port (charon, pluto, racoon, a second culvert): stop it',
    EACCES: 'ports below 1024 need root or CAP_NET_BIND_SERVICE',
  });
  return fd;
}

/** A raw socket is live from its birth: what comes before the filter finds no SA in the worker. */
function openEsp(family: 4 | 6, worker: number, context: Context): number {
  const subject = `raw ESP socket (IPv${family})`;
  const fd = openSocket(family, linux.SOCK_RAW, linux.IPPROTO_ESP, subject, context);
  attachProgram(fd, linux.SO_ATTACH_FILTER, takeSpis(family, worker, context.options.workers));
  setPathMtu(fd, family, 'worker', subject);
  askForControl(fd, family, subject);
  if (family === 6) askForHeaders(fd, subject);
  return fd;
}

/**
 * An IPv6 raw socket shows no headers. The kernel is asked for each: AH's ICV covers them, and transport
 * mode puts them back.
 */
function openAh(family: 4 | 6, worker: number, context: Context): number {
  const subject = `raw AH socket (IPv${family})`;
  const fd = openSocket(family, linux.SOCK_RAW, linux.IPPROTO_AH, subject, context);
  const program = takeSpis(family, worker, context.options.workers, AH_SPI);
  attachProgram(fd, linux.SO_ATTACH_FILTER, program);
  askForControl(fd, family, subject);
  if (family === 6) askForHeaders(fd, subject);
  return fd;
}

function askForHeaders(fd: number, subject: string): void {
  for (const name of ['IPV6_RECVHOPOPTS', 'IPV6_RECVRTHDR', 'IPV6_RECVDSTOPTS'] as const) {
    setOption(fd, name, 1, subject);
  }
}

function openFragmentingEsp(family: 4 | 6, context: Context): number {
  const subject = `raw ESP socket for fragments (IPv${family})`;
  const fd = openSocket(family, linux.SOCK_RAW, linux.IPPROTO_ESP, subject, context);
  attachProgram(fd, linux.SO_ATTACH_FILTER, takeNothing());
  setPathMtu(fd, family, 'fragmenting', subject);
  return fd;
}

/**
 * The kernel takes an ICMPv6 "packet too big" about a raw packet to heart only where some socket of its
 * protocol wants to read such errors (IPV6_RECVERR). None of ours does: they would be queued before the
 * data and fail the next send. So this one asks for them and is never used; its small queue stays full.
 */
function openErrorListener(protocol: number, context: Context): void {
  const subject = `raw socket for errors about protocol ${protocol} (IPv6)`;
  const fd = openSocket(6, linux.SOCK_RAW, protocol, subject, context);
  attachProgram(fd, linux.SO_ATTACH_FILTER, takeNothing());
  setOption(fd, 'IPV6_RECVERR', 1, subject);
  setOption(fd, 'SO_RCVBUF', 1, subject); // the kernel's minimum
}

/** IPPROTO_RAW implies IP_HDRINCL and receives nothing (raw(7)). */
function openBypass(family: 4 | 6, context: Context): number {
  const subject = `raw sending socket (IPv${family})`;
  const fd = openSocket(family, linux.SOCK_RAW, linux.IPPROTO_RAW, subject, context);
  if (family === 6) setOption(fd, 'IPV6_HDRINCL', 1, subject);
  return fd;
}

function openSocket(
  family: 4 | 6,
  type: number,
  protocol: number,
  subject: string,
  { options, fds }: Context,
): number {
  const flags = type | linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC;
  const fd = check(socket(domainOf(family), flags, protocol), 'socket', subject);
  fds.push(fd);
  setOption(fd, 'SO_MARK', options.mark, `mark of ${subject}`);
  setBuffers(fd, BUFFER_BYTES, subject);
  return fd;
}

/**
 * Worker: DO. Outer packets carry DF and the kernel never fragments them; when it has learned of a
 * smaller path it refuses with EMSGSIZE, which tells the worker at once (PROBE would send into the
 * void, INTERFACE would clear DF). Fragmenting: WANT, fragments of the size the kernel has learned. An
 * IKE message with certificates may be larger than the path, and so may an ESP packet whose sender
 * cannot make it smaller; a fragmented one is better than none (RFC 2473 §7.1). Whole: PROBE, whatever
 * the kernel has learned.
 */
function setPathMtu(fd: number, family: 4 | 6, user: SocketUser, subject: string): void {
  const mode = {
    worker: linux.IP_PMTUDISC_DO,
    fragmenting: linux.IP_PMTUDISC_WANT,
    whole: linux.IP_PMTUDISC_PROBE,
  }[user];
  if (family === 4) {
    setOption(fd, 'IP_MTU_DISCOVER', mode, subject);
    return;
  }
  setOption(fd, 'IPV6_MTU_DISCOVER', mode, subject);
  setOption(fd, 'IPV6_DONTFRAG', user === 'fragmenting' ? 0 : 1, subject);
}

/** Which of our addresses a packet came to, and its ECN bits (RFC 6040). */
function askForControl(fd: number, family: 4 | 6, subject: string): void {
  setOption(fd, family === 4 ? 'IP_PKTINFO' : 'IPV6_RECVPKTINFO', 1, subject);
  setOption(fd, family === 4 ? 'IP_RECVTOS' : 'IPV6_RECVTCLASS', 1, subject);
}
