// Kernel switches under /proc/sys/net, which shows the calling thread's network namespace.
import { readFileSync, writeFileSync } from 'node:fs';

const file = (name: string): string => `/proc/sys/net/${name}`;

/** The value, or undefined where this kernel has no such switch. */
export function readSysctl(name: string): string | undefined {
  try {
    return readFileSync(file(name), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Sets a switch; undefined, or why it could not (a container often has /proc/sys read-only). */
export function writeSysctl(name: string, value: string): string | undefined {
  try {
    writeFileSync(file(name), value);
    return undefined;
  } catch (error) {
    return `${file(name)} = ${value}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
  }
}
