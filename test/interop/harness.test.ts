// The harness on itself: what it finds between two strongSwans and between two routers that
// encrypt nothing is known, so a red suite beside a green one here is culvert's.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startCapture } from './capture.js';
import { prepare } from './packages.js';
import { type Connection, type Strongswan, startStrongswan } from './strongswan.js';
import { type Gateway, makeTopology, SITES, type Topology } from './topology.js';
import { everything, ping } from './traffic.js';

const harness = suite('interop harness');

async function charon(topology: Topology, gateway: Gateway): Promise<Strongswan> {
  const folder = join(topology.folder, gateway);
  mkdirSync(folder);
  return startStrongswan(topology.namespace(gateway), folder);
}

function connection(topology: Topology, local: Gateway, remote: Gateway): Connection {
  const child = (name: 'v4' | 'v6') => ({
    name: `net-${name}`,
    localTs: SITES[local][name],
    remoteTs: SITES[remote][name],
  });
  return {
    localAddress: topology.own[local],
    remoteAddress: topology.seen[remote],
    localId: local,
    remoteId: remote,
    secret: 'a secret of the lab',
    proposals: 'aes128-sha256-modp2048',
    espProposals: 'aes128gcm128-modp2048',
    children: [child('v4'), child('v6')],
  };
}

harness('two strongSwans carry every kind of traffic and nothing is in the clear', async () => {
  const topology = await makeTopology();
  try {
    const capture = await startCapture(topology);
    const moon = await charon(topology, 'moon');
    const sun = await charon(topology, 'sun');
    await moon.load(connection(topology, 'moon', 'sun'));
    await sun.load(connection(topology, 'sun', 'moon'));
    for (const family of ['v4', 'v6'] as const) {
      const { status, output } = await moon.initiate(`net-${family}`);
      assert.is(status, 0, output);
      await everything(topology, family);
    }
    const [sa] = await moon.listSas();
    assert.is(sa?.state, 'ESTABLISHED');
    assert.equal(
      sa?.children.map(({ algorithms }) => algorithms),
      ['ESP:AES_GCM_16-128', 'ESP:AES_GCM_16-128/MODP_2048'],
    );
    assert.ok(
      sa?.children.every(({ packetsIn, packetsOut }) => packetsIn > 100 && packetsOut > 100),
    );
    await moon.stop();
    await sun.stop();
    const captured = await capture.finish();
    assert.equal(captured.clear, []);
    assert.ok(captured.udpEsp > 1000, `${captured.udpEsp} ESP packets were captured`);
  } finally {
    topology.remove();
  }
});

harness('a packet in the clear is found', async () => {
  const topology = await makeTopology();
  try {
    const capture = await startCapture(topology);
    // nobody answers, and need not
    await ping(topology, 'alice', 'v4', { count: 1, seconds: 1 });
    await ping(topology, 'alice', 'v6', { count: 1, seconds: 1 });
    const { clear } = await capture.finish();
    assert.ok(
      clear.some((line) => line.includes('198.18.0.10 > 198.19.0.10')),
      clear.join('\n'),
    );
    assert.ok(clear.some((line) => line.includes('2001:db8:a::10 > 2001:db8:b::10')));
  } finally {
    topology.remove();
  }
});

if ((await prepare('strongswan')) === undefined) harness.run();
