// MOBIKE with strongSwan (RFC 4555): the side that called gets another address in the middle of a TCP
// transfer, which goes on; culvert moves, then strongSwan moves. Then strongSwan cannot be reached at one
// of its addresses. No IKE SA and no child is made anew.
// Shows peer.mobike
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { background, eventually, isRunning, shell, stop } from './command.js';
import { prepare } from './packages.js';
import { readOr } from './strongswan.js';
import { BOB, type Gateway, type Topology } from './topology.js';
import { carries } from './traffic.js';
import { type Tunnel, withTunnel } from './tunnel.js';

const mobike = suite('strongSwan: MOBIKE');

const SECONDS = 8;

/** Another address instead of the old one, as another network would give. */
async function renumber({ namespace }: Topology, at: Gateway, from: string, to: string) {
  const route = at === 'moon' ? 'ip route replace default via 192.0.2.2' : 'true';
  await shell(
    namespace(at),
    `ip addr add ${to}/25 dev eth0; ip addr del ${from}/24 dev eth0; ${route}`,
  );
}

/** A TCP connection from alice to bob that lives through `body`, and carries to its end. */
async function transferring(topology: Topology, body: () => Promise<void>): Promise<number> {
  const server = background(
    topology.namespace('bob'),
    ['iperf3', '-s', '-1', '-B', BOB.v4],
    `${topology.folder}/iperf-server.log`,
  );
  const log = `${topology.folder}/iperf.json`;
  try {
    await eventually('iperf3 to listen', async () =>
      (await shell(topology.namespace('bob'), 'ss -ltn')).includes(':5201'),
    );
    const argv = ['iperf3', '-c', BOB.v4, '-t', `${SECONDS}`, '-b', '20M', '--json'];
    const client = background(topology.namespace('alice'), argv, log);
    await body();
    await eventually(
      'the transfer to end',
      () => !isRunning(client),
      60,
      () => readOr(log),
    );
  } finally {
    if (isRunning(server)) await stop(server, 'SIGTERM', 'iperf3');
  }
  const { error, end } = JSON.parse(readOr(log)) as {
    error?: string;
    end: { sum_received: { bytes: number } };
  };
  assert.is(error, undefined);
  return end.sum_received.bytes;
}

async function moves(tunnel: Tunnel, at: Gateway, from: string, to: string): Promise<void> {
  const { topology, culvert } = tunnel;
  await tunnel.up();
  const before = await culvert.established();
  const bytes = await transferring(topology, async () => {
    await carries(topology, 'alice', 'v4');
    await renumber(topology, at, from, to);
    await culvert.logged(at === 'moon' ? /the peer has our address/ : /and its SAs with it/);
    await carries(topology, 'alice', 'v4', { explain: culvert.log });
  });
  // Of 20 Mbit/s for 8 s, less the moments in between.
  assert.ok(bytes > 5_000_000, `${bytes} bytes were carried`);
  const peers = await culvert.print('active-peers print');
  assert.is(peers.length, 1);
  assert.is(peers[0]!.spii, before.spii);
  const which = at === 'moon' ? 'local-address' : 'remote-address';
  assert.is(peers[0]![which], to);
  assert.is((await culvert.print('installed-sa print')).length, 2);
  assert.not.match(tunnel.strongswan.log(), /IKE_SA gw\[2\]/);
}

mobike('culvert called and moves', async () => {
  const connection = { mobike: true, remoteAddress: '%any' };
  const peer = { 'local-address': '' };
  await withTunnel({ initiator: 'culvert', connection, peer }, async (tunnel) => {
    await moves(tunnel, 'moon', '192.0.2.1', '192.0.2.9');
    assert.match(tunnel.strongswan.log(), /parsed INFORMATIONAL request \d+ \[ N\(UPD_SA_ADDR\)/);
  });
});

mobike('strongSwan called and moves', async () => {
  const connection = { mobike: true, localAddress: '%any' };
  const peer = { address: '192.0.2.0/24' };
  await withTunnel({ initiator: 'strongswan', connection, peer }, async (tunnel) => {
    await moves(tunnel, 'sun', '192.0.2.2', '192.0.2.10');
    assert.match(tunnel.strongswan.log(), /N\(COOKIE2\)/);
  });
});

/** The gateway is there, but nothing of IKE or ESP reaches its address or leaves from it. */
const DEAF = `nft add table ip deaf
nft 'add chain ip deaf in { type filter hook input priority 0; }'
nft 'add chain ip deaf out { type filter hook output priority 0; }'
nft add rule ip deaf in ip daddr 192.0.2.2 udp dport '{ 500, 4500 }' drop
nft add rule ip deaf out ip saddr 192.0.2.2 udp sport '{ 500, 4500 }' drop`;

mobike('strongSwan cannot be reached at its address: culvert goes to another it has', async () => {
  const connection = { mobike: true, localAddress: '%any' };
  const profile = { 'dpd-interval': '1s', 'dpd-maximum-failures': 2 };
  // Beside 192.0.2.2 and the inner addresses, which it tells as well.
  const before = async ({ namespace }: Topology) => {
    await shell(namespace('sun'), 'ip addr add 192.0.2.10/24 dev eth0');
  };
  await withTunnel({ initiator: 'culvert', connection, profile, before }, async (tunnel) => {
    const { topology, culvert } = tunnel;
    await tunnel.up();
    const { spii } = await culvert.established();
    await shell(topology.namespace('sun'), DEAF);
    await culvert.logged(/does not answer at 192\.0\.2\.2: trying/);
    await culvert.logged(/the peer has our address/);
    await carries(topology, 'alice', 'v4', { explain: culvert.log });
    const [peer, ...others] = await culvert.print('active-peers print');
    assert.is(others.length, 0);
    assert.is(peer!.spii, spii);
    assert.is(peer!['remote-address'], '192.0.2.10');
    assert.is((await culvert.print('installed-sa print')).length, 2);
    assert.not.match(tunnel.strongswan.log(), /IKE_SA gw\[2\]/);
  });
});

if ((await prepare('strongswan')) === undefined) mobike.run();
