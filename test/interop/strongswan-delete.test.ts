// DELETE from either side, of one child and of the whole IKE SA: both ends forget at once, nothing
// leaks, and traffic brings a new one.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from './command.js';
import { prepare } from './packages.js';
import { carries } from './traffic.js';
import { childName, type Tunnel, withTunnel } from './tunnel.js';

const deletion = suite('strongSwan: delete');

const spis = async ({ culvert }: Tunnel): Promise<string[]> =>
  (await culvert.print('installed-sa print')).map(({ spi }) => spi);

async function gone(tunnel: Tunnel, old: readonly string[]): Promise<void> {
  await eventually(
    'the old SAs to go',
    async () => (await spis(tunnel)).every((spi) => !old.includes(spi)),
    undefined,
    tunnel.culvert.log,
  );
}

const again = ({ topology, culvert }: Tunnel) =>
  carries(topology, 'alice', 'v4', { explain: culvert.log });

deletion('strongSwan deletes the child; the next packet asks for another', async () => {
  await withTunnel({ initiator: 'strongswan' }, async (tunnel) => {
    await tunnel.up();
    const old = await spis(tunnel);
    const { status, output } = await tunnel.strongswan.terminate('--child', childName('v4'));
    assert.is(status, 0, output);
    await gone(tunnel, old);
    const [peer] = await tunnel.culvert.print('active-peers print');
    assert.is(peer?.state, 'established', 'the IKE SA stays');
    await again(tunnel);
  });
});

deletion('strongSwan deletes the IKE SA of a peer that calls: it calls again', async () => {
  await withTunnel({ initiator: 'culvert' }, async (tunnel) => {
    await tunnel.up();
    const old = await spis(tunnel);
    const { status, output } = await tunnel.strongswan.terminate('--ike', 'gw');
    assert.is(status, 0, output);
    await gone(tunnel, old);
    await again(tunnel);
  });
});

deletion('strongSwan deletes the IKE SA of a passive peer: it is gone', async () => {
  await withTunnel({ initiator: 'strongswan' }, async (tunnel) => {
    await tunnel.up();
    await tunnel.strongswan.terminate('--ike', 'gw');
    await eventually('culvert to have no IKE SA', async () => {
      return (await tunnel.culvert.print('active-peers print')).length === 0;
    });
    assert.equal(await spis(tunnel), []);
  });
});

deletion('active-peers remove of its entry deletes at strongSwan too', async () => {
  await withTunnel({ initiator: 'strongswan' }, async (tunnel) => {
    await tunnel.up();
    const none = await tunnel.culvert.command('active-peers', 'remove', 'where', 'peer=moon');
    assert.match(none, /^0 connections/);
    await tunnel.culvert.command('active-peers', 'remove', '[find peer=sun]');
    await tunnel.strongswan.logged(/received DELETE for IKE_SA/);
    await eventually('strongSwan to have no SA', async () => {
      return (await tunnel.strongswan.listSas()).length === 0;
    });
    assert.equal(await tunnel.culvert.print('active-peers print'), []);
    assert.equal(await spis(tunnel), []);
  });
});

deletion('installed-sa flush deletes the child at strongSwan; traffic brings another', async () => {
  await withTunnel({ initiator: 'culvert' }, async (tunnel) => {
    await tunnel.up();
    const old = await spis(tunnel);
    await tunnel.culvert.command('installed-sa', 'flush');
    await tunnel.strongswan.logged(/received DELETE for ESP CHILD_SA/);
    await gone(tunnel, old);
    await again(tunnel);
  });
});

if ((await prepare('strongswan')) === undefined) deletion.run();
