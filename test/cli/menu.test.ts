// The verbs of every menu against a file, and what print writes: tables, flags, detail, filters, JSON,
// secrets. In this process; that the commands are wired is test/cli/commands.test.ts's.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { candidates } from '../../src/cli/completion.js';
import { EXAMPLES } from '../../src/cli/examples.js';
import { buildProgram } from '../../src/cli/main.js';
import { parse } from '../../src/config/load.js';
import { MENUS } from '../../src/config/menus.js';
import { openControl } from '../../src/daemon/control.js';
import { sound } from '../config/configuration.js';
import { VALUES } from '../config/values.js';
import { withValue } from '../config/with-value.js';

const menus = suite<{ directory: string; path: string }>('cli menu');
const environment = { ...process.env };
menus.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'culvert-menu-'));
  context.path = join(context.directory, 'site.json');
  // No daemon of somebody else's answers here.
  process.env.RUNTIME_DIRECTORY = context.directory;
  delete process.env.CULVERT_FILE;
});
menus.after.each(({ directory }) => {
  process.env = { ...environment };
  rmSync(directory, { recursive: true });
});

interface Outcome {
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process; an error becomes its message. */
async function culvert(...args: string[]): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  const [write, writeError] = [process.stdout.write, process.stderr.write];
  process.stdout.write = ((text: string) => out.push(text) > 0) as typeof write;
  process.stderr.write = ((text: string) => err.push(text) > 0) as typeof write;
  try {
    const program = buildProgram();
    const silent = (command: Command): void => {
      command.exitOverride().commands.forEach(silent);
    };
    silent(program);
    await program.parseAsync(['node', 'culvert', ...args]);
  } catch (error) {
    err.push((error as Error).message);
  } finally {
    process.stdout.write = write;
    process.stderr.write = writeError;
  }
  return { out: out.join(''), err: err.join('') };
}

const json = (path: string): Record<string, Record<string, unknown>[]> =>
  JSON.parse(readFileSync(path, 'utf8')) as never;

menus('a site from nothing, by commands alone', async ({ path }) => {
  const run = async (...args: string[]): Promise<void> => {
    assert.equal(await culvert(...args, '--file', path), { out: '', err: '' });
  };
  await run('profile', 'add', 'name=p1', 'dh-group=ecp256', 'hash-algorithm=sha512');
  await run('peer', 'add', 'name=west', 'address=192.0.2.2', 'profile=p1', 'passive=yes');
  await run('identity', 'add', 'peer=west', 'secret=a long and random secret');
  await run('policy', 'add', 'src-address=10.0.0.0/24', 'dst-address=10.1.0.0/24', 'peer=west');
  await run('settings', 'set', 'ddos-cookie-threshold=5');
  assert.equal(json(path), {
    profile: [{ name: 'p1', 'dh-group': 'ecp256', 'hash-algorithm': 'sha512' }],
    peer: [{ name: 'west', address: '192.0.2.2', profile: 'p1', passive: true }],
    identity: [{ peer: 'west', secret: 'a long and random secret' }],
    policy: [{ 'src-address': '10.0.0.0/24', 'dst-address': '10.1.0.0/24', peer: 'west' }],
    settings: { 'ddos-cookie-threshold': '5' },
  } as never);
  assert.ok(parse(readFileSync(path, 'utf8')).ok);
  assert.is(statSync(path).mode & 0o777, 0o600);
});

/** Three policies, told apart by their comments. */
function three(path: string): void {
  const policy = ['a', 'b', 'c'].map((comment, at) => ({
    'src-address': '10.0.0.0/24',
    'dst-address': `10.1.${at}.0/24`,
    peer: 'p',
    comment,
  }));
  writeFileSync(path, JSON.stringify({ ...sound(), policy }), { mode: 0o600 });
}
const order = (path: string): string =>
  json(path)
    .policy!.map(({ comment, disabled }) => `${comment}${disabled ? '-' : ''}`)
    .join('');

menus('several peers of a policy', async ({ path }) => {
  three(path);
  const run = (...args: string[]) => culvert(...args, '--file', path);
  await run('peer', 'add', 'name=q', 'address=192.0.2.77');
  await run('identity', 'add', 'peer=q', 'secret=a long and random secret');
  assert.equal(await run('policy', 'set', '0', 'peer=p,q'), { out: '', err: '' });
  assert.match((await run('policy', 'print')).out, /\n0 .*p,q .*\n1 .* p /s);
  assert.match(
    (await run('policy', 'set', '0', 'peer=p,r')).err,
    /"r": expected the name of a peer/,
  );
  assert.match((await run('policy', 'set', '1', 'peer=q,q')).err, /stands once/);
  assert.is(json(path).policy![0]!.peer, 'p,q');
});

menus('set, remove, enable, disable, move, comment, place-before', async ({ path }) => {
  three(path);
  const steps: [string[], string][] = [
    [['policy', 'move', '2', '0'], 'cab'],
    [['policy', 'move', '0'], 'abc'],
    [['policy', 'move', '0,1', '[find comment=c]'], 'abc'],
    [['policy', 'move', '1,2', '0'], 'bca'],
    [['policy', 'move', '0', '0'], 'bca'],
    [['policy', 'disable', '0', '2'], 'b-ca-'],
    [['policy', 'enable', '[find comment=a]'], 'b-ca'],
    [['policy', 'disable', '[ find ]'], 'b-c-a-'],
    [['policy', 'enable', '[find disabled=yes]'], 'bca'],
    [['policy', 'comment', '1', 'd'], 'bda'],
    [['policy', 'set', '0', 'comment=e', 'level=unique'], 'eda'],
    [['policy', 'remove', '[find comment=d]'], 'ea'],
    [
      [
        'policy',
        'add',
        'src-address=10.0.0.0/24',
        'dst-address=10.9.0.0/24',
        'peer=p',
        'comment=n',
        'place-before=1',
      ],
      'ena',
    ],
  ];
  for (const [words, expected] of steps) {
    assert.equal(await culvert(...words, '--file', path), { out: '', err: '' }, words.join(' '));
    assert.is(order(path), expected, words.join(' '));
  }
  assert.is(json(path).policy![0]!.level, 'unique');
  await culvert('policy', 'set', '0', 'level=', '--file', path);
  assert.not.ok('level' in json(path).policy![0]!);
});

menus('a built-in entry is written when it is set', async ({ path }) => {
  writeFileSync(path, '{}');
  await culvert('proposal', 'set', 'default', 'lifetime=1h', '--file', path);
  assert.equal(json(path), { proposal: [{ name: 'default', lifetime: '1h' }] });
  await culvert('profile', 'set', '0', 'lifetime=8h', '--file', path);
  assert.equal(json(path).profile, [{ name: 'default', lifetime: '8h' }]);
});

menus('a change that adds an error changes nothing, and says what is wrong', async ({ path }) => {
  three(path);
  const before = readFileSync(path, 'utf8');
  const refused: [string[], RegExp][] = [
    [
      ['peer', 'add', 'name=x', 'address=1.2.3'],
      /^peer\[1\].address: "1.2.3": expected an IPv4 or/,
    ],
    [['peer', 'add', 'nmae=x'], /nmae: unknown property: expected a known property \(did you mean/],
    [
      ['peer', 'remove', '0'],
      /identity\[0\].peer: "p": expected the name of a peer: there is none/,
    ],
    [['peer', 'set', 'p', 'name=q'], /policy\[0\].peer: "p": expected the name of a peer: q/],
    [
      ['policy', 'set', '0', 'ph2-state=x'],
      /a read-only property: expected nothing: it is computed/,
    ],
    [['policy', 'set', '7', 'level=use'], /^policy has no entry 7: its last entry is 2/],
    [['peer', 'set', 'pp', 'port=1'], /^peer has no entry pp \(did you mean "p"\?\)/],
    [['policy', 'set', '[find nothing=1]', 'level=use'], /^policy has no property nothing/],
    [['policy', 'add', 'stray'], /^expected name=value, not stray/],
    [['settings', 'set', '0', 'accounting=no'], /^expected name=value, not 0/],
    [['policy', 'set', 'level=use'], /^set which\? A number, a name or \[find …\]/],
    [
      ['identity', 'set', '0', 'secret=0xs3cr3t'],
      /^identity\[0\].secret: \[hidden\]: expected text/,
    ],
  ];
  for (const [words, expected] of refused) {
    const { err } = await culvert(...words, '--file', path);
    assert.match(err, expected, words.join(' '));
    assert.match(err, /\nnothing was changed$/);
    assert.not.match(err, 's3cr3t');
    assert.is(readFileSync(path, 'utf8'), before);
  }
  assert.equal(readdirSync(join(path, '..')), ['site.json']);
});

menus('an error that was there before keeps nobody from mending another', async ({ path }) => {
  writeFileSync(path, JSON.stringify({ ...sound(), log: { level: 'loud' }, tun: { mtu: 1 } }));
  assert.is((await culvert('tun', 'set', 'mtu=1400', '--file', path)).err, '');
  assert.match((await culvert('log', 'set', 'level=louder', '--file', path)).err, 'louder');
  assert.is((await culvert('log', 'set', 'level=debug', '--file', path)).err, '');
});

menus('no file named: nothing is guessed', async ({ path }) => {
  assert.match(
    (await culvert('peer', 'add', 'name=x')).err,
    /^say which file: --file PATH, or CULV/,
  );
  process.env.CULVERT_FILE = path;
  assert.is((await culvert('peer', 'add', 'name=x', 'address=192.0.2.1')).err, '');
  assert.ok(existsSync(path));
});

menus(
  'with a daemon running a change acts at once, or it is said how it gets there',
  async ({ directory, path }) => {
    const unused = (): never => {
      throw new Error('not asked');
    };
    const named = { name: 'named', address: 'vpn.example.org' };
    const file = { peer: [{ name: 'running', address: '192.0.2.1' }, named] };
    const trouble = 'it stays where it was';
    let refuses = false;
    const reload = () => {
      if (refuses) throw new Error('a restart is needed');
      return { added: json(path).policy?.length ?? 0, removed: 0, kept: 1, peers: ['x'] };
    };
    const server = await openControl(join(directory, 'culvert0.sock'), {
      'configuration print': (args) => ({ ...file, tun: { name: JSON.stringify(args) } }),
      'policy print': unused,
      'certificate print': unused,
      'configuration path': () => path,
      'peer addresses': () => [{ peer: 'named', 'current-address': '192.0.2.7', trouble }],
      'active-peers print': unused,
      'active-peers kill-connections': unused,
      'installed-sa print': unused,
      'installed-sa flush': unused,
      'log print': unused,
      'installed-sa wireshark': unused,
      doctor: unused,
      'statistics print': unused,
      reload,
    });
    try {
      const { err } = await culvert('peer', 'add', 'name=x', 'address=192.0.2.9', '--file', path);
      assert.match(err, /site.json: written; `culvert reload` has the running daemon read it\n$/);
      // No file named: the daemon's, and at once.
      assert.is(
        (await culvert('peer', 'set', 'x', 'passive=yes')).err,
        `${path}: 0 policies added, 0 removed, 1 kept; peers changed: x\n`,
      );
      assert.is(json(path).peer![0]!.passive, true);
      const held = readFileSync(path, 'utf8');
      assert.match(
        (await culvert('peer', 'set', 'x', 'port=0', 'prot=1')).err,
        'nothing was changed',
      );
      refuses = true;
      const socket = ['--socket', join(directory, 'culvert0.sock')];
      const refused = await culvert('peer', 'disable', 'x', ...socket);
      assert.match(refused.err, /a restart is needed\nthe file is as it was; --file .*site.json/);
      assert.is(readFileSync(path, 'utf8'), held);
      const { out } = await culvert('peer', 'print');
      assert.match(out, '0  running  192.0.2.1');
      assert.match(out, /;;; it stays where it was\n1 +named +vpn.example.org .* 192.0.2.7\n/);
      const found = await culvert('peer', 'print', '--json', 'where', 'current-address=192.0.2.7');
      const rows = JSON.parse(found.out) as Record<string, unknown>[];
      assert.equal(
        rows.map((row) => [row.name, row['current-address']]),
        [['named', '192.0.2.7']],
      );
      assert.match(
        (await culvert('export')).out,
        'add address=192.0.2.1 exchange-mode=ike2 name=run',
      );
      assert.match((await culvert('tun', 'print')).out, 'name: {}');
      assert.match((await culvert('tun', 'print', '--show-secrets')).out, '{"show-secrets":true}');
    } finally {
      await server.close();
    }
  },
);

menus('print: columns, flags, comments', async ({ path }) => {
  const peer = [
    { name: 'p', address: '192.0.2.1', port: 4500, comment: 'the first' },
    { name: 'q', address: '2001:db8::/32', disabled: 'yes' },
    { name: 'r', address: 'vpn.example.org' },
  ];
  const policy = [{ 'src-address': '::/0', 'dst-address': '::/0', template: true }];
  writeFileSync(path, JSON.stringify({ ...sound(), peer, policy, profile: [{ name: 'other' }] }));
  const print = async (...words: string[]): Promise<string> =>
    (await culvert(words[0]!, 'print', ...words.slice(1), '--file', path)).out;
  assert.is(
    await print('peer'),
    [
      'Flags: X - DISABLED; R - RESPONDER',
      'Columns: NAME, ADDRESS, EXCHANGE-MODE, PROFILE, PORT',
      '#     NAME  ADDRESS          EXCHANGE-MODE  PROFILE  PORT',
      '      ;;; the first',
      '0     p     192.0.2.1        ike2           default  4500',
      '1 XR  q     2001:db8::/32    ike2           default  500',
      '2     r     vpn.example.org  ike2           default  500',
      '',
    ].join('\n'),
  );
  assert.match(await print('profile'), /\n0 {4}other .*\n1 \* {2}default .*\n$/);
  assert.match(await print('policy'), /^Flags: T - TEMPLATE\n[\s\S]*\n0 T /);
  assert.is(await print('user'), 'no entries\n');
  assert.match(await print('settings'), '           accounting: yes\n');
  const where = async (...words: string[]): Promise<string> =>
    (JSON.parse(await print('peer', '--json', 'where', ...words)) as { name: string }[])
      .map(({ name }) => name)
      .join('');
  assert.is(await where('disabled=yes'), 'q');
  assert.is(await where('disabled!=yes', 'address~192'), 'p');
  assert.is(await where('disabled'), 'q');
  assert.is(await where('!disabled', 'name~^[pr]$'), 'pr');
  assert.is(await where('port>1000'), 'p');
  assert.is(await where('port<1000', '!disabled'), 'r');
  assert.is(await print('peer', 'count-only', 'where', '!disabled'), '2\n');
  assert.is(await where('name=nobody'), '');
  const slip = await culvert('peer', 'print', 'where', 'nmae=p', '--file', path);
  assert.match(slip.err, /^there is no property nmae here; there are: name, address/);
  const stray = await culvert('peer', 'print', 'name=p', '--file', path);
  assert.match(
    stray.err,
    /^print takes detail, terse, count-only and where name=value, not name=p/,
  );
  const detail = await print('peer', 'detail', 'where', 'name=q');
  assert.match(detail, /^Flags: X - DISABLED; R - RESPONDER\n 1 XR name=q address=2001:db8::\/32/);
  for (const line of detail.split('\n')) assert.ok(line.length <= 80, line);
  const [first] = JSON.parse(await print('peer', '--json')) as Record<string, unknown>[];
  const { number, dynamic, responder, passive, port } = first!;
  assert.equal([number, dynamic, responder, passive, port], [0, false, false, false, '4500']);
});

menus('secrets are printed on demand alone', async ({ path }) => {
  const secret = 's3cr3t-s3cr3t-s3cr3t';
  writeFileSync(path, JSON.stringify({ ...sound(), identity: [{ peer: 'p', secret }] }));
  for (const words of [[], ['detail'], ['--json']]) {
    const print = ['identity', 'print', ...words, '--file', path];
    assert.not.match((await culvert(...print)).out, 's3cr3t');
    assert.match((await culvert(...print, '--show-secrets')).out, secret);
  }
});

menus('every property can be set, printed and found again', async ({ path }) => {
  for (const menu of MENUS) {
    // A name that changes would leave those behind who use it.
    for (const { name, kind } of menu.properties.filter((row) => row.name !== 'name')) {
      const good = VALUES[menu.name]![name]!.good.find(
        (one) => typeof one === 'string' && one !== '',
      );
      if (good === undefined) continue;
      writeFileSync(path, JSON.stringify(withValue(menu, name, good)));
      const target = menu.list ? ['0'] : [];
      const set = await culvert(menu.name, 'set', ...target, `${name}=${good}`, '--file', path);
      assert.is(set.err, '', `${menu.name}.${name}=${good}`);
      // Policies, certificates, keys and the log have no secrets, and no option for them.
      const secrets = ['policy', 'log', 'certificate', 'key'].includes(menu.name)
        ? []
        : ['--show-secrets'];
      const print = ['print', '--json', ...secrets, '--file', path];
      const rows = [JSON.parse((await culvert(menu.name, ...print)).out)].flat();
      const { [name]: shown } = rows[0] as Record<string, unknown>;
      const [a, b] = [kind.read(shown), kind.read(good)];
      assert.equal(a, b, `${menu.name}.${name}=${good} is printed as ${shown}`);
    }
  }
});

menus('the example in the help of every menu works', async ({ path }) => {
  writeFileSync(path, '{}');
  for (const name of ['peer', 'pool', ...Object.keys(EXAMPLES)]) {
    const menu = MENUS.find((one) => one.name === name)!;
    if (name in json(path)) continue;
    const words = EXAMPLES[name]!.split(' ');
    const { err } = await culvert(name, menu.list ? 'add' : 'set', ...words, '--file', path);
    assert.is(err, '', name);
  }
  assert.equal(Object.keys(json(path)).sort(), MENUS.map(({ name }) => name).sort());
  const { out } = await culvert('check', path);
  assert.match(out, /: ok: 1 peer, 1 identity, 1 policy\n$/);
});

menus('completion: commands, options, properties, values', () => {
  const offer = (...words: string[]): string => candidates(buildProgram(), words).join(' ');
  assert.is(offer('pol'), 'policy');
  assert.is(offer('policy', 'd'), 'disable');
  assert.is(offer('policy', 'add', 'src-'), 'src-address= src-port=');
  assert.is(offer('policy', 'add', 'level='), 'level=require level=unique level=use');
  assert.is(offer('peer', 'set', '0', 'passive='), 'passive=yes passive=no');
  assert.is(offer('identity', 'print', 'where', 'pee'), 'peer=');
  assert.is(offer('peer', 'print', ''), 'detail terse count-only where');
  assert.match(offer('profile', 'add', 'dh-group=ec'), 'dh-group=ecp256');
  assert.match(offer('policy', 'print', '--'), '--json');
  assert.is(offer('peer', 'remove', ''), '');
});

menus('completion: a script for each shell', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    assert.match((await culvert('completion', shell)).out, 'culvert complete -- ');
  }
  assert.match((await culvert('completion', 'csh')).err, 'csh: expected bash, zsh, fish');
});

menus.run();
