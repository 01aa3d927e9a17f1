// Configurations and RouterOS exports that somebody changed, as texts and as values: every one is taken or
// refused with errors that name a place, and none throws, hangs or shows a secret.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../../src/cli/version.js';
import { parse } from '../../src/config/load.js';
import type { Property } from '../../src/config/menu.js';
import { MENUS } from '../../src/config/menus.js';
import { formatProblem, formatWarning } from '../../src/config/problem.js';
import { importScript } from '../../src/config/routeros/import.js';
import { mutatedText, runs, seedOf } from '../helpers/fuzzing.js';
import { Random } from '../wire/random.js';
import { VALUES } from './values.js';
import { withValue } from './with-value.js';

const fuzz = suite('config fuzz');
const SECRET = 'do-not-show-me';

const PROPERTIES = MENUS.flatMap((menu) =>
  (menu.properties as readonly Property[]).map((property) => ({ menu, property })),
);

/** Sound configurations that between them have every property. */
const WHOLE = PROPERTIES.flatMap(({ menu, property }) =>
  (VALUES[menu.name]?.[property.name]?.good ?? [])
    .slice(0, 2)
    .map((value) => JSON.stringify(withValue(menu, property.name, value))),
);
const WORDS = [
  ...PROPERTIES.map(({ property }) => JSON.stringify(property.name)),
  ...['null', 'true', '-1', '1e400', '0.5', '""', '[]', '{}', '"__proto__"', '"constructor"'],
  ...['"*"', '"0.0.0.0/0"', '"::/0"', '"192.0.2.1-192.0.2.0"', '"1d25h"', '99999999999999999999'],
];

/** Taken, or refused with sentences. */
function check(text: string): boolean {
  const loaded = parse(text);
  if (loaded.ok) {
    for (const warning of loaded.warnings) assert.ok(formatWarning(warning).length < 4000);
    return true;
  }
  assert.ok(loaded.errors.length > 0);
  for (const problem of loaded.errors) {
    assert.ok(problem.expected.length > 0, JSON.stringify(problem));
    assert.ok(formatProblem(problem).length < 4000, formatProblem(problem).slice(0, 300));
  }
  return false;
}

fuzz('texts: letters and words changed', () => {
  const random = new Random(seedOf(8259));
  let taken = 0;
  const count = runs(2000);
  for (let i = 0; i < count; i++) {
    if (check(mutatedText(random, random.pick(WHOLE), WORDS))) taken++;
  }
  assert.ok(taken > count / 500 && taken < count / 2, `${taken} taken`);
});

/** A value of JSON of any shape, no deeper than `depth`. */
function anything(random: Random, depth = 3): unknown {
  const kind = random.between(0, depth > 0 ? 7 : 5);
  if (kind < 3) return JSON.parse(random.pick(WORDS.filter((word) => word !== '1e400')));
  if (kind === 3) return random.between(-1000, 2 ** 31);
  if (kind === 4) return Buffer.from(random.bytes(random.between(0, 12))).toString('latin1');
  if (kind === 5) return random.pick(PROPERTIES).property.name;
  if (kind === 6) return random.list(0, 4, () => anything(random, depth - 1));
  const entries = random.list(0, 4, (at) => [`${at}`, anything(random, depth - 1)] as const);
  return Object.fromEntries(entries);
}

/** One place in `value` becomes something else, or goes, or comes twice. */
function replaced(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return anything(random);
  if (Array.isArray(value)) {
    const at = random.between(0, value.length);
    const one = random.chance(0.5) ? value[at] : replaced(random, value[at]);
    return value.toSpliced(at, random.between(0, 1), one);
  }
  const names = Object.keys(value);
  const name =
    random.chance(0.8) && names.length > 0
      ? random.pick(names)
      : random.pick(PROPERTIES).property.name;
  const { [name]: old, ...others } = value as Record<string, unknown>;
  return random.chance(0.1) ? others : { ...others, [name]: replaced(random, old) };
}

fuzz('values: of other types, in other places, gone, twice', () => {
  const random = new Random(seedOf(4627));
  let taken = 0;
  for (let i = 0; i < runs(2000); i++) {
    let value: unknown = JSON.parse(random.pick(WHOLE));
    for (let left = random.between(1, 3); left > 0; left--) value = replaced(random, value);
    if (check(JSON.stringify(value))) taken++;
  }
  assert.ok(taken > runs(5), `${taken} taken`);
});

fuzz('very deep, very long, very many', () => {
  for (const text of [
    '['.repeat(200_000),
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    JSON.stringify({ peer: Array.from({ length: 50_000 }, () => 1) }),
    JSON.stringify({ peer: [{ name: 'x'.repeat(1_000_000), address: '192.0.2.1' }] }),
    JSON.stringify({ ['p'.repeat(1_000_000)]: 1 }),
  ]) {
    assert.not(check(text));
  }
});

// ---- exports -------------------------------------------------------------------------------------

const folder = join(packageRoot, 'test/config/exports');
const SCRIPTS = readdirSync(folder)
  .filter((name) => name.endsWith('.rsc'))
  .map((name) => readFileSync(join(folder, name), 'utf8'));
const SCRIPT_WORDS = [
  ...[
    '/ip ipsec peer',
    'add ',
    'set ',
    'remove ',
    '[ find default=yes ]',
    ' \\\n',
    '\n',
    '#',
    '=',
    '""',
  ],
  ...['!', '"', '\\"', '\\', '{', '}', '[', ']', '(', ')', ';', '$x', ':put ', 'name=', 'peer=*1'],
  ...[
    'address=0.0.0.0/0',
    'dst-address=::/0',
    'disabled=yes',
    'secret="a b"',
    'exchange-mode=ike2',
  ],
  ...PROPERTIES.map(({ property }) => ` ${property.name}=`),
];

fuzz('exports of RouterOS: imported with notes by line, whatever they are', () => {
  const random = new Random(seedOf(6));
  let sound = 0;
  for (let i = 0; i < runs(300); i++) {
    const script = mutatedText(random, random.pick(SCRIPTS), SCRIPT_WORDS);
    const lines = script.split('\n').length;
    const imported = importScript(script);
    for (const { line, text } of imported.notes) {
      assert.ok(line >= 0 && line <= lines + 1, `line ${line} of ${lines}`);
      assert.ok(text.length > 0 && text.length < 4000);
    }
    assert.is(parse(JSON.stringify(imported.configuration)).ok, imported.sound);
    if (imported.sound) sound++;
  }
  assert.ok(sound > runs(5), `${sound} sound`);
});

fuzz('what is refused says nothing of secrets', () => {
  const random = new Random(seedOf(7));
  const text = JSON.stringify({
    peer: [{ name: 'a', address: '192.0.2.1' }],
    identity: [{ peer: 'a', secret: SECRET }],
    radius: [{ address: '192.0.2.9', secret: SECRET }],
    user: [{ name: 'carol', password: SECRET }],
  });
  for (let i = 0; i < runs(2000); i++) {
    let value: unknown = JSON.parse(text);
    for (let left = random.between(1, 3); left > 0; left--) value = replaced(random, value);
    const loaded = parse(JSON.stringify(value));
    const said = loaded.ok ? loaded.warnings.map(formatWarning) : loaded.errors.map(formatProblem);
    const misplaced = JSON.stringify(value).split(SECRET).length > 4;
    if (!misplaced) assert.not.match(said.join('\n'), SECRET);
  }
});

fuzz.run();
