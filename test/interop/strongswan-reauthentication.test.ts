// strongSwan authenticates anew, make before break, under a ping that loses nothing: beside an IKE SA
// that culvert began, and beside one of its own.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from './command.js';
import { prepare } from './packages.js';
import { CLIENT, POOLED, SECONDS } from './reauthentication.js';
import { carries, ping } from './traffic.js';
import { type Options, withTunnel } from './tunnel.js';

const reauthentication = suite('strongSwan: reauthentication');
const COUNT = 170;

const both: Pick<Options, 'charon' | 'connection'> = {
  charon: 'make_before_break = yes',
  connection: { reauthSeconds: SECONDS },
};

for (const initiator of ['culvert', 'strongswan'] as const) {
  const who = `beside an IKE SA that ${initiator} began`;
  reauthentication(who, async () => {
    await withTunnel({ initiator, ...both }, async (tunnel) => {
      await tunnel.up();
      const { culvert, topology, strongswan } = tunnel;
      const before = await culvert.established();
      // 0.1 s apart: through the first time at least.
      const answered = await ping(topology, 'alice', 'v4', { count: COUNT, seconds: 40 });
      assert.is(answered, COUNT, `${answered} of ${COUNT} pings`);
      await eventually(
        'another IKE SA',
        async () => (await culvert.established()).spii !== before.spii,
        40,
        culvert.log,
      );
      await eventually(
        'the old one to go',
        async () => (await culvert.print('active-peers print')).length === 1,
        30,
        culvert.log,
      );
      assert.match(strongswan.log(), /reauthenticating IKE_SA gw\[1\]/);
      assert.match(culvert.log(), /IKE_SA_INIT request: answer/);
    });
  });
}

reauthentication('AUTH_LIFETIME of strongSwan honoured by a client of mode-config', async () => {
  await withTunnel(CLIENT, async ({ culvert, topology, strongswan }) => {
    await strongswan.loadText(POOLED);
    const before = await culvert.established();
    await carries(topology, 'alice', 'v4', { explain: culvert.log });
    await culvert.logged(/wants to be shown again within \d+ s who we are/);
    const answered = await ping(topology, 'alice', 'v4', { count: COUNT, seconds: 40 });
    assert.is(answered, COUNT, `${answered} of ${COUNT} pings`);
    const after = await culvert.established();
    assert.is.not(after.spii, before.spii);
    assert.is(after['dynamic-address'], before['dynamic-address']);
    assert.match(culvert.log(), /authenticating anew beside the IKE SA that stands/);
    assert.not.match(strongswan.log(), /reauthenticating IKE_SA|did not reauthenticate/);
  });
});

if ((await prepare('strongswan')) === undefined) reauthentication.run();
