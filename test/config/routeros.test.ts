// Exports of RouterOS of different ages: what becomes of them, what is said of each line, and that
// nothing changes on the way out and in again. test/config/exports/NAME.rsc is what a router wrote (each
// composed for this test), NAME.json and NAME.notes what `culvert import` made of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../../src/cli/version.js';
import type { Property } from '../../src/config/menu.js';
import { MENUS } from '../../src/config/menus.js';
import type { Problem } from '../../src/config/problem.js';
import { readConfiguration } from '../../src/config/read.js';
import { exportScript } from '../../src/config/routeros/export.js';
import { importScript } from '../../src/config/routeros/import.js';
import { KNOWN_WORDS, PATH_OF } from '../../src/config/routeros/names.js';
import { readScript } from '../../src/config/routeros/script.js';
import { sound } from './configuration.js';
import { VALUES } from './values.js';
import { withValue } from './with-value.js';

const routeros = suite('config routeros');
const folder = join(packageRoot, 'test/config/exports');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.rsc'))
  .map((name) => name.slice(0, -'.rsc'.length));
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const importFile = (name: string) => importScript(read(`${name}.rsc`));

/** What a file says, every default filled in; faults of it are no matter here. */
function meaning(file: unknown): unknown {
  const problems: Problem[] = [];
  const { all } = readConfiguration(file, problems);
  return all.map(({ menu, found }) => [menu.name, found.map(({ entry }) => entry)]);
}

routeros('there are ten exports and more', () => assert.ok(names.length >= 10));

for (const name of names) {
  routeros(`${name}: the configuration and the notes`, () => {
    const { configuration, notes, sound: whole } = importFile(name);
    assert.equal(configuration, JSON.parse(read(`${name}.json`)));
    const lines = notes.map(({ line, text }) => `${line}: ${text}\n`).join('');
    assert.is(`${lines}${whole ? 'sound' : 'not complete'}\n`, read(`${name}.notes`));
  });

  routeros(`${name}: out and in again is the same`, () => {
    const { configuration } = importFile(name);
    const script = exportScript(configuration, { showSecrets: true });
    const again = importScript(script).configuration;
    assert.equal(meaning(again), meaning(configuration));
    assert.is(exportScript(again, { showSecrets: true }), script);
    for (const line of script.split('\n')) assert.ok(line.length <= 200, line);
  });
}

/** Values that RouterOS has words for survive; the menus it keeps in files are not in a script. */
const UNUSED = ['pool', 'address-list']; // left behind where no mode-config names them: see exports/
const CARRIED = Object.keys(PATH_OF).filter((name) => !UNUSED.includes(name));
for (const menu of MENUS.filter(({ name }) => CARRIED.includes(name))) {
  for (const row of (menu.properties as readonly Property[]).filter(({ ours }) => !ours)) {
    routeros(`${menu.name}.${row.name}: every good value goes out and comes in again`, () => {
      const known = KNOWN_WORDS[`${menu.name}.${row.name}`];
      for (const value of VALUES[menu.name]![row.name]!.good) {
        const words = [value].flat().join(',').replaceAll(' ', '').split(',');
        if (known && !words.every((word) => known.includes(word))) continue;
        if (row.name === 'hash-algorithm' && words.length > 1) continue;
        const file = withValue(menu, row.name, value);
        const { configuration } = importScript(exportScript(file, { showSecrets: true }));
        const valueIn = (from: unknown): unknown => {
          const { all } = readConfiguration(from, []);
          const { found } = all.find((one) => one.menu === menu)!;
          // The built-in entries go out first.
          const entries = found.map(({ entry }) => entry as Record<string, unknown>);
          const named = entries.filter((entry) => entry[row.name] !== undefined || menu.list);
          return named.map((entry) => entry[row.name]).sort();
        };
        assert.equal(
          valueIn(configuration),
          valueIn(file),
          `${JSON.stringify(value)}: ${exportScript(file, { showSecrets: true })}`,
        );
      }
    });
  }
}

routeros('what RouterOS has no word for is said in a comment', () => {
  const script = exportScript(
    { ...sound(), proposal: [{ name: 'default', esn: 'require', lifebytes: 5 }] },
    { showSecrets: true },
  );
  assert.match(script, '# enc-algorithm: RouterOS takes no aes-256-gcm, aes-128-gcm here\n');
  assert.match(script, "# lifebytes=5 is not RouterOS's\n");
  assert.match(script, "# esn=require is not RouterOS's\n");
  assert.match(script, /\/ip ipsec profile\n# .*\nset \[ find default=yes \] dh-group=/);
});

routeros('secrets leave only on demand, and never in a note', () => {
  const file = { ...sound(), identity: [{ peer: 'p', secret: 's3cr3t and long enough' }] };
  assert.not.match(exportScript(file, { showSecrets: false }), 's3cr3t');
  assert.match(exportScript(file, { showSecrets: true }), 'secret="s3cr3t and long enough"');
  const { notes } = importScript('/ip ipsec identity add peer=a secret=0xs3cr3t password=s3cr3t');
  assert.ok(notes.length > 0);
  assert.not.match(JSON.stringify(notes), 's3cr3t');
});

routeros('a policy with several peers, of RouterOS 7, in and out', () => {
  const { configuration, sound: whole } = importScript(
    '/ip ipsec peer\nadd address=192.0.2.1/32 exchange-mode=ike2 name=a\n' +
      'add address=192.0.2.2/32 exchange-mode=ike2 name=b\n/ip ipsec identity\n' +
      'add peer=a secret="a long and random secret"\nadd peer=b secret="a long and random secret"\n' +
      '/ip ipsec policy\nadd dst-address=10.2.0.0/16 peer=a,b src-address=10.1.0.0/16 tunnel=yes\n',
  );
  assert.ok(whole);
  const { all } = readConfiguration(configuration, []);
  const { found } = all.find(({ menu }) => menu.name === 'policy')!;
  assert.equal((found[0]!.entry as { peer?: unknown }).peer, ['a', 'b']);
  assert.match(exportScript(configuration, { showSecrets: false }), / peer=a,b /);
});

routeros('an AEAD goes out with auth-algorithms=null, as RouterOS wants it', () => {
  const file = { ...sound(), proposal: [{ name: 'default', 'enc-algorithms': 'aes-128-gcm' }] };
  const script = exportScript(file, { showSecrets: false });
  assert.match(
    script,
    /set \[ find default=yes \] auth-algorithms=null enc-algorithms=aes-128-gcm/,
  );
});

/** Script → commands, as `menu verb targets name=value …`. */
const commandsOf = (text: string): string[] =>
  readScript(text).commands.map(({ menu, verb, targets, properties }) =>
    [menu, verb, ...targets, ...properties.map(([name, value]) => `${name}=${value}`)].join(' | '),
  );

routeros('script: menus, verbs, targets', () => {
  assert.equal(
    commandsOf(
      '/ip ipsec\npeer add name=a; peer set 0 name=b\n/ip/ipsec/peer/set *1 name=c\n' +
        '/ip ipsec peer\nremove [find name="d e"]\n/ip ipsec policy move 3 0\nadd !name x=""',
    ),
    [
      'ip ipsec peer | add | name=a',
      'ip ipsec peer | set | 0 | name=b',
      'ip ipsec peer | set | *1 | name=c',
      'ip ipsec peer | remove | [find name="d e"]',
      'ip ipsec policy | move | 3 | 0',
      'ip ipsec peer | add | name= | x=',
    ],
  );
});

routeros('script: strings, escapes, continued lines, comments', () => {
  const lines = [
    '# comment with "quotes and [brackets',
    '/a add s="a \\"b\\" \\\\ \\$c \\?\\n\\t\\41\\C3\\A9" t=x\\',
    '    y u="one \\',
    '    \\_two" \\',
    '    v=1;;',
    '',
    '/a add w="caf\\E9" z=[/b find a="]"]',
  ];
  for (const end of ['\n', '\r\n']) {
    assert.equal(commandsOf(lines.join(end)), [
      'a | add | s=a "b" \\ $c ?\n\tAé | t=xy | u=one  two | v=1',
      'a | add | w=café | z=[/b find a="]"]',
    ]);
  }
  assert.equal(
    readScript(lines.join('\n')).commands.map(({ line }) => line),
    [2, 7],
  );
});

routeros('script: a string without end, brackets without end, noise: notes, never a throw', () => {
  assert.match(JSON.stringify(readScript('/a add x="y').notes), 'a string that does not end');
  const whole = names.map((name) => read(`${name}.rsc`)).join('\n');
  let seed = 11;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed >>> 8) % below;
  };
  const noise = ['"', '[', ']', '\\', '\n', '=', ' ', '/', '{', '!', '*', '\0', ';', 'é'];
  for (let round = 0; round < 400; round++) {
    const start = random(whole.length);
    const text = [...whole.slice(start, start + 600)];
    for (let i = 0; i < 6; i++) text[random(text.length)] = noise[random(noise.length)]!;
    assert.type(importScript(text.join('')).sound, 'boolean');
  }
});

routeros.run();
