// Where and with what the figures were taken: no figure means anything without it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Environment {
  readonly machine: string;
  readonly kernel: string;
  readonly node: string;
  readonly culvert: string;
  /** MHz of the time stamp counter, which cycles per byte are counted in; undefined: not told. */
  readonly megahertz: number | undefined;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export function environment(version: string): Environment {
  return {
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores`,
    kernel: `Linux ${release()}`,
    node: `Node.js ${process.version}`,
    culvert: `culvert ${version}${commit()}`,
    megahertz: megahertz(readFileSync('/proc/cpuinfo', 'utf8')),
  };
}

/** In one line, for a row and under a chart. */
export function describe({ culvert, machine, kernel, node }: Environment): string {
  return [culvert, machine, kernel, node].join('; ');
}

/** Processes that ran or waited for a processor, or for a disk, in the last minute. */
export const load = (): number => Number(loadavg()[0]!.toFixed(2));

export function megahertz(cpuinfo: string): number | undefined {
  const found = /^cpu MHz\s*:\s*([\d.]+)$/m.exec(cpuinfo);
  return found ? Math.round(Number(found[1])) : undefined;
}

/** Of a checkout; an installed package has none. */
function commit(): string {
  if (!existsSync(join(ROOT, '.git'))) return '';
  const git = (...args: string[]): string =>
    spawnSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' }).stdout?.trim() ?? '';
  const hash = git('rev-parse', '--short=9', 'HEAD');
  if (hash === '') return '';
  return git('status', '--porcelain', 'src', 'assembly') === '' ? ` ${hash}` : ` ${hash}, changed`;
}
