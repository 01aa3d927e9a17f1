// Plain ESP, IP protocol 50, with a Linux kernel as the peer: no NAT, so no UDP; with 64-bit and
// with 32-bit sequence numbers.
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startCapture } from './capture.js';
import { run, withLogs } from './command.js';
import { type Entry, startCulvert } from './culvert.js';
import { type KernelPeer, startKernelPeer } from './kernel-peer.js';
import { prepare } from './packages.js';
import { makeTopology, SITES } from './topology.js';
import { carries, everything } from './traffic.js';
import { childName, SECRET } from './tunnel.js';

const kernelEsp = suite('Linux kernel: plain ESP');

interface Row {
  readonly name: string;
  readonly esp: string;
  readonly proposal: Entry;
  readonly esn: boolean;
  /** The kernel hides the length of what it sends (RFC 4303 §2.7). */
  readonly tfcPadding?: number;
}

const GCM = { 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'none' };
const CBC = { 'enc-algorithms': 'aes-256-cbc', 'auth-algorithms': 'sha256', 'pfs-group': 'none' };
const ROWS: readonly Row[] = [
  {
    name: 'AES-GCM with ESN',
    esp: 'aes128gcm128-esn',
    proposal: { ...GCM, esn: 'require' },
    esn: true,
  },
  {
    name: 'AES-CBC and SHA2-256 with ESN',
    esp: 'aes256-sha256-esn',
    proposal: { ...CBC, esn: 'require' },
    esn: true,
  },
  {
    name: 'AES-GCM without ESN, TFC padding from the kernel',
    esp: 'aes128gcm128',
    proposal: { ...GCM, esn: 'no' },
    esn: false,
    tfcPadding: 800,
  },
  {
    name: 'AES-CBC and SHA2-256, ESN offered and declined',
    esp: 'aes256-sha256',
    proposal: CBC,
    esn: false,
  },
];

async function startResponder(kernel: KernelPeer, { esp, tfcPadding }: Row): Promise<void> {
  await kernel.startCharon({
    localAddress: '192.0.2.2',
    remoteAddress: '192.0.2.1',
    localId: 'sun.example',
    remoteId: 'moon.example',
    secret: SECRET,
    proposals: 'aes128-sha256-ecp256',
    espProposals: esp,
    children: (['v4', 'v6'] as const).map((family) => ({
      name: childName(family),
      localTs: SITES.sun[family],
      remoteTs: SITES.moon[family],
      tfcPadding,
    })),
  });
}

const configuration = ({ proposal }: Row) => ({
  profile: [
    {
      name: 'lab',
      'enc-algorithm': 'aes-128',
      'hash-algorithm': 'sha256',
      'dh-group': 'ecp256',
    },
  ],
  proposal: [{ name: 'lab', ...proposal }],
  peer: [{ name: 'sun', address: '192.0.2.2', 'local-address': '192.0.2.1', profile: 'lab' }],
  identity: [
    {
      peer: 'sun',
      secret: SECRET,
      'my-id': 'fqdn:moon.example',
      'remote-id': 'fqdn:sun.example',
    },
  ],
  policy: (['v4', 'v6'] as const).map((family) => ({
    'src-address': SITES.moon[family],
    'dst-address': SITES.sun[family],
    peer: 'sun',
    proposal: 'lab',
  })),
});

async function plainEsp(row: Row): Promise<void> {
  const topology = await makeTopology({ bareSun: true });
  const logs: (() => string)[] = [];
  try {
    const capture = await startCapture(topology);
    const kernel = await startKernelPeer(topology);
    logs.push(() => `--- kernel peer ---\n${kernel.log()}`);
    await startResponder(kernel, row);
    const folder = join(topology.folder, 'moon');
    const culvert = await startCulvert(topology.namespace('moon'), folder, configuration(row));
    logs.push(() => `--- culvert ---\n${culvert.log()}`);
    const peer = await culvert.established();
    assert.is(peer['natt-peer'], false);
    for (const family of ['v4', 'v6'] as const) {
      await carries(topology, 'alice', family);
      await everything(topology, family);
    }
    const states = (await kernel.inside('ip xfrm state')).output;
    assert.is(/flag .*\besn\b/.test(states), row.esn, states);
    const installed = await culvert.print('installed-sa print');
    assert.is(installed.length, 4);
    assert.ok(installed.every((sa) => sa.esn === row.esn && sa['invalid-packets'] === 0));
    await culvert.stop();
    assert.equal(await kernel.listSas(), [], 'the kernel peer got our DELETE');
    await kernel.stop();
    const captured = await capture.finish();
    assert.equal(captured.clear, []);
    assert.is(captured.udpEsp, 0);
    if (row.tfcPadding !== undefined) {
      const short = `src host 192.0.2.2 and ip proto 50 and less ${row.tfcPadding}`;
      const { output } = await run(undefined, ['tcpdump', '-nn', '-r', captured.path, short]);
      assert.not.match(output, /ESP/, 'the kernel padded every packet');
    }
    assert.ok(captured.plainEsp > 1000, `${captured.plainEsp} ESP packets`);
  } catch (error) {
    throw withLogs(error, logs);
  } finally {
    topology.remove();
  }
}

for (const row of ROWS) kernelEsp(row.name, () => plainEsp(row));

if ((await prepare('strongswan', 'kernel')) === undefined) kernelEsp.run();
