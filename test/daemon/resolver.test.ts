// DNS servers to resolvconf(8), which is a script of the test here, and into a file of our own.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Log } from '../../src/daemon/log.js';
import { Resolver } from '../../src/daemon/resolver.js';
import type { Received } from '../../src/ike/step.js';
import { parseAddress } from '../../src/policy/address.js';
import type { AskedConfig } from '../../src/policy/database.js';

const resolver = suite('resolver');

const received = (id: number, server: string, config: Partial<AskedConfig> = {}): Received => ({
  id,
  peer: 'office',
  template: 0,
  config: {
    role: 'initiator',
    name: 'road',
    dns: 'yes',
    resolvConf: undefined,
    sources: undefined,
    mark: undefined,
    ...config,
  },
  addresses: [],
  dns: [parseAddress(server)!],
  networks: [],
});

/** With `script` as resolvconf on the path; `calls` is what it was asked, line by line. */
async function withScript(
  script: string,
  body: (made: Resolver, folder: string, said: string[]) => Promise<void>,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-resolver-'));
  const calls = join(folder, 'calls');
  const path = process.env.PATH;
  const said: string[] = [];
  const log = { warning: (_: string, text: string) => said.push(text) } as unknown as Log;
  try {
    if (script !== '') {
      writeFileSync(join(folder, 'resolvconf'), `#!/bin/sh\n${script.replace('CALLS', calls)}\n`);
      chmodSync(join(folder, 'resolvconf'), 0o755);
    }
    process.env.PATH = script === '' ? folder : `${folder}:${path}`;
    await body(new Resolver('tun0', log), folder, said);
    return existsSync(calls) ? readFileSync(calls, 'utf8').split('\n').filter(Boolean) : [];
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  }
}

const RECORD = '{ echo "$@"; [ "$1" = -f ] || cat; } >> CALLS';

resolver('servers come and go under a name of ours; `exclusively` asks for no others', async () => {
  const calls = await withScript(RECORD, async (made) => {
    made.up(received(1, '192.0.2.53'));
    made.down(1);
    made.up(received(2, '192.0.2.54', { dns: 'exclusively' }));
    made.up(received(3, '192.0.2.55', { dns: 'no' }));
    await made.close();
  });
  assert.equal(calls, [
    '-a tun0.office',
    'nameserver 192.0.2.53',
    '-f -d tun0.office',
    '-x -a tun0.office',
    'nameserver 192.0.2.54',
    '-f -d tun0.office',
  ]);
});

resolver('authenticated anew, the newer servers stay when the older ones go', async () => {
  const calls = await withScript(RECORD, async (made) => {
    made.up(received(1, '192.0.2.53'));
    made.up(received(2, '192.0.2.54'));
    made.down(1);
    await made.close();
  });
  assert.equal(calls.slice(-4), [
    'nameserver 192.0.2.54',
    '-a tun0.office',
    'nameserver 192.0.2.54',
    '-f -d tun0.office',
  ]);
});

resolver('without resolvconf it is said what to do; a file needs none', async () => {
  await withScript('', async (made, folder, said) => {
    made.up(received(1, '192.0.2.53'));
    const file = join(folder, 'resolv.conf');
    made.up(received(2, '192.0.2.54', { dns: 'exclusively', resolvConf: file }));
    assert.match(readFileSync(file, 'utf8'), /^#.*\nnameserver 192\.0\.2\.54\n$/);
    await made.close();
    assert.is(existsSync(file), false);
    assert.match(said.join(), /there is no resolvconf: install resolvconf\(8\), or name a file/);
  });
});

resolver.run();
