// From JSON to entries: every menu and property of the file is looked up in its table, read by its
// kind, or filled in with its default. References between entries are the business of rules.ts.
import { failed } from './kind.js';
import type { Entry, Menu, Property } from './menu.js';
import {
  identityMenu,
  LATER_MENUS,
  logMenu,
  MENUS,
  peerMenu,
  policyMenu,
  profileMenu,
  proposalMenu,
  tunMenu,
} from './menus.js';
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

export interface Configuration {
  readonly peers: readonly Found<typeof peerMenu>[];
  readonly identities: readonly Found<typeof identityMenu>[];
  readonly profiles: readonly Found<typeof profileMenu>[];
  readonly proposals: readonly Found<typeof proposalMenu>[];
  readonly policies: readonly Found<typeof policyMenu>[];
  readonly tun: Found<typeof tunMenu>;
  readonly log: Found<typeof logMenu>;
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
  const list = <M extends Menu>(menu: M): Found<M>[] => readList(menu, file[menu.name], problems);
  // An object that is not written is one whose every property is the default.
  const single = <M extends Menu>(menu: M): Found<M> =>
    readEntry(menu, file[menu.name] ?? {}, menu.name, problems);
  return {
    peers: list(peerMenu),
    identities: list(identityMenu),
    profiles: list(profileMenu),
    proposals: list(proposalMenu),
    policies: list(policyMenu),
    tun: single(tunMenu),
    log: single(logMenu),
  };
}

function checkMenuNames(file: Json, problems: Problem[]): void {
  const names = MENUS.map((menu) => menu.name);
  for (const name of Object.keys(file)) {
    if (names.includes(name) || name === '$schema') continue;
    problems.push({ path: name, ...unknown('menu', name, names, LATER_MENUS) });
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
  const unread = new Set<string>();
  const values: Record<string, unknown> = {};
  if (!isObject(written)) {
    problems.push({ path, value: kindOf(written), expected: 'an object: { … }' });
    for (const row of menu.properties) unread.add(row.name);
    return { path, written: {}, entry: values as Entry<M>, unread };
  }
  checkPropertyNames(menu, written, path, problems);
  for (const row of menu.properties) {
    const before = problems.length;
    values[row.name] = readProperty(row, written, `${path}.${row.name}`, problems);
    if (problems.length > before) unread.add(row.name);
  }
  return { path, written, entry: values as Entry<M>, unread };
}

function readProperty(row: Property, written: Json, path: string, problems: Problem[]): unknown {
  // hasOwn: nothing that Object.prototype has counts as written.
  const given = Object.hasOwn(written, row.name) ? written[row.name] : row.default;
  if (given === undefined) {
    const { expected } = { expected: '', ...row.kind.read(undefined) };
    problems.push({ path, value: 'nothing', expected });
    return undefined;
  }
  const result = row.kind.read(given);
  if (!failed(result)) return result.value;
  // The value of a secret never leaves the file, not even when it is wrong.
  const value = row.kind.secret ? '[hidden]' : show(given);
  problems.push({ path, value, expected: result.expected });
  return undefined;
}

function checkPropertyNames(menu: Menu, written: Json, path: string, problems: Problem[]): void {
  const names = menu.properties.map((row) => row.name);
  for (const name of Object.keys(written)) {
    if (names.includes(name)) continue;
    problems.push({ path: `${path}.${name}`, ...unknown('property', name, names, menu.later) });
  }
}

/** A name that no table has: later, a slip of the pen, or neither. */
function unknown(
  what: string,
  name: string,
  names: readonly string[],
  later: readonly string[],
): { value: string; expected: string } {
  if (later.includes(name)) {
    return { value: `RouterOS's ${what} ${name}`, expected: 'nothing, it is not there yet' };
  }
  const near = suggestion(name, names);
  const expected = near === '' ? `one of ${names.join(', ')}` : `a known ${what}${near}`;
  return { value: `unknown ${what}`, expected };
}

/** Whole objects are not shown: a secret may stand in them. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : typeof value === 'string' ? 'a string' : show(value);
}
