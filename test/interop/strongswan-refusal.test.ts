// What must not come up, and whether both logs tell the operator why.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { prepare } from './packages.js';
import { ping } from './traffic.js';
import { childName, type Options, SECRET, type Tunnel, withTunnel } from './tunnel.js';

const refusal = suite('strongSwan: refusal');

interface Case {
  readonly name: string;
  readonly options: Options;
  /** What strongSwan's log must say, and ours. */
  readonly strongswan: RegExp;
  readonly culvert: RegExp;
}

const wrongSecret = { identity: { secret: 'another secret, long enough' } };
const wrongIke = { connection: { proposals: 'aes128-sha256-modp3072' } };
const wrongEsp = { connection: { espProposals: 'aes256-sha512' } };
const wrongNetworks = {
  connection: {
    children: [{ name: childName('v4'), localTs: '203.0.113.0/26', remoteTs: '203.0.113.64/26' }],
  },
};

const CASES: readonly Case[] = [
  {
    name: 'wrong secret, strongSwan calls',
    options: { initiator: 'strongswan', ...wrongSecret },
    strongswan: /received AUTHENTICATION_FAILED notify error/,
    culvert: /error .*\[sun\].*secret/,
  },
  {
    name: 'wrong secret, culvert calls',
    options: { initiator: 'culvert', ...wrongSecret },
    strongswan: /tried 1 shared key for .* but MAC mismatched/,
    culvert: /error .*\[sun\].*secret/,
  },
  {
    name: 'no common IKE proposal, strongSwan calls',
    options: { initiator: 'strongswan', ...wrongIke },
    strongswan: /received NO_PROPOSAL_CHOSEN notify error/,
    culvert: /error .*\[sun\].*modp3072.*modp2048/,
  },
  {
    name: 'no common IKE proposal, culvert calls',
    options: { initiator: 'culvert', ...wrongIke },
    strongswan: /no acceptable proposal found|received proposals unacceptable/,
    culvert: /error .*\[sun\].*modp2048/,
  },
  {
    name: 'no common ESP proposal, strongSwan calls',
    options: { initiator: 'strongswan', ...wrongEsp },
    strongswan: /received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built/,
    culvert: /error .*\[sun\].*aes-256-cbc.*aes-128-gcm/,
  },
  {
    name: 'no common ESP proposal, culvert calls',
    options: { initiator: 'culvert', ...wrongEsp },
    strongswan: /no acceptable proposal found/,
    culvert: /error .*\[sun\].*aes-128-gcm/,
  },
  {
    name: 'other networks, strongSwan calls',
    options: { initiator: 'strongswan', ...wrongNetworks },
    strongswan: /received TS_UNACCEPTABLE notify, no CHILD_SA built/,
    culvert: /error .*\[sun\].*203\.0\.113\..*198\.18\./,
  },
  {
    name: 'other networks, culvert calls',
    options: { initiator: 'culvert', ...wrongNetworks },
    strongswan: /traffic selectors .* unacceptable/,
    culvert: /error .*\[sun\].*198\.18\./,
  },
];

async function refused(tunnel: Tunnel, { options, strongswan, culvert }: Case): Promise<void> {
  if (options.initiator === 'strongswan') {
    const { status } = await tunnel.strongswan.initiate(childName('v4'));
    assert.is.not(status, 0, 'strongSwan brought up what it should not');
  }
  await tunnel.strongswan.logged(strongswan);
  await tunnel.culvert.logged(culvert);
  assert.is(await ping(tunnel.topology, 'alice', 'v4', { count: 2 }), 0);
  assert.equal(await tunnel.culvert.print('installed-sa print'), []);
  for (const secret of [SECRET, 'another secret, long enough']) {
    assert.not.ok(tunnel.culvert.log().includes(secret), 'a secret is in the log');
  }
  assert.ok(tunnel.culvert.running());
}

for (const one of CASES) {
  refusal(one.name, async () => {
    const options = { ...one.options, expectEsp: false };
    await withTunnel(options, (tunnel) => refused(tunnel, one));
  });
}

if ((await prepare('strongswan')) === undefined) refusal.run();
