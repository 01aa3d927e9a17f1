// Transport mode and AH with a Linux kernel as the peer, between the two hosts' own addresses, IPv4 and
// IPv6: negotiated with strongSwan, carried by the kernel's own ESP and AH. One kernel serves all cases, and
// has no SA left after each.
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, run, withLogs } from './command.js';
import { type Configuration, type Culvert, startCulvert } from './culvert.js';
import { type KernelPeer, startKernelPeer } from './kernel-peer.js';
import { prepare } from './packages.js';
import type { Connection } from './strongswan.js';
import { makeTopology, OUTER6, type Topology } from './topology.js';
import { SECRET } from './tunnel.js';

interface Stage {
  readonly topology: Topology;
  readonly kernel: KernelPeer;
}

const modes = suite<{ stage: Stage }>('Linux kernel: transport mode and AH');
const ENDS = { 4: { moon: '192.0.2.1', sun: '192.0.2.2' }, 6: OUTER6 };

interface Row {
  readonly family: 4 | 6;
  readonly protocol: 'esp' | 'ah';
  readonly mode: 'tunnel' | 'transport';
  /** strongSwan's words and ours. */
  readonly theirs: string;
  readonly enc: string;
  readonly auth: string;
}

const ESP_ALGORITHMS = [
  ['aes128gcm128', 'aes-128-gcm', 'null'],
  ['aes256-sha256', 'aes-256-cbc', 'sha256'],
] as const;
const AH_ALGORITHMS = [
  ['sha256', 'aes-256-cbc', 'sha256'],
  ['sha1', 'aes-256-cbc', 'sha1'],
  ['sha384', 'aes-256-cbc', 'sha384'],
  ['sha512', 'aes-256-cbc', 'sha512'],
] as const;

const rows = ([4, 6] as const).flatMap((family): Row[] => [
  ...ESP_ALGORITHMS.map(([theirs, enc, auth]): Row => {
    return { family, protocol: 'esp', mode: 'transport', theirs, enc, auth };
  }),
  ...AH_ALGORITHMS.flatMap(([theirs, enc, auth]) =>
    (['transport', 'tunnel'] as const).map((mode): Row => {
      return { family, protocol: 'ah', mode, theirs, enc, auth };
    }),
  ),
]);

const sideOfCharon = ({ family, protocol, mode, theirs }: Row): Connection => ({
  localAddress: ENDS[family].sun,
  remoteAddress: ENDS[family].moon,
  localId: 'sun.example',
  remoteId: 'moon.example',
  secret: SECRET,
  proposals: 'aes128-sha256-ecp256',
  espProposals: theirs,
  children: [
    {
      name: 'hosts',
      localTs: 'dynamic',
      remoteTs: 'dynamic',
      mode,
      ...(protocol === 'ah' ? { ahProposals: theirs } : {}),
    },
  ],
});

function sideOfCulvert({ family, protocol, mode, enc, auth }: Row): Configuration {
  const { moon, sun } = ENDS[family];
  return {
    profile: [
      { name: 'lab', 'enc-algorithm': 'aes-128', 'hash-algorithm': 'sha256', 'dh-group': 'ecp256' },
    ],
    proposal: [
      {
        name: 'lab',
        'enc-algorithms': enc,
        'auth-algorithms': auth,
        'pfs-group': 'none',
        esn: 'no',
      },
    ],
    peer: [{ name: 'sun', address: sun, 'local-address': moon, profile: 'lab' }],
    identity: [
      {
        peer: 'sun',
        secret: SECRET,
        'my-id': 'fqdn:moon.example',
        'remote-id': 'fqdn:sun.example',
      },
    ],
    policy: [
      {
        'src-address': moon,
        'dst-address': sun,
        peer: 'sun',
        proposal: 'lab',
        tunnel: mode === 'tunnel',
        'ipsec-protocols': protocol,
      },
    ],
  };
}

async function negotiateAndPing({ topology, kernel }: Stage, row: Row): Promise<void> {
  const folder = join(topology.folder, `moon ${rows.indexOf(row)}`);
  const [moon, heard] = [topology.namespace('moon'), kernel.log().length];
  let culvert: Culvert | undefined;
  try {
    await kernel.load(sideOfCharon(row));
    culvert = await startCulvert(moon, folder, sideOfCulvert(row));
    await culvert.established();
    await carriesBothWays(kernel, moon, row);
    const installed = await culvert.print('installed-sa print');
    assert.ok(installed.every((sa) => sa['current-packets'] >= 3 && sa['invalid-packets'] === 0));
    await culvert.stop();
    const gone = async () => (await kernel.inside('ip xfrm state')).output.trim() === '';
    await eventually('the kernel to have no SA left', gone);
  } catch (error) {
    if (culvert?.running()) await culvert.kill();
    throw withLogs(error, [
      () => `--- kernel peer ---\n${kernel.log().slice(heard)}`,
      () => `--- culvert ---\n${culvert?.log() ?? ''}`,
    ]);
  }
}

async function carriesBothWays(
  kernel: KernelPeer,
  namespace: string,
  { family, protocol, mode }: Row,
): Promise<void> {
  const { moon, sun } = ENDS[family];
  const states = (await kernel.inside('ip xfrm state')).output;
  assert.match(states, new RegExp(`proto ${protocol} .*\\n?.*mode ${mode}`), states);
  const count = ['-n', '-i', '0.2', '-c', '3'];
  const answered = async () => {
    const { status } = await run(namespace, ['ping', ...count, '-W', '2', sun]);
    return status === 0;
  };
  await eventually('pings to the kernel', answered, 30, () => states);
  const back = await kernel.inside(`ping ${count.join(' ')} -W 5 -s 1000 ${moon}`);
  assert.is(back.status, 0, `${back.output}\n${states}`);
  if (mode === 'tunnel') return;
  // larger than TUN and path: whole datagrams are protected on both sides (RFC 4303 §3.3.4), and
  // what is sealed is in fragments
  for (const size of ['3000', '30000']) {
    const large = await kernel.inside(`ping -n -i 0.2 -c 2 -W 5 -s ${size} ${moon}`);
    assert.is(large.status, 0, `${size} bytes: ${large.output}`);
  }
}

modes.before(async (context) => {
  const topology = await makeTopology({ bareSun: true });
  const kernel = await startKernelPeer(topology);
  await kernel.startCharon(sideOfCharon(rows[0]!));
  context.stage = { topology, kernel };
});

modes.after(async ({ stage }) => {
  await stage.kernel.stop();
  stage.topology.remove();
});

for (const row of rows) {
  const { family, protocol, mode, theirs } = row;
  modes(`IPv${family}, ${protocol} ${theirs}, ${mode} mode`, ({ stage }) =>
    negotiateAndPing(stage, row),
  );
}

if ((await prepare('strongswan', 'kernel')) === undefined) modes.run();
