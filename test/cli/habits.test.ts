// What a RouterOS engineer types without thinking: words left off, `numbers=`, `print terse`, `get`. By the
// command itself, as the words before the verb are its business.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sound } from '../config/configuration.js';

const habits = suite<{ directory: string; path: string }>('cli habits');
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

habits.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-habits-'));
  context.path = join(context.directory, 'site.json');
  const file = sound();
  const policy = file.policy!;
  const other = { ...policy[0], 'dst-address': '203.0.113.128/25', comment: 'a branch' };
  const first = { ...policy[0], 'dst-address': '203.0.113.0/25', disabled: true };
  writeFileSync(context.path, JSON.stringify({ ...file, policy: [first, other] }));
});
habits.after.each(({ directory }) => rmSync(directory, { recursive: true }));

const culvert = ({ path }: { path: string }, line: string): string => {
  const env = { ...process.env, CULVERT_FILE: path, RUNTIME_DIRECTORY: '/nonexistent' };
  const words = line.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ''));
  const options = { env, encoding: 'utf8' } as const;
  return execFileSync(process.execPath, [MAIN, ...words], { ...options, stdio: 'pipe' });
};
const refused = (context: { path: string }, line: string): string => {
  try {
    culvert(context, line);
  } catch (error) {
    return String((error as { stderr?: string }).stderr);
  }
  throw new Error(`${line} was taken`);
};
const policies = ({ path }: { path: string }) =>
  (JSON.parse(readFileSync(path, 'utf8')) as { policy: Record<string, unknown>[] }).policy;

habits('menus, verbs and properties go by as many letters as tell them apart', (context) => {
  const file = `--file ${context.path}`;
  assert.is(culvert(context, `pol pr co ${file}`.replace(' co ', ' count-only ')), '2\n');
  culvert(context, 'poli se 1 lev=unique dst-a=203.0.113.0/26');
  assert.is(policies(context)[1]!.level, 'unique');
  assert.is(policies(context)[1]!['dst-address'], '203.0.113.0/26');
  assert.match(culvert(context, `pol print where lev=unique ${file}`), /203\.0\.113\.0\/26/);
  culvert(context, 'policy set "[find lev=unique]" comment=found');
  assert.is(policies(context)[1]!.comment, 'found');
  assert.match(refused(context, 'p print'), /unknown command 'p'/);
  assert.match(refused(context, 'policy set 0 dst=1'), /policy\[0\]\.dst: unknown property/);
});

habits('numbers= names entries as they stand alone', (context) => {
  culvert(context, 'policy set numbers=0,1 level=unique');
  assert.equal(
    policies(context).map(({ level }) => level),
    ['unique', 'unique'],
  );
  culvert(context, 'policy enable numbers=0');
  assert.is(policies(context)[0]!.disabled, undefined);
});

habits('print terse: an entry a line, flags and comment with it', (context) => {
  const lines = culvert(context, `policy print terse --file ${context.path}`).trim().split('\n');
  assert.is(lines.length, 2);
  assert.match(lines[0]!, /^0 X action=encrypt src-address=198\.51\.100\.0\/24 .*peer=p/);
  assert.match(lines[1]!, /^1 comment="a branch" action=encrypt /);
});

habits('get: the bare value of one property', (context) => {
  const file = `--file ${context.path}`;
  assert.is(culvert(context, `peer get p address ${file}`), '192.0.2.1\n');
  assert.is(culvert(context, `policy get 1 dst-a ${file}`), '203.0.113.128/25\n');
  assert.is(culvert(context, `policy get "[find comment~branch]" level ${file}`), 'require\n');
  assert.is(culvert(context, `tun get mtu ${file}`), '1400\n');
  assert.not.match(culvert(context, `identity get 0 secret ${file}`), /random/);
  assert.match(culvert(context, `identity get 0 secret --show-secrets ${file}`), /random/);
  assert.match(refused(context, `policy get 0 colour ${file}`), /there is no property colour/);
  assert.match(refused(context, `policy get "[find peer=p]" level ${file}`), /2 entries, not one/);
});

habits.run();
