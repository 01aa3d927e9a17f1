// Socket options by name, so that a refusal says which one it was.
import { allocate, check, setsockopt } from './libc.js';
import { SOCKET_OPTIONS } from './linux.js';

export type OptionName = keyof typeof SOCKET_OPTIONS;

const value = allocate(4);
const ADVICE = { ENOPROTOOPT: 'the kernel is too old for this option' };

/** Whether the kernel took the option. */
export function tryOption(fd: number, name: OptionName, setting: number): boolean {
  const [level, number] = SOCKET_OPTIONS[name];
  value.view.setInt32(0, setting, true);
  return setsockopt(fd, level, number, value.at, value.bytes.length) === 0;
}

export function setOption(fd: number, name: OptionName, setting: number, subject: string): void {
  check(tryOption(fd, name, setting) ? 0 : -1, name, subject, ADVICE);
}

/** Both buffers: past the system's limit where we may, up to it where not (a user namespace). */
export function setBuffers(fd: number, bytes: number, subject: string): void {
  for (const [force, plain] of [
    ['SO_RCVBUFFORCE', 'SO_RCVBUF'],
    ['SO_SNDBUFFORCE', 'SO_SNDBUF'],
  ] as const) {
    if (!tryOption(fd, force, bytes)) setOption(fd, plain, bytes, subject);
  }
}
