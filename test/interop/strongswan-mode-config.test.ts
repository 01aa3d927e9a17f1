// mode-config with strongSwan: charon as road warriors that get addresses from our pool, IPv4 and IPv6;
// the pool exhausted; the same address after a reconnect, and after our restart.
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
    remoteTs: ['198.18.0.0/16', '2001:db8:a::/64'],
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

if ((await prepare('strongswan')) === undefined) config.run();
