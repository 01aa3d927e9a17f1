// IPv6 in the tunnel, beside IPv4 and over it, and between the gateways.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { prepare } from './packages.js';
import { everything } from './traffic.js';
import { withTunnel } from './tunnel.js';

const ipv6 = suite('strongSwan: IPv6');
const BOTH = ['v4', 'v6'] as const;

for (const outer of BOTH) {
  for (const initiator of ['strongswan', 'culvert'] as const) {
    ipv6(`IPv4 and IPv6 inside, IP${outer} outside, ${initiator} calls`, async () => {
      await withTunnel({ initiator, inner: BOTH, outer }, async (tunnel) => {
        await tunnel.up();
        for (const family of BOTH) await everything(tunnel.topology, family);
        const peers = await tunnel.culvert.print('active-peers print');
        assert.is(peers.length, 1, 'one IKE SA carries both');
        assert.is(peers[0]?.['ph2-total'], 2);
        const policies = await tunnel.culvert.print('policy print');
        assert.equal(
          policies.map((policy) => policy['ph2-state']),
          ['established', 'established'],
        );
        const [ike] = await tunnel.strongswan.listSas();
        assert.is(ike?.children.filter(({ state }) => state === 'INSTALLED').length, 2);
      });
    });
  }
}

if ((await prepare('strongswan')) === undefined) ipv6.run();
