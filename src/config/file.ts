// The configuration file as it is edited: read as JSON with its own spelling kept, written whole or
// not at all. A crash leaves the old file or the new one: the text goes to a temporary file beside it,
// is flushed, and takes its place (rename(2)); then the directory is flushed. Mode 0600: it has secrets.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { checkJson } from './json.js';
import { formatProblem } from './problem.js';

export type File = Record<string, unknown>;

/** The file is missing, no JSON, or cannot be written; the message is for the operator. */
export class FileError extends Error {
  override readonly name = 'FileError';
}

/** The file's menus as they are written. A file that is not there is an empty one if `missing` says so. */
export function readFile(path: string, missing: 'error' | 'empty' = 'error'): File {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && missing === 'empty') return {};
    throw new FileError(`${path}: ${code === 'ENOENT' ? 'not found' : message}`);
  }
  const problems = checkJson(text);
  if (problems.length > 0) {
    throw new FileError(problems.map((one) => `${path}: ${formatProblem(one)}`).join('\n'));
  }
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FileError(`${path}: expected an object with the menus peer, identity, policy …`);
  }
  return value as File;
}

/**
 * Writes `content` to `path`, whole or not at all. A symbolic link stays one, and what root writes stays
 * its owner's. With `expected` only where the file still holds that text; whether it did.
 */
export function writeFile(path: string, content: string | Uint8Array, expected?: string): boolean {
  const target = realPath(path);
  const directory = dirname(target);
  const temporary = join(directory, `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  let created = false;
  try {
    const fd = openSync(temporary, O_CREAT | O_EXCL | O_WRONLY, 0o600);
    created = true;
    try {
      fchmodSync(fd, 0o600);
      const { uid, gid } = statSync(target, { throwIfNoEntry: false }) ?? {};
      if (uid !== undefined && process.getuid?.() === 0) fchownSync(fd, uid, gid!);
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (expected !== undefined && readFileSync(target, 'utf8') !== expected) {
      unlinkSync(temporary);
      return false;
    }
    renameSync(temporary, target);
    created = false;
    flush(directory);
    return true;
  } catch (error) {
    if (created) unlinkSync(temporary);
    throw new FileError(`${path}: cannot be written: ${(error as Error).message}`);
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw error;
  }
}

/** Without it the rename itself could be lost in a crash. */
function flush(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** As an editor would lay it out: an entry that fits a line stands on one. */
export function formatFile(file: File): string {
  const value = (one: unknown): string => JSON.stringify(one);
  const entry = (one: unknown): string => {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return value(one);
    const pairs = Object.entries(one).map(([name, v]) => `${value(name)}: ${value(v)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  };
  const menus = Object.entries(file).map(([name, menu]) => {
    if (!Array.isArray(menu)) return `  ${value(name)}: ${entry(menu)}`;
    if (menu.length === 0) return `  ${value(name)}: []`;
    return `  ${value(name)}: [\n${menu.map((one) => `    ${entry(one)}`).join(',\n')}\n  ]`;
  });
  return menus.length === 0 ? '{}\n' : `{\n${menus.join(',\n')}\n}\n`;
}
