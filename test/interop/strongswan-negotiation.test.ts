// What two gateways settle before traffic flows: a wrongly guessed group, wider networks narrowed to
// what both allow, the kinds of identity, secrets that are bytes.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { prepare } from './packages.js';
import { allPingsAnswered, nothingPasses } from './traffic.js';
import { childName, type Options, type Tunnel, SECRET, withTunnel } from './tunnel.js';

const negotiation = suite('strongSwan: negotiation');

/** Brings it up, sends pings, and hands the tunnel over to look at how it came about. */
async function comesUp(options: Options, look: (tunnel: Tunnel) => void | Promise<void>) {
  await withTunnel(options, async (tunnel) => {
    await tunnel.up();
    await allPingsAnswered(tunnel.topology, 'v4');
    await look(tunnel);
  });
}

negotiation(
  'culvert guesses another group than strongSwan allows (INVALID_KE_PAYLOAD)',
  async () => {
    const options: Options = {
      initiator: 'culvert',
      profile: { 'dh-group': 'x25519,ecp256' },
      connection: { proposals: 'aes128-sha256-ecp256' },
    };
    await comesUp(options, ({ strongswan }) => {
      assert.match(strongswan.log(), /DH group CURVE_25519 unacceptable, requesting ECP_256/);
    });
  },
);

negotiation(
  'strongSwan guesses another group than culvert allows (INVALID_KE_PAYLOAD)',
  async () => {
    const options: Options = {
      initiator: 'strongswan',
      profile: { 'dh-group': 'ecp384' },
      connection: { proposals: 'aes128-sha256-modp3072-ecp384' },
    };
    await comesUp(options, ({ strongswan }) => {
      assert.match(strongswan.log(), /didn't accept DH group MODP_3072, it requested ECP_384/);
    });
  },
);

negotiation('of several proposals culvert takes one it allows', async () => {
  const options: Options = {
    initiator: 'strongswan',
    profile: { 'dh-group': 'modp2048', 'enc-algorithm': 'aes-256' },
    proposal: { 'enc-algorithms': 'aes-256-gcm,chacha20poly1305', 'pfs-group': 'none' },
    connection: {
      proposals: 'aes128gcm128-prfsha384-ecp256,aes128-aes256-sha256-sha512-modp3072-modp2048',
      espProposals: 'aes128-sha1,chacha20poly1305-aes256gcm128,aes256-sha512',
    },
  };
  await comesUp(options, async ({ strongswan }) => {
    const [ike] = await strongswan.listSas();
    assert.match(ike?.children[0]?.algorithms ?? '', /CHACHA20_POLY1305|AES_GCM_16-256/);
  });
});

negotiation('strongSwan asks for wider networks: culvert narrows them to its policy', async () => {
  const children = [{ name: childName('v4'), localTs: '198.16.0.0/13', remoteTs: '198.18.0.0/15' }];
  await comesUp({ initiator: 'strongswan', connection: { children } }, ({ strongswan }) => {
    assert.match(strongswan.log(), /TS 198\.19\.0\.0\/16 === 198\.18\.0\.0\/16/);
  });
});

negotiation(
  'strongSwan narrows: what it left out is not sent in the SA, nor in the clear',
  async () => {
    const children = [
      { name: childName('v4'), localTs: '198.19.0.0/24', remoteTs: '198.18.0.0/24' },
    ];
    await comesUp({ initiator: 'culvert', connection: { children } }, async (tunnel) => {
      assert.match(tunnel.strongswan.log(), /TS 198\.19\.0\.0\/24 === 198\.18\.0\.0\/24/);
      const before = (await tunnel.strongswan.listSas())[0]?.children[0]?.packetsIn;
      await nothingPasses(tunnel.topology, 'alice', 'v4', '198.19.1.10');
      const after = (await tunnel.strongswan.listSas())[0]?.children[0]?.packetsIn;
      assert.is(after, before);
    });
  },
);

for (const initiator of ['culvert', 'strongswan'] as const) {
  negotiation(`identities are addresses, the secret is bytes, ${initiator} calls`, async () => {
    const secret = '0x00ff10a0b1c2d3e4f5061728394a5b6c';
    const options: Options = {
      initiator,
      identity: { 'my-id': 'auto', 'remote-id': 'auto', secret },
      connection: { localId: '192.0.2.2', remoteId: '192.0.2.1', secret },
    };
    await comesUp(options, async ({ culvert }) => {
      const [peer] = await culvert.print('active-peers print');
      assert.match(peer?.id ?? '', /192\.0\.2\.2/);
    });
  });
}

negotiation('identities are a mail address and a key id', async () => {
  const options: Options = {
    initiator: 'culvert',
    identity: { 'my-id': 'user-fqdn:moon@lab.example', 'remote-id': 'key-id:sun-7' },
    connection: { localId: 'keyid:sun-7', remoteId: 'moon@lab.example' },
  };
  await comesUp(options, ({ culvert }) => assert.match(culvert.log(), /sun-7/));
});

negotiation('of several identities the next one calls where strongSwan refuses one', async () => {
  const entry = (myId: string) => ({
    peer: 'sun',
    secret: SECRET,
    'my-id': `fqdn:${myId}`,
    'remote-id': 'fqdn:sun.example',
  });
  const identity = [entry('nobody.example'), entry('moon.example')];
  await comesUp({ initiator: 'culvert', menus: { identity } }, async ({ culvert }) => {
    assert.match(culvert.log(), /peer answers AUTHENTICATION_FAILED to IKE_AUTH/);
    assert.match(culvert.log(), /next call is by identity 2 of 2: my-id fqdn:moon\.example/);
    assert.is((await culvert.print('active-peers print')).length, 1);
  });
});

if ((await prepare('strongswan')) === undefined) negotiation.run();
