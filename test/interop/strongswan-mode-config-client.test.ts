// mode-config as the side that asks: charon's pool gives us addresses, DNS servers and split networks.
// The host uses them, a network behind us is translated, and nothing of it stays at the end.
// Shows address-list.list, address-list.address
import { existsSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AES_GCM_128 } from './algorithms.js';
import { eventually, run, shell } from './command.js';
import type { Entry } from './culvert.js';
import { prepare } from './packages.js';
import { BOB, type Topology } from './topology.js';
import { SECRET, type Tunnel, withTunnel } from './tunnel.js';

const client = suite('strongSwan: mode-config client');

/** `more`: of networks that are children of their own. */
const charon = (
  localTs: string,
  size: number,
  split: string,
  more: string[] = [],
): string => `connections { gw {
    version = 2
    local_addrs = 192.0.2.2
    remote_addrs = %any
    proposals = ${AES_GCM_128.strongswan.ike}
    pools = rw4, rw6
    local { auth = psk
      id = sun.example }
    remote { auth = psk }
    children {
${[localTs, ...more]
  .map(
    (network, at) => `gw${at} { local_ts = ${network}
      esp_proposals = ${AES_GCM_128.strongswan.esp} }`,
  )
  .join('\n')} } } }
pools {
  rw4 { addrs = 10.9.0.0/${size}
    dns = 192.0.2.53
    ${split} }
  rw6 { addrs = 2001:db8:9::/120
    dns = 2001:db8::53 } }
secrets { ike-1 { secret = "${SECRET}" } }
`;

const moon = (modeConfig: Entry, more: Record<string, readonly Entry[]> = {}) =>
  ({
    initiator: 'culvert',
    identity: { 'generate-policy': 'port-strict', 'mode-config': 'road' },
    policies: [{ template: true, 'src-address': '::/0', 'dst-address': '::/0', proposal: 'lab' }],
    menus: { 'mode-config': [{ name: 'road', ...modeConfig }], ...more },
  }) as const;

const host = async (topology: Topology): Promise<string> => {
  const commands = [
    'ip address',
    'ip rule',
    'ip -6 rule',
    'ip route show table all',
    'nft list ruleset',
  ];
  return (await run(topology.namespace('moon'), ['sh', '-c', commands.join('; ')])).output;
};

/** From the namespace, whatever source it chooses. */
async function reaches(tunnel: Tunnel, from: 'moon' | 'alice', to: string): Promise<void> {
  await eventually(`${from} to reach ${to}`, async () => {
    const argv = ['ping', '-nqc', '2', '-i', '0.2', '-W', '1', to];
    return / 2 received/.test((await run(tunnel.topology.namespace(from), argv)).output);
  });
}

client(
  'addresses, DNS, split networks; a network behind us is translated; nothing stays',
  async () => {
    // Shows address-list.disabled
    const lists = [
      { list: 'lan', address: '198.18.0.0/16' },
      { list: 'lan', address: '198.51.100.0/24', disabled: true },
    ];
    const file = `/var/tmp/culvert-${process.pid}-resolv.conf`;
    const options = moon(
      { 'src-address-list': 'lan', 'resolv-conf': file, 'use-responder-dns': 'exclusively' },
      { 'address-list': lists },
    );
    await withTunnel(options, async (tunnel) => {
      const { topology, strongswan } = tunnel;
      // networks of sun; charon gives the last a child of its own, and so do we
      await strongswan.loadText(
        charon(
          '198.19.0.0/16, 2001:db8:b::/64',
          24,
          'split_include = 198.19.0.0/16, 203.0.113.0/24',
          ['203.0.113.0/24'],
        ),
      );
      await shell(topology.namespace('sun'), 'ip address add 203.0.113.9/32 dev lo');
      const before = await host(topology);
      await tunnel.culvert.established();
      await eventually('policies to be made', async () => {
        const rows = await tunnel.culvert.print('policy print');
        return rows.filter(({ dynamic }) => dynamic).length === 3;
      });
      const rows = await tunnel.culvert.print('policy print');
      assert.equal(
        rows
          .filter(({ dynamic }) => dynamic)
          .map((row) => `${row['src-address']} ${row['dst-address']}`)
          .sort(),
        [
          '10.9.0.1/32 198.19.0.0/16',
          '10.9.0.1/32 203.0.113.0/24',
          '2001:db8:9::1/128 2001:db8:b::/64',
        ],
      );
      const [peer] = await tunnel.culvert.print('active-peers print');
      assert.is(peer?.['dynamic-address'], '10.9.0.1,2001:db8:9::1');
      // the gateway itself, by the addresses it was given
      await reaches(tunnel, 'moon', BOB.v4);
      await reaches(tunnel, 'moon', BOB.v6);
      await reaches(tunnel, 'moon', '203.0.113.9');
      // a host behind it: bob sees our address, and alice is still reached from moon past the tunnel
      await reaches(tunnel, 'alice', BOB.v4);
      await reaches(tunnel, 'moon', '198.18.0.10');
      const there = await host(topology);
      assert.match(there, /inet 10\.9\.0\.1\/32/);
      assert.match(there, /snat ip to 10\.9\.0\.1/);
      assert.not.match(there, /198\.51\.100/);
      assert.equal(readFileSync(file, 'utf8').split('\n').slice(1), [
        'nameserver 192.0.2.53',
        'nameserver 2001:db8::53',
        '',
      ]);
      // killed, and started again over what it left
      await tunnel.killCulvert();
      await tunnel.restartCulvert();
      await eventually('the tunnel to be up again', async () => {
        const again = await tunnel.culvert.print('policy print');
        return again.filter(({ dynamic }) => dynamic).length === 3;
      });
      await reaches(tunnel, 'alice', BOB.v4);
      await tunnel.stopCulvert();
      const after = await host(topology);
      assert.not.match(after, /10\.9\.0|culvert/);
      assert.is(existsSync(file), false);
      assert.ok(before.length > 0);
    });
  },
);

/** A mangle rule as an operator writes it. */
const MANGLE = `
nft add table inet mangle
nft 'add chain inet mangle prerouting { type filter hook prerouting priority mangle; }'
nft add rule inet mangle prerouting ip daddr ${BOB.v4} ct mark set 0x10`;

client('everything through the tunnel, IPv4 alone; of others what is marked', async () => {
  const options = moon({ 'use-responder-dns': 'no', 'connection-mark': '0x10/0xff' });
  await withTunnel(options, async (tunnel) => {
    const { strongswan } = tunnel;
    await strongswan.loadText(
      charon('0.0.0.0/0', 32, '')
        .replace('pools = rw4, rw6', 'pools = rw4')
        .replace('10.9.0.0/32', '10.9.0.1-10.9.0.1'),
    );
    await tunnel.culvert.established();
    await reaches(tunnel, 'moon', BOB.v4);
    const rows = await tunnel.culvert.print('policy print');
    assert.equal(
      rows.filter(({ dynamic }) => dynamic).map((row) => [row['src-address'], row['dst-address']]),
      [['10.9.0.1/32', '0.0.0.0/0']],
    );
    await shell(tunnel.topology.namespace('moon'), MANGLE);
    await reaches(tunnel, 'alice', BOB.v4);
  });
});

if ((await prepare('strongswan')) === undefined) client.run();
