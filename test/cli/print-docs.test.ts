// The printed pages are what their tables print, the examples load, and the links lead somewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { printedPages } from '../../src/cli/print-docs.js';
import { packageRoot } from '../../src/cli/version.js';
import { load } from '../../src/config/load.js';
import { intoMarks } from '../../src/config/reference.js';
import { buildSchema } from '../../src/config/schema.js';
import { accepts } from '../reference/json-schema.js';

const docs = suite('cli print-docs');
const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');

for (const { path, text } of printedPages()) {
  docs(`${path} is what npm run docs prints`, () => {
    assert.ok(read(path) === text, `${path} is stale: npm run docs`);
  });
}

const examples = readdirSync(join(packageRoot, 'docs/examples'));
for (const name of examples) {
  docs(`docs/examples/${name} is a configuration`, () => {
    const loaded = load(join(packageRoot, 'docs/examples', name));
    assert.ok(loaded.ok);
    const warnings = loaded.ok ? loaded.warnings : [];
    assert.equal(
      warnings.filter(({ value }) => !value.startsWith('mode ')),
      [],
    );
    assert.ok(accepts(buildSchema(), JSON.parse(read(`docs/examples/${name}`))));
  });
}

docs('the two sites of the example mirror each other', () => {
  const [east, west] = ['east', 'west'].map((site) => {
    const loaded = load(join(packageRoot, `docs/examples/${site}.json`));
    assert.ok(loaded.ok);
    if (!loaded.ok) throw new Error(site);
    return loaded.databases;
  });
  assert.equal(east!.policies[0]!.src, west!.policies[0]!.dst);
  assert.equal(east!.policies[0]!.dst, west!.policies[0]!.src);
  const [mine, theirs] = [east!.identities[0]!, west!.identities[0]!];
  // The same secret, each the other's mirror image.
  const mirrored = { ...theirs, peer: 'west', myId: theirs.remoteId, remoteId: theirs.myId };
  assert.equal(mine, mirrored);
  assert.equal(east!.peers[0]!.address.address, west!.peers[0]!.localAddress);
});

const pages = ['README.md', 'SECURITY.md', 'CHANGELOG.md'].concat(
  readdirSync(join(packageRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
);
docs('every link to a file leads to one', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)]
      .map(([, target]) => join(dirname(page), target!))
      .filter((target) => !existsSync(join(packageRoot, target)))
      .map((target) => `${page} → ${target}`),
  );
  assert.equal(broken, []);
});

docs('a page without marks is an error, not a loss', () => {
  assert.throws(() => intoMarks('# page', 'x', 'text'), /no marks/);
  assert.is(
    intoMarks('a\n<!-- x -->\nold\n<!-- /x -->\nb', 'x', 'new'),
    'a\n<!-- x -->\nnew\n<!-- /x -->\nb',
  );
});

docs.run();
