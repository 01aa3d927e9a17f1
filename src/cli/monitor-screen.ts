// The picture of `culvert monitor` as lines of a terminal: never more of them than there are rows, and
// none wider than the columns, however small the terminal is.
import { formatDuration } from '../config/duration.js';
import type { LogRow } from '../daemon/history.js';
import type { InstalledSaRow } from '../daemon/rows.js';
import type { Picture } from './monitor-model.js';
import { printable } from './table.js';

export type Style = 'plain' | 'title' | 'bad' | 'warn';
export interface Line {
  readonly text: string;
  readonly style: Style;
}
export interface Size {
  readonly columns: number;
  readonly rows: number;
}
export interface View {
  /** First tunnel and SA that are shown. */
  readonly scroll: number;
  readonly held: boolean;
  /** Block characters, or letters where the terminal has no others. */
  readonly unicode: boolean;
}

/** Of peers without a connection; what is on its way to one stands out less. */
const OF_STATE: Readonly<Record<string, Style>> = { down: 'bad', standby: 'plain' };

const plain = (text: string): Line => ({ text, style: 'plain' });

export function screen(picture: Picture, { columns, rows }: Size, view: View): Line[] {
  const sections = [
    tunnels(picture, columns, view),
    sas(picture, columns, view),
    counters(picture),
    events(picture),
  ];
  const room = Math.max(0, rows - 2);
  const shares = share(
    room,
    sections.map(({ lines }) => lines.length + 1),
  );
  const body = sections.flatMap(({ title, lines, newest }, at) => {
    const count = shares[at]!;
    if (count === 0) return [];
    const shown = newest === true ? lines.slice(-(count - 1)) : lines.slice(0, count - 1);
    return [{ text: title, style: 'title' as const }, ...(count === 1 ? [] : shown)];
  });
  const filled = [...body, ...Array.from({ length: room - body.length }, () => plain(''))];
  const all = [head(picture, columns, view), ...filled, foot(view)];
  return all.slice(0, rows).map(({ text, style }) => ({ text: cut(text, columns), style }));
}

/** Lines for each section: what it wants, as long as all get a fair part; the first get what is over. */
export function share(room: number, wants: readonly number[]): number[] {
  const shares = wants.map(() => 0);
  let left = room;
  while (left > 0 && shares.some((got, at) => got < wants[at]!)) {
    for (const [at, want] of wants.entries()) {
      if (left > 0 && shares[at]! < want) {
        shares[at]!++;
        left--;
      }
    }
  }
  return shares;
}

interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
  /** The last lines are the ones that count. */
  readonly newest?: boolean;
}

function head({ at, up, peers, sas: all }: Picture, columns: number, { held }: View): Line {
  const left = `culvert monitor   ${up} of ${peers} peers up   ${all.length} SAs`;
  const right = `${held ? 'HELD ' : ''}${clock(new Date(at))}`;
  return { text: `${left.padEnd(Math.max(0, columns - right.length))}${right}`, style: 'title' };
}

const foot = ({ held }: View): Line =>
  plain(`q quit   ↑↓ scroll   space ${held ? 'go on' : 'hold'}`);

// ---- sections ----------------------------------------------------------------------------------

function tunnels({ tunnels: all }: Picture, columns: number, view: View): Section {
  const peer = widest(all, (line) => line.peer, 4, 16);
  const address = widest(all, (line) => line.address, 7, columns < 100 ? 15 : 39);
  const fixed = peer + address + 50;
  const room = Math.max(0, columns - fixed);
  const row = (cells: readonly [string, string, string, string, string, string], spark: string) =>
    `${cells[0].padEnd(peer)}  ${cells[1].padEnd(14)} ${cells[2].padEnd(address)} ` +
    `${cells[3].padStart(8)} ${cells[4].padStart(10)} ${cells[5].padStart(10)}  ${spark}`;
  const lines = all.slice(view.scroll).map((line): Line => {
    const up = line.state === 'established';
    const cells = [
      fit(line.peer, peer),
      line.state,
      fit(line.address, address),
      up ? formatDuration(line.uptime) : '',
      up ? bitRate(line.rx) : '',
      up ? bitRate(line.tx) : '',
    ] as const;
    const text = row(cells, sparkline(line.rates, room, view.unicode));
    return { text, style: up ? 'plain' : (OF_STATE[line.state] ?? 'warn') };
  });
  const title = row(['PEER', 'STATE', 'ADDRESS', 'UPTIME', 'RX', 'TX'], 'RATE');
  return { title, lines };
}

function sas({ sas: all }: Picture, columns: number, { scroll, unicode }: View): Section {
  const peer = widest(all, (sa) => sa.peer, 4, 16);
  const bar = Math.max(0, Math.min(30, columns - peer - 67));
  const row = (cells: readonly string[]): string => {
    const widths = [10, 3, peer, 17, -12, -9, -9, 0];
    return cells
      .map((cell, at) => (widths[at]! < 0 ? cell.padStart(-widths[at]!) : cell.padEnd(widths[at]!)))
      .join(' ');
  };
  const lines = all.slice(scroll).map((sa): Line => {
    const [, hard] = sa['add-lifetime'];
    const left = hard > 0 ? sa['expires-in'] / hard : 1;
    const text = row([
      sa.spi,
      sa.direction,
      fit(sa.peer, peer),
      fit(cipherOf(sa), 17),
      grouped(sa['current-packets']),
      byteCount(sa['current-bytes']),
      formatDuration(sa['expires-in']),
      gauge(left, bar, unicode),
    ]);
    const style = sa.state === 'mature' || sa.state === 'larval' ? 'plain' : 'warn';
    return { text, style: sa['invalid-packets'] > 0 ? 'bad' : style };
  });
  const title = ['SPI', 'DIR', 'PEER', 'ALGORITHM', 'PACKETS', 'BYTES', 'EXPIRES', 'LIFETIME'];
  return { title: row(title), lines };
}

const cipherOf = (sa: InstalledSaRow): string => {
  const cipher = `${sa['enc-algorithm']}-${sa['enc-key-size']}`;
  return sa['auth-algorithm'] === 'none' ? cipher : `${cipher}/${sa['auth-algorithm']}`;
};

function counters({ counters: all }: Picture): Section {
  const lines = all.map(({ name, perSecond, total }) =>
    plain(
      `${name.padEnd(28)} ${grouped(Math.round(perSecond)).padStart(12)} ${grouped(total).padStart(20)}`,
    ),
  );
  return {
    title: `${'COUNTER'.padEnd(28)} ${'PER SECOND'.padStart(12)} ${'TOTAL'.padStart(20)}`,
    lines,
  };
}

function events({ events: all }: Picture): Section {
  return { title: 'LAST EVENTS', lines: all.map(eventLine), newest: true };
}

function eventLine({ time, level, topic, peer, text }: LogRow): Line {
  const who = peer === '' ? topic : `${topic}[${peer}]`;
  const styles = { error: 'bad', warning: 'warn' } as const;
  const style = level === 'error' || level === 'warning' ? styles[level] : 'plain';
  return { text: `${clock(new Date(time))} ${level} ${who} ${text}`, style };
}

// ---- figures -----------------------------------------------------------------------------------

const clock = (date: Date): string =>
  [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((value) => String(value).padStart(2, '0'))
    .join(':');

/** `1.2Mbps`, RouterOS's notation. */
export function bitRate(bits: number): string {
  return `${scaled(bits, 1000)}bps`;
}
const byteCount = (bytes: number): string => `${scaled(bytes, 1024)}B`;

function scaled(value: number, step: number): string {
  const units = ['', 'k', 'M', 'G', 'T'];
  let unit = 0;
  let left = value;
  while (left >= step && unit < units.length - 1) {
    left /= step;
    unit++;
  }
  const digits = unit === 0 || left >= 100 ? 0 : 1;
  return `${left.toFixed(digits)}${units[unit]}`;
}

const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ' ');

const BLOCKS = '▁▂▃▄▅▆▇█';
const LETTERS = '_.-=+*#@';

/** The last rates, each as high as it is beside the highest of them. */
export function sparkline(rates: readonly number[], width: number, unicode: boolean): string {
  if (width === 0) return '';
  const shown = rates.slice(-width);
  const most = Math.max(...shown, 1);
  const steps = unicode ? BLOCKS : LETTERS;
  return shown.map((one) => steps[Math.ceil((one / most) * (steps.length - 1))]).join('');
}

/** What is left of a lifetime. */
export function gauge(part: number, width: number, unicode: boolean): string {
  const full = Math.round(Math.max(0, Math.min(1, part)) * width);
  return unicode
    ? `${'█'.repeat(full)}${'░'.repeat(width - full)}`
    : `${'#'.repeat(full)}${'.'.repeat(width - full)}`;
}

const widest = <T>(all: readonly T[], of: (one: T) => string, least: number, most: number) =>
  Math.min(most, Math.max(least, ...all.map((one) => printable(of(one)).length)));

/** Cut with a sign that it was. */
const fit = (text: string, width: number): string => {
  const shown = printable(text);
  return shown.length <= width ? shown : `${shown.slice(0, Math.max(0, width - 1))}…`;
};

const cut = (text: string, columns: number): string =>
  printable(text).slice(0, Math.max(0, columns)).trimEnd();
