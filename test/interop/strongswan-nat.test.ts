// A masquerading router with random ports between the gateways, with culvert behind it and with
// strongSwan behind it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { prepare } from './packages.js';
import { everything } from './traffic.js';
import { withTunnel } from './tunnel.js';

const nat = suite('strongSwan: NAT');

for (const [name, options] of [
  ['culvert is behind it and calls', { natted: 'moon', initiator: 'culvert' }],
  ['strongSwan is behind it and calls', { natted: 'sun', initiator: 'strongswan' }],
] as const) {
  nat(name, async () => {
    await withTunnel(options, async (tunnel) => {
      await tunnel.up();
      await everything(tunnel.topology, 'v4');
      const peer = await tunnel.culvert.established();
      assert.is(peer['natt-peer'], true);
      // The router picks the port of the one behind it.
      assert.is(peer.port === 4500, options.natted === 'moon', `port ${peer.port}`);
      const { strongswan } = tunnel;
      const behind = options.natted === 'moon' ? 'remote' : 'local';
      assert.match(strongswan.log(), new RegExp(`${behind} host is behind NAT`));
    });
  });
}

if ((await prepare('strongswan')) === undefined) nat.run();
