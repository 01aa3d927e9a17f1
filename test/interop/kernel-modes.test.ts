// Transport mode and AH with a Linux kernel as the peer, between the two hosts' own addresses, IPv4 and
// IPv6: negotiated with strongSwan, carried by the kernel's own ESP and AH.
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, run, withLogs } from './command.js';
import { startCulvert } from './culvert.js';
import { startKernelPeer } from './kernel-peer.js';
import { prepare } from './packages.js';
import { makeTopology, OUTER6 } from './topology.js';
import { SECRET } from './tunnel.js';

const modes = suite('Linux kernel: transport mode and AH');
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

async function negotiateAndPing({ family, protocol, mode, theirs, enc, auth }: Row): Promise<void> {
  const { moon, sun } = ENDS[family];
  const topology = await makeTopology({ bareSun: true });
  const logs: (() => string)[] = [];
  try {
    const kernel = await startKernelPeer(topology);
    logs.push(() => `--- kernel peer ---\n${kernel.log()}`);
    await kernel.startCharon({
      localAddress: sun,
      remoteAddress: moon,
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
    const culvert = await startCulvert(topology.namespace('moon'), join(topology.folder, 'moon'), {
      profile: [
        {
          name: 'lab',
          'enc-algorithm': 'aes-128',
          'hash-algorithm': 'sha256',
          'dh-group': 'ecp256',
        },
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
    });
    logs.push(() => `--- culvert ---\n${culvert.log()}`);
    await culvert.established();
    const states = (await kernel.inside('ip xfrm state')).output;
    assert.match(states, new RegExp(`proto ${protocol} .*\\n?.*mode ${mode}`), states);
    const count = ['-n', '-i', '0.2', '-c', '3'];
    const answered = async () => {
      const { status } = await run(topology.namespace('moon'), ['ping', ...count, '-W', '2', sun]);
      return status === 0;
    };
    await eventually('pings to the kernel', answered, 30, () => states);
    const back = await kernel.inside(`ping ${count.join(' ')} -W 5 -s 1000 ${moon}`);
    assert.is(back.status, 0, `${back.output}\n${states}`);
    if (mode === 'transport') {
      // larger than TUN and path: whole datagrams are protected on both sides (RFC 4303 §3.3.4), and
      // what is sealed is in fragments
      for (const size of ['3000', '30000']) {
        const large = await kernel.inside(`ping -n -c 2 -W 5 -s ${size} ${moon}`);
        assert.is(large.status, 0, `${size} bytes: ${large.output}`);
      }
    }
    const installed = await culvert.print('installed-sa print');
    assert.ok(installed.every((sa) => sa['current-packets'] >= 3 && sa['invalid-packets'] === 0));
    await culvert.stop();
    await kernel.stop();
  } catch (error) {
    throw withLogs(error, logs);
  } finally {
    topology.remove();
  }
}

for (const row of rows) {
  const { family, protocol, mode, theirs } = row;
  modes(`IPv${family}, ${protocol} ${theirs}, ${mode} mode`, () => negotiateAndPing(row));
}

if ((await prepare('strongswan', 'kernel')) === undefined) modes.run();
