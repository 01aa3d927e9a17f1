// Redirect (RFC 5685): strongSwan sends us from one of its addresses to another, once we stand; we are
// up there before we are gone here, and no ping is lost on the way.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, shell } from './command.js';
import { prepare } from './packages.js';
import { ping } from './traffic.js';
import { withTunnel } from './tunnel.js';

const redirect = suite('strongSwan: redirect');
const ELSEWHERE = '192.0.2.3';
const COUNT = 50;

redirect('strongSwan sends culvert to its other address, make before break', async () => {
  const options = {
    initiator: 'culvert',
    connection: { localAddress: `192.0.2.2, ${ELSEWHERE}` },
    before: async ({ namespace }) =>
      void (await shell(namespace('sun'), `ip addr add ${ELSEWHERE}/24 dev eth0`)),
  } as const satisfies Parameters<typeof withTunnel>[0];
  await withTunnel(options, async (tunnel) => {
    await tunnel.up();
    const { culvert, strongswan, topology } = tunnel;
    assert.is((await culvert.established())['remote-address'], '192.0.2.2');
    const pinging = ping(topology, 'alice', 'v4', { count: COUNT, seconds: 30 });
    const { status, output } = await strongswan.redirect(ELSEWHERE, '--ike', 'gw');
    assert.is(status, 0, output);
    await culvert.logged(/peer sends us to 192\.0\.2\.3/);
    await eventually(
      'one peer, at the other address',
      async () => {
        const rows = await culvert.print('active-peers print');
        return rows.length === 1 && rows[0]!['remote-address'] === ELSEWHERE;
      },
      30,
      culvert.log,
    );
    const answered = await pinging;
    assert.is(answered, COUNT, `${answered} of ${COUNT} pings`);
    // And what runs now is carried by the SA that stands there.
    assert.is(await ping(topology, 'alice', 'v4', { count: 3 }), 3);
    assert.match(strongswan.log(), /redirected from 192\.0\.2\.2/);
    assert.is((await strongswan.listSas()).length, 1);
  });
});

if ((await prepare('strongswan')) === undefined) redirect.run();
