// The file as it is edited: whole or not at all, mode 0600, a layout that reads back the same.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../../src/cli/version.js';
import { FileError, formatFile, readFile, writeFile } from '../../src/config/file.js';
import { sound } from './configuration.js';

const file = suite<{ directory: string; path: string }>('config file');
file.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-file-'));
  context.path = join(context.directory, 'site.json');
});
file.after.each(({ directory }) => rmSync(directory, { recursive: true }));

file('what is laid out reads back the same', () => {
  for (const one of [{}, sound(), { tun: {}, peer: [], x: [1, 'a', null, { y: [{}] }], z: 'é' }]) {
    assert.equal(JSON.parse(formatFile(one as never)), one);
  }
  assert.is(
    formatFile({ peer: [{ name: 'a' }, { name: 'b' }], tun: { mtu: 1400 } }),
    '{\n  "peer": [\n    { "name": "a" },\n    { "name": "b" }\n  ],\n  "tun": { "mtu": 1400 }\n}\n',
  );
});

file('a written file is mode 0600, also where one of another mode stood', ({ path, directory }) => {
  writeFile(path, '{}\n');
  assert.is(statSync(path).mode & 0o777, 0o600);
  chmodSync(path, 0o644);
  writeFile(path, '{ }\n');
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(readFileSync(path, 'utf8'), '{ }\n');
  assert.equal(readdirSync(directory), ['site.json']);
});

file('a symbolic link stays one', ({ path, directory }) => {
  writeFile(path, '{}\n');
  const link = join(directory, 'link.json');
  symlinkSync('site.json', link);
  writeFile(link, '{"tun":{}}\n');
  assert.is(readlinkSync(link), 'site.json');
  assert.equal(readFile(path), { tun: {} });
});

file('what cannot be written leaves nothing behind', ({ directory }) => {
  const path = join(directory, 'taken');
  mkdirSync(path);
  assert.throws(
    () => writeFile(path, '{}'),
    (error: unknown) =>
      error instanceof FileError && /taken: cannot be written/.test(error.message),
  );
  assert.equal(readdirSync(directory), ['taken']);
});

file('a writer that is killed leaves the old file or the new one', async ({ path }) => {
  const text = (letter: string): string => formatFile({ tun: { name: letter.repeat(200_000) } });
  writeFile(path, text('a'));
  const module = join(packageRoot, 'dist/src/config/file.js');
  const script = `import { writeFile, formatFile } from ${JSON.stringify(module)};
    for (let i = 0; ; i++) {
      const name = String.fromCharCode(97 + (i % 26)).repeat(200000);
      writeFile(${JSON.stringify(path)}, formatFile({ tun: { name } }));
      if (i === 0) process.stdout.write('writing');
    }`;
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    for (let read = 0; read < 20 * round; read++) readFile(path);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const { name } = readFile(path).tun as { name: string };
    assert.is(name, name[0]!.repeat(200_000));
  }
});

file('faults of the file are named', ({ path, directory }) => {
  const message = (path_: string): string => {
    try {
      readFile(path_);
      return '';
    } catch (error) {
      assert.ok(error instanceof FileError);
      return error.message;
    }
  };
  assert.match(message(path), /site.json: not found$/);
  assert.equal(readFile(path, 'empty'), {});
  assert.match(message(directory), 'EISDIR');
  writeFileSync(path, '{"a":1,}');
  assert.match(message(path), /site.json: line 1, column 8: "}": expected a property name/);
  writeFileSync(path, '[]');
  assert.match(message(path), /expected an object with the menus/);
});

file.run();
