// The menus of the configuration as tables, as lines of name=value (detail), and as JSON.
import { flag } from '../config/kind.js';
import type { Menu } from '../config/menu.js';
import type { MenuRow } from '../config/rows.js';
import { type Detail, formatDetail, formatTerse } from './detail.js';
import { type Flag, formatProperties, formatTable } from './table.js';

/** RouterOS's flags of a configured entry. */
const FLAGS: readonly Flag<MenuRow>[] = [
  { letter: 'T', name: 'template', on: (row) => row.template },
  { letter: 'X', name: 'disabled', on: (row) => row.disabled },
  { letter: '*', name: 'default', on: (row) => row.default },
  { letter: 'R', name: 'responder', on: (row) => row.responder },
];
/** What a flag or the line above the row says already. */
const ELSEWHERE = ['comment', 'disabled', 'template'];

/** Columns that are always there: what one looks for in a menu. */
const KEY_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  peer: ['name', 'address', 'exchange-mode', 'profile'],
  identity: ['peer', 'auth-method', 'my-id', 'remote-id'],
  profile: ['name', 'enc-algorithm', 'hash-algorithm', 'dh-group', 'lifetime'],
  proposal: ['name', 'enc-algorithms', 'auth-algorithms', 'pfs-group', 'lifetime'],
  policy: ['peer', 'tunnel', 'src-address', 'dst-address', 'protocol', 'action', 'level'],
  'mode-config': ['name', 'responder'],
};

/** Otherwise columns are the properties that some row has set, in the order of the table of menus. */
export function formatMenu(menu: Menu, rows: readonly MenuRow[], width: number): string {
  if (!menu.list) return formatProperties(Object.entries(rows[0]!.values));
  const key = KEY_COLUMNS[menu.name] ?? [menu.properties[0]!.name];
  const set = menu.properties
    .map(({ name }) => name)
    .filter((name) => !ELSEWHERE.includes(name) && !key.includes(name))
    .filter((name) => rows.some((row) => row.changed.includes(name)));
  const computed = (menu.computed ?? [])
    .map(({ name }) => name)
    .filter((name) => rows.some((row) => row.values[name] !== undefined));
  const columns = [...key, ...set, ...computed];
  const table = {
    flags: FLAGS,
    number: (row: MenuRow) => row.number,
    comment: (row: MenuRow) => row.comment,
    columns: columns.map((name) => ({ name, value: (row: MenuRow) => row.values[name] ?? '' })),
  };
  return formatTable(table, rows, width);
}

const DETAIL: Detail<MenuRow> = {
  flags: FLAGS,
  number: (row) => row.number,
  comment: (row) => row.comment,
  pairs: (row) => Object.entries(row.values).filter(([name]) => !ELSEWHERE.includes(name)),
};

/** Every property of every entry. */
export const formatMenuDetail = (rows: readonly MenuRow[], width: number): string =>
  formatDetail(DETAIL, rows, width);

export const formatMenuTerse = (rows: readonly MenuRow[]): string => formatTerse(DETAIL, rows);

/** yes and no are true and false, as in the file; numbers stay texts where RouterOS has texts. */
export function jsonOf(menu: Menu, row: MenuRow): Record<string, unknown> {
  const values = menu.properties.flatMap(({ name, kind }) => {
    const text = row.values[name];
    return text === undefined ? [] : [[name, kind === flag ? text === 'yes' : text] as const];
  });
  const flags = {
    default: row.default,
    dynamic: false,
    responder: row.responder,
    ...(row.values['current-address'] === undefined
      ? {}
      : { 'current-address': row.values['current-address'] }),
  };
  const computed = (menu.computed ?? []).flatMap(({ name }) =>
    Object.hasOwn(flags, name) ? [[name, flags[name as keyof typeof flags]] as const] : [],
  );
  const head = menu.list ? { number: row.number, ...Object.fromEntries(computed) } : {};
  return { ...head, ...Object.fromEntries(values) };
}
