// From JSON to entries: every menu and property of the file is looked up in its table, read by its
// kind, or filled in with its default. References between entries are the business of rules.ts.
import { failed, type Read } from './kind.js';
import type { Entry, Menu, Property } from './menu.js';
import { MENUS, PRINTED_MENUS, type TABLE } from './menus.js';
import { type Problem, show, suggestion } from './problem.js';

/** An entry, where it stands, and what of it was written. */
export interface Found<M extends Menu> {
  /** `peer[1]`, `tun`. */
  readonly path: string;
  readonly written: Readonly<Record<string, unknown>>;
  /** Properties in `unread` are undefined here, whatever their type says. */
  readonly entry: Entry<M>;
  readonly unread: ReadonlySet<string>;
}

type Named<N extends string> = Extract<(typeof TABLE)[number], { readonly name: N }>;
type List<N extends string> = readonly Found<Named<N>>[];

/** What the file says. Rules about one menu use its list; those about every menu use `all`. */
export interface Configuration {
  readonly peers: List<'peer'>;
  readonly identities: List<'identity'>;
  readonly profiles: List<'profile'>;
  readonly proposals: List<'proposal'>;
  readonly policies: List<'policy'>;
  readonly groups: List<'group'>;
  readonly modeConfigs: List<'mode-config'>;
  readonly keys: List<'key'>;
  readonly keyPsks: List<'key-psk'>;
  readonly certificates: List<'certificate'>;
  readonly users: List<'user'>;
  readonly pools: List<'pool'>;
  readonly addressLists: List<'address-list'>;
  readonly connectionMarks: List<'connection-mark'>;
  readonly radius: List<'radius'>;
  readonly radiusIncoming: Found<Named<'radius-incoming'>>;
  readonly settings: Found<Named<'settings'>>;
  readonly tun: Found<Named<'tun'>>;
  readonly log: Found<Named<'log'>>;
  readonly metrics: Found<Named<'metrics'>>;
  readonly all: readonly { readonly menu: Menu; readonly found: readonly Found<Menu>[] }[];
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function readConfiguration(root: unknown, problems: Problem[]): Configuration {
  if (!isObject(root)) {
    const expected = 'an object with the menus peer, identity, policy …';
    problems.push({ path: 'the file', value: show(root), expected });
  }
  const file: Json = isObject(root) ? root : {};
  checkMenuNames(file, problems);
  const all = MENUS.map((menu) => ({
    menu,
    // An object that is not written is one whose every property is the default.
    found: menu.list
      ? readList(menu, file[menu.name], problems)
      : [readEntry(menu, file[menu.name] ?? {}, menu.name, problems)],
  }));
  const list = <N extends string>(name: N) =>
    all.find(({ menu }) => menu.name === name)!.found as unknown as List<N>;
  return {
    peers: list('peer'),
    identities: list('identity'),
    profiles: list('profile'),
    proposals: list('proposal'),
    policies: list('policy'),
    groups: list('group'),
    modeConfigs: list('mode-config'),
    keys: list('key'),
    keyPsks: list('key-psk'),
    certificates: list('certificate'),
    users: list('user'),
    pools: list('pool'),
    addressLists: list('address-list'),
    connectionMarks: list('connection-mark'),
    radius: list('radius'),
    radiusIncoming: list('radius-incoming')[0]!,
    settings: list('settings')[0]!,
    tun: list('tun')[0]!,
    log: list('log')[0]!,
    metrics: list('metrics')[0]!,
    all,
  };
}

function checkMenuNames(file: Json, problems: Problem[]): void {
  const names = MENUS.map((menu) => menu.name);
  for (const name of Object.keys(file)) {
    if (names.includes(name) || name === '$schema') continue;
    if (PRINTED_MENUS.some((menu) => menu.name === name)) {
      const expected = `nothing: it is printed (culvert ${name} print), not configured`;
      problems.push({ path: name, value: 'a read-only menu', expected });
    } else problems.push({ path: name, ...unknown('menu', name, names) });
  }
}

function readList<M extends Menu>(menu: M, value: unknown, problems: Problem[]): Found<M>[] {
  const written = value === undefined ? [] : value;
  if (!Array.isArray(written)) {
    problems.push({
      path: menu.name,
      value: kindOf(written),
      expected: 'a list of entries: [ … ]',
    });
    return [];
  }
  // The built-in entry stands last, so that the numbers in paths are those of the file.
  const entries = written.map((item, at) => readEntry(menu, item, `${menu.name}[${at}]`, problems));
  if (menu.builtin === undefined || entries.some(({ written: w }) => w.name === menu.builtin)) {
    return entries;
  }
  return [...entries, readEntry(menu, { name: menu.builtin }, `${menu.name} (built in)`, problems)];
}

function readEntry<M extends Menu>(
  menu: M,
  written: unknown,
  path: string,
  problems: Problem[],
): Found<M> {
  let unread: Set<string> | undefined;
  const values: Record<string, unknown> = {};
  if (!isObject(written)) {
    problems.push({ path, value: kindOf(written), expected: 'an object: { … }' });
    const all = new Set(menu.properties.map(({ name }) => name));
    return { path, written: {}, entry: values as Entry<M>, unread: all };
  }
  checkPropertyNames(menu, written, path, problems);
  for (const row of menu.properties) {
    const before = problems.length;
    values[row.name] = readProperty(row, written, path, problems);
    if (problems.length === before) continue;
    unread ??= new Set();
    unread.add(row.name);
  }
  return { path, written, entry: values as Entry<M>, unread: unread ?? NOTHING };
}

const NOTHING: ReadonlySet<string> = new Set();
/** Defaults as their kinds read them: the same for each of thousands of entries. */
const defaults = new WeakMap<Property, Read<unknown>>();

function readDefault(row: Property): Read<unknown> {
  const result = defaults.get(row) ?? row.kind.read(row.default);
  defaults.set(row, result);
  return result;
}

/** `entry` is the path of the entry. */
function readProperty(row: Property, written: Json, entry: string, problems: Problem[]): unknown {
  // hasOwn: nothing that Object.prototype has counts as written.
  const isWritten = Object.hasOwn(written, row.name);
  const given = isWritten ? written[row.name] : row.default;
  if (given === undefined) {
    const { expected } = { expected: '', ...row.kind.read(undefined) };
    problems.push({ path: `${entry}.${row.name}`, value: 'nothing', expected });
    return undefined;
  }
  const result = isWritten ? row.kind.read(given) : readDefault(row);
  if (!failed(result)) return result.value;
  // The value of a secret never leaves the file, not even when it is wrong.
  const value = row.kind.secret ? '[hidden]' : show(given);
  problems.push({ path: `${entry}.${row.name}`, value, expected: result.expected });
  return undefined;
}

function checkPropertyNames(menu: Menu, written: Json, path: string, problems: Problem[]): void {
  for (const name of Object.keys(written)) {
    if (menu.properties.some((row) => row.name === name)) continue;
    const names = menu.properties.map((row) => row.name);
    const at = `${path}.${name}`;
    if (menu.computed?.some((row) => row.name === name)) {
      const expected = 'nothing: it is computed while the daemon runs, and printed';
      problems.push({ path: at, value: 'a read-only property', expected });
    } else problems.push({ path: at, ...unknown('property', name, names) });
  }
}

/** A name that no table has: a slip of the pen, or not even that. */
function unknown(what: string, name: string, names: readonly string[]) {
  const near = suggestion(name, names);
  const expected = near === '' ? `one of ${names.join(', ')}` : `a known ${what}${near}`;
  return { value: `unknown ${what}`, expected };
}

/** Whole objects are not shown: a secret may stand in them. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : typeof value === 'string' ? 'a string' : show(value);
}
