// System calls through koffi: synchronous, pointers as plain numbers (addresses stay below 2^53), so
// a call on the packet path allocates nothing. The raw functions return what C returns; `check` turns
// a failure into a SystemError that says what was asked for and what to try.
import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';

const libc = koffi.load(null);
const bind = (name: string, result: string, parameters: string[]): ((...a: number[]) => number) =>
  libc.func(name, result, parameters);
const pointer = 'uintptr_t';

export const open = libc.func('open', 'int', ['str', 'int']) as (p: string, f: number) => number;
export const close = bind('close', 'int', ['int']);
export const read = bind('read', 'long', ['int', pointer, 'size_t']);
export const write = bind('write', 'long', ['int', pointer, 'size_t']);
export const writev = bind('writev', 'long', ['int', pointer, 'int']);
export const ioctl = bind('ioctl', 'int', ['int', 'ulong', pointer]);
export const poll = bind('poll', 'int', [pointer, 'ulong', 'int']);
export const eventfd = bind('eventfd', 'int', ['uint', 'int']);
export const socket = bind('socket', 'int', ['int', 'int', 'int']);
export const bindSocket = bind('bind', 'int', ['int', pointer, 'uint']);
export const connectSocket = bind('connect', 'int', ['int', pointer, 'uint']);
export const setsockopt = bind('setsockopt', 'int', ['int', 'int', 'int', pointer, 'uint']);
export const recv = bind('recv', 'long', ['int', pointer, 'size_t', 'int']);
export const send = bind('send', 'long', ['int', pointer, 'size_t', 'int']);
export const sendto = bind('sendto', 'long', ['int', pointer, 'size_t', 'int', pointer, 'uint']);
export const sendmsg = bind('sendmsg', 'long', ['int', pointer, 'int']);
export const recvmsg = bind('recvmsg', 'long', ['int', pointer, 'int']);
export const recvmmsg = bind('recvmmsg', 'int', ['int', pointer, 'uint', 'int', pointer]);
export const sendmmsg = bind('sendmmsg', 'int', ['int', pointer, 'uint', 'int']);
export const getsockopt = bind('getsockopt', 'int', ['int', 'int', 'int', pointer, pointer]);
/** The kernel's id of the calling thread. */
export const gettid = bind('gettid', 'int', []);
export const setns = bind('setns', 'int', ['int', 'int']);
export const usleep = bind('usleep', 'int', ['uint']);
export const unshare = bind('unshare', 'int', ['int']);

/** The calling thread's errno; read it straight after the call that failed. */
export const errno = (): number => koffi.errno();

/** First byte of a view, as the number that the calls above take. The view must be kept alive. */
export const addressOf = (view: Uint8Array | DataView): number => Number(koffi.address(view));

/** Zeroed memory outside the JavaScript heap: it does not move, and lives as long as this object. */
export interface Block {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function allocate(size: number): Block {
  const buffer = new ArrayBuffer(size);
  const bytes = new Uint8Array(buffer);
  return { at: addressOf(bytes), bytes, view: new DataView(buffer) };
}

/** What to try, by errno name. */
export type Advice = Readonly<Record<string, string>>;

const NEEDS_PRIVILEGE =
  'run as root, or with CAP_NET_ADMIN and CAP_NET_RAW, or in a user namespace (unshare -rn)';
const COMMON: Advice = {
  EPERM: NEEDS_PRIVILEGE,
  EACCES: NEEDS_PRIVILEGE,
  EMFILE: 'raise the limit of open files (ulimit -n, LimitNOFILE=)',
  ENOMEM: 'the kernel is out of memory for this',
  ENOBUFS: 'the kernel is out of buffers for this',
};

/** A failed system call: `TUNSETIFF of tun0: EBUSY (resource busy or locked); try …`. */
export class SystemError extends Error {
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;

  constructor(syscall: string, subject: string, number: number, advice: Advice = {}, said = '') {
    const [code, meaning] = getSystemErrorMap().get(-number) ?? [`errno ${number}`, 'unknown'];
    const kernel = said === '' ? '' : `; the kernel says: ${said}`;
    const hint = advice[code] ?? COMMON[code];
    const asked = syscall === 'netlink' ? `netlink: ${subject}` : `${syscall} of ${subject}`;
    super(`${asked}: ${code} (${meaning})${kernel}${hint ? `; ${hint}` : ''}`);
    this.name = 'SystemError';
    this.syscall = syscall;
    this.errno = number;
    this.code = code;
  }
}

/** Passes a result through, or throws where the call returned -1. */
export function check(result: number, syscall: string, subject: string, advice?: Advice): number {
  if (result < 0) throw new SystemError(syscall, subject, errno(), advice);
  return result;
}
