// What a RouterOS engineer types without thinking: words cut short, `numbers=`, `print terse`, `get`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inFull } from '../../src/cli/abbreviations.js';
import { buildProgram } from '../../src/cli/main.js';
import { sound } from '../config/configuration.js';

const habits = suite<{ directory: string; path: string }>('cli habits');
const environment = { ...process.env };

habits.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-habits-'));
  context.path = join(context.directory, 'site.json');
  const file = sound();
  const policy = file.policy!;
  const other = { ...policy[0], 'dst-address': '203.0.113.128/25', comment: 'a branch' };
  const first = { ...policy[0], 'dst-address': '203.0.113.0/25', disabled: true };
  // No daemon of somebody else's answers here.
  process.env.RUNTIME_DIRECTORY = context.directory;
  writeFileSync(context.path, JSON.stringify({ ...file, policy: [first, other] }));
});
habits.after.each(({ directory }) => {
  process.env = { ...environment };
  rmSync(directory, { recursive: true });
});

/** A command line in this process: what it writes, or its error thrown. */
async function culvert({ path }: { path: string }, line: string): Promise<string> {
  process.env.CULVERT_FILE = path;
  const words = line.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ''));
  const out: string[] = [];
  const write = process.stdout.write;
  process.stdout.write = ((text: string) => out.push(text) > 0) as typeof write;
  try {
    const program = buildProgram();
    const silent = (command: Command): void => {
      command.exitOverride().configureOutput({ writeErr: () => {} });
      command.commands.forEach(silent);
    };
    silent(program);
    await program.parseAsync(inFull(program, words), { from: 'user' });
  } finally {
    process.stdout.write = write;
  }
  return out.join('');
}

const refused = (context: { path: string }, line: string): Promise<string> =>
  culvert(context, line).then(
    () => assert.unreachable(`${line} was taken`) as never,
    (error: Error) => error.message,
  );
const policies = ({ path }: { path: string }) =>
  (JSON.parse(readFileSync(path, 'utf8')) as { policy: Record<string, unknown>[] }).policy;

habits('find without the quotes that the shell takes away is still find', async (context) => {
  await culvert(context, 'policy set [find disabled=yes] comment=off');
  assert.equal(
    policies(context).map(({ comment }) => comment),
    ['off', 'a branch'],
  );
  // Not closed, it would have meant every entry.
  for (const words of ['policy remove [find', 'policy remove [find comment=off']) {
    assert.match(await refused(context, words), /policy has no entry \[find/);
  }
  await culvert(context, 'policy remove [find where disabled]');
  assert.equal(
    policies(context).map(({ comment }) => comment),
    ['a branch'],
  );
  process.env.CULVERT_FILE = context.path;
  const find = '[find comment="a branch"]';
  const program = buildProgram();
  await program.parseAsync(['policy', 'set', find, 'level=use'], { from: 'user' });
  assert.is(policies(context)[0]!.level, 'use');
});

habits('menus, verbs and properties go by as many letters as tell them apart', async (context) => {
  const file = `--file ${context.path}`;
  assert.is(await culvert(context, `pol pr co ${file}`.replace(' co ', ' count-only ')), '2\n');
  await culvert(context, 'poli se 1 lev=unique dst-a=203.0.113.0/26');
  assert.is(policies(context)[1]!.level, 'unique');
  assert.is(policies(context)[1]!['dst-address'], '203.0.113.0/26');
  assert.match(await culvert(context, `pol print where lev=unique ${file}`), /203\.0\.113\.0\/26/);
  await culvert(context, 'policy set "[find lev=unique]" comment=found');
  assert.is(policies(context)[1]!.comment, 'found');
  assert.match(await refused(context, 'p print'), /unknown command 'p'/);
  assert.match(await refused(context, 'policy set 0 dst=1'), /policy\[0\]\.dst: unknown property/);
});

habits('numbers= names entries as they stand alone', async (context) => {
  await culvert(context, 'policy set numbers=0,1 level=unique');
  assert.equal(
    policies(context).map(({ level }) => level),
    ['unique', 'unique'],
  );
  await culvert(context, 'policy enable numbers=0');
  assert.is(policies(context)[0]!.disabled, undefined);
});

habits('print terse: an entry a line, flags and comment with it', async (context) => {
  const lines = (await culvert(context, `policy print terse --file ${context.path}`))
    .trim()
    .split('\n');
  assert.is(lines.length, 2);
  assert.match(lines[0]!, /^0 X action=encrypt src-address=198\.51\.100\.0\/24 .*peer=p/);
  assert.match(lines[1]!, /^1 comment="a branch" action=encrypt /);
});

habits('get: the bare value of one property', async (context) => {
  const file = `--file ${context.path}`;
  assert.is(await culvert(context, `peer get p address ${file}`), '192.0.2.1\n');
  assert.is(await culvert(context, `policy get 1 dst-a ${file}`), '203.0.113.128/25\n');
  assert.is(
    await culvert(context, `policy get "[find comment~branch]" level ${file}`),
    'require\n',
  );
  assert.is(await culvert(context, `tun get mtu ${file}`), '1400\n');
  assert.not.match(await culvert(context, `identity get 0 secret ${file}`), /random/);
  assert.match(await culvert(context, `identity get 0 secret --show-secrets ${file}`), /random/);
  assert.match(
    await refused(context, `policy get 0 colour ${file}`),
    /there is no property colour/,
  );
  assert.match(
    await refused(context, `policy get "[find peer=p]" level ${file}`),
    /2 entries, not one/,
  );
});

habits.run();
