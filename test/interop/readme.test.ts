// The README's gateway for road warriors, command by command, and strongSwan as a client of it: whoever
// copies those lines gets what the README promises.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withLogs } from './command.js';
import { type Configuration, type Entry, startCulvert } from './culvert.js';
import { prepare } from './packages.js';
import { startStrongswan } from './strongswan.js';
import { ALICE, makeTopology, SITES, type Topology } from './topology.js';
import { run } from './command.js';

const readme = suite('README');
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** The README's network behind the gateway is alice's here. */
const HERE: readonly [string, string] = ['198.51.100.0/24', SITES.moon.v4];

function commands(): string {
  const page = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, block] = /<!-- road-warriors -->\s+```sh\n([\s\S]*?)```/.exec(page) ?? [];
  assert.ok(block, 'the README has no block of commands for road warriors');
  return block.replaceAll(...HERE);
}

/** What the commands make of an empty file. */
function configuration(folder: string): Configuration {
  const file = join(folder, 'vpn.json');
  writeFileSync(file, '{}\n', { mode: 0o600 });
  const script = `culvert() { '${process.execPath}' '${MAIN}' "$@"; }\n${commands()}`;
  const env = { ...process.env, CULVERT_FILE: file };
  execFileSync('bash', ['-ec', script], { cwd: folder, env, encoding: 'utf8' });
  const made = JSON.parse(readFileSync(file, 'utf8')) as Configuration;
  // The daemon's own file stands elsewhere.
  const absolute = ({ 'key-file': key, ...entry }: Entry): Entry => ({
    ...entry,
    file: resolve(folder, String(entry.file)),
    ...(key === undefined ? {} : { 'key-file': resolve(folder, String(key)) }),
  });
  return { ...made, certificate: made.certificate!.map(absolute) };
}

const CLIENT = `connections { vpn {
  version = 2
  vips = 0.0.0.0
  local_addrs = 192.0.2.2
  remote_addrs = 192.0.2.1
  local { auth = eap-mschapv2
    id = alice }
  remote { auth = pubkey
    id = vpn.example.org }
  children { vpn { remote_ts = ${SITES.moon.v4}
    local_ts = dynamic } } } }
secrets { eap-alice { id = alice
  secret = "correct horse battery staple" } }
`;

async function client(topology: Topology, folder: string) {
  const sun = join(topology.folder, 'sun');
  mkdirSync(sun);
  const plugins = 'pkcs8 constraints eap-identity eap-mschapv2';
  const strongswan = await startStrongswan(topology.namespace('sun'), sun, '', plugins);
  const ca = readFileSync(join(folder, 'ca.crt'));
  writeFileSync(join(sun, 'swanctl', 'x509ca', 'ca.crt'), ca);
  await strongswan.loadText(CLIENT);
  return strongswan;
}

readme('the gateway for road warriors lets strongSwan in and gives it an address', async () => {
  const topology = await makeTopology();
  try {
    const folder = join(topology.folder, 'site');
    mkdirSync(folder);
    const made = configuration(folder);
    const moon = topology.namespace('moon');
    const culvert = await startCulvert(moon, join(topology.folder, 'moon'), made);
    const strongswan = await client(topology, folder);
    try {
      const { status, output } = await strongswan.initiate('vpn');
      assert.is(status, 0, output);
      const [peer] = await culvert.print('active-peers print');
      assert.is(peer!['dynamic-address'], '203.0.113.10');
      const words = ['ping', '-nqc', '3', '-W', '2', '-I', '203.0.113.10', ALICE.v4];
      const ping = await run(topology.namespace('sun'), words);
      assert.match(ping.output, / 3 received/);
      assert.not.ok(culvert.log().includes('correct horse'), 'the password is in the log');
      await culvert.stop();
    } catch (error) {
      await culvert.kill().catch(() => {}); // the first error is the one to tell
      const logs = [() => `--- strongSwan ---\n${strongswan.log()}`, () => culvert.log()];
      throw withLogs(error, logs);
    } finally {
      await strongswan.stop();
    }
  } finally {
    topology.remove();
  }
});

if ((await prepare('strongswan')) === undefined) readme.run();
