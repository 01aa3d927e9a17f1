// The log: pino with RouterOS's topics, one line per event, to stderr. Text lines read
//   2026-11-23 16:20:01.123 warning ike[west] phase 1 failed: …
// and JSON lines carry the same as {time, level, topic, peer, text, …facts}. Nothing secret passes:
// facts under a telling name are hidden, and bytes are never printed, only their number.
import pino from 'pino';
import type { LogRow } from './history.js';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** What the log takes; src/ike's EngineEvent is one. */
export interface LogEvent {
  readonly level: LogLevel;
  readonly topic: string;
  readonly peer?: string | undefined;
  readonly text: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface Log {
  write(event: LogEvent): void;
  debug(topic: string, text: string, facts?: LogEvent['facts']): void;
  info(topic: string, text: string, facts?: LogEvent['facts']): void;
  warning(topic: string, text: string, facts?: LogEvent['facts']): void;
  error(topic: string, text: string, facts?: LogEvent['facts']): void;
  /** The least important lines that are written from now on. */
  setLevel(level: LogLevel): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
}

/** Where lines go; process.stderr unless a test says otherwise. */
export interface LogSink {
  write(line: string): unknown;
}

const HIDDEN = '[hidden]';
const TELLING = /secret|password|passphrase|psk|key$|keys$|keymat|skeyseed|^sk[-_]?[a-z]{1,2}$/i;
const LEVELS = { debug: 20, info: 30, warning: 40, error: 50 } as const;

/** `keep` gets every line, whatever the level is: what `culvert log` shows. */
export function openLog(
  options: LogOptions,
  sink: LogSink = process.stderr,
  keep: (row: Omit<LogRow, 'number'>) => void = () => {},
): Log {
  const logger = pino(
    {
      level: options.level,
      customLevels: LEVELS,
      useOnlyCustomLevels: true,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'text',
    },
    { write: (line) => sink.write(options.format === 'json' ? line : textLine(line)) },
  );
  const write = (event: LogEvent): void => {
    const { level, topic, peer } = event;
    const facts = event.facts ? { facts: withoutSecrets(event.facts) } : {};
    const text = oneLine(event.text);
    logger[level]({ topic, peer, ...facts }, text);
    const time = new Date().toISOString();
    keep({ time, level, topic, peer: oneLine(peer ?? ''), text, ...facts });
  };
  const at =
    (level: LogLevel) =>
    (topic: string, text: string, facts: LogEvent['facts'] = {}): void =>
      write({ level, topic, text, facts });
  return {
    write,
    debug: at('debug'),
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

/** Peers choose part of what we print (identities, vendor names): no control character survives. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}

function withoutSecrets(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      TELLING.test(name) ? HIDDEN : plain(value),
    ]),
  );
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return oneLine(value);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof ArrayBuffer) return `${value.byteLength} bytes`;
  if (value instanceof Error) return oneLine(value.message);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return withoutSecrets(value as Record<string, unknown>);
  }
  return value;
}

function textLine(json: string): string {
  const { peer = '', ...rest } = JSON.parse(json) as Partial<LogRow>;
  return formatLogRow({ ...(rest as LogRow), peer });
}

/** The facts stand behind the sentence only at debug: the sentence says what a person needs. */
export function formatLogRow({
  time,
  level,
  topic,
  peer,
  text,
  facts,
}: Omit<LogRow, 'number'>): string {
  const when = time.replace('T', ' ').replace('Z', '');
  const who = peer === '' ? '' : `[${oneLine(peer)}]`;
  const behind = level === 'debug' && facts ? ` ${JSON.stringify(facts)}` : '';
  return `${when} ${level} ${topic}${who} ${text}${behind}\n`;
}
