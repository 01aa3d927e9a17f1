// Five hundred broken configurations and more, made from the property table: of every property wrong
// types, what its kind's limits exclude, a slip of its name, a reference to nothing, the same thing
// twice. Each is an error that names path, value and expectation; none a stack trace.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { report } from '../../src/cli/check.js';
import { flag } from '../../src/config/kind.js';
import { parse } from '../../src/config/load.js';
import type { Menu, Property } from '../../src/config/menu.js';
import { MENUS, menuNamed, PRINTED_MENUS } from '../../src/config/menus.js';
import { formatProblem } from '../../src/config/problem.js';
import { REFERENCES } from '../../src/config/references.js';
import { sound } from './configuration.js';
import { VALUES } from './values.js';
import { withValue } from './with-value.js';

const broken = suite('config broken');

interface Case {
  readonly title: string;
  readonly text: string;
  /** What the path of one of the errors must be. */
  readonly path: RegExp;
  /** The value must not be shown. */
  readonly secret?: boolean;
}

const rows = MENUS.flatMap((menu) =>
  (menu.properties as readonly Property[]).map((row) => ({ menu, row })),
);
const at = (menu: Menu, name: string): RegExp =>
  new RegExp(`^${menu.name}${menu.list ? '\\[\\d+\\]' : ''}\\.${name}$`);
const withJson = (menu: Menu, name: string, value: unknown): string =>
  JSON.stringify(withValue(menu, name, value));

/** Values of no type that the kind of any property takes. */
function wrongTypes(row: Property): unknown[] {
  return [null, {}, { value: 1 }, [[]], [null], ...(row.kind === flag ? [0, 1] : [true, 1.5])];
}

const types: Case[] = rows.flatMap(({ menu, row }) =>
  wrongTypes(row).map((value) => ({
    title: `${menu.name}.${row.name} = ${JSON.stringify(value)}`,
    text: withJson(menu, row.name, value),
    path: at(menu, row.name),
    secret: row.kind.secret === true,
  })),
);

/** One below and one above the limits that the schema of the kind tells, and a word it has not. */
function outside({ kind }: Property): unknown[] {
  const parts = [kind.schema, ...((kind.schema.anyOf ?? []) as Record<string, unknown>[])];
  return parts.flatMap(({ minimum, maximum, enum: words }) => [
    ...(typeof minimum === 'number' ? [minimum - 1] : []),
    ...(typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER ? [maximum + 1] : []),
    ...(Array.isArray(words) ? [`${words.at(-1)}x`] : []),
  ]);
}

const limits: Case[] = rows.flatMap(({ menu, row }) =>
  outside(row).map((value) => ({
    title: `${menu.name}.${row.name} = ${JSON.stringify(value)} (outside)`,
    text: withJson(menu, row.name, value),
    path: at(menu, row.name),
  })),
);

/** A slip of the pen in the name of the property: two letters exchanged. */
const slips: Case[] = rows.map(({ menu, row: { name } }) => {
  const slip = `${name.slice(0, -2)}${name.at(-1)}${name.at(-2)}`;
  const found = name.at(-1) === name.at(-2) ? `${name}s` : slip;
  return {
    title: `${menu.name}.${found}`,
    text: withJson(menu, found, VALUES[menu.name]![name]!.good[0]),
    path: at(menu, found),
  };
});

const references: Case[] = REFERENCES.map(([from, property]) => ({
  title: `${from}.${property} = nowhere`,
  text: withJson(menuNamed(from)!, property, 'nowhere'),
  path: at(menuNamed(from)!, property),
}));

/** The same property twice in one object: JSON.parse would take the last without a word. */
const doubles: Case[] = rows.map(({ menu, row: { name } }) => {
  const value = JSON.stringify(VALUES[menu.name]![name]!.good[0]);
  const pair = `${JSON.stringify(name)}:${value}`;
  const entry = `{${pair},${pair}}`;
  return {
    title: `${menu.name}.${name} twice`,
    text: `{${JSON.stringify(menu.name)}:${menu.list ? `[${entry}]` : entry}}`,
    path: at(menu, name),
  };
});

/** Two entries of one name. */
const twins: Case[] = MENUS.filter(
  ({ list, properties }) => list && properties.some(({ name }) => name === 'name'),
).map((menu) => {
  const file = withValue(menu, 'comment', 'twin') as Record<string, { name: string }[]>;
  const list = file[menu.name]!;
  return {
    title: `${menu.name}: two of one name`,
    text: JSON.stringify({ ...file, [menu.name]: [...list, list[0]] }),
    path: at(menu, 'name'),
  };
});

/** What is computed has no place in the file. */
const computed: Case[] = MENUS.flatMap((menu) =>
  (menu.computed ?? []).map(({ name }) => ({
    title: `${menu.name}.${name} (read-only)`,
    text: withJson(menu, name, 'yes'),
    path: at(menu, name),
  })),
);

const menus: Case[] = [
  ...PRINTED_MENUS.map(({ name }) => ({
    title: `${name} (read-only)`,
    text: JSON.stringify({ ...sound(), [name]: [] }),
    path: new RegExp(`^${name}$`),
  })),
  ...MENUS.flatMap(({ name, list }) => [
    {
      title: `${name} of the other shape`,
      text: JSON.stringify({ ...sound(), [name]: list ? {} : [] }),
      path: new RegExp(`^${name}$`),
    },
    {
      title: `${name}s`,
      text: JSON.stringify({ ...sound(), [`${name}s`]: [] }),
      path: new RegExp(`^${name}s$`),
    },
  ]),
];

const all = [
  ...types,
  ...limits,
  ...slips,
  ...references,
  ...doubles,
  ...twins,
  ...computed,
  ...menus,
];

broken('there are five hundred and more', () => {
  assert.ok(all.length >= 500, `${all.length}`);
  assert.ok(new Set(all.map(({ text }) => text)).size >= 500);
});

broken('each is an error that names path, value and expectation', () => {
  for (const { title, text, path, secret } of all) {
    const loaded = parse(text);
    assert.not(loaded.ok, `${title} is taken`);
    const errors = loaded.ok ? [] : loaded.errors;
    const mine = errors.find((error) => path.test(error.path));
    const lines = errors.map(formatProblem);
    assert.ok(mine, `${title}: no error at ${path}: ${lines.join('\n')}`);
    assert.ok(mine!.value.length > 0 && mine!.expected.length > 1, title);
    if (secret) assert.is(mine!.value, '[hidden]', title);
    for (const line of lines) {
      assert.match(line, /^[^:]+: .+: expected .+$/, title);
      assert.not.match(line, /undefined|NaN|\[object|TypeError|\n|\bat .*\.js:/, title);
    }
  }
});

broken('the report of `culvert check` is a line for each', () => {
  for (const { text } of all) {
    const loaded = parse(text);
    const lines = report('site.json', loaded).trimEnd().split('\n');
    assert.ok(lines.slice(0, -1).every((line) => line.startsWith('error: ')));
    assert.match(lines.at(-1)!, /^site\.json: \d+ errors?$/);
  }
});

broken.run();
