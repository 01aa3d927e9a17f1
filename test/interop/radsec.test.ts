// RADIUS over TLS (RFC 6614): FreeRADIUS behind a certificate, users and accounting through it; a
// server that shows another name, or one of another authority, is not spoken to.
// Shows radius.protocol, radius.certificate
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from './command.js';
import { prepare } from './packages.js';
import { RADIUS_ADDRESS, startUserSite, type UserSite } from './road-warrior.js';
import { carries } from './traffic.js';

const radsec = suite('RADIUS over TLS');
const PASSWORD = 'Ar3etTnp';
const SERVER = {
  service: 'ipsec',
  protocol: 'radsec',
  address: RADIUS_ADDRESS,
  certificate: 'ours',
  timeout: '1s',
};

async function withSite(serverName: string, body: (site: UserSite) => Promise<void>) {
  const site = await startUserSite({
    users: [{ name: 'carol', password: PASSWORD }],
    radius: [{ ...SERVER, 'server-name': serverName }],
    radsec: true,
  });
  try {
    await body(site);
    await site.culvert.stop();
  } catch (error) {
    throw site.explain(error);
  } finally {
    await site.remove();
  }
}

radsec('users are let in and accounted for', async () => {
  await withSite('radius.example', async ({ topology, charon, culvert, server, call }) => {
    const { status, output } = await call('carol', PASSWORD);
    assert.is(status, 0, output);
    await carries(topology, 'alice', 'v4');
    await charon.terminate('--ike', 'gw');
    const stopped = () =>
      server.accounting().find((record) => record['Acct-Status-Type'] === 'Stop');
    const stop = await eventually('the Stop', stopped, undefined, () => culvert.log());
    assert.is(stop['User-Name'], 'carol');
    assert.ok(Number(stop['Acct-Input-Octets']) > 0);
    const wrong = await call('carol', 'wrong');
    assert.is.not(wrong.status, 0);
    await culvert.logged(/error .*user carol: .*reject/);
  });
});

radsec('a server with another name hears nothing, and nobody gets in', async () => {
  await withSite('other.example', async ({ culvert, server, call }) => {
    const { status } = await call('carol', PASSWORD);
    assert.is.not(status, 0);
    await culvert.logged(/Hostname\/IP does not match certificate's altnames/);
    await culvert.logged(/error .*user carol: no answer of .*: nobody is let in without one/);
    assert.not.match(server.log(), /Received Access-Request/);
  });
});

if ((await prepare('strongswan', 'freeradius')) === undefined) radsec.run();
