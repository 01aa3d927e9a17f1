// Every property of every menu, good and bad values; and that the JSON schema takes what we take.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/config/load.js';
import type { Property } from '../../src/config/menu.js';
import { MENUS, tunMenu } from '../../src/config/menus.js';
import { MAX_WORKERS, SLOT, SLOT_HEADROOM } from '../../src/contract/layout.js';
import { buildSchema } from '../../src/config/schema.js';
import { accepts } from '../reference/json-schema.js';
import { sound } from './configuration.js';
import { withValue } from './with-value.js';
import { VALUES } from './values.js';

const properties = suite('config properties');
const schema = buildSchema();

for (const menu of MENUS) {
  for (const row of menu.properties as readonly Property[]) {
    const path = `${menu.name}.${row.name}`;
    const values = VALUES[menu.name]?.[row.name];
    properties(path, () => {
      assert.ok(values, `test/config/values.ts has no values for ${path}`);
      for (const value of values.good) {
        const file = withValue(menu, row.name, value);
        const loaded = parse(JSON.stringify(file));
        assert.ok(
          loaded.ok,
          `${path} = ${JSON.stringify(value)}: ${loaded.ok ? '' : JSON.stringify(loaded.errors)}`,
        );
        assert.ok(accepts(schema, file), `the schema refuses ${path} = ${JSON.stringify(value)}`);
      }
      for (const [value, expected] of values.bad) {
        const loaded = parse(JSON.stringify(withValue(menu, row.name, value)));
        const shown = `${path} = ${JSON.stringify(value)}`;
        assert.not(loaded.ok, `${shown} must be refused`);
        const at = `${menu.name}(\\[\\d\\])?\\.${row.name}`;
        const errors = loaded.ok ? [] : loaded.errors;
        const mine = errors.filter((error) => new RegExp(`^(${at}|policy.*)$`).test(error.path));
        const found = mine.some((error) => error.expected.includes(expected));
        assert.ok(found, `${shown}: expected …${expected}…, got ${JSON.stringify(errors)}`);
      }
    });
    properties(`${path}: the default is taken when written`, () => {
      if (row.default === undefined) return;
      assert.ok('value' in row.kind.read(row.default));
    });
  }
}

properties('the limits of tun are those of the shared memory', () => {
  const high = (name: string): unknown => {
    const { schema } = tunMenu.properties.find((row) => row.name === name)!.kind;
    return (schema.anyOf as { maximum?: number }[])[0]!.maximum;
  };
  assert.is(high('workers'), MAX_WORKERS);
  assert.ok((high('mtu') as number) < SLOT - SLOT_HEADROOM);
});

properties('values.ts names no property that is not there', () => {
  const known = MENUS.flatMap((menu) => menu.properties.map((row) => `${menu.name}.${row.name}`));
  const named = Object.entries(VALUES).flatMap(([menu, rows]) =>
    Object.keys(rows).map((row) => `${menu}.${row}`),
  );
  assert.equal(named.sort(), known.sort());
});

properties(
  'every property has its sentence, and a reason where the default is not RouterOS’s',
  () => {
    for (const menu of MENUS) {
      for (const row of menu.properties as readonly Property[]) {
        assert.match(row.text, /\.$/, `${menu.name}.${row.name}`);
        assert.is(
          row.routeros === undefined,
          row.because === undefined,
          `${menu.name}.${row.name}`,
        );
      }
    }
  },
);

properties('the schema refuses what no menu has', () => {
  assert.not(accepts(schema, { ...sound(), gruop: [] }));
  assert.not(accepts(schema, { ...sound(), tun: { nmae: 'x' } }));
  assert.not(accepts(schema, { ...sound(), peer: {} }));
});

properties.run();
