// The control socket: one JSON request per line, one JSON answer per line, over a Unix socket that
// only the daemon's user may open (directory 0700, socket 0600: the kernel asks for write permission
// on connect, unix(7)). Commands are the map the composition root hands over. A stream's answer is
// many lines: each waits until the client has taken the one before, and it ends with the connection.
//   → {"command":"policy print","args":{}}      ← {"ok":true,"result":[…]}
//                                               ← {"ok":false,"error":"no such command …"}
//   → {"command":"log follow","args":{}}        ← {"ok":true,"result":…} and so on, and at its end
//                                               ← {"ok":true,"done":true}
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { once } from 'node:events';
import {
  type Answer,
  type ControlHandlers,
  type ControlReply,
  type ControlStreams,
  type Request,
  readRequest,
} from './commands.js';

export type * from './commands.js';

export interface ControlServer {
  readonly path: string;
  /** Closes every connection and removes the socket. */
  close(): Promise<void>;
}

/** The socket cannot be opened; the message is for the operator. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

// Our own choices.
const MAX_REQUEST = 16384;
const MAX_CONNECTIONS = 32;
const IDLE_MS = 30_000;

/** Opens the socket at `path`, making its directory if need be. */
export async function openControl(
  path: string,
  handlers: ControlHandlers,
  streams: Partial<ControlStreams> = {},
): Promise<ControlServer> {
  prepareDirectory(dirname(path));
  await removeStale(path);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, handlers, streams);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, path);
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** The directory is ours alone, or we refuse: whoever can write there could put a socket of his own. */
function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new ControlError(`cannot make the directory ${directory}: ${(error as Error).message}`);
  }
  const { mode, uid } = lstatSync(directory);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new ControlError(
      `the control socket's directory ${directory} is open to other users: ` +
        'it must belong to the user of the daemon with mode 0700 (or choose another --socket)',
    );
  }
}

/** Removes the socket of a daemon that was killed; refuses where one answers. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new ControlError(`${path} exists and is not a socket`);
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => resolve(true)).on('error', () => resolve(false));
    probe.on('connect', () => probe.destroy());
  });
  if (alive) throw new ControlError(`another daemon already answers on ${path}`);
  unlinkSync(path);
}

/** The mask is set before bind(2), so that the socket is never open to others, not even briefly. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const before = process.umask(0o177);
    try {
      server.once('error', (error) => reject(new ControlError(`${path}: ${error.message}`)));
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  });
}

/** Requests of one connection are answered in order, one at a time; a stream is the last of them. */
function serve(socket: Socket, handlers: ControlHandlers, streams: Partial<ControlStreams>): void {
  let pending = '';
  let queue = Promise.resolve();
  const gone = new AbortController();
  socket.setEncoding('utf8');
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  // A client that goes away mid-answer (EPIPE, ECONNRESET) is its own affair; 'close' follows.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => gone.abort());
  socket.on('data', (text: string) => {
    pending += text;
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > MAX_REQUEST || lines.some((line) => line.length > MAX_REQUEST)) {
      send(socket, { ok: false, error: `the request is longer than ${MAX_REQUEST} characters` });
      socket.destroySoon();
      return;
    }
    for (const line of lines) {
      queue = queue.then(async () => {
        const request = readRequest(line);
        const stream = typeof request === 'string' ? undefined : streamOf(request, streams);
        if (stream) await pour(socket, stream, gone.signal);
        else send(socket, await answer(line, handlers));
      });
    }
  });
}

/** False where the client has not taken what it was sent before. */
const send = (socket: Socket, reply: ControlReply): boolean =>
  !socket.writable || socket.write(`${JSON.stringify(reply)}\n`);

type Started = (signal: AbortSignal) => AsyncIterable<unknown>;

function streamOf(
  { command, args }: Request,
  streams: Partial<ControlStreams>,
): Started | undefined {
  if (!Object.hasOwn(streams, command)) return undefined;
  const stream = streams[command as keyof ControlStreams] as (
    given: unknown,
    signal: AbortSignal,
  ) => AsyncIterable<unknown>;
  return (signal) => stream(args, signal);
}

/** What a stream has next is asked for only when the client has taken the last. */
async function pour(socket: Socket, start: Started, signal: AbortSignal): Promise<void> {
  // It may be quiet for hours, and so may the client be.
  socket.setTimeout(0);
  try {
    for await (const result of start(signal)) {
      // A socket that was destroyed says so at once; its 'close' comes later.
      if (signal.aborted || !socket.writable) return;
      if (!send(socket, { ok: true, result })) await once(socket, 'drain', { signal });
    }
    send(socket, { ok: true, done: true });
  } catch (error) {
    // The client has left while we waited for it: that is no failure.
    if (!signal.aborted) send(socket, { ok: false, error: textOf(error) });
  }
  socket.destroySoon();
}

/** Turns one line into one reply; whatever the line holds, it does not throw. */
export async function answer(line: string, handlers: ControlHandlers): Promise<ControlReply> {
  const request = readRequest(line);
  if (typeof request === 'string') return { ok: false, error: request };
  const { command, args } = request;
  try {
    const handler = handlers[command as keyof ControlHandlers] as (
      given: unknown,
    ) => Answer<unknown>;
    return { ok: true, result: await handler(args) };
  } catch (error) {
    return { ok: false, error: `${command} failed: ${textOf(error)}` };
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
