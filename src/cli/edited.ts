// Where an edit goes: into the file that was named; or, where none was, to the running daemon, as
// RouterOS's commands act: its file is written and read again at once. What it refuses is taken back.
import { readFileSync } from 'node:fs';
import { type File, FileError, formatFile, readFile, writeFile } from '../config/file.js';
import { formatReload } from '../daemon/reload.js';
import { ask, findSocket, UserError } from './socket.js';

export interface EditOptions {
  readonly file?: string;
  readonly socket?: string;
}

/** What is edited: a file, and the daemon that runs on it where the change is to act at once. */
export interface Edited {
  readonly path: string;
  readonly socket?: string;
}

export async function edited({ file, socket }: EditOptions): Promise<Edited> {
  const path = file ?? (socket === undefined ? process.env.CULVERT_FILE : undefined);
  if (path) return { path };
  const daemon = await running(socket);
  if (daemon === undefined) {
    throw new UserError(
      'say which file: --file PATH, or CULVERT_FILE\n' +
        '(without it the change goes to the running daemon, and none is running)',
    );
  }
  return { path: await ask(daemon, 'configuration path'), socket: daemon };
}

/**
 * Changes the file and says what came of it. Who changed the file in the meantime has not changed it
 * in vain: then it is read and changed once more.
 */
export async function change(
  { path, socket }: Edited,
  missing: 'error' | 'empty',
  work: (before: File) => File,
): Promise<string> {
  for (;;) {
    const text = textOf(path);
    const after = formatFile(work(readFile(path, missing)));
    if (!writeFile(path, after, text)) continue;
    return socket === undefined ? notice(path) : apply(path, socket, after, text);
  }
}

async function apply(
  path: string,
  socket: string,
  after: string,
  before: string | undefined,
): Promise<string> {
  try {
    return `${path}: ${formatReload(await ask(socket, 'reload'))}\n`;
  } catch (error) {
    if (!(error instanceof UserError) || before === undefined) throw error;
    const back = writeFile(path, before, after);
    const end = back ? 'the file is as it was' : 'the file was changed again meanwhile';
    throw new UserError(`${error.message}\n${end}; --file ${path} changes it for the next start`);
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new FileError(`${path}: ${message}`);
  }
}

/** The socket of a daemon, if one runs; of several one must be named. */
async function running(given: string | undefined): Promise<string | undefined> {
  try {
    return await findSocket(given);
  } catch (error) {
    if (error instanceof UserError && error.message.startsWith('no daemon')) return undefined;
    throw error;
  }
}

/** A file that was named is read by a daemon when it is told: changes may belong together. */
export async function notice(path: string): Promise<string> {
  try {
    if ((await running(undefined)) === undefined) return '';
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return `${path}: written; \`culvert reload\` has the running daemon read it\n`;
}
