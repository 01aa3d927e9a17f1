// The nouns of the configuration: culvert peer print, culvert policy add …, one set of verbs for every
// menu of the table. What is edited is the running daemon with its file, or a file that is named.
import type { Command } from 'commander';
import { EditError, edit, type Verb } from '../config/edit.js';
import { type File, readFile } from '../config/file.js';
import type { Menu, Property } from '../config/menu.js';
import { MENUS } from '../config/menus.js';
import { menuRows, type MenuRow } from '../config/rows.js';
import type { PeerAddressRow } from '../daemon/rows.js';
import { change, type EditOptions, edited } from './edited.js';
import { EXAMPLES } from './examples.js';
import { addGet } from './get.js';
import { formatMenu, formatMenuDetail, formatMenuTerse, jsonOf } from './menu-table.js';
import { noun } from './question.js';
import { ask, findSocket, UserError } from './socket.js';
import { filterRows, type PrintWords, parsePrintWords, parseWords } from './words.js';

interface VerbRow {
  readonly verb: Verb;
  readonly words: string;
  readonly text: string;
  readonly example: string;
  readonly objects?: true;
}

const VERBS: readonly VerbRow[] = [
  {
    verb: 'add',
    words: '[words...]',
    text: 'Add an entry; place-before=N puts it before another.',
    example: '',
  },
  {
    verb: 'set',
    words: '[words...]',
    text: 'Change properties; name= takes one back to its default.',
    example: '0 comment=branch',
    objects: true,
  },
  { verb: 'remove', words: '<entries...>', text: 'Remove entries.', example: '0' },
  { verb: 'enable', words: '<entries...>', text: 'Use entries again.', example: '0' },
  { verb: 'disable', words: '<entries...>', text: 'Keep entries and not use them.', example: '0' },
  {
    verb: 'move',
    words: '<entry> [before]',
    text: 'Put an entry before another, or at the end.',
    example: '3 0',
  },
  { verb: 'comment', words: '<entry> <text>', text: 'Set the comment.', example: '0 "branch"' },
];

export function registerMenus(program: Command): void {
  for (const menu of MENUS) {
    const parent = noun(program, menu.name, menu.text);
    if (parent.summary() === '') parent.summary(firstSentence(menu.text));
    const known = (name: string): boolean => parent.commands.some((one) => one.name() === name);
    // `policy print` knows the state of the negotiation, too, and stands in its own file.
    if (!known('print')) addPrint(parent, menu);
    addGet(parent, menu);
    for (const row of VERBS) if (applies(menu, row)) addVerb(parent, menu, row);
  }
}

const has = (menu: Menu, name: string): boolean => menu.properties.some((row) => row.name === name);

function applies(menu: Menu, { verb, objects }: VerbRow): boolean {
  if (!menu.list) return objects === true;
  if (verb === 'enable' || verb === 'disable') return has(menu, 'disabled');
  return verb !== 'comment' || has(menu, 'comment');
}

const firstSentence = (text: string): string => `${text.split(/\.(?= |$)/)[0]}.`;

/** A line for each property, from the table. */
function propertyHelp(menu: Menu): string {
  const rows = menu.properties as readonly Property[];
  const lines = rows.map(({ name, kind, text }) => `  ${name}=${kind.notation}\n      ${text}\n`);
  return `Properties:\n${lines.join('')}`;
}

const FILE = "edit this file (default: CULVERT_FILE's, else the running daemon's, at once)";

function addVerb(parent: Command, menu: Menu, { verb, words, text, example }: VerbRow): void {
  const whole = verb === 'add' || !menu.list;
  const sample = whole ? EXAMPLES[menu.name]! : example;
  const properties = verb === 'add' || verb === 'set' ? `\n${propertyHelp(menu)}` : '';
  parent
    .command(verb)
    .description(text)
    .argument(words.split(' ')[0]!, 'RouterOS notation: numbers, names, [find …], name=value')
    .option('--file <path>', FILE)
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .addHelpText('after', () => properties)
    .addHelpText('after', `\nExample:\n  culvert ${menu.name} ${verb} ${sample} --file site.json`);
  const command = parent.commands.at(-1)!;
  for (const more of words.split(' ').slice(1)) command.argument(more);
  command.action(async (...given: unknown[]) => {
    const options = given.at(-2) as EditOptions;
    const all = given
      .slice(0, -2)
      .flat()
      .filter((one) => one !== undefined) as string[];
    const parsed = verb === 'comment' ? { targets: [all[0]!], properties: [] } : parseWords(all);
    const missing = verb === 'add' || verb === 'set' ? 'empty' : 'error';
    const said = await change(await edited(options), missing, (before) =>
      attempt(() => edit(before, { menu, verb, ...parsed, ...textOf(verb, all) })),
    );
    process.stderr.write(said);
  });
}

const textOf = (verb: Verb, all: readonly string[]) =>
  verb === 'comment' ? { text: all[1]! } : {};

export function attempt<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    if (error instanceof EditError) throw new UserError(`${error.message}\nnothing was changed`);
    throw error;
  }
}

export function fileOf(given: string | undefined): string {
  const path = given ?? process.env.CULVERT_FILE;
  if (path) return path;
  throw new UserError(
    'say which file: --file PATH, or CULVERT_FILE\n' +
      '(keys and certificates are files beside it; `culvert reload` has a running daemon read them)',
  );
}

export interface PrintOptions {
  readonly file?: string;
  readonly socket?: string;
  readonly json?: boolean;
  readonly showSecrets?: boolean;
}

function addPrint(parent: Command, menu: Menu): void {
  const list = menu.list ? ' detail where name=value' : '';
  parent
    .command('print')
    .description('Print the entries; `detail` shows every property, `where` filters.')
    .argument('[words...]', '[detail | terse | count-only] [where name=value !name name~pattern …]')
    .option('--file <path>', 'print this file (default: what the running daemon has)')
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .option('--json', 'print JSON')
    .option('--show-secrets', 'print secrets and passwords, too')
    .addHelpText('after', `\nExample:\n  culvert ${menu.name} print${list} --file site.json`)
    .action(async (words: string[], options: PrintOptions) => {
      const file = await configurationOf(options);
      const live = options.file === undefined && menu.name === 'peer' ? await peers(options) : [];
      process.stdout.write(printMenu(menu, file, words, options, live));
    });
}

/** What print writes of a file's menu. */
export function printMenu(
  menu: Menu,
  file: File,
  words: readonly string[],
  options: PrintOptions,
  live: readonly PeerAddressRow[] = [],
): string {
  const { form, count, where } = parsePrintWords(words);
  const all = menuRows(menu, file[menu.name], options.showSecrets === true).map((row) => {
    const found = live.find(({ peer }) => peer === row.values.name);
    return found ? withAddress(row, found) : row;
  });
  const names = [...menu.properties, ...(menu.computed ?? [])].map(({ name }) => name);
  const rows = filterRows(all, where, names, (row, name) => row.values[name] ?? '');
  if (count) return `${rows.length}\n`;
  return show(menu, rows, form, options.json === true);
}

/** What the daemon knows of a DNS name; why it has no address stands in the comment's place above. */
const withAddress = (row: MenuRow, found: PeerAddressRow): MenuRow => ({
  ...row,
  comment: [row.comment, found.trouble].filter((text) => text !== '').join('; '),
  values: { ...row.values, 'current-address': found['current-address'] },
});

const peers = async ({ socket }: PrintOptions): Promise<readonly PeerAddressRow[]> =>
  ask(await findSocket(socket), 'peer addresses', {});

function show(
  menu: Menu,
  rows: readonly MenuRow[],
  form: PrintWords['form'],
  json: boolean,
): string {
  const width = process.stdout.isTTY ? process.stdout.columns : 0;
  if (json) {
    const values = rows.map((row) => jsonOf(menu, row));
    return `${JSON.stringify(menu.list ? values : values[0], null, 2)}\n`;
  }
  if (form === 'terse' && menu.list) return formatMenuTerse(rows);
  return form === 'detail' && menu.list
    ? formatMenuDetail(rows, width)
    : formatMenu(menu, rows, width);
}

/** What a file says, or what the daemon runs on; both without secrets unless they are asked for. */
export async function configurationOf(options: PrintOptions): Promise<File> {
  if (options.file !== undefined) return readFile(options.file);
  const args = options.showSecrets === true ? { 'show-secrets': true } : {};
  return { ...(await ask(await findSocket(options.socket), 'configuration print', args)) };
}
