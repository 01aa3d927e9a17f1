// Packets that the kernel dropped because we did not read fast enough: at each socket, and at the TUN.
import { readFileSync } from 'node:fs';
import {
  PORT_AH4,
  PORT_AH6,
  PORT_ESP4,
  PORT_ESP6,
  PORT_UDP4_500,
  PORT_UDP4_4500,
  PORT_UDP6_500,
  PORT_UDP6_4500,
} from '../contract/ids.js';
import { allocate, getsockopt } from './libc.js';
import { SOL_SOCKET } from './linux.js';

export interface QueueDrops {
  readonly queue: string;
  readonly worker: number;
  readonly packets: number;
}

const QUEUES: readonly (readonly [name: string, port: number])[] = [
  ['udp-500', PORT_UDP4_500],
  ['udp-500-ipv6', PORT_UDP6_500],
  ['udp-4500', PORT_UDP4_4500],
  ['udp-4500-ipv6', PORT_UDP6_4500],
  ['esp', PORT_ESP4],
  ['esp-ipv6', PORT_ESP6],
  ['ah', PORT_AH4],
  ['ah-ipv6', PORT_AH6],
];

// asm-generic/socket.h, linux/sock_diag.h: nine u32, the last says how many were dropped
const SO_MEMINFO = 55;
const SK_MEMINFO_VARS = 9;
const SK_MEMINFO_DROPS = 8;

const info = allocate(SK_MEMINFO_VARS * 4);
const length = allocate(4);

/** A row for each socket that a worker reads. */
export function socketDrops(workers: readonly (readonly number[])[]): QueueDrops[] {
  return workers.flatMap((fds, worker) =>
    QUEUES.flatMap(([queue, port]) => {
      const fd = fds[port] ?? -1;
      const packets = fd < 0 ? undefined : dropsOf(fd);
      return packets === undefined ? [] : [{ queue, worker, packets }];
    }),
  );
}

/** undefined: a kernel before 4.12 does not say. */
function dropsOf(fd: number): number | undefined {
  info.bytes.fill(0);
  length.view.setUint32(0, info.bytes.length, true);
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info.at, length.at) !== 0) return undefined;
  return info.view.getUint32(SK_MEMINFO_DROPS * 4, true);
}

/** What the kernel could not put into the queues of the device, which we did not empty in time. */
export function deviceDrops(
  device: string,
  table = readFileSync('/proc/self/net/dev', 'utf8'),
): number {
  const line = table.split('\n').find((one) => one.trimStart().startsWith(`${device}:`));
  // Behind the name: eight columns of what we wrote, then what we read: bytes packets errs drop …
  const columns = line?.split(':')[1]?.trim().split(/\s+/) ?? [];
  return Number(columns[11] ?? 0);
}
