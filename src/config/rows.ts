// The entries of a menu as they are printed: RouterOS's texts, every default filled in, flags apart.
import { isSingleHost } from './address-rules.js';
import { formatDuration } from './duration.js';
import { failed, flag } from './kind.js';
import { isDefault, type Menu, type Property } from './menu.js';

export interface MenuRow {
  /** The place in the file; a built-in entry that is not written stands behind the last. */
  readonly number: number;
  /** The one that exists without being written. */
  readonly default: boolean;
  readonly disabled: boolean;
  readonly template: boolean;
  /** Of a peer: we only wait for it. */
  readonly responder: boolean;
  readonly comment: string;
  /** Property → text, in the order of the table; a secret only where it was asked for. */
  readonly values: Readonly<Record<string, string>>;
  /** The properties that differ from the default. */
  readonly changed: readonly string[];
}

type Entry = Readonly<Record<string, unknown>>;

/** The rows of `menu`; `written` is what the file has under its name. */
export function menuRows(menu: Menu, written: unknown, showSecrets: boolean): MenuRow[] {
  if (!menu.list) return [rowOf(menu, (written ?? {}) as Entry, 0, showSecrets)];
  const list = (written ?? []) as Entry[];
  const missing = menu.builtin !== undefined && !list.some(({ name }) => name === menu.builtin);
  const all = missing ? [...list, { name: menu.builtin }] : list;
  return all.map((entry, number) => rowOf(menu, entry, number, showSecrets));
}

function rowOf(menu: Menu, entry: Entry, number: number, showSecrets: boolean): MenuRow {
  const given = menu.properties.map((row) => ({
    row,
    value: entry[row.name] ?? row.default ?? '',
  }));
  const shown = given.filter(({ row }) => showSecrets || row.kind.secret !== true);
  const values = Object.fromEntries(shown.map(({ row, value }) => [row.name, textOf(row, value)]));
  const changed = shown
    .filter(
      ({ row }) => entry[row.name] !== undefined && !isDefault(row, read(row, entry[row.name])),
    )
    .map(({ row }) => row.name);
  return {
    number,
    default: menu.builtin !== undefined && entry.name === menu.builtin,
    disabled: values.disabled === 'yes',
    template: values.template === 'yes',
    responder: menu.name === 'peer' && waits(menu, entry, values),
    comment: values.comment ?? '',
    values,
    changed,
  };
}

function waits(menu: Menu, entry: Entry, values: MenuRow['values']): boolean {
  const row = menu.properties.find(({ name }) => name === 'address')!;
  const address = read(row, entry.address ?? row.default) as Parameters<typeof isSingleHost>[0];
  return values.passive === 'yes' || !isSingleHost(address);
}

function read(row: Property, value: unknown): unknown {
  const result = row.kind.read(value);
  return failed(result) ? undefined : result.value;
}

/** As RouterOS writes it: yes and no, `1h30m`, comma lists. */
export function textOf(row: Property, value: unknown): string {
  if (row.kind === flag) {
    const yes = value === true || value === 'yes' || value === 'true';
    return yes ? 'yes' : 'no';
  }
  if (Array.isArray(value)) return value.join(',');
  if (row.kind.notation.startsWith('time') && typeof value === 'number') {
    return formatDuration(value);
  }
  return String(value).replaceAll(/\s*,\s*/g, row.kind.notation.startsWith('list') ? ',' : '$&');
}

/** The file without what nobody may see by accident. */
export function withoutSecrets(menus: readonly Menu[], file: Entry): Record<string, unknown> {
  const entryOf = (menu: Menu, entry: unknown): unknown => {
    const secrets = menu.properties.filter((row) => row.kind.secret).map((row) => row.name);
    const pairs = Object.entries(entry as Entry).filter(([name]) => !secrets.includes(name));
    return Object.fromEntries(pairs);
  };
  return Object.fromEntries(
    menus.flatMap((menu) => {
      const written = file[menu.name];
      if (written === undefined) return [];
      const value = Array.isArray(written)
        ? written.map((entry) => entryOf(menu, entry))
        : entryOf(menu, written);
      return [[menu.name, value]];
    }),
  );
}
