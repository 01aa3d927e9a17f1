// What the verbs of the menus certificate and key have in common: their command line, words in RouterOS's
// notation, files beside the configuration, entries of the menu. Keys are written with mode 0600 and
// never twice.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { edit, EditError } from '../config/edit.js';
import { type File, FileError, formatFile, readFile, writeFile } from '../config/file.js';
import { parse, withPaths } from '../config/load.js';
import { menuNamed } from '../config/menus.js';
import { readBytes } from '../certificates/files.js';
import type { CertificateEntry } from '../policy/database.js';
import { notice } from './edited.js';
import { fileOf } from './menu.js';
import { UserError } from './socket.js';
import { parseWords } from './words.js';

export interface Verb {
  readonly name: string;
  readonly text: string;
  readonly words: readonly string[];
  readonly example: string;
  readonly run: (given: Map<string, string>, file: string | undefined) => Promise<void>;
}

/** `culvert certificate create name=… ca=… --file site.json`. */
export function addVerb(parent: Command, { name, text, words, example, run }: Verb): void {
  const line = `culvert ${parent.name()} ${name} ${example} --file site.json`;
  parent
    .command(name)
    .description(text)
    .argument('<words...>', words.map((word) => `${word}=`).join(' '))
    .option('--file <path>', "the configuration (default: CULVERT_FILE's value)")
    .addHelpText('after', `\nExample:\n  ${line}`)
    .action((given: string[], { file }: { file?: string }) =>
      forUser(() => run(wordsOf(given, words), file)),
    );
}

/** `name=value` words by name; anything else, or a name that `known` has not, is a slip. */
function wordsOf(words: readonly string[], known: readonly string[]): Map<string, string> {
  const { targets, properties } = parseWords(words);
  if (targets.length > 0) throw new UserError(`expected name=value, not ${targets[0]}`);
  const given = new Map(properties);
  const stray = [...given.keys()].find((name) => !known.includes(name));
  if (stray !== undefined) {
    throw new UserError(`there is no ${stray} here; there are: ${known.join(', ')}`);
  }
  return given;
}

export function needed(given: ReadonlyMap<string, string>, name: string): string {
  const value = given.get(name);
  if (value) return value;
  throw new UserError(`${name}= is missing`);
}

/** A configuration that is being changed, with the folder for files beside it. */
export class Site {
  readonly path: string;
  #file: File;

  constructor(given: string | undefined) {
    this.path = fileOf(given);
    this.#file = readFile(this.path, 'empty');
  }

  /** Throws unless the name can be had. */
  checkFree(menu: 'certificate' | 'key', name: string): void {
    if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) {
      throw new UserError(
        `name=${name}: letters, digits, "-", "_" and "." only: it names files, too`,
      );
    }
    const list = (this.#file[menu] ?? []) as { readonly name?: unknown }[];
    if (!list.some((one) => one.name === name)) return;
    throw new UserError(`there is a ${menu} of the name ${name} already`);
  }

  /** `certificates/NAME.pem`, as it stands in the file; the directory is made when it is written. */
  write(relative: string, text: string, overwrite = false): string {
    const path = join(dirname(this.path), relative);
    if (!overwrite && existsSync(path)) throw new UserError(`${path} is there already`);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFile(path, text);
    return relative;
  }

  /** Puts an entry into the menu, or changes the one of that name; call `save` afterwards. */
  change(menu: string, verb: 'add' | 'set', target: string, values: Record<string, string>): void {
    const properties = Object.entries(values).filter(([, value]) => value !== '');
    const targets = verb === 'set' ? [target] : [];
    try {
      this.#file = edit(this.#file, { menu: menuNamed(menu)!, verb, targets, properties });
    } catch (error) {
      if (error instanceof EditError) throw new UserError(error.message);
      throw error;
    }
  }

  async save(): Promise<void> {
    writeFile(this.path, formatFile(this.#file));
    process.stderr.write(await notice(this.path));
  }

  /** The menu certificate with absolute paths. */
  certificates(): readonly CertificateEntry[] {
    const loaded = withPaths(parse(JSON.stringify(this.#file)), dirname(this.path));
    if (loaded.ok) return loaded.certificates;
    throw new UserError(`${this.path} has errors: see culvert check ${this.path}`);
  }
}

/** A file that a user names: relative to where the command is run. */
export const readGiven = (path: string): Buffer => readBytes(path);

/** Errors of files and certificates are for the user: one line each. */
async function forUser(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const known = ['CertificateError', FileError.name].includes((error as Error).name);
    throw known ? new UserError((error as Error).message) : error;
  }
}
