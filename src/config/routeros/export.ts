// Our configuration as RouterOS script, the way `/export` writes it: what differs from RouterOS's
// default, properties in alphabetical order, long lines continued. What RouterOS has no word for stands
// in a comment above its entry.
import { isAead } from '../algorithms.js';
import { type Menu, type Property, sameValue } from '../menu.js';
import { menuNamed } from '../menus.js';
import { textOf } from '../rows.js';
import { KNOWN_WORDS, PATH_OF } from './names.js';

export interface ExportOptions {
  /** Without it secrets are left out, as RouterOS 7 leaves them out. */
  readonly showSecrets: boolean;
}

type Entry = Readonly<Record<string, unknown>>;
type File = Readonly<Record<string, unknown>>;

const HEAD = '# made by culvert; it says what RouterOS 7 understands';

/** `file` must be without errors. */
export function exportScript(file: File, options: ExportOptions): string {
  const parts = Object.entries(PATH_OF).flatMap(([name, path]) => {
    const menu = menuNamed(name)!;
    const commands = entriesOf(menu, file).flatMap((entry) => commandOf(menu, entry, options));
    return commands.length > 0 ? [[`/${path}`, ...commands].join('\n')] : [];
  });
  return `${[HEAD, ...lost(file), ...parts].join('\n')}\n`;
}

/** Where the built-in entry of a menu is used without being named. */
const USERS: Readonly<Record<string, readonly string[]>> = {
  profile: ['peer', 'profile'],
  proposal: ['policy', 'proposal'],
};

/** Written entries; the built-in ones where they are used, since their defaults are not RouterOS's. */
function entriesOf(menu: Menu, file: File): Entry[] {
  const written = file[menu.name];
  if (!menu.list) return written === undefined ? [] : [written as Entry];
  const entries = (written ?? []) as Entry[];
  const { builtin } = menu;
  if (builtin === undefined || entries.some(({ name }) => name === builtin)) return entries;
  const [user = '', property = ''] = USERS[menu.name] ?? [];
  const users = (file[user] ?? []) as Entry[];
  const used = users.some((entry) => (entry[property] ?? builtin) === builtin);
  return used ? [{ name: builtin }, ...entries] : entries;
}

/** Menus that RouterOS does not take from a script, or does not have. */
function lost(file: File): string[] {
  const named = (menu: string): string[] =>
    ((file[menu] ?? []) as Entry[]).map((entry) => `# ${menu} ${entry.name}: import ${entry.file}`);
  const marks = ((file['connection-mark'] ?? []) as Entry[]).map(
    ({ name, mark }) =>
      `# connection-mark ${name}: ${mark} here; /ip firewall mangle makes the name`,
  );
  const ours = ['tun', 'log', 'metrics'].filter((menu) => Object.keys(file[menu] ?? {}).length > 0);
  return [
    ...named('certificate'),
    ...named('key'),
    ...marks,
    ...ours.map((menu) => `# ${menu}: RouterOS has no such menu`),
  ];
}

function commandOf(menu: Menu, entry: Entry, options: ExportOptions): string[] {
  const comments: string[] = [];
  const properties = menu.properties.flatMap((row) => {
    const { text, comment } = propertyOf(menu, row, entry, options);
    if (comment !== undefined) comments.push(`# ${comment}`);
    return text === undefined ? [] : [[row.name, text] as const];
  });
  const isBuiltin = menu.builtin !== undefined && entry.name === menu.builtin;
  const template = menu.name === 'policy' && isBuiltinTemplate(entry);
  const given = properties.filter(([name]) => {
    if (template) return !['template', 'src-address', 'dst-address'].includes(name);
    return !(isBuiltin && name === 'name');
  });
  given.sort(([a], [b]) => (a < b ? -1 : 1));
  if (given.length === 0 && (isBuiltin || template || !menu.list)) return comments;
  const found = isBuiltin || template ? 'set [ find default=yes ]' : menu.list ? 'add' : 'set';
  return [...comments, wrap([found, ...given.map(([name, text]) => `${name}=${quote(text)}`)])];
}

/** RouterOS's own first policy. */
const isBuiltinTemplate = (entry: Entry): boolean =>
  (entry.template === true || entry.template === 'yes') &&
  entry['src-address'] === '::/0' &&
  entry['dst-address'] === '::/0' &&
  (entry.group ?? 'default') === 'default';

interface Said {
  readonly text?: string;
  readonly comment?: string;
}

function propertyOf(menu: Menu, row: Property, entry: Entry, { showSecrets }: ExportOptions): Said {
  const written = entry[row.name];
  const value = written ?? row.default;
  if (value === undefined) return {};
  if (row.ours) {
    const changed = written !== undefined && !sameValue(row, written, row.default);
    return changed ? { comment: `${row.name}=${textOf(row, value)} is not RouterOS's` } : {};
  }
  if (menu.name === 'proposal' && row.name === 'auth-algorithms' && onlyAead(entry)) {
    return { text: 'null' };
  }
  if (sameValue(row, value, row.routeros ?? row.default)) return {};
  if (row.kind.secret && !showSecrets) {
    return value === '' ? {} : { comment: `${row.name} is left out: --show-secrets` };
  }
  return known(menu, row, textOf(row, value));
}

/** An AEAD goes without integrity; RouterOS has null written for it. */
function onlyAead(entry: Entry): boolean {
  const written = entry['enc-algorithms'];
  const names = typeof written === 'string' ? written.split(',').map((s) => s.trim()) : written;
  return Array.isArray(names) && names.every((name) => isAead(String(name)));
}

/** The words of a list that RouterOS has; what is left out is said. */
function known(menu: Menu, { name }: Property, text: string): Said {
  const words = KNOWN_WORDS[`${menu.name}.${name}`];
  if (words === undefined) return { text };
  const given = text.split(',');
  const most = name === 'hash-algorithm' ? 1 : given.length;
  const kept = given.filter((word) => words.includes(word)).slice(0, most);
  const left = given.filter((word) => !kept.includes(word));
  return {
    ...(kept.length > 0 ? { text: kept.join(',') } : {}),
    ...(left.length > 0 ? { comment: `${name}: RouterOS takes no ${left.join(', ')} here` } : {}),
  };
}

/** What needs no quotes; all else is quoted, and bytes that are not ASCII are hexadecimal. */
function quote(text: string): string {
  if (/^[\w.,:/*+@%-]+$/.test(text)) return text;
  const escaped = [...Buffer.from(text, 'utf8')].map((byte) => {
    const char = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) return `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    return '"\\$?'.includes(char) ? `\\${char}` : char;
  });
  return `"${escaped.join('')}"`;
}

const WIDTH = 78;

/** Lines that are too long go on behind a backslash, between properties. */
function wrap(words: readonly string[]): string {
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1)!;
    if (line.length > 4 && line.length + 1 + word.length > WIDTH) lines.push(`    ${word}`);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(' \\\n');
}
