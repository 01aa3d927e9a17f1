// mode-config with strongSwan: charon as road warriors that get addresses from our pool, IPv4 and IPv6;
// the pool exhausted; the same address after a reconnect, and after our restart.
// Shows mode-config.name, mode-config.responder, pool.ranges, tun.lease-file
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ActivePeerRow } from '../../src/daemon/rows.js';
import { AES_GCM_128 } from './algorithms.js';
import { eventually, run } from './command.js';
import { prepare } from './packages.js';
import { warrior, warriorSettings } from './road-warriors.js';
import { ALICE } from './topology.js';
import { type Tunnel, withTunnel } from './tunnel.js';

const config = suite('strongSwan: mode-config');

const POOL = { name: 'rw', ranges: '10.9.0.1-10.9.0.2,2001:db8:9::1-2001:db8:9::2' };
const moon = {
  peer: { address: '0.0.0.0/0', passive: true, 'send-initial-contact': false },
  identity: {
    'remote-id': 'ignore',
    'generate-policy': 'port-strict',
    'mode-config': 'rw',
  },
  policies: ['10.9.0.0/16', '2001:db8:9::/64'].map((pool) => ({
    template: true,
    'src-address': '::/0',
    'dst-address': pool,
    proposal: 'lab',
  })),
  menus: {
    pool: [POOL],
    'mode-config': [
      {
        name: 'rw',
        responder: true,
        'address-pool': 'rw',
        'address-prefix-length': 32,
        'split-include': '198.18.0.0/16,2001:db8:a::/64',
        'static-dns': '192.0.2.53',
      },
    ],
  },
};
const settings = (count: number): string =>
  warriorSettings({
    count,
    vips: ['0.0.0.0', '::'],
    ike: AES_GCM_128.strongswan.ike,
    esp: AES_GCM_128.strongswan.esp,
    remoteTs: ['0.0.0.0/0', '2001:db8:a::/64'],
  });

const rowsOf = async (tunnel: Tunnel): Promise<Map<string, string>> => {
  const rows = await tunnel.culvert.print('active-peers print');
  const up = rows.filter(({ state }: ActivePeerRow) => state === 'established');
  return new Map(up.map((row) => [row.id, row['dynamic-address']]));
};

/** From the address that charon was given. */
async function reaches(tunnel: Tunnel, from: string, to: string): Promise<void> {
  const sun = tunnel.topology.namespace('sun');
  await eventually(`${from} to reach ${to}`, async () => {
    const ping = await run(sun, ['ping', '-nqc', '2', '-i', '0.2', '-W', '1', '-I', from, to]);
    return / 2 received/.test(ping.output);
  });
}

/** Option 249, seven bytes: 198.18.0.0/16 by router 0.0.0.0 (RFC 3442's coding). */
const INFORMED = /f90710c61200000000ff\n$/;

/** DHCPINFORM as Windows sends it: broadcast, through the tunnel. */
async function inform(tunnel: Tunnel, from: string): Promise<string> {
  const address = from.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  const head = `0101060012345678000000${'00'}${address.join('')}${'00'.repeat(220)}`;
  const asked = `${head.slice(0, 2 * 236)}63825363350108ff`;
  const script = `const s = require('node:dgram').createSocket('udp4');
    s.on('message', (m) => { console.log(m.toString('hex')); process.exit(0); });
    s.bind(68, '${from}', () => { s.setBroadcast(true);
      setInterval(() => s.send(Buffer.from('${asked}', 'hex'), 67, '255.255.255.255'), 300); });
    setTimeout(() => process.exit(1), 10000);`;
  const { status, output } = await run(tunnel.topology.namespace('sun'), [
    process.execPath,
    '-e',
    script,
  ]);
  assert.is(status, 0, `no answer to DHCPINFORM: ${output}`);
  return output;
}

config('addresses of both families, exhaustion, re-use after reconnect and restart', async () => {
  const options = { initiator: 'strongswan', ...moon } as const;
  await withTunnel(options, async (tunnel) => {
    const { strongswan, topology } = tunnel;
    await strongswan.loadText(settings(3));
    for (const number of [0, 1]) {
      const { status, output } = await strongswan.initiate(warrior(number));
      assert.is(status, 0, output);
    }
    const first = await rowsOf(tunnel);
    assert.equal(Object.fromEntries(first), {
      'fqdn:w0.example': '10.9.0.1,2001:db8:9::1',
      'fqdn:w1.example': '10.9.0.2,2001:db8:9::2',
    });
    for (const from of ['10.9.0.1', '10.9.0.2']) await reaches(tunnel, from, ALICE.v4);
    for (const from of ['2001:db8:9::1', '2001:db8:9::2']) await reaches(tunnel, from, ALICE.v6);
    assert.match(await inform(tunnel, '10.9.0.1'), INFORMED);
    const policies = await tunnel.culvert.print('policy print');
    assert.is(policies.filter(({ dynamic }) => dynamic).length, 4);
    // the third finds nothing left
    assert.ok((await strongswan.initiate(warrior(2))).status !== 0);
    assert.match(strongswan.log(), /received INTERNAL_ADDRESS_FAILURE notify/);
    await tunnel.culvert.logged(/error .*every address of its pool is in use.*add ranges/);
    // one leaves, and comes again to the same address though another asked in between
    await strongswan.terminate('--ike', warrior(1));
    await eventually('w1 to be gone', async () => !(await rowsOf(tunnel)).has('fqdn:w1.example'));
    const again = await strongswan.initiate(warrior(1));
    assert.is(again.status, 0, again.output);
    assert.equal((await rowsOf(tunnel)).get('fqdn:w1.example'), '10.9.0.2,2001:db8:9::2');
    // our restart, without a goodbye
    const file = join(topology.folder, 'moon', 'leases');
    await eventually('the leases to be written', () =>
      /w1.example/.test(readFileSync(file, 'utf8')),
    );
    assert.is(statSync(file).mode & 0o777, 0o600);
    await tunnel.killCulvert();
    await tunnel.restartCulvert();
    await strongswan.terminate('--force', '--ike', warrior(0));
    await strongswan.terminate('--force', '--ike', warrior(1));
    // in the other order
    for (const number of [1, 0]) assert.is((await strongswan.initiate(warrior(number))).status, 0);
    assert.equal(await rowsOf(tunnel), new Map([...first].reverse()));
    await reaches(tunnel, '10.9.0.1', ALICE.v4);
  });
});

config('a hundred road warriors, each with an address and a policy of its own', async () => {
  const COUNT = 100;
  const [v4] = moon.menus['mode-config'];
  const many = {
    ...moon,
    menus: { pool: [{ name: 'rw', ranges: '10.9.1.0/25' }], 'mode-config': [v4!] },
  };
  // each call of swanctl keeps a thread of charon waiting
  const charon = 'threads = 40';
  await withTunnel({ initiator: 'strongswan', charon, ...many }, async (tunnel) => {
    const { strongswan, topology, culvert } = tunnel;
    await strongswan.loadText(
      warriorSettings({
        count: COUNT,
        vips: ['0.0.0.0'],
        ike: AES_GCM_128.strongswan.ike,
        esp: AES_GCM_128.strongswan.esp,
        remoteTs: ['198.18.0.0/16'],
      }),
    );
    for (let first = 0; first < COUNT; first += 10) {
      const ten = Array.from({ length: 10 }, (_, at) => strongswan.initiate(warrior(first + at)));
      for (const { status, output } of await Promise.all(ten)) assert.is(status, 0, output);
    }
    const addresses = [...(await rowsOf(tunnel)).values()];
    assert.is(new Set(addresses).size, COUNT, 'no two have the same');
    const rows = (await culvert.print('policy print')).filter(({ dynamic }) => dynamic);
    assert.equal(
      rows
        .filter(({ active }) => active)
        .map((row) => row['dst-address'])
        .sort(),
      addresses.map((address) => `${address}/32`).sort(),
    );
    // real packets of every one of them, all at once
    const pings = addresses.map(
      (from) =>
        `(ping -nqc 3 -i 0.3 -W 3 -I ${from} ${ALICE.v4} | grep -q ' [1-3] received' || echo ${from}) &`,
    );
    const { output } = await run(topology.namespace('sun'), [
      'sh',
      '-c',
      `${pings.join('\n')}\nwait`,
    ]);
    assert.is(output.trim(), '', 'addresses that got no answer');
    const statistics = await culvert.print('statistics print');
    assert.is(statistics['in-template-mismatches'], 0);
    // all leave at once
    await strongswan.stop();
    await eventually('all policies to go', async () => {
      const left = await culvert.print('policy print');
      return left.every(({ dynamic }) => !dynamic);
    });
  });
});

if ((await prepare('strongswan')) === undefined) config.run();
