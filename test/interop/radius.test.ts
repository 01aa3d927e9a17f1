// Users through FreeRADIUS: charon calls, culvert hands its EAP on, the server's word is what counts.
// Accounting is compared with what both ends of the tunnel counted.
// Shows identity.auth-method
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, run, shell } from './command.js';
import { type AccountingRecord, RADIUS_SECRET } from './freeradius.js';
import { prepare } from './packages.js';
import { MOON, RADIUS_ADDRESS, startUserSite, type UserSite } from './road-warrior.js';
import { carries, everything } from './traffic.js';

const radius = suite<{ site: UserSite }>('RADIUS');
const PASSWORD = 'Ar3etTnp';

radius.before(async (context) => {
  const ports = { 'authentication-port': 11812, 'accounting-port': 11813 };
  const server = { service: 'ipsec', secret: RADIUS_SECRET, timeout: '500ms', ...ports };
  context.site = await startUserSite({
    users: [
      { name: 'carol', password: PASSWORD, reply: ['Class = 0x676f6c64'] },
      { name: 'dave', password: PASSWORD, reply: ['Session-Timeout = 4'] },
      {
        name: 'ivan',
        password: PASSWORD,
        reply: ['Session-Timeout = 12', 'Termination-Action = RADIUS-Request'],
      },
      {
        name: 'judy',
        password: PASSWORD,
        reply: ['Session-Timeout = 86400', 'Termination-Action = RADIUS-Request'],
      },
      { name: 'erin', password: PASSWORD, reply: ['Idle-Timeout = 3'] },
      { name: 'frank', password: PASSWORD, reply: ['Framed-IP-Address = 203.0.113.77'] },
      { name: 'grace', password: PASSWORD, reply: ['Framed-Pool = "framed"'] },
      { name: 'heidi', password: PASSWORD, reply: ['Framed-Pool = "nowhere"'] },
    ],
    radius: [
      // Two that are never asked, and one that is down, before the one that is there.
      { ...server, address: '198.18.0.97', service: 'ppp' },
      { ...server, address: '198.18.0.98', disabled: true },
      { ...server, address: '198.18.0.99' },
      { ...server, address: RADIUS_ADDRESS },
    ],
    settings: { 'interim-update': '2s' },
    port: 11812,
  });
});

radius.after(async ({ site }) => site.remove());

/** A case; what went wrong comes with the logs of all three. */
function shows(name: string, body: (site: UserSite) => Promise<void>): void {
  radius(name, async ({ site }) => {
    try {
      await body(site);
    } catch (error) {
      throw site.explain(error);
    }
  });
}

const recordsOf = ({ server }: UserSite, user: string): AccountingRecord[] =>
  server.accounting().filter((record) => record['User-Name'] === user);

const stopsOf = (site: UserSite, user: string): AccountingRecord[] =>
  recordsOf(site, user).filter((record) => record['Acct-Status-Type'] === 'Stop');

/** Runs `body`, then waits for the Stop of the session that it ended. */
async function stopAfter(
  site: UserSite,
  user: string,
  body: () => Promise<unknown>,
): Promise<AccountingRecord> {
  const before = stopsOf(site, user).length;
  await body();
  return eventually(`the Stop of ${user}`, () => stopsOf(site, user)[before]);
}

async function nothingInstalled({ culvert }: UserSite): Promise<void> {
  const gone = async () => (await culvert.print('installed-sa print')).length === 0;
  await eventually('no SA to be installed', gone, undefined, () => culvert.log());
}

async function up(site: UserSite, user: string): Promise<void> {
  const { status, output } = await site.call(user, PASSWORD);
  assert.is(status, 0, output);
  await carries(site.topology, 'alice', 'v4');
}

async function hangUp(site: UserSite): Promise<void> {
  await site.charon.terminate('--ike', 'gw');
  await nothingInstalled(site);
}

shows('the gateway says that it has started', async (site) => {
  const on = () =>
    site.server.accounting().some((record) => record['Acct-Status-Type'] === 'Accounting-On');
  await eventually('Accounting-On', on);
});

shows(
  'eap-mschapv2: up, carries traffic, and the records are what both ends counted',
  async (site) => {
    const { topology, culvert, charon } = site;
    const { status, output } = await site.call('carol', PASSWORD);
    assert.is(status, 0, output);
    const peer = await culvert.established();
    assert.equal([peer.user, peer.side], ['carol', 'responder']);
    await startCounting(site);
    await everything(topology, 'v4');
    await eventually('a report', () => recordsOf(site, 'carol').length >= 3);
    // A rekey of both must not lose what was carried before.
    await charon.rekey('--child', 'net');
    await carries(topology, 'bob', 'v4');
    await charon.rekey('--ike', 'gw');
    await carries(topology, 'alice', 'v4');
    await eventually('the replaced SAs to go', async () => {
      return (await culvert.print('installed-sa print')).length === 2;
    });
    const counted = await count(site);
    const stop = await stopAfter(site, 'carol', () => charon.terminate('--ike', 'gw'));
    const [start] = recordsOf(site, 'carol');
    assert.is(start?.['Acct-Status-Type'], 'Start');
    assert.is(stop['Acct-Session-Id'], start?.['Acct-Session-Id']);
    assert.is(stop['Acct-Terminate-Cause'], 'User-Request');
    assert.is(stop['NAS-Port-Id'], 'rw');
    assert.is(stop['Calling-Station-Id'], '192.0.2.2');
    assert.is(stop.Class, '0x676f6c64');
    // The packet filter's own count, where packets are in the clear.
    assert.equal(
      [
        stop['Acct-Input-Octets'],
        stop['Acct-Input-Packets'],
        stop['Acct-Output-Octets'],
        stop['Acct-Output-Packets'],
      ].map(Number),
      counted,
    );
    assert.ok(counted[0]! > 2_000_000 && counted[2]! > 2_000_000, counted.join());
    const reports = recordsOf(site, 'carol').filter(
      (record) => record['Acct-Status-Type'] === 'Interim-Update',
    );
    assert.ok(reports.length > 0);
    const bytes = reports.map((record) => Number(record['Acct-Input-Octets']));
    assert.equal(
      bytes,
      [...bytes].sort((a, b) => a - b),
    );
    await nothingInstalled(site);
  },
);

/** Counters of the packet filter at the device through which all of the tunnel's packets go. */
async function startCounting({ topology }: UserSite): Promise<void> {
  // Large packets are cut before they are counted, not after.
  await shell(topology.namespace('alice'), 'ethtool -K eth0 tso off gso off gro off >/dev/null');
  await shell(
    topology.namespace('moon'),
    `ethtool -K eth1 gro off >/dev/null
nft add table netdev counted
nft 'add chain netdev counted in { type filter hook ingress device culvert0 priority 0; }'
nft 'add chain netdev counted out { type filter hook egress device culvert0 priority 0; }'
nft 'add rule netdev counted in ip saddr 198.19.0.0/16 counter'
nft 'add rule netdev counted out ip daddr 198.19.0.0/16 counter'`,
  );
}

/** Bytes and packets, in and out. */
async function count({ topology }: UserSite): Promise<number[]> {
  const listed = await shell(topology.namespace('moon'), 'nft list table netdev counted');
  return [...listed.matchAll(/counter packets (\d+) bytes (\d+)/g)].flatMap(
    ([, packets, bytes]) => [Number(bytes), Number(packets)],
  );
}

for (const method of ['eap-ttls', 'eap-tls', 'eap-ttls alone', 'eap-tls alone']) {
  shows(`${method}: up and down`, async (site) => {
    const { status, output } = await site.call('carol', PASSWORD, method);
    assert.is(status, 0, output);
    await carries(site.topology, 'alice', 'v4');
    await hangUp(site);
  });
}

/** From the address that charon was given, in its own namespace. */
async function reaches({ topology }: UserSite, from: string): Promise<void> {
  await eventually(`${from} to reach ${RADIUS_ADDRESS}`, async () => {
    const argv = ['ping', '-nqc', '1', '-W', '1', '-I', from, RADIUS_ADDRESS];
    return (await run(topology.namespace('sun'), argv)).status === 0;
  });
}

for (const [user, what, address] of [
  ['frank', 'Framed-IP-Address', '203.0.113.77'],
  ['grace', 'Framed-Pool', '203.0.113.10'],
  ['carol', 'neither', '203.0.113.100'],
] as const) {
  shows(
    `${what}: the user gets ${address}, a policy for it alone, and it is accounted`,
    async (site) => {
      const { culvert, server } = site;
      const { status, output } = await site.call(user, PASSWORD, 'eap-mschapv2 vip');
      assert.is(status, 0, output);
      assert.is((await culvert.established())['dynamic-address'], address);
      const made = (await culvert.print('policy print')).filter(({ dynamic }) => dynamic);
      assert.equal(
        made.map((policy) => policy['dst-address']),
        [`${address}/32`],
      );
      await reaches(site, address);
      const stop = await stopAfter(site, user, () =>
        server.client(`${MOON}:3799`, 'disconnect', [
          `Framed-IP-Address = ${address}`,
          `Event-Timestamp = ${Math.floor(Date.now() / 1000)}`,
        ]),
      );
      assert.is(stop['Framed-IP-Address'], address);
      assert.is(stop['Acct-Terminate-Cause'], 'Admin-Reset');
      await nothingInstalled(site);
    },
  );
}

shows('a Framed-Pool that is not there gives no other address, and no policy', async (site) => {
  const { status } = await site.call('heidi', PASSWORD, 'eap-mschapv2 vip');
  assert.is.not(status, 0);
  await site.charon.logged(/received INTERNAL_ADDRESS_FAILURE notify/);
  await site.culvert.logged(/user heidi is to have an address of pool 'nowhere'.*Framed-Pool/);
  await nothingInstalled(site);
  await site.charon.terminate('--ike', 'gw');
});

shows('a wrong password: nobody gets in, and both logs say so', async (site) => {
  const before = recordsOf(site, 'carol').length;
  const { status } = await site.call('carol', 'wrong');
  assert.is.not(status, 0);
  await site.charon.logged(/received AUTHENTICATION_FAILED notify error/);
  await site.culvert.logged(/error .*\[rw\].*user carol: .*reject/);
  await nothingInstalled(site);
  assert.is(recordsOf(site, 'carol').length, before);
  assert.not.ok(site.culvert.log().includes(RADIUS_SECRET));
});

shows(
  'Disconnect-Request ends the tunnel; without time, or forged, it does nothing',
  async (site) => {
    const { server, culvert, charon } = site;
    const { status, output } = await site.call('carol', PASSWORD);
    assert.is(status, 0, output);
    await carries(site.topology, 'alice', 'v4');
    const seconds = Math.floor(Date.now() / 1000);
    const user = "User-Name = 'carol'";
    const stale = await server.client(`${MOON}:3799`, 'disconnect', [user]);
    assert.is.not(stale.status, 0, stale.output);
    await culvert.logged(
      /Disconnect-Request of 198\.18\.0\.10 is dropped: it has no Event-Timestamp/,
    );
    const other = await server.client(`${MOON}:3799`, 'disconnect', [
      "User-Name = 'eve'",
      `Event-Timestamp = ${seconds}`,
    ]);
    assert.match(other.output, /Disconnect-NAK[\s\S]*Error-Cause = Session-Context-Not-Found/);
    await carries(site.topology, 'alice', 'v4');
    const stop = await stopAfter(site, 'carol', async () => {
      const asked = [user, `Event-Timestamp = ${seconds}`];
      const done = await server.client(`${MOON}:3799`, 'disconnect', asked);
      assert.match(done.output, /Received Disconnect-ACK/);
    });
    await charon.logged(/received DELETE for IKE_SA gw/);
    assert.is(stop['Acct-Terminate-Cause'], 'Admin-Reset');
    await nothingInstalled(site);
  },
);

shows('Session-Timeout ends the session', async (site) => {
  const stop = await stopAfter(site, 'dave', () => up(site, 'dave'));
  assert.is(stop['Acct-Terminate-Cause'], 'Session-Timeout');
  assert.ok(Number(stop['Acct-Session-Time']) >= 4, stop['Acct-Session-Time']!);
  await nothingInstalled(site);
});

shows(
  'with Termination-Action RADIUS-Request the user proves itself anew in time',
  async (site) => {
    const { charon, topology } = site;
    const { status, output } = await site.call('ivan', PASSWORD);
    assert.is(status, 0, output);
    await charon.logged(/received AUTH_LIFETIME of 12s, scheduling reauthentication in \ds/);
    const [first] = recordsOf(site, 'ivan');
    const starts = () =>
      recordsOf(site, 'ivan').filter((record) => record['Acct-Status-Type'] === 'Start');
    await eventually('a second session', () => starts().length >= 2);
    const stop = await eventually('the Stop of the first', () => stopsOf(site, 'ivan')[0]);
    assert.is(stop['Acct-Session-Id'], first?.['Acct-Session-Id']);
    assert.is(stop['Acct-Terminate-Cause'], 'User-Request');
    await charon.logged(/reauthenticating IKE_SA gw/);
    await carries(topology, 'alice', 'v4');
    await hangUp(site);
  },
);

shows('Idle-Timeout ends it when nothing is carried', async (site) => {
  const stop = await stopAfter(site, 'erin', () => up(site, 'erin'));
  assert.is(stop['Acct-Terminate-Cause'], 'Idle-Timeout');
  await nothingInstalled(site);
});

shows('CoA gives a session that is up another limit', async (site) => {
  const { status, output } = await site.call('carol', PASSWORD);
  assert.is(status, 0, output);
  const stop = await stopAfter(site, 'carol', async () => {
    const answer = await site.server.client(`${MOON}:3799`, 'coa', [
      "User-Name = 'carol'",
      `Event-Timestamp = ${Math.floor(Date.now() / 1000)}`,
      'Session-Timeout = 2',
    ]);
    assert.match(answer.output, /Received CoA-ACK/);
  });
  assert.is(stop['Acct-Terminate-Cause'], 'Session-Timeout');
  await nothingInstalled(site);
});

shows('CoA with another limit tells the user when to prove itself anew', async (site) => {
  const { charon, server } = site;
  const { status, output } = await site.call('judy', PASSWORD);
  assert.is(status, 0, output);
  const answer = await server.client(`${MOON}:3799`, 'coa', [
    "User-Name = 'judy'",
    `Event-Timestamp = ${Math.floor(Date.now() / 1000)}`,
    'Session-Timeout = 3600',
  ]);
  assert.match(answer.output, /Received CoA-ACK/);
  await charon.logged(/received AUTH_LIFETIME of 3[56]\d\ds, scheduling reauthentication/);
  await hangUp(site);
});

shows('the server is silent: nobody is let in; it is there again: they are', async (site) => {
  site.server.hold();
  const { status } = await site.call('carol', PASSWORD);
  assert.is.not(status, 0);
  await site.culvert.logged(/error .*user carol: no answer of .*: nobody is let in without one/);
  await nothingInstalled(site);
  site.server.go();
  const look = async () => (await site.call('carol', PASSWORD)).status === 0;
  await eventually('the tunnel to come up', look);
  await carries(site.topology, 'alice', 'v4');
});

shows(
  'the server is away when a session ends: it gets the Stop when it is there again',
  async (site) => {
    const { topology, culvert, charon } = site;
    const alice = topology.namespace('alice');
    if ((await culvert.print('installed-sa print')).length === 0) await up(site, 'carol');
    const before = stopsOf(site, 'carol').length;
    await shell(
      alice,
      `nft add table inet away
nft 'add chain inet away in { type filter hook input priority 0; }'
nft 'add rule inet away in udp dport 11813 drop'`,
    );
    const said = culvert.log().length;
    await charon.terminate('--ike', 'gw');
    const dead = () => /does not answer: it is left alone/.test(culvert.log().slice(said));
    await eventually('the server to be missed', dead, 60);
    assert.is(stopsOf(site, 'carol').length, before);
    await shell(alice, 'nft delete table inet away');
    const stop = await eventually('the Stop', () => stopsOf(site, 'carol')[before]);
    assert.is(stop['Acct-Terminate-Cause'], 'User-Request');
    assert.ok(Number(stop['Acct-Input-Octets']) > 0, stop['Acct-Input-Octets']!);
  },
);

shows('the user falls silent: Lost-Carrier', async (site) => {
  const sun = site.topology.namespace('sun');
  await up(site, 'carol');
  const stop = await stopAfter(site, 'carol', () =>
    shell(
      sun,
      `nft add table inet away
nft 'add chain inet away out { type filter hook output priority 0; }'
nft 'add rule inet away out udp sport { 500, 4500 } drop'`,
    ),
  );
  assert.is(stop['Acct-Terminate-Cause'], 'Lost-Carrier');
  await nothingInstalled(site);
  await shell(sun, 'nft delete table inet away');
  await site.charon.terminate('--force', '--ike', 'gw');
});

shows('its identity goes with a reload: Admin-Reset', async (site) => {
  const { topology, culvert } = site;
  await up(site, 'carol');
  const file = join(topology.folder, 'moon', 'culvert.json');
  const text = readFileSync(file, 'utf8');
  const settings = JSON.parse(text) as { identity: object[] };
  const [, ...others] = settings.identity;
  const stop = await stopAfter(site, 'carol', async () => {
    writeFileSync(file, JSON.stringify({ ...settings, identity: others }));
    await culvert.command('reload');
  });
  assert.is(stop['Acct-Terminate-Cause'], 'Admin-Reset');
  await nothingInstalled(site);
  writeFileSync(file, text);
  await culvert.command('reload');
  await up(site, 'carol');
});

shows('culvert is killed: the next one says that all sessions are over', async (site) => {
  const count = (what: string) =>
    site.server.accounting().filter((record) => record['Acct-Status-Type'] === what).length;
  const [on, stops] = [count('Accounting-On'), count('Stop')];
  await carries(site.topology, 'alice', 'v4');
  const culvert = await site.restart();
  await eventually('another Accounting-On', () => count('Accounting-On') > on);
  assert.is(count('Stop'), stops, 'nobody was there to say it');
  await site.charon.terminate('--force', '--ike', 'gw');
  await up(site, 'carol');
  // Stopped in good order: the Stop with what was carried, and Accounting-Off.
  const stop = await stopAfter(site, 'carol', () => culvert.stop());
  assert.is(stop['Acct-Terminate-Cause'], 'Admin-Reboot');
  assert.ok(Number(stop['Acct-Input-Octets']) > 0);
  await eventually('Accounting-Off', () => count('Accounting-Off') > 0);
});

// Shows radius.service, radius.disabled, radius.address, radius.secret, radius.timeout,
// radius.authentication-port, radius.accounting-port
shows(
  'a server that is disabled, or serves something else, was never asked',
  async ({ culvert }) => {
    assert.match(culvert.log(), /198\.18\.0\.99/, 'the one that is down was');
    assert.not.match(culvert.log(), /198\.18\.0\.9[78]/);
  },
);

if ((await prepare('strongswan', 'freeradius')) === undefined) radius.run();
