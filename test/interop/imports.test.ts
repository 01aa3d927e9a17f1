// RouterOS exports on the wire: what `culvert import` made of them talks to strongSwan, which is given the
// meaning the export has on a router. Addresses become those of the laboratory; everything else stays
// as the router wrote it, secrets with their escapes among it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../../src/cli/version.js';
import { startCapture } from './capture.js';
import { run, shell, withLogs } from './command.js';
import { type Configuration, type Culvert, startCulvert } from './culvert.js';
import { prepare } from './packages.js';
import { type Connection, type Strongswan, startStrongswan } from './strongswan.js';
import { makeTopology, OUTER6, type Topology } from './topology.js';
import { carries, type Family } from './traffic.js';

const imports = suite('strongSwan: imported configurations');
const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Case {
  readonly name: string;
  /** In the export, in this order: as the router had it, as it is here. */
  readonly replaced: readonly (readonly [string, string])[];
  readonly connection: Omit<Connection, 'dpdSeconds'>;
  /** How many policies must get an SA of their own. */
  readonly policies: number;
  readonly family: Family;
}

const hex = (text: string): string => `0x${Buffer.from(text).toString('hex')}`;
const V4 = { localAddress: '192.0.2.2', remoteAddress: '192.0.2.1' };
/** libipsec does ESP in UDP only. */
const INSIDE_UDP = ['nat-traversal=no', 'nat-traversal=yes'] as const;

const CASES: readonly Case[] = [
  {
    name: 'v6.48-multiple-subnets',
    replaced: [
      INSIDE_UDP,
      ['192.0.2.20', '192.0.2.2'],
      ['192.0.2.10', '192.0.2.1'],
      ['192.168.10.5/24', '198.18.0.5/24'],
      ['192.168.10.', '198.18.0.'],
      ['192.168.11.', '198.18.11.'],
      ['192.168.20.', '198.19.0.'],
      ['192.168.21.', '198.19.21.'],
    ],
    connection: {
      ...V4,
      localId: '192.0.2.2',
      remoteId: '192.0.2.1',
      secret: hex('k$8 \\ q?;x and long enough'),
      proposals: 'aes256-sha256-ecp256',
      espProposals: 'aes256-sha256-ecp256',
      children: [
        { name: 'office', localTs: '198.19.0.0/24', remoteTs: '198.18.0.0/24' },
        { name: 'printers', localTs: '198.19.21.0/24', remoteTs: '198.18.0.0/24' },
        { name: 'cellar', localTs: '198.19.0.0/24', remoteTs: '198.18.11.0/24' },
      ],
    },
    policies: 3,
    family: 'v4',
  },
  {
    name: 'v6.43-profile-of-peer',
    replaced: [
      // The third policy names the address of no peer: an import says so, and an engineer corrects it.
      ['sa-dst-address=198.51.100.99', 'sa-dst-address=198.51.100.8'],
      ['198.51.100.7', '192.0.2.2'],
      ['10.7.0.0/24', '198.19.0.0/16'],
      ['10.0.0.0/24', '198.18.0.0/16'],
    ],
    connection: {
      ...V4,
      localId: '192.0.2.2',
      remoteId: '192.0.2.1',
      secret: '0x6f1d8e0a5b7c42d39a1e4f608b2c7d5e',
      proposals: 'aes256-sha512-modp4096',
      espProposals: 'aes256-sha1-modp1024',
      children: [{ name: 'berlin', localTs: '198.19.0.0/16', remoteTs: '198.18.0.0/16' }],
    },
    policies: 1,
    family: 'v4',
  },
  {
    name: 'v7.18-one-line-ipv6',
    replaced: [
      ['2001:db8:0:b::1', OUTER6.sun],
      ['2001:db8:a::/48', '2001:db8:a::/64'],
      ['2001:db8:b::/48', '2001:db8:b::/64'],
    ],
    connection: {
      localAddress: OUTER6.sun,
      remoteAddress: OUTER6.moon,
      localId: OUTER6.sun,
      remoteId: 'ops@a.example',
      secret: hex('a secret that is long'),
      proposals: 'aes256-sha512-ecp521',
      espProposals: 'aes256-sha512-ecp521',
      children: [{ name: 'six', localTs: '2001:db8:b::/64', remoteTs: '2001:db8:a::/64' }],
    },
    policies: 1,
    family: 'v6',
  },
];

/** The export with its addresses replaced, through `culvert import` as a user runs it. */
async function imported({ name, replaced }: Case, folder: string): Promise<Configuration> {
  let script = readFileSync(join(packageRoot, 'test/config/exports', `${name}.rsc`), 'utf8');
  for (const [theirs, ours] of replaced) {
    assert.ok(script.includes(theirs), `${name} has ${theirs}`);
    script = script.replaceAll(theirs, ours);
  }
  const [source, out] = [join(folder, `${name}.rsc`), join(folder, `${name}.json`)];
  writeFileSync(source, script);
  const { status, output } = await run(undefined, [
    process.execPath,
    MAIN,
    'import',
    source,
    '--out',
    out,
  ]);
  assert.is(status, 0, output);
  return JSON.parse(readFileSync(out, 'utf8')) as Configuration;
}

async function works(one: Case, topology: Topology, strongswan: Strongswan): Promise<void> {
  const configuration = await imported(one, topology.folder);
  await strongswan.load(one.connection);
  const moon = join(topology.folder, one.name);
  let culvert: Culvert | undefined;
  try {
    culvert = await startCulvert(topology.namespace('moon'), moon, configuration);
    const running = culvert;
    await running.established();
    await carries(topology, 'alice', one.family, { explain: () => running.log() });
    const states = async (): Promise<number> =>
      (await running.print('policy print')).filter((row) => row['ph2-state'] === 'established')
        .length;
    for (const { name } of one.connection.children) {
      const sas = await strongswan.listSas();
      const there = sas.flatMap(({ children }) => children).some((child) => child.name === name);
      if (!there) await strongswan.initiate(name);
    }
    assert.is(await states(), one.policies);
    await running.stop();
  } catch (error) {
    throw withLogs(error, [() => culvert?.log() ?? '', () => strongswan.log().slice(-4000)]);
  } finally {
    if (culvert?.running()) await culvert.kill();
  }
}

let topology: Topology;
let strongswan: Strongswan;
imports.before(async () => {
  topology = await makeTopology();
  mkdirSync(join(topology.folder, 'sun'));
  // libipsec serves a network only where the host has an address in it.
  await shell(topology.namespace('sun'), 'ip addr add 198.19.21.1/32 dev lo');
  strongswan = await startStrongswan(topology.namespace('sun'), join(topology.folder, 'sun'));
});
imports.after(async () => {
  await strongswan?.stop();
  topology?.remove();
});

for (const one of CASES) {
  imports(`${one.name}: comes up and carries, nothing in the clear`, async () => {
    const capture = await startCapture(topology);
    await works(one, topology, strongswan);
    const { clear, udpEsp } = await capture.finish();
    assert.equal(clear, []);
    assert.ok(udpEsp > 0);
  });
}

if ((await prepare('strongswan')) === undefined) imports.run();
