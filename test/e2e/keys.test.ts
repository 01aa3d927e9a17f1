// Keys are erased when their SA goes: a daemon's whole memory is searched for them, before and after.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Site } from '../../src/lab/sites.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echoes, until, withPair } from './pair.js';

const keys = suite('keys');
const CHUNK = 1 << 24;
const LONGEST = 64;

const configuration = (site: Site, remote: Site, proposal: object): object => ({
  proposal: [{ name: 'default', ...proposal }],
  peer: [{ name: remote.name, address: `${remote.outer}/32`, passive: site.name === 'east' }],
  identity: [{ peer: remote.name, secret: 'a secret of the two' }],
  policy: [{ 'src-address': site.network, 'dst-address': remote.network, peer: remote.name }],
});

/** How often each secret stands in the memory of a process. */
function copies(pid: number, secrets: readonly Buffer[]): number[] {
  const found = secrets.map(() => 0);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(CHUNK + LONGEST);
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to, name] = /^(\w+)-(\w+) r\S+ \S+ \S+ \S+ *(.*)$/.exec(line) ?? [];
    if (from === undefined || name!.startsWith('[v') || name!.startsWith('/dev')) continue;
    const end = Number.parseInt(to!, 16);
    for (let at = Number.parseInt(from, 16); at < end; at += CHUNK) {
      // One chunk and the beginning of the next, for what lies across.
      const length = readAt(memory, buffer, Math.min(CHUNK + LONGEST, end - at), at);
      const bytes = buffer.subarray(0, length);
      for (const [index, secret] of secrets.entries()) {
        if (bytes.includes(secret)) found[index]!++;
      }
    }
  }
  closeSync(memory);
  return found;
}

/** Bytes read; none where the process has unmapped it meanwhile. */
function readAt(fd: number, buffer: Buffer, length: number, at: number): number {
  try {
    return readSync(fd, buffer, 0, length, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    return 0;
  }
}

const SUITES = {
  chacha20poly1305: { 'enc-algorithms': 'chacha20poly1305' },
  'aes-256-cbc with sha256': { 'enc-algorithms': 'aes-256-cbc', 'auth-algorithms': 'sha256' },
};

for (const [name, proposal] of Object.entries(SUITES)) {
  keys(`${name}: no key of a removed SA is left in the daemon's memory`, () =>
    withPair(async (pair) => {
      const east = await pair.start(pair.east, configuration(pair.east, pair.west, proposal));
      const west = await pair.start(pair.west, configuration(pair.west, pair.east, proposal));
      await west.established();
      await until('echoes', () => echoes(pair.west, pair.east, 4, 1) || undefined);
      const installed = await west.ask('installed-sa print', { 'show-secrets': true });
      const secrets = installed
        .flatMap((sa) => [sa['enc-key'], sa['auth-key']])
        .flatMap((hex) => (hex ? [Buffer.from(hex, 'hex').subarray(0, 32)] : []));
      assert.ok(secrets.length >= 2);
      const { pid } = west.process;
      assert.ok(
        copies(pid!, secrets).every((times) => times > 0),
        'the search finds keys in use',
      );
      await east.ask('active-peers kill-connections', {});
      const gone = async (): Promise<true | undefined> => {
        const left = new Set((await west.ask('installed-sa print', {})).map(({ spi }) => spi));
        return installed.every(({ spi }) => !left.has(spi)) || undefined;
      };
      await until('the SAs to go', gone, () => west.log);
      const none = () => copies(pid!, secrets).every((times) => times === 0) || undefined;
      await until('the keys to be erased', none);
    }),
  );
}

if (ownNamespaces()) keys.run();
