// The entries an export makes, before their values are read: `add` and `set` carried out on lists as
// RouterOS has them, the built-in entries among them.
import { menuNamed } from '../menus.js';
import { MENU_OF } from './names.js';
import type { Command, Note } from './script.js';

/** An entry of one of our menus with RouterOS's names and texts. */
export interface Draft {
  line: number;
  /** Was there without being added. */
  readonly builtin: boolean;
  readonly values: Map<string, string>;
}

export type Drafts = Map<string, Draft[]>;

/** Carries out the commands; what cannot be is said in `notes`. */
export function collect(commands: readonly Command[], notes: Note[]): Drafts {
  const drafts: Drafts = new Map();
  for (const command of commands) {
    const menu = MENU_OF[command.menu];
    // Menus of no concern are summed up by whoever called.
    if (menu === undefined) continue;
    const list = listOf(drafts, menu);
    const problem = carryOut(command, menu, list);
    if (problem !== undefined) notes.push({ line: command.line, text: problem });
  }
  return drafts;
}

/** The list of a menu, made with what RouterOS has in it from the start. */
export function listOf(drafts: Drafts, menu: string): Draft[] {
  const found = drafts.get(menu);
  if (found) return found;
  const { builtin, list } = menuNamed(menu)!;
  const made: Draft[] = [];
  if (menu === 'policy') made.push(draft(true, [['template', 'yes']]));
  else if (builtin !== undefined) made.push(draft(true, [['name', builtin]]));
  else if (!list) made.push(draft(true, []));
  drafts.set(menu, made);
  return made;
}

const draft = (builtin: boolean, values: Iterable<readonly [string, string]>, line = 0): Draft => ({
  line,
  builtin,
  values: new Map(values),
});

/** What is wrong, where something is. */
function carryOut(command: Command, menu: string, list: Draft[]): string | undefined {
  const { verb, line, properties, targets } = command;
  if (verb === 'add') {
    list.push(draft(false, properties, line));
    return undefined;
  }
  if (verb === 'print' || verb === 'export') return undefined;
  const found = menuNamed(menu)!.list ? targetsOf(targets, list) : list;
  const what = `${verb} ${targets.join(' ')}`.trim();
  if (found.length === 0) return `${what}: no such entry in this export`;
  switch (verb) {
    case 'set':
      for (const one of found) {
        one.line = line;
        for (const [name, value] of properties) one.values.set(name, value);
      }
      return undefined;
    case 'enable':
    case 'disable':
      for (const one of found) one.values.set('disabled', verb === 'disable' ? 'yes' : 'no');
      return undefined;
    case 'remove':
      for (const one of found) list.splice(list.indexOf(one), 1);
      return undefined;
    default:
      return `${what}: not carried out`;
  }
}

/** `[ find default=yes ]`, `[ find name=x ]`, `0`, `*0`, `name`. */
function targetsOf(targets: readonly string[], list: readonly Draft[]): Draft[] {
  return targets.flatMap((target) => {
    const find = /^\[\s*find\b\s*(?:where\s+)?(?:([\w-]+)="?([^"\]]*?)"?)?\s*\]$/.exec(target);
    if (find) {
      const [, name, value] = find;
      if (name === undefined) return [...list];
      if (name === 'default') return list.filter(({ builtin }) => builtin === (value === 'yes'));
      return list.filter(({ values }) => values.get(name) === value);
    }
    // An internal number says nothing about the place, but the built-in entries are made first.
    if (target.startsWith('*'))
      return list.filter(({ builtin }) => builtin && /^\*0?$/.test(target));
    if (/^\d+(,\d+)*$/.test(target)) {
      return target.split(',').flatMap((number) => list[Number(number)] ?? []);
    }
    return list.filter(({ values }) => values.get('name') === target);
  });
}
