// The configuration file → databases and settings, or every error at once. The steps:
//   1. read the file                     3. each property by its kind (read.ts)
//   2. JSON, with positions (json.ts)    4. entries together (rules.ts)     5. values (databases.ts)
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { buildDatabases, type Built } from './databases.js';
import { checkJson } from './json.js';
import type { Problem, Warning } from './problem.js';
import { readConfiguration } from './read.js';
import { checkRules } from './rules.js';
import { findWarnings } from './warnings.js';

export type Loaded =
  | (Built & { readonly ok: true; readonly warnings: readonly Warning[] })
  | { readonly ok: false; readonly errors: readonly Problem[] };

// Our own choice: 16,384 policies take about 2 MB.
const LARGEST_FILE = 16 * 1024 * 1024;

/** Reads and checks the file at `path`. */
export function load(path: string): Loaded {
  let text: string;
  let mode: number;
  try {
    const found = statSync(path);
    if (!found.isFile()) return failure(path, 'no file', 'a configuration file in JSON');
    if (found.size > LARGEST_FILE) {
      return failure(path, `${found.size} bytes`, `at most ${LARGEST_FILE} bytes`);
    }
    mode = found.mode;
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'cannot be read';
    const value = code === 'ENOENT' ? 'not found' : code;
    return failure(path, value, 'a configuration file that can be read');
  }
  const loaded = withPaths(parse(text), dirname(path));
  if (!loaded.ok || loaded.databases.identities.length === 0 || (mode & 0o044) === 0) return loaded;
  const warning = {
    path,
    value: `mode 0${(mode & 0o777).toString(8)}`,
    text: `the file holds secrets and other users can read it: chmod 600 ${path}`,
  };
  return { ...loaded, warnings: [warning, ...loaded.warnings] };
}

/** Relative paths are below the configuration's directory, wherever the daemon was started. */
export function withPaths(loaded: Loaded, directory: string): Loaded {
  if (!loaded.ok) return loaded;
  const absolute = (path: string | undefined) => path && resolve(directory, path);
  const certificates = loaded.certificates.map((entry) => ({
    ...entry,
    file: resolve(directory, entry.file),
    keyFile: absolute(entry.keyFile),
    crlFile: absolute(entry.crlFile),
  }));
  return { ...loaded, certificates };
}

/** Checks the text of a configuration file. */
export function parse(text: string): Loaded {
  const json = text.replace(/^\ufeff/, '');
  const problems: Problem[] = checkJson(json);
  if (problems.length > 0) return { ok: false, errors: problems };
  const file = JSON.parse(json) as Built['file'];
  const configuration = readConfiguration(file, problems);
  checkRules(configuration, problems);
  if (problems.length > 0) return { ok: false, errors: problems };
  return {
    ok: true,
    ...buildDatabases(configuration, file),
    warnings: findWarnings(configuration),
  };
}

const failure = (path: string, value: string, expected: string): Loaded => ({
  ok: false,
  errors: [{ path, value, expected }],
});
