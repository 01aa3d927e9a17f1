// Leases in a file: there after a restart, for nobody else to read, whole or not at all.
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { leasePath, openLeases } from '../../src/daemon/lease-file.js';
import type { Log } from '../../src/daemon/log.js';
import { systemDns } from '../../src/daemon/system-dns.js';
import { formatAddress, parseAddress } from '../../src/policy/address.js';

const file = suite('lease file');
const range = { start: parseAddress('192.0.2.10')!, end: parseAddress('192.0.2.20')! };
const POOLS = [{ name: 'rw', ranges: [range], next: undefined }];
const ask = (identity: string) => ({ pool: 'rw', family: 4, identity, wanted: undefined }) as const;

function inFolder(body: (folder: string, said: string[], log: Log) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-leases-'));
  const said: string[] = [];
  const log = { error: (_: string, text: string) => said.push(text) } as unknown as Log;
  try {
    body(folder, said, log);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

file('an address is the same after a restart, and the file is ours alone', () =>
  inFolder((folder, said, log) => {
    const path = join(folder, 'state', 'x.leases');
    const first = openLeases(path, POOLS, log);
    first.leases.take(ask('a'));
    first.leases.take(ask('b'));
    first.close();
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.equal(readdirSync(join(folder, 'state')), ['x.leases'], 'nothing beside it');
    const second = openLeases(path, POOLS, log);
    assert.is(formatAddress(second.leases.take(ask('b'))!), '192.0.2.11');
    second.close();
    assert.equal(said, []);
  }),
);

file(
  'it is where the configuration says, else where systemd keeps the state, else in /var/lib',
  () => {
    const tun = { name: 'culvert1', leaseFile: undefined };
    const before = process.env.STATE_DIRECTORY;
    try {
      delete process.env.STATE_DIRECTORY;
      assert.is(leasePath(tun), '/var/lib/culvert/culvert1.leases');
      process.env.STATE_DIRECTORY = '/var/lib/site-a:/var/lib/other';
      assert.is(leasePath(tun), '/var/lib/site-a/culvert1.leases');
      assert.is(leasePath({ ...tun, leaseFile: '/srv/leases' }), '/srv/leases');
    } finally {
      if (before === undefined) delete process.env.STATE_DIRECTORY;
      else process.env.STATE_DIRECTORY = before;
    }
  },
);

file('without pools nothing is read or written', () =>
  inFolder((folder, _, log) => {
    openLeases(join(folder, 'x'), [], log).close();
    assert.equal(readdirSync(folder), []);
  }),
);

file('a file that makes no sense is said, and the gateway goes on', () =>
  inFolder((folder, said, log) => {
    const path = join(folder, 'x');
    writeFileSync(
      path,
      '{"leases": [{"pool": 1}, 7, {"pool":"rw","address":"192.0.2.15","identity":"a"}',
    );
    const running = openLeases(path, POOLS, log);
    assert.is(said.length, 1);
    writeFileSync(
      path,
      '{"leases": [{"pool": 1}, 7, {"pool":"rw","address":"192.0.2.15","identity":"a"}]}',
    );
    running.close();
    const again = openLeases(path, POOLS, log);
    assert.is(formatAddress(again.leases.take(ask('a'))!), '192.0.2.15');
    again.close();
    assert.match(readFileSync(path, 'utf8'), /192\.0\.2\.15/);
  }),
);

file('the host’s own DNS servers, without the stub that answers nobody else', () =>
  inFolder((folder) => {
    const path = join(folder, 'resolv.conf');
    const lines = [
      '# x',
      'nameserver 127.0.0.53',
      'nameserver 192.0.2.53',
      'nameserver 2001:db8::53',
    ];
    writeFileSync(path, `${lines.join('\n')}\nsearch example.org\n`);
    chmodSync(path, 0o600);
    assert.equal(systemDns(path).map(formatAddress), ['192.0.2.53', '2001:db8::53']);
    assert.equal(systemDns(join(folder, 'none')), []);
    // All it names is systemd-resolved's stub: the servers behind that are meant.
    const stub = join(folder, 'stub.conf');
    writeFileSync(stub, 'nameserver 127.0.0.53\noptions edns0\n');
    assert.equal(systemDns(stub, path).map(formatAddress), ['192.0.2.53', '2001:db8::53']);
    assert.equal(systemDns(stub, join(folder, 'none')), []);
  }),
);

file.run();
