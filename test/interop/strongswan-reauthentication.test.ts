// strongSwan authenticates anew, make before break, under a ping that loses nothing: beside an IKE SA
// that culvert began, and beside one of its own.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AES_GCM_128 } from './algorithms.js';
import { eventually } from './command.js';
import { prepare } from './packages.js';
import { carries, ping } from './traffic.js';
import { type Options, SECRET, withTunnel } from './tunnel.js';

const reauthentication = suite('strongSwan: reauthentication');
const SECONDS = 14;
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

/** charon leaves it to a client with an address of its pool, and says until when (RFC 4478). */
const pooled = `connections { gw {
    version = 2
    local_addrs = 192.0.2.2
    remote_addrs = %any
    proposals = ${AES_GCM_128.strongswan.ike}
    reauth_time = ${SECONDS}s
    rand_time = 0s
    over_time = 60s
    pools = rw4
    local { auth = psk
      id = sun.example }
    remote { auth = psk }
    children { gw {
      local_ts = 198.19.0.0/16
      esp_proposals = ${AES_GCM_128.strongswan.esp} } } } }
pools { rw4 { addrs = 10.9.0.0/24 } }
secrets { ike-1 { secret = "${SECRET}" } }
`;

reauthentication('AUTH_LIFETIME of strongSwan honoured by a client of mode-config', async () => {
  const options: Options = {
    initiator: 'culvert',
    charon: 'mem_pool { reassign_online = yes }',
    identity: { 'generate-policy': 'port-strict', 'mode-config': 'road' },
    policies: [{ template: true, 'src-address': '::/0', 'dst-address': '::/0', proposal: 'lab' }],
    menus: {
      'mode-config': [{ name: 'road', 'src-address-list': 'lan', 'use-responder-dns': 'no' }],
      'address-list': [{ list: 'lan', address: '198.18.0.0/16' }],
    },
  };
  await withTunnel(options, async ({ culvert, topology, strongswan }) => {
    await strongswan.loadText(pooled);
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
