// A terminal that a program has to itself: the alternate screen, no cursor, keys as they are pressed. It
// is given back however the program ends, by a key, a signal or a failure; kill -9 alone leaves it.
import type { Line, Size, Style } from './monitor-screen.js';

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[2J';
const LEAVE = '\u001b[0m\u001b[?25h\u001b[?1049l';
const STYLES: Readonly<Record<Style, string>> = {
  plain: '',
  title: '\u001b[7m',
  bad: '\u001b[31m',
  warn: '\u001b[33m',
};
/** Signals whose default is to end the process. */
const ENDS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

export interface Output {
  write(text: string): unknown;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}
export interface Input {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (data: Buffer) => void): unknown;
  off(event: 'data', listener: (data: Buffer) => void): unknown;
}

export interface Terminal {
  readonly size: () => Size;
  /** Writes what differs from the last picture. */
  draw(lines: readonly Line[]): void;
  onKey(listener: (key: string) => void): void;
  onResize(listener: () => void): void;
  /** Ends `body`'s wait: aborted by a signal that ends the program. */
  readonly signal: AbortSignal;
}

/** Runs `body` with the terminal; whatever comes of it, the terminal is as it was before. */
export async function withTerminal(
  body: (terminal: Terminal) => Promise<void>,
  output: Output = process.stdout,
  input: Input = process.stdin,
): Promise<void> {
  const end = new AbortController();
  const keys = new Set<(key: string) => void>();
  const resizes = new Set<() => void>();
  let drawn: string[] = [];
  let open = true;
  const restore = (): void => {
    if (!open) return;
    open = false;
    input.setRawMode?.(false);
    output.write(LEAVE);
  };
  const ended = (signal: NodeJS.Signals): void => {
    process.exitCode = 128 + NUMBERS[signal as keyof typeof NUMBERS];
    end.abort();
  };
  const pressed = (data: Buffer): void => {
    for (const key of keysOf(data.toString('utf8'))) for (const tell of keys) tell(key);
  };
  const resized = (): void => {
    drawn = [];
    output.write('\u001b[0m\u001b[2J');
    for (const tell of resizes) tell();
  };
  for (const signal of ENDS) process.on(signal, ended);
  process.on('exit', restore);
  output.on('resize', resized);
  if (input.isTTY) input.setRawMode?.(true);
  input.on('data', pressed);
  input.resume();
  output.write(ENTER);
  try {
    await body({
      size: () => ({ columns: output.columns || 80, rows: output.rows || 24 }),
      draw: (lines) => {
        drawn = drawOver(output, drawn, lines);
      },
      onKey: (listener) => keys.add(listener),
      onResize: (listener) => resizes.add(listener),
      signal: end.signal,
    });
  } finally {
    restore();
    for (const signal of ENDS) process.off(signal, ended);
    process.off('exit', restore);
    output.off('resize', resized);
    input.off('data', pressed);
    input.pause();
  }
}

function drawOver(output: Output, before: readonly string[], lines: readonly Line[]): string[] {
  const coloured = process.env.NO_COLOR === undefined || process.env.NO_COLOR === '';
  const now = lines.map(({ text, style }) => {
    const begin = style === 'title' || coloured ? STYLES[style] : '';
    return begin === '' ? text : `${begin}${text}\u001b[0m`;
  });
  const changes = now.flatMap((line, at) =>
    // Cleared first: behind a line of full width the cursor stands on its last letter.
    line === before[at] ? [] : [`\u001b[${at + 1};1H\u001b[K${line}`],
  );
  if (changes.length > 0) output.write(changes.join(''));
  return now;
}

/** Keys of one read: several may come at once, and an arrow is three characters. */
export function keysOf(text: string): string[] {
  const names: Readonly<Record<string, string>> = {
    '\u001b[A': 'up',
    '\u001b[B': 'down',
    '\u001bOA': 'up',
    '\u001bOB': 'down',
    '\u001b[5~': 'page-up',
    '\u001b[6~': 'page-down',
    '\u0003': 'interrupt',
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  const found = text.match(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|./gsu) ?? [];
  return found.map((key) => names[key] ?? key);
}
