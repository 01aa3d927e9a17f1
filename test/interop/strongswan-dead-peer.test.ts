// Dead peer detection: strongSwan is killed without a word; culvert finds out, says so, lets go of
// the SAs and holds the traffic back; when strongSwan is there again, so is the tunnel.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from './command.js';
import { prepare } from './packages.js';
import { carries, nothingPasses, tcpAndUdp } from './traffic.js';
import { childName, type Tunnel, withTunnel } from './tunnel.js';

const deadPeer = suite('strongSwan: dead peer');
const profile = { 'dpd-interval': '1s', 'dpd-maximum-failures': 2 };

async function killedAndNoticed(tunnel: Tunnel): Promise<void> {
  await tunnel.strongswan.kill();
  await eventually(
    'culvert to give the peer up',
    async () => {
      const peers = await tunnel.culvert.print('active-peers print');
      return peers.every(({ state }) => state !== 'established');
    },
    60,
    tunnel.culvert.log,
  );
  assert.equal(await tunnel.culvert.print('installed-sa print'), []);
  await tunnel.culvert.logged(/sun.*(dead|does not answer|no answer)/i);
  const [policy] = await tunnel.culvert.print('policy print');
  assert.is.not(policy?.['ph2-state'], 'established');
  await nothingPasses(tunnel.topology, 'alice', 'v4');
}

deadPeer('the peer was called: it is called again until it is back', async () => {
  await withTunnel({ initiator: 'culvert', profile }, async (tunnel) => {
    await tunnel.up();
    await killedAndNoticed(tunnel);
    await tunnel.revive();
    await carries(tunnel.topology, 'alice', 'v4', { explain: tunnel.culvert.log });
    await tcpAndUdp(tunnel.topology, 'v4');
  });
});

deadPeer('the peer called: it is let in again when it is back', async () => {
  await withTunnel({ initiator: 'strongswan', profile }, async (tunnel) => {
    await tunnel.up();
    await killedAndNoticed(tunnel);
    await tunnel.revive();
    const { status, output } = await tunnel.strongswan.initiate(childName('v4'));
    assert.is(status, 0, output);
    await carries(tunnel.topology, 'alice', 'v4');
    await tcpAndUdp(tunnel.topology, 'v4');
  });
});

deadPeer('a peer that restarts before it is missed replaces its old IKE SA', async () => {
  await withTunnel({ initiator: 'strongswan' }, async (tunnel) => {
    await tunnel.up();
    const [before] = await tunnel.culvert.print('active-peers print');
    await tunnel.strongswan.kill();
    await tunnel.revive();
    const { status, output } = await tunnel.strongswan.initiate(childName('v4'));
    assert.is(status, 0, output);
    await carries(tunnel.topology, 'alice', 'v4');
    // RFC 7296 §2.4: strongSwan sends INITIAL_CONTACT, so the old one goes at once, not by DPD.
    const peers = await tunnel.culvert.print('active-peers print');
    assert.is(peers.length, 1);
    assert.is.not(peers[0]?.spii, before?.spii);
    assert.is((await tunnel.culvert.print('installed-sa print')).length, 2);
  });
});

if ((await prepare('strongswan')) === undefined) deadPeer.run();
