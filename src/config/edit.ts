// One change of a configuration file, as RouterOS's commands make it: add, set, remove, enable, disable,
// move, comment. The result is checked before anybody writes it: a change that adds an error is none.
import { wholeName } from './abbreviation.js';
import { flag } from './kind.js';
import { parse } from './load.js';
import type { Menu } from './menu.js';
import type { File } from './file.js';
import { formatProblem, type Problem, suggestion } from './problem.js';

export type Verb = 'add' | 'set' | 'remove' | 'enable' | 'disable' | 'move' | 'comment';

export interface Edit {
  readonly menu: Menu;
  readonly verb: Verb;
  /** Entries: `0`, `0,2`, `west`, `[find peer=west]`. For move: what, and before which. */
  readonly targets: readonly string[];
  /** `name=value`; an empty value, or `!name`, takes the property back to its default. */
  readonly properties: readonly (readonly [name: string, value: string])[];
  /** The comment, of the verb comment. */
  readonly text?: string;
}

/** The change cannot be made; the message is for the operator. */
export class EditError extends Error {
  override readonly name = 'EditError';
}

type Entry = Record<string, unknown>;

/** The file after the change; `file` itself stays as it is. Throws an EditError. */
export function edit(file: File, change: Edit): File {
  const after = structuredClone(file);
  const names = [...change.menu.properties.map(({ name }) => name), 'place-before'];
  const properties = change.properties.map(
    ([name, value]) => [wholeName(name, names), value] as const,
  );
  if (change.menu.list) editList(after, { ...change, properties });
  else editObject(after, { ...change, properties });
  const before = new Set(problemsOf(file).map(keyOf));
  const added = problemsOf(after).filter((problem) => !before.has(keyOf(problem)));
  if (added.length > 0) throw new EditError(added.map(formatProblem).join('\n'));
  return after;
}

function problemsOf(file: File): readonly Problem[] {
  const loaded = parse(JSON.stringify(file));
  return loaded.ok ? [] : loaded.errors;
}

/** Numbers of entries shift with the change. */
const keyOf = ({ path, value, expected }: Problem): string =>
  [path, value, expected].join('\n').replaceAll(/\[\d+\]/g, '[]');

function editObject(file: File, { menu, verb, properties, targets }: Edit): void {
  if (verb !== 'set') throw new EditError(`${menu.name} is one object: it can only be set`);
  if (targets.length > 0) throw new EditError(`expected name=value, not ${targets[0]}`);
  const entry = (file[menu.name] ?? {}) as Entry;
  assign(menu, entry, properties);
  file[menu.name] = entry;
}

function editList(file: File, change: Edit): void {
  const { menu, verb, targets, properties } = change;
  const list = (file[menu.name] ?? []) as Entry[];
  if (!Array.isArray(list)) throw new EditError(`${menu.name} is not a list in this file`);
  file[menu.name] = list;
  if (verb === 'add') {
    add(menu, list, targets, properties);
    return;
  }
  if (targets.length === 0) throw new EditError(`${verb} which? A number, a name or [find …]`);
  if (verb === 'move') {
    move(menu, list, targets);
    return;
  }
  const found = [...new Set(targets.flatMap((target) => find(menu, list, target, verb === 'set')))];
  for (const entry of found) apply(entry, list, change);
}

function apply(entry: Entry, list: Entry[], { menu, verb, properties, text }: Edit): void {
  if (verb === 'set') assign(menu, entry, properties);
  else if (verb === 'remove') list.splice(list.indexOf(entry), 1);
  else if (verb === 'comment') assign(menu, entry, [['comment', text ?? '']]);
  else if (menu.properties.some(({ name }) => name === 'disabled')) {
    if (verb === 'disable') entry.disabled = true;
    else delete entry.disabled;
  } else throw new EditError(`an entry of ${menu.name} cannot be disabled`);
}

function add(
  menu: Menu,
  list: Entry[],
  targets: readonly string[],
  properties: Edit['properties'],
): void {
  if (targets.length > 0) throw new EditError(`expected name=value, not ${targets[0]}`);
  const entry: Entry = {};
  const before = properties.find(([name]) => name === 'place-before')?.[1];
  const own = properties.filter(([name]) => name !== 'place-before');
  assign(menu, entry, own);
  const place = before === undefined ? undefined : find(menu, list, before, false)[0];
  list.splice(place ? list.indexOf(place) : list.length, 0, entry);
}

/** RouterOS's move: the entries come to stand before the second target, or at the end. */
function move(menu: Menu, list: Entry[], [what = '', before, more]: readonly string[]): void {
  if (more !== undefined) throw new EditError('move takes two entries: what, and before which');
  const moved = find(menu, list, what, false);
  const place = before === undefined ? undefined : find(menu, list, before, false)[0];
  if (place !== undefined && moved.includes(place)) return;
  for (const entry of moved) list.splice(list.indexOf(entry), 1);
  list.splice(place ? list.indexOf(place) : list.length, 0, ...moved);
}

function assign(menu: Menu, entry: Entry, properties: Edit['properties']): void {
  for (const [name, value] of properties) {
    const row = menu.properties.find((one) => one.name === name);
    if (value === '') delete entry[name];
    else if (row?.kind === flag && /^(yes|no|true|false)$/.test(value)) {
      entry[name] = value === 'yes' || value === 'true';
    } else entry[name] = value;
  }
}

/** The entries a target means. A built-in entry that is not written is written by `set`. */
function find(menu: Menu, list: Entry[], target: string, write: boolean): Entry[] {
  const filter = /^(?:\[\s*find\b([^\]]*)\]|find\b([^\]]*))$/.exec(target);
  if (filter) {
    const text = (filter[1] ?? filter[2]!).trim().replace(/^where\b\s*/, '');
    return list.filter((entry) => matches(menu, entry, text));
  }
  if (/^\d+(,\d+)*$/.test(target)) {
    return target.split(',').map((number) => {
      const entry = list[Number(number)] ?? builtinAt(menu, list, Number(number), write);
      if (entry) return entry;
      const last = list.length === 0 ? 'it is empty' : `its last entry is ${list.length - 1}`;
      throw new EditError(`${menu.name} has no entry ${number}: ${last}`);
    });
  }
  const named = list.filter((entry) => entry.name === target);
  if (named.length > 0) return named;
  if (write && target === menu.builtin) return [builtinAt(menu, list, list.length, true)!];
  const names = list.map(({ name }) => name).filter((name) => typeof name === 'string');
  throw new EditError(`${menu.name} has no entry ${target}${suggestion(target, names)}`);
}

/** It is printed behind the written ones. */
function builtinAt(menu: Menu, list: Entry[], number: number, write: boolean): Entry | undefined {
  const written = list.some(({ name }) => name === menu.builtin);
  if (menu.builtin === undefined || written || number !== list.length || !write) return undefined;
  const entry = { name: menu.builtin };
  list.push(entry);
  return entry;
}

/** `name=value …`, each as it is written or by default. */
function matches(menu: Menu, entry: Entry, filter: string): boolean {
  const conditions = filter.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  return conditions.every((one) => {
    const [name = '', value = 'yes'] = one.split(/=(.*)/s);
    const whole = wholeName(
      name,
      menu.properties.map((one) => one.name),
    );
    const row = menu.properties.find((candidate) => candidate.name === whole);
    if (!row) throw new EditError(`${menu.name} has no property ${name}`);
    const written = String(entry[whole] ?? row.default ?? '');
    const text =
      row.kind === flag ? written.replace('true', 'yes').replace('false', 'no') : written;
    return text === value.replaceAll('"', '');
  });
}
