// A RouterOS export → our configuration, and line by line what was not carried over. The steps:
//   1. script → commands (script.ts)             4. what an export leaves out, what has no use here
//   2. commands → drafts (entries.ts)            5. names and texts → values (value.ts)
//   3. older RouterOS → today's (old-peers.ts)   6. the check of the whole, its lines as notes
import { parse } from '../load.js';
import { flag } from '../kind.js';
import type { Menu } from '../menu.js';
import { MENUS } from '../menus.js';
import { formatProblem, formatWarning } from '../problem.js';
import { complete, dropUseless } from './complete.js';
import { collect, type Draft, type Drafts } from './entries.js';
import { MAKES_PEERS, MENU_OF } from './names.js';
import { findPeersOfPolicies, renameProperties, takePeersApart } from './old-peers.js';
import { type Command, type Note, readScript } from './script.js';
import { convert, hiddenDefaults } from './value.js';

export interface Imported {
  /** As it is to be written to the file. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** What was not carried over, or not as it was, in the order of the lines. */
  readonly notes: readonly Note[];
  /** Whether `culvert check` takes it. */
  readonly sound: boolean;
}

export function importScript(text: string): Imported {
  const { commands, notes: read, version } = readScript(text);
  const notes = [...read];
  skipped(commands, notes);
  const drafts = collect(commands, notes);
  renameProperties(drafts, notes);
  takePeersApart(drafts, version);
  findPeersOfPolicies(drafts, notes);
  complete(drafts, notes);
  dropUseless(drafts, notes);
  const lines = new Map<string, number>();
  const configuration = Object.fromEntries(
    MENUS.flatMap((menu) => menuOf(menu, drafts, notes, lines)),
  );
  const sound = check(configuration, lines, notes);
  notes.sort((a, b) => a.line - b.line);
  return { configuration, notes, sound };
}

/** One note for each menu that is not ours, and one for what makes peers elsewhere. */
function skipped(commands: readonly Command[], notes: Note[]): void {
  const first = new Map<string, { line: number; count: number }>();
  for (const { line, menu, properties } of commands) {
    if (MENU_OF[menu] !== undefined) continue;
    const seen = first.get(menu) ?? { line, count: 0 };
    first.set(menu, { ...seen, count: seen.count + 1 });
    const maker = properties.find(([name, value]) => MAKES_PEERS.includes(name) && value !== 'no');
    if (maker) {
      const text = `/${menu}: ${maker[0]} makes a peer and policies of its own; not carried over`;
      notes.push({ line, text });
    }
  }
  for (const [menu, { line, count }] of first) {
    const what = `${count} ${count === 1 ? 'command' : 'commands'} skipped`;
    notes.push({ line, text: `/${menu}: ${what}: there is no such menu here` });
  }
}

/** The menu as it stands in the file; nothing where it would be empty. */
function menuOf(
  menu: Menu,
  drafts: Drafts,
  notes: Note[],
  lines: Map<string, number>,
): [string, unknown][] {
  const entries = (drafts.get(menu.name) ?? []).map((draft, at) => {
    lines.set(menu.list ? `${menu.name}[${at}]` : menu.name, draft.line);
    return entryOf(menu, draft, notes);
  });
  if (!menu.list) {
    const entry = entries[0] ?? {};
    return Object.keys(entry).length > 0 ? [[menu.name, entry]] : [];
  }
  return entries.length > 0 ? [[menu.name, entries]] : [];
}

function entryOf(menu: Menu, draft: Draft, notes: Note[]): Record<string, unknown> {
  const texts: Record<string, string> = {};
  for (const [name, text] of draft.values) {
    const { value, note } = convert(menu, name, text);
    if (value !== undefined) texts[name] = value;
    if (note !== undefined) notes.push({ line: draft.line, text: note });
  }
  for (const [name, value] of hiddenDefaults(menu, texts)) texts[name] = value;
  // The order of the table, not of the export: RouterOS's is alphabetical.
  return Object.fromEntries(
    menu.properties.flatMap(({ name, kind }) => {
      const value = texts[name];
      if (value === undefined) return [];
      return [[name, kind === flag ? value === 'yes' || value === 'true' : value]];
    }),
  );
}

/** The words of `culvert check`, with the lines of the export they come from. */
function check(
  configuration: Imported['configuration'],
  lines: ReadonlyMap<string, number>,
  notes: Note[],
): boolean {
  const lineOf = (path: string): number =>
    lines.get(/^[\w-]+(\[\d+\])?/.exec(path)?.[0] ?? '') ?? 0;
  const loaded = parse(JSON.stringify(configuration));
  if (loaded.ok) {
    for (const warning of loaded.warnings) {
      const text = formatWarning(warning);
      const hint = text.includes('no certificate is trusted') ? AUTHORITY : '';
      if (hint !== '' || /is not there yet|waits for/.test(text)) {
        notes.push({ line: lineOf(warning.path), text: `${text}${hint}` });
      }
    }
    return true;
  }
  for (const problem of loaded.errors) {
    const hint = problem.path.endsWith('.secret') ? HIDDEN : '';
    notes.push({ line: lineOf(problem.path), text: `${formatProblem(problem)}${hint}` });
  }
  return false;
}

/** RouterOS trusts every CA in its store, which is in no export. */
const AUTHORITY =
  ' (take the CA of the router: `culvert certificate import file-name=… trusted=yes`)';
const HIDDEN = ' (an export of RouterOS 7 has secrets only with show-sensitive)';
