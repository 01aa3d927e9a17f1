// The control socket: one JSON request per line, one JSON answer per line, over a Unix socket that
// only the daemon's user may open (directory 0700, socket 0600: the kernel asks for write permission
// on connect, unix(7)). Commands are the map the composition root hands over.
//   → {"command":"policy print","args":{}}      ← {"ok":true,"result":[…]}
//                                               ← {"ok":false,"error":"no such command …"}
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ReloadResult } from './reload.js';
import type { ActivePeerRow, InstalledSaRow, PolicyRow, StatisticsRow } from './rows.js';

export interface ControlHandlers {
  /** The file the daemon runs on; its secrets only where `show-secrets` is true. */
  'configuration print': (args: {
    readonly 'show-secrets'?: boolean;
  }) => Answer<Readonly<Record<string, unknown>>>;
  'policy print': () => Answer<readonly PolicyRow[]>;
  'active-peers print': () => Answer<readonly ActivePeerRow[]>;
  /** Deletes every IKE SA, or those of one peer; a peer that is not passive connects again. */
  'active-peers kill-connections': (args: { readonly peer?: string }) => Answer<{ killed: number }>;
  /** Fills in the keys only where `show-secrets` is true. */
  'installed-sa print': (args: {
    readonly 'show-secrets'?: boolean;
  }) => Answer<readonly InstalledSaRow[]>;
  /** Deletes every ESP SA and tells the peers; policies ask for new ones. */
  'installed-sa flush': () => Answer<{ flushed: number }>;
  'statistics print': () => Answer<StatisticsRow>;
  /** Reads the configuration file again; throws where it cannot be taken over. */
  reload: () => Answer<ReloadResult>;
}
export type Answer<T> = T | Promise<T>;
export type ControlCommand = keyof ControlHandlers;
export type ControlResult<C extends ControlCommand> = Awaited<ReturnType<ControlHandlers[C]>>;

export type ControlReply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: string };

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

/** Arguments a command takes, and their type: anything else is refused before the handler runs. */
const ARGUMENTS: Record<ControlCommand, Readonly<Record<string, 'string' | 'boolean'>>> = {
  'configuration print': { 'show-secrets': 'boolean' },
  'policy print': {},
  'active-peers print': {},
  'active-peers kill-connections': { peer: 'string' },
  'installed-sa print': { 'show-secrets': 'boolean' },
  'installed-sa flush': {},
  'statistics print': {},
  reload: {},
};

/** Opens the socket at `path`, making its directory if need be. */
export async function openControl(path: string, handlers: ControlHandlers): Promise<ControlServer> {
  prepareDirectory(dirname(path));
  await removeStale(path);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, handlers);
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

/** Requests of one connection are answered in order, one at a time. */
function serve(socket: Socket, handlers: ControlHandlers): void {
  let pending = '';
  let queue = Promise.resolve();
  const send = (reply: ControlReply): void => {
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
  };
  socket.setEncoding('utf8');
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  // A client that goes away mid-answer (EPIPE, ECONNRESET) is its own affair; 'close' follows.
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    pending += text;
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > MAX_REQUEST || lines.some((line) => line.length > MAX_REQUEST)) {
      send({ ok: false, error: `the request is longer than ${MAX_REQUEST} characters` });
      socket.destroySoon();
      return;
    }
    for (const line of lines) {
      queue = queue.then(async () => send(await answer(line, handlers)));
    }
  });
}

/** Turns one line into one reply; whatever the line holds, it does not throw. */
export async function answer(line: string, handlers: ControlHandlers): Promise<ControlReply> {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    return { ok: false, error: 'the request is not JSON' };
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return { ok: false, error: 'the request is not an object {"command": …, "args": …}' };
  }
  const { command, args = {} } = request as { command?: unknown; args?: unknown };
  if (typeof command !== 'string' || !Object.hasOwn(ARGUMENTS, command)) {
    const known = Object.keys(ARGUMENTS).join(', ');
    return { ok: false, error: `no such command ${JSON.stringify(command)}; there are: ${known}` };
  }
  const wrong = checkArguments(command as ControlCommand, args);
  if (wrong) return { ok: false, error: wrong };
  try {
    const handler = handlers[command as ControlCommand] as (given: unknown) => Answer<unknown>;
    return { ok: true, result: await handler(args) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ok: false, error: `${command} failed: ${text}` };
  }
}

function checkArguments(command: ControlCommand, args: unknown): string | undefined {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    return '"args" must be an object';
  }
  const known = ARGUMENTS[command];
  for (const [name, value] of Object.entries(args)) {
    if (!Object.hasOwn(known, name)) return `${command} takes no argument ${JSON.stringify(name)}`;
    if (typeof value !== known[name]) return `argument ${name} must be a ${known[name]}`;
  }
  return undefined;
}
