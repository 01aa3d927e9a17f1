// IKE SAs without a child (RFC 6023) with strongSwan: either side calls, neither takes a child with
// IKE_AUTH, and the first one has a key exchange of its own.
// Shows peer.childless
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { prepare } from './packages.js';
import { ping } from './traffic.js';
import { withTunnel } from './tunnel.js';

const childless = suite('strongSwan: childless');

for (const initiator of ['culvert', 'strongswan'] as const) {
  childless(`${initiator} calls, both sides want it so`, async () => {
    const options = {
      initiator,
      connection: { childless: 'force' },
      peer: { childless: 'force' },
    } as const;
    await withTunnel(options, async (tunnel) => {
      await tunnel.up();
      const log = tunnel.strongswan.log();
      const arrow = initiator === 'strongswan' ? 'generating' : 'parsed';
      const requests = new RegExp(`${arrow} (IKE_AUTH|CREATE_CHILD_SA) request [^\\n]*`, 'g');
      const [auth = '', create = ''] = log.match(requests) ?? [];
      assert.match(auth, /IKE_AUTH request/);
      assert.not.match(auth, / SA TSi TSr/);
      assert.match(create, /CREATE_CHILD_SA request \d \[ .*SA No .*KE TSi TSr/);
      assert.is(await ping(tunnel.topology, 'alice', 'v4', { count: 3 }), 3);
    });
  });
}

childless('strongSwan knows nothing of it, and we insist: said, and nothing stands', async () => {
  const options = {
    initiator: 'culvert',
    connection: { childless: 'never' },
    peer: { childless: 'force' },
    expectEsp: false,
  } as const;
  await withTunnel(options, async ({ culvert, strongswan }) => {
    await culvert.logged(/error .*\[sun\] .*takes no IKE SA without a child .*childless=force/);
    assert.equal(await culvert.print('installed-sa print'), []);
    assert.is(
      (await strongswan.listSas()).filter(({ state }) => state === 'ESTABLISHED').length,
      0,
    );
  });
});

if ((await prepare('strongswan')) === undefined) childless.run();
