// Where the daemon's control socket is, and one question asked over it.
import { accessSync, constants, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  ControlCommand,
  ControlHandlers,
  ControlReply,
  ControlResult,
} from '../daemon/control.js';

/** Something the user must read instead of a stack trace; the exit status is 1. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

// Our own choice: long enough for every handler, short enough for a person.
const ANSWER_MS = 10_000;

/** /run/culvert for root, else below XDG_RUNTIME_DIR, else a directory of the user in /tmp. */
export function socketDirectory(): string {
  const user = process.getuid?.() ?? 0;
  if (user === 0 && writable('/run')) return '/run/culvert';
  const runtime = process.env.XDG_RUNTIME_DIR;
  return runtime ? join(runtime, 'culvert') : join(tmpdir(), `culvert-${user}`);
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

/** The socket the user named, or the only one there is. */
export function findSocket(given: string | undefined): string {
  if (given !== undefined) return given;
  const directory = socketDirectory();
  let names: string[] = [];
  try {
    names = readdirSync(directory).filter((name) => name.endsWith('.sock'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw new UserError(`cannot look into ${directory}: ${code}`);
  }
  if (names.length === 1) return join(directory, names[0]!);
  if (names.length === 0) {
    throw new UserError(
      `no daemon is running: there is no socket in ${directory}\n` +
        'Start one with `culvert run FILE`, or name its socket with --socket PATH.',
    );
  }
  const list = names.map((name) => `  --socket ${join(directory, name)}`).join('\n');
  throw new UserError(`several daemons have a socket; choose one with\n${list}`);
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
  return reply.result as ControlResult<C>;
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
