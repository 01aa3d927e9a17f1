// Names: none twice, none that leads nowhere.
import { type Rule, namesOf } from './found.js';
import type { Menu } from './menu.js';
import { type Problem, show, suggestion } from './problem.js';
import type { Configuration, Found } from './read.js';

/** Which property of which menu names an entry of which other. */
export const REFERENCES = [
  ['peer', 'profile', 'profile'],
  ['identity', 'peer', 'peer'],
  ['identity', 'certificate', 'certificate'],
  ['identity', 'remote-certificate', 'certificate'],
  ['user', 'certificate', 'certificate'],
  ['identity', 'key', 'key'],
  ['identity', 'remote-key', 'key'],
  ['identity', 'mode-config', 'mode-config'],
  ['identity', 'policy-template-group', 'group'],
  ['policy', 'peer', 'peer'],
  ['policy', 'proposal', 'proposal'],
  ['policy', 'group', 'group'],
  ['mode-config', 'address-pool', 'pool'],
  ['mode-config', 'connection-mark', 'connection-mark'],
  ['key-psk', 'peer', 'peer'],
  ['pool', 'next-pool', 'pool'],
  ['radius', 'certificate', 'certificate'],
] as const;

/** Of so many an error lists the names. */
const MOST_NAMED = 20;

/** By what is written, so that an entry with another fault still holds its name. */
export const namesAreUnique: Rule = (c, problems) => {
  for (const { menu, found } of c.all) {
    if (!menu.list || !menu.properties.some((row) => row.name === 'name')) continue;
    const first = new Map<unknown, string>();
    for (const { path, written } of found) {
      const other = first.get(written.name);
      if (other !== undefined && typeof written.name === 'string') {
        const expected = `a name that no other ${menu.name} has; ${other} has it`;
        problems.push({ path: `${path}.name`, value: show(written.name), expected });
      } else first.set(written.name, path);
    }
  }
};

/** A reference to an entry with a fault of its own is no dangling one. */
export const referencesExist: Rule = (c, problems) => {
  for (const [from, property, to] of REFERENCES) {
    const names = new Set(namesOf(listOf(c, to)));
    for (const { path, entry, unread } of listOf(c, from)) {
      if (unread.has(property)) continue;
      const value = (entry as Record<string, unknown>)[property];
      for (const name of Array.isArray(value) ? value : [value]) {
        if (typeof name !== 'string' || name === '' || names.has(name)) continue;
        reportUnknown(`${path}.${property}`, name, to, names, problems);
      }
    }
  }
};

const listOf = (c: Configuration, name: string): readonly Found<Menu>[] =>
  c.all.find(({ menu }) => menu.name === name)!.found;

function reportUnknown(
  path: string,
  name: string,
  menu: string,
  names: ReadonlySet<string>,
  problems: Problem[],
): void {
  const first = [...names].slice(0, MOST_NAMED);
  const more = names.size > first.length ? ` and ${names.size - first.length} more` : '';
  const known = names.size > 0 ? `${first.join(', ')}${more}` : 'there is none';
  // a near name is looked for among all of them: not for each of thousands
  const near = problems.length < MOST_NAMED ? suggestion(name, [...names]) : '';
  const expected = `the name of a ${menu}: ${known}${near}`;
  problems.push({ path, value: show(name), expected });
}
