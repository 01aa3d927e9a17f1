// The column "state" of docs/configuration.md cannot lie: a test that is said to show a property names it,
// in its code or by a comment `// Shows menu.property, …` above the case; one of them at least is no
// test of reading or printing; and what a test says it shows stands in the table.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../../src/cli/version.js';
import { MENUS, PRINTED_MENUS } from '../../src/config/menus.js';

const shown = suite('config shown');
const TESTS = join(packageRoot, 'test');

/** Their whole effect is what a command prints or refuses: no packet is another for them. */
const OF_THE_COMMAND: Readonly<Record<string, string>> = {
  comment: 'a note for people',
  default: 'a flag of an entry of the file',
  dynamic: 'no other service makes entries of the file here',
  'peer.responder': 'a flag that follows from passive and address',
  'proposal.disabled': 'a policy that names it is refused with the file',
  'key.key-size': 'what a file holds',
  'key.private-key': 'what a file holds',
  'key.rsa': 'what a file holds',
};

interface Row {
  readonly path: string;
  readonly name: string;
  readonly shown: readonly string[];
}

const ROWS: readonly Row[] = [...MENUS, ...PRINTED_MENUS].flatMap((menu) => {
  const rows = [...('properties' in menu ? menu.properties : []), ...(menu.computed ?? [])];
  return rows.map((row) => ({ path: `${menu.name}.${row.name}`, shown: [], ...row }));
});

const camelCase = (name: string): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** What the comments of a test say it shows. */
function markersOf(text: string): string[] {
  const comments = text.matchAll(/\/\/ Shows (.*(?:\n *\/\/ .*)*)/g);
  return [...comments].flatMap(([, list = '']) => list.match(/[a-z-]+\.[A-Za-z0-9-]+/g) ?? []);
}

const textOf = (file: string): string => readFileSync(join(TESTS, file), 'utf8');
const wordIn = (text: string, word: string): boolean =>
  new RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(text);

/** A word such as `name` or `port` stands everywhere: there only the comment counts. */
function names(file: string, { path, name }: Row): boolean {
  const text = textOf(file);
  if (markersOf(text).includes(path)) return true;
  return name.includes('-') && (wordIn(text, name) || wordIn(text, camelCase(name)));
}

shown('every test that is named for a property names it', () => {
  const missing = ROWS.flatMap((row) =>
    row.shown
      .filter((file) => !names(file, row) && !aboutTheCommand(row))
      .map((file) => `${file}: ${row.path}`),
  );
  assert.equal(missing, [], 'write `// Shows menu.property` above the case that shows it');
});

const aboutTheCommand = ({ path, name }: Row): boolean =>
  path in OF_THE_COMMAND || name in OF_THE_COMMAND;

shown('no property is shown by reading and printing alone, where it does more', () => {
  const alone = ROWS.filter(
    (row) =>
      row.shown.length > 0 &&
      !aboutTheCommand(row) &&
      row.shown.every((file) => /^(config|cli)\//.test(file)),
  );
  assert.equal(
    alone.map(({ path }) => path),
    [],
  );
});

shown('what a test says it shows stands in the table', () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' });
  const wrong = files
    .filter((file) => file.endsWith('.test.ts') && file !== 'config/shown.test.ts')
    .flatMap((file) =>
      markersOf(textOf(file))
        .filter((path) => !ROWS.some((row) => row.path === path && row.shown.includes(file)))
        .map((path) => `${file}: ${path}`),
    );
  assert.equal(wrong, []);
});

shown.run();
