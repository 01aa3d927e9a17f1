// The table of menus against the names of the spec: none missing, none that is neither RouterOS's nor
// marked ours, every word of a list taken or said to be still to come, every default RouterOS's or
// given a reason.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../../src/cli/version.js';
import type { Computed, Menu, Property } from '../../src/config/menu.js';
import { MENUS, PRINTED_MENUS } from '../../src/config/menus.js';
import { COUNTERS } from '../../src/daemon/counter-names.js';
import { SPEC } from './spec-names.js';

const spec = suite('config spec');
const words = (text = ''): string[] => text.split(' ').filter((word) => word !== '');

const menuOf = (name: string): Menu | undefined => MENUS.find((menu) => menu.name === name);
const printedOf = (name: string) => PRINTED_MENUS.find((menu) => menu.name === name);
const rowsOf = (name: string): readonly Property[] => menuOf(name)?.properties ?? [];
const computedOf = (name: string): readonly Computed[] =>
  menuOf(name)?.computed ?? printedOf(name)?.computed ?? [];

for (const [name, menu] of Object.entries(SPEC)) {
  spec(`${name}: the properties of the spec, no other without the mark "ours"`, () => {
    assert.ok(menuOf(name) ?? printedOf(name), `there is no menu ${name}`);
    const theirs = [...Object.keys(menu.properties), ...words(menu.newer)];
    const known = rowsOf(name).map((row) => row.name);
    assert.equal(
      theirs.filter((one) => !known.includes(one)),
      [],
    );
    const others = rowsOf(name).filter((row) => !theirs.includes(row.name) && !row.ours);
    // RouterOS 7 has a comment in every list.
    assert.equal(
      others.map((row) => row.name).filter((one) => one !== 'comment'),
      [],
    );
  });

  spec(`${name}: the read-only properties and commands`, () => {
    const theirs = [...words(menu.computed), ...words(menu.newerComputed)];
    const rows = computedOf(name);
    const known = rows.map((row) => row.name);
    assert.equal(
      theirs.filter((one) => !known.includes(one)),
      [],
    );
    const others = rows.filter((row) => !theirs.includes(row.name) && !row.ours);
    assert.equal(
      others.map((row) => row.name),
      [],
    );
    assert.equal(
      [...(printedOf(name)?.commands ?? [])],
      [...words(menu.commands), ...words(menu.newerCommands)],
    );
  });

  for (const [property, [list, fallback]] of Object.entries(menu.properties)) {
    spec(`${name}.${property}: the words and the default of the spec`, () => {
      const row = rowsOf(name).find((one) => one.name === property)!;
      for (const word of words(list)) {
        const result = row.kind.read(word);
        const later = 'expected' in result && result.expected.includes('is not there yet');
        assert.ok('value' in result || later, `${property}=${word} is refused`);
      }
      if (fallback === '') return;
      const ours = row.default === true ? 'yes' : row.default === false ? 'no' : row.default;
      assert.is(row.routeros ?? String(ours), fallback);
    });
  }
}

spec('every property shows its effect in a test, or says what it waits for', () => {
  for (const menu of [...MENUS, ...PRINTED_MENUS]) {
    const rows: readonly (Property | Computed)[] = [
      ...('properties' in menu ? menu.properties : []),
      ...(menu.computed ?? []),
    ];
    for (const row of rows) {
      const path = `${menu.name}.${row.name}`;
      const waits = row.later !== undefined || ('later' in menu && menu.later !== undefined);
      assert.ok(
        row.shown !== undefined || waits,
        `${path}: name in src/config/menus the tests that show its effect (shown), or later`,
      );
      for (const test of row.shown ?? []) {
        assert.ok(existsSync(join(packageRoot, 'test', test)), `${path}: there is no ${test}`);
      }
    }
  }
});

spec('the counters are those of the daemon, in its order', () => {
  const theirs = computedOf('statistics').map((row) => row.name);
  const names = COUNTERS.map(({ name }) => name as string);
  assert.equal(names.slice(0, theirs.length), theirs);
});

spec.run();
