// The rate of `openssl speed` for a case, in the same run as ours and, as ours, by processor time:
// the yardstick with every instruction of the processor. Its figure for a cipher and an HMAC is that
// of one after the other.
import { spawnSync } from 'node:child_process';
import type { Case } from './cases.js';

const SECONDS = 1; // the shortest that `openssl speed` takes

/** The version as openssl gives it; undefined: not installed. */
export function opensslVersion(): string | undefined {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
  return status === 0 ? /^OpenSSL \S+/.exec(stdout)?.[0] : undefined;
}

/** MB/s at `bytes` a call; undefined where this openssl does not have the algorithm. */
export function opensslRate(row: Case, bytes: number): number | undefined {
  const parts = opensslArguments(row).map((what) => speed(what, bytes));
  if (parts.length === 0 || parts.some((rate) => rate === undefined)) return undefined;
  return 1 / parts.reduce<number>((time, rate) => time + 1 / rate!, 0);
}

/** What to ask `openssl speed` for, one after the other. */
export function opensslArguments({ cipher, keyBytes, hash }: Case): string[][] {
  const [family, mode] = cipher.split('-') as [string, string?];
  const name = family === 'aes' ? `aes-${8 * keyBytes}-${mode}` : cipher;
  return [
    ...(cipher === 'null' ? [] : [['-evp', name]]),
    ...(hash === undefined ? [] : [['-hmac', hash]]),
  ];
}

function speed(what: readonly string[], bytes: number): number | undefined {
  const args = ['speed', '-mr', '-seconds', `${SECONDS}`, '-bytes', `${bytes}`, ...what];
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  return status === 0 ? parseSpeed(stdout + stderr, bytes) : undefined;
}

/** Reads `+R:CALLS:NAME:SECONDS` of `openssl speed -mr`; MB/s. */
export function parseSpeed(text: string, bytes: number): number | undefined {
  const found = /^\+R:(\d+):[^:]+:([\d.]+)$/m.exec(text);
  return found ? (Number(found[1]) * bytes) / Number(found[2]) / 1e6 : undefined;
}
