// Where the daemon's control socket is, and one question asked over it.
import { once } from 'node:events';
import { accessSync, constants, lstatSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  ControlCommand,
  ControlHandlers,
  ControlReply,
  ControlResult,
  ControlStream,
  ControlStreams,
  StreamItem,
} from '../daemon/control.js';

/** Something the user must read instead of a stack trace; the exit status is 1. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

// Our own choice: long enough for every handler, short enough for a person.
const ANSWER_MS = 10_000;

/** Where a daemon puts its socket: systemd's RuntimeDirectory=, /run for root, else the user's own. */
function socketDirectory(): string {
  const given = process.env.RUNTIME_DIRECTORY?.split(':')[0];
  if (given) return given;
  return user() === 0 && writable('/run') ? SYSTEM : userDirectory();
}

const SYSTEM = '/run/culvert';
const user = (): number => process.getuid?.() ?? 0;

function userDirectory(): string {
  const runtime = process.env.XDG_RUNTIME_DIR;
  return runtime ? join(runtime, 'culvert') : join(tmpdir(), `culvert-${user()}`);
}

/** The socket of a daemon whose TUN device is called `name`. */
export const defaultSocket = (name: string): string => join(socketDirectory(), `${name}.sock`);

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The socket the user named, or the only one of his that answers. */
export async function findSocket(given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const directories = [...new Set([socketDirectory(), SYSTEM, userDirectory()])];
  const found = directories.flatMap(socketsIn);
  const live = found.length < 2 ? found : await onlyLive(found);
  if (live.length === 1) return live[0]!;
  if (live.length === 0) {
    throw new UserError(
      `no daemon is running: there is no socket of yours in ${directories.join(' or ')}\n` +
        'Start one with `culvert run FILE`, or name its socket with --socket PATH.',
    );
  }
  const list = live.map((path) => `  --socket ${path}`).join('\n');
  throw new UserError(`several daemons are running; choose one with\n${list}`);
}

/** A directory of another user is passed over: in /tmp anybody could have made it for us. */
function socketsIn(directory: string): string[] {
  try {
    if (lstatSync(directory).uid !== user()) return [];
    const names = readdirSync(directory).filter((name) => name.endsWith('.sock'));
    return names.map((name) => join(directory, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES') return [];
    throw error;
  }
}

/** Killed daemons leave their sockets behind. */
async function onlyLive(paths: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(
    paths.map(
      (path) =>
        new Promise<boolean>((resolve) => {
          const probe = connect(path, () => resolve(true));
          probe.on('connect', () => probe.destroy()).on('error', () => resolve(false));
        }),
    ),
  );
  return paths.filter((_, at) => answers[at]);
}

/** Sends one command and waits for its answer. */
export async function ask<C extends ControlCommand>(
  path: string,
  command: C,
  args: Parameters<ControlHandlers[C]>[0] | Record<string, never> = {},
): Promise<ControlResult<C>> {
  const line = await exchange(path, JSON.stringify({ command, args }));
  const reply = JSON.parse(line) as ControlReply;
  if (!reply.ok) throw new UserError(reply.error);
  return ('result' in reply ? reply.result : undefined) as ControlResult<C>;
}

/** Each line of a stream as it comes; ends with `signal`, or with the loop that reads it. */
export async function* askStream<C extends ControlStream>(
  path: string,
  command: C,
  args: Parameters<ControlStreams[C]>[0],
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<StreamItem<C>> {
  const socket = connect(path);
  const leave = (): void => void socket.destroy();
  signal.addEventListener('abort', leave);
  try {
    await once(socket, 'connect');
    socket.write(`${JSON.stringify({ command, args })}\n`);
    socket.setEncoding('utf8');
    let pending = '';
    for await (const part of socket) {
      const lines = (pending + part).split('\n');
      pending = lines.pop()!;
      for (const line of lines) {
        const reply = JSON.parse(line) as ControlReply;
        if (!reply.ok) throw new UserError(reply.error);
        if ('done' in reply) return;
        yield reply.result as StreamItem<C>;
      }
    }
    if (!signal.aborted) throw new UserError(`the daemon at ${path} has ended`);
  } catch (error) {
    if (signal.aborted) return;
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new UserError(explain(path, error as Error));
  } finally {
    signal.removeEventListener('abort', leave);
    socket.destroy();
  }
}

function exchange(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    const fail = (text: string): void => {
      socket.destroy();
      reject(new UserError(text));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_MS, () => fail(`the daemon at ${path} does not answer`));
    // One question, one line back; the daemon never speaks first.
    socket.on('connect', () => socket.write(`${request}\n`));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(explain(path, error)));
    socket.on('data', (text: string) => {
      answer += text;
      if (!answer.includes('\n')) return;
      socket.destroy();
      resolve(answer.slice(0, answer.indexOf('\n')));
    });
    socket.on('end', () => fail(`the daemon at ${path} closed the connection without an answer`));
  });
}

function explain(path: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `no daemon is running: there is no socket at ${path}`;
  if (code === 'ECONNREFUSED') return `no daemon is running: nobody listens at ${path}`;
  if (code === 'EACCES') {
    return `the socket ${path} belongs to another user: run this as the user of the daemon`;
  }
  return `cannot reach the daemon at ${path}: ${message}`;
}
