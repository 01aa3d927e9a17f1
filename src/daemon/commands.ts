// What may be asked over the control socket: the commands with their arguments and answers, the
// streams, and how a line becomes one of them.
import type { CertificateRow } from '../certificates/describe.js';
import type { CaptureArguments, CaptureNews } from './capture.js';
import type { KillWhich } from '../ike/context.js';
import type { Diagnosis } from './doctor.js';
import type { LogNews, LogRow } from './history.js';
import type { ReloadResult } from './reload.js';
import type {
  ActivePeerRow,
  InstalledSaRow,
  PeerAddressRow,
  PolicyRow,
  StatisticsRow,
} from './rows.js';
import type { WiresharkTables } from './wireshark.js';

export interface ControlHandlers {
  /** The file the daemon runs on; its secrets only where `show-secrets` is true. */
  'configuration print': (args: {
    readonly 'show-secrets'?: boolean;
  }) => Answer<Readonly<Record<string, unknown>>>;
  /** Where that file is: the one that `reload` reads. */
  'configuration path': () => Answer<string>;
  /** What the DNS names of peers are resolved to. */
  'peer addresses': () => Answer<readonly PeerAddressRow[]>;
  'policy print': () => Answer<readonly PolicyRow[]>;
  'certificate print': () => Answer<readonly CertificateRow[]>;
  'active-peers print': () => Answer<readonly ActivePeerRow[]>;
  /** Deletes every IKE SA, or those that are meant; a peer that is not passive connects again. */
  'active-peers kill-connections': (args: KillWhich) => Answer<{ killed: number }>;
  /** Fills in the keys only where `show-secrets` is true. */
  'installed-sa print': (args: {
    readonly 'show-secrets'?: boolean;
  }) => Answer<readonly InstalledSaRow[]>;
  /** Deletes every ESP SA and tells the peers; policies ask for new ones. */
  'installed-sa flush': () => Answer<{ flushed: number }>;
  'statistics print': () => Answer<StatisticsRow>;
  /** What Wireshark needs to open the packets of the SAs that there are now: keys. */
  'installed-sa wireshark': () => Answer<WiresharkTables>;
  /** The last lines of the log, oldest first. */
  'log print': (args: LogArguments) => Answer<readonly LogRow[]>;
  /** Why a peer, or every one, is down; or that nothing is wrong. */
  doctor: (args: { readonly peer?: string }) => Answer<readonly Diagnosis[]>;
  /** Reads the configuration file again; throws where it cannot be taken over. */
  reload: () => Answer<ReloadResult>;
}
/** Commands whose answer goes on until the client leaves or `signal` says so. */
export interface ControlStreams {
  /** The last lines of the log, then every further one. */
  'log follow': (args: LogArguments, signal: AbortSignal) => AsyncIterable<LogNews>;
  /** Packets as they pass, until the client leaves. */
  capture: (args: CaptureArguments, signal: AbortSignal) => AsyncIterable<CaptureNews>;
}
export interface LogArguments {
  readonly lines?: number;
  /** The least important lines that are wanted. */
  readonly level?: string;
  readonly peer?: string;
  readonly topic?: string;
}
export type Answer<T> = T | Promise<T>;
export type ControlCommand = keyof ControlHandlers;
export type ControlStream = keyof ControlStreams;
/** One line of a stream. */
export type StreamItem<C extends ControlStream> =
  ReturnType<ControlStreams[C]> extends AsyncIterable<infer T> ? T : never;
export type ControlResult<C extends ControlCommand> = Awaited<ReturnType<ControlHandlers[C]>>;

export type ControlReply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: true; readonly done: true }
  | { readonly ok: false; readonly error: string };

/** Arguments a command takes, and their type: anything else is refused before the handler runs. */
type ArgumentTypes = Readonly<Record<string, 'string' | 'boolean' | 'number'>>;
const LOG: ArgumentTypes = { lines: 'number', level: 'string', peer: 'string', topic: 'string' };
const ARGUMENTS: Record<ControlCommand | ControlStream, ArgumentTypes> = {
  'configuration print': { 'show-secrets': 'boolean' },
  'configuration path': {},
  'policy print': {},
  'peer addresses': {},
  'certificate print': {},
  'active-peers print': {},
  'active-peers kill-connections': {
    peer: 'string',
    id: 'string',
    spi: 'string',
    connections: 'string',
  },
  'installed-sa print': { 'show-secrets': 'boolean' },
  'installed-sa flush': {},
  'statistics print': {},
  'log print': LOG,
  doctor: { peer: 'string' },
  'log follow': LOG,
  capture: { decrypted: 'boolean' },
  'installed-sa wireshark': {},
  reload: {},
};

export interface Request {
  readonly command: ControlCommand | ControlStream;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A line as a request, or why it is none. */
export function readRequest(line: string): Request | string {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    return 'the request is not JSON';
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return 'the request is not an object {"command": …, "args": …}';
  }
  const { command, args = {} } = request as { command?: unknown; args?: unknown };
  if (typeof command !== 'string' || !Object.hasOwn(ARGUMENTS, command)) {
    const known = Object.keys(ARGUMENTS).join(', ');
    return `no such command ${JSON.stringify(command)}; there are: ${known}`;
  }
  const known = command as Request['command'];
  return checkArguments(known, args) ?? { command: known, args: args as Request['args'] };
}

function checkArguments(command: Request['command'], args: unknown): string | undefined {
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
