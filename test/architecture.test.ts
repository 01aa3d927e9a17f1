// The house rules that a machine can hold: import directions, file length, line length, suites that
// run, numbers of standards in their tables only.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const architecture = suite('architecture');

/** Room -> rooms it may import (docs/architecture.md). A room may always import itself. */
const ALLOWED: Record<string, readonly string[]> = {
  assembly: ['src/contract'],
  'src/contract': [],
  'src/algorithms': ['src/contract'],
  'src/wire': [],
  'src/policy': [],
  'src/net': ['src/contract'],
  'src/crypto': ['src/algorithms'],
  'src/certificates': ['src/crypto', 'src/policy'],
  'src/eap': ['src/crypto'],
  'src/radius': ['src/crypto'],
  'src/ike': ['src/wire', 'src/algorithms', 'src/crypto', 'src/policy', 'src/eap'],
  'src/dataplane': ['src/contract', 'src/algorithms', 'src/policy', 'src/net'],
  'src/config': ['src/algorithms', 'src/policy'],
  'src/daemon': ['src/*'],
  'src/lab': ['src/net'],
  'src/bench': [
    'src/contract',
    'src/algorithms',
    'src/policy',
    'src/net',
    'src/dataplane',
    'src/lab',
    'src/crypto', // bench ike calls with the engine
    'src/certificates',
    'src/ike',
  ],
  'src/cli': [
    'src/daemon',
    'src/config',
    'src/certificates',
    'src/net',
    'src/algorithms',
    'src/policy',
    'src/lab',
    'src/bench',
  ],
};
/** What stands around the daemon and starts it: the daemon knows none of it. */
const OUTER = new Set(['src/cli', 'src/lab', 'src/bench']);
const HARD_LIMIT = 400;
const SOFT_LIMIT = 250;
/** Tables and vectors are exempt from file length. */
const TABLES = /(^test\/vectors\/|^src\/contract\/|^src\/config\/menus)/;

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

const files = ['assembly', 'src', 'test', 'bench']
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap(sources);
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'src' ? `src/${second}` : first;
}

function importsOf(path: string): string[] {
  const found = text(path).matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g);
  return [...found].map((match) => relative(root, resolve(root, dirname(path), match[1]!)));
}

architecture('every import goes the way docs/architecture.md allows', () => {
  const wrong: string[] = [];
  for (const path of files.filter((file) => /^(src|assembly)\//.test(file))) {
    const room = roomOf(path);
    const allowed = ALLOWED[room];
    assert.ok(allowed, `${path} stands in a room that ALLOWED does not know`);
    for (const target of importsOf(path)) {
      const other = roomOf(target);
      if (other === room || allowed.includes(other)) continue;
      if (allowed.includes('src/*') && other.startsWith('src/') && !OUTER.has(other)) continue;
      wrong.push(`${path} imports ${target}`);
    }
  }
  assert.equal(wrong, []);
});

architecture('the worker imports nothing but contract, net and its own room', () => {
  const allowed = ['src/contract', 'src/net', 'src/dataplane'];
  const wrong = files
    .filter((file) => file === 'src/dataplane/worker.ts')
    .flatMap(importsOf)
    .filter((target) => !allowed.includes(roomOf(target)));
  assert.equal(wrong, []);
});

architecture('control plane and data plane never import each other', () => {
  const wrong = files
    .filter((file) => file.startsWith('src/ike/'))
    .filter((file) => importsOf(file).some((target) => target.startsWith('src/dataplane')));
  assert.equal(wrong, []);
});

architecture('the protocol rooms open no socket, read no clock, draw no randomness', () => {
  const forbidden =
    /\b(Date\.now|setTimeout|setInterval|randomBytes|node:dgram|node:net|node:fs|koffi|performance\.now|Math\.random)\b/;
  const wrong = files
    .filter((file) => /^src\/(ike|wire|eap|radius)\//.test(file))
    .filter((file) => forbidden.test(text(file)));
  assert.equal(wrong, []);
});

architecture(`no file is longer than ${HARD_LIMIT} lines; the median stays at most 120`, () => {
  const counted = files.filter((file) => !TABLES.test(file) && /^(src|assembly)\//.test(file));
  const lengths = counted.map((file) => ({ file, lines: text(file).split('\n').length }));
  assert.equal(
    lengths.filter(({ lines }) => lines > HARD_LIMIT),
    [],
  );
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  assert.ok(sorted[sorted.length >> 1]! <= 120, `median is ${sorted[sorted.length >> 1]}`);
  for (const { file, lines } of lengths) {
    if (lines > SOFT_LIMIT)
      console.log(`note: ${file} has ${lines} lines (soft limit ${SOFT_LIMIT})`);
  }
});

architecture('lines are at most 110 columns: biome holds code to 100, this holds comments', () => {
  const wrong = files
    .filter((file) => /^(src|assembly)\//.test(file))
    .flatMap((file) =>
      text(file)
        .split('\n')
        .map((line, index) => ({ at: `${file}:${index + 1}`, length: line.length }))
        .filter(({ length }) => length > 110),
    );
  assert.equal(wrong, []);
});

architecture('object identifiers stand in their tables', () => {
  const tables = ['src/crypto/object-identifiers.ts', 'src/crypto/signature.ts'];
  const wrong = files
    .filter((file) => /^src\//.test(file) && !tables.includes(file))
    .filter((file) => /'(0\.9|1\.[23]|2\.5)(\.\d+){3,}'/.test(text(file)));
  assert.equal(wrong, []);
});

architecture('every suite is run', () => {
  const wrong = files.filter((file) => file.endsWith('.test.ts') && !/\.run\(\)/.test(text(file)));
  assert.equal(wrong, []);
});

architecture('nothing imports test or bench', () => {
  const wrong = files
    .filter((file) => /^(src|assembly)\//.test(file))
    .filter((file) => importsOf(file).some((target) => /^(test|bench)\//.test(target)));
  assert.equal(wrong, []);
});

architecture.run();
