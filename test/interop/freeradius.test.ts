// Our RADIUS client with FreeRADIUS: EAP through it, the keys it hands over, what it grants, records,
// a server that is down.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from './command.js';
import { type Freeradius, startFreeradius } from './freeradius.js';
import { prepare } from './packages.js';
import { makeTopology, type Topology } from './topology.js';

const freeradius = suite<{ topology: Topology; server: Freeradius }>('FreeRADIUS');
const AGENT = fileURLToPath(new URL('./radius-agent.js', import.meta.url));
const ADDRESS = '198.18.0.10';
const SERVER = `${ADDRESS}:1812`;
const REPLY = [
  'Framed-IP-Address = 198.18.5.1',
  'Framed-Pool = "vpn"',
  'Session-Timeout = 3600',
  'Idle-Timeout = 600',
  'Acct-Interim-Interval = 30',
  'Termination-Action = RADIUS-Request',
  'Class = 0x676f6c64',
  'Class += 0x73696c766572',
  'Framed-IPv6-Prefix = 2001:db8:5::/64',
  'Framed-Interface-Id = 0:0:0:7',
  'Framed-IPv6-Pool = "vpn6"',
  'MS-Primary-DNS-Server = 192.0.2.53',
  'MS-Secondary-DNS-Server = 192.0.2.54',
  'DNS-Server-IPv6-Address = 2001:db8::53',
  'User-Name = "Carol"',
];

freeradius.before(async (context) => {
  context.topology = await makeTopology();
  const { topology } = context;
  context.server = await startFreeradius(topology.namespace('alice'), join(topology.folder, 'fr'), {
    address: ADDRESS,
    users: [
      { name: 'carol', password: 'Ar3etTnp', reply: REPLY },
      { name: 'dave', password: 'W7R0g3do', reply: ['Framed-IP-Address = 255.255.255.254'] },
    ],
  });
});

freeradius.after(async ({ server, topology }) => {
  await server.stop();
  topology.remove();
});

async function agent(topology: Topology, verb: string, wanted: Record<string, unknown>) {
  const argv = [process.execPath, AGENT, verb, JSON.stringify({ servers: [SERVER], ...wanted })];
  const { status, output } = await run(topology.namespace('moon'), argv);
  assert.is(status, 0, output);
  return JSON.parse(output.trim().split('\n').at(-1)!);
}

freeradius(
  'EAP-MSCHAPv2: both ends have the same key, and every grant is read',
  async (context) => {
    const { result } = await agent(context.topology, 'ask', {
      user: 'carol',
      password: 'Ar3etTnp',
    });
    assert.is(result.sameKey, true, JSON.stringify(result));
    assert.is(result.keyBytes, 64);
    assert.is(result.user, 'Carol');
    assert.equal(result.grant, {
      user: 'Carol',
      userProved: true,
      session: 'lab-7',
      server: SERVER,
      framedAddress: '198.18.5.1',
      framedPool: 'vpn',
      framedAddress6: '2001:db8:5::7',
      framedPrefix6: '2001:db8:5::/64',
      framedPool6: 'vpn6',
      dns: ['192.0.2.53', '192.0.2.54', '2001:db8::53'],
      sessionTimeout: 3600,
      idleTimeout: 600,
      interimInterval: 60,
      reauthenticate: true,
      classes: ['gold', 'silver'],
    });
  },
);

freeradius('an address that the server leaves to us is none', async ({ topology }) => {
  const { result } = await agent(topology, 'ask', { user: 'dave', password: 'W7R0g3do' });
  assert.is(result.sameKey, true, JSON.stringify(result));
  assert.is(result.grant.framedAddress, undefined);
});

freeradius('a wrong password, an unknown user: no', async ({ topology }) => {
  for (const [user, password] of [
    ['carol', 'wrong'],
    ['eve', 'Ar3etTnp'],
  ]) {
    const { result, lines } = await agent(topology, 'ask', { user, password });
    assert.match(result.verdict, new RegExp(`^user ${user}: .*reject`), JSON.stringify(result));
    assert.not.ok(JSON.stringify(lines).includes('is not believed'), lines.join('\n'));
  }
});

freeradius('records arrive as they were, 64 bits of bytes too', async ({ topology, server }) => {
  const { result } = await agent(topology, 'account', {});
  assert.equal(result, [true, true, true]);
  const records = server.accounting().filter((one) => one['Acct-Session-Id'] === 'lab-7');
  assert.equal(
    records.map((one) => one['Acct-Status-Type']),
    ['Start', 'Interim-Update', 'Stop'],
  );
  const stop = records[2]!;
  assert.is(stop['Acct-Input-Octets'], '17');
  assert.is(stop['Acct-Input-Gigawords'], '5');
  assert.is(stop['Acct-Output-Octets'], String(2 ** 32 - 1));
  assert.is(stop['Acct-Output-Gigawords'], '0');
  assert.is(stop['Acct-Session-Time'], '90');
  assert.is(stop['Acct-Terminate-Cause'], 'Idle-Timeout');
  assert.is(stop['Framed-IP-Address'], '198.18.5.1');
  assert.is(stop['Framed-IPv6-Address'], '2001:db8::5');
  assert.is(stop['NAS-IP-Address'], '198.18.0.1');
  assert.is(stop['NAS-Port-Type'], 'Virtual');
  assert.is(stop.Class, '0x676f6c64');
});

freeradius('a server that is down: the next one is asked', async ({ topology }) => {
  const servers = [`${ADDRESS}:1`, '198.18.0.99:1812', SERVER];
  const { result } = await agent(topology, 'ask', { servers, user: 'carol', password: 'Ar3etTnp' });
  assert.is(result.sameKey, true, JSON.stringify(result));
  assert.is(result.grant.server, SERVER);
});

freeradius('all servers are down: nobody gets in', async ({ topology, server }) => {
  server.hold();
  const { result } = await agent(topology, 'ask', { user: 'carol', password: 'Ar3etTnp' });
  server.go();
  assert.match(result.verdict, /no answer of .*: nobody is let in without one/);
});

if ((await prepare('freeradius')) === undefined) freeradius.run();
