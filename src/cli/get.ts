// culvert MENU get ENTRY PROPERTY: one value, bare, for a script.
import type { Command } from 'commander';
import { wholeName } from '../config/abbreviation.js';
import type { Menu } from '../config/menu.js';
import { menuRows, type MenuRow } from '../config/rows.js';
import { configurationOf, type PrintOptions } from './menu.js';
import { UserError } from './socket.js';
import { printable } from './table.js';
import { pickRows } from './words.js';

export function addGet(parent: Command, menu: Menu): void {
  const entry = menu.list ? '<entry> ' : '';
  parent
    .command('get')
    .description('Write the value of one property.')
    .argument('[words...]', `${entry}<property>, the entry by number, name or [find …]`)
    .option('--file <path>', 'of this file (default: what the running daemon has)')
    .option('--socket <path>', "the daemon's control socket (default: the only one that runs)")
    .option('--show-secrets', 'secrets and passwords, too')
    .addHelpText(
      'after',
      `\nExample:\n  culvert ${menu.name} get ${example(menu)} --file site.json`,
    )
    .action(async (words: string[], options: PrintOptions) => {
      const file = await configurationOf(options);
      const rows = menuRows(menu, file[menu.name], options.showSecrets === true);
      process.stdout.write(`${printable(oneValue(menu, rows, words))}\n`);
    });
}

const example = (menu: Menu): string =>
  `${menu.list ? '0 ' : ''}${menu.properties.find(({ name }) => name !== 'name')!.name}`;

function oneValue(menu: Menu, rows: readonly MenuRow[], words: readonly string[]): string {
  const names = [...menu.properties, ...(menu.computed ?? [])].map(({ name }) => name);
  const [target, property, more] = menu.list ? words : ['0', ...words];
  if (target === undefined || property === undefined || more !== undefined) {
    throw new UserError(`get takes ${menu.list ? 'an entry and ' : ''}a property`);
  }
  const named = rows.filter((row) => row.values.name === target);
  const text = (row: MenuRow, name: string): string => row.values[name] ?? '';
  const found = named.length > 0 ? named : pickRows(rows, [target], names, text);
  if (found.length !== 1) throw new UserError(`${target} means ${found.length} entries, not one`);
  const whole = wholeName(property, names);
  if (!names.includes(whole)) {
    throw new UserError(`there is no property ${property} here; there are: ${names.join(', ')}`);
  }
  return text(found[0]!, whole);
}
