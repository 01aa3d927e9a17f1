// What must not come up, and whether both logs tell the operator why.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, shell } from './command.js';
import { prepare } from './packages.js';
import type { Topology } from './topology.js';
import { nothingPasses } from './traffic.js';
import { childName, type Options, SECRET, type Tunnel, withTunnel } from './tunnel.js';

const refusal = suite('strongSwan: refusal');

interface Case {
  readonly name: string;
  readonly options: Options;
  /** What strongSwan's log must say, and ours. */
  readonly strongswan: RegExp;
  readonly culvert: RegExp;
  /** What the doctor must find wrong. */
  readonly doctor: string;
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
    doctor: 'authentication',
  },
  {
    name: 'wrong secret, culvert calls',
    options: { initiator: 'culvert', ...wrongSecret },
    strongswan: /tried 1 shared key for .* but MAC mismatched/,
    culvert: /error .*\[sun\].*secret/,
    doctor: 'authentication',
  },
  {
    name: 'no common IKE proposal, strongSwan calls',
    options: { initiator: 'strongswan', ...wrongIke },
    strongswan: /received NO_PROPOSAL_CHOSEN notify error/,
    culvert: /error .*\[sun\].*modp3072.*modp2048/,
    doctor: 'proposals',
  },
  {
    name: 'no common IKE proposal, culvert calls',
    options: { initiator: 'culvert', ...wrongIke },
    strongswan: /no acceptable proposal found|received proposals unacceptable/,
    culvert: /error .*\[sun\].*modp2048/,
    doctor: 'proposals',
  },
  {
    name: 'no common ESP proposal, strongSwan calls',
    options: { initiator: 'strongswan', ...wrongEsp },
    strongswan: /received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built/,
    culvert: /error .*\[sun\].*aes-256-cbc.*aes-128-gcm/,
    doctor: 'proposals',
  },
  {
    name: 'no common ESP proposal, culvert calls',
    options: { initiator: 'culvert', ...wrongEsp },
    strongswan: /no acceptable proposal found/,
    culvert: /error .*\[sun\].*aes-128-gcm/,
    doctor: 'proposals',
  },
  {
    name: 'other networks, strongSwan calls',
    options: { initiator: 'strongswan', ...wrongNetworks },
    strongswan: /received TS_UNACCEPTABLE notify, no CHILD_SA built/,
    culvert: /error .*\[sun\].*203\.0\.113\..*198\.18\./,
    doctor: 'traffic selectors',
  },
  {
    name: 'other networks, culvert calls',
    options: { initiator: 'culvert', ...wrongNetworks },
    strongswan: /traffic selectors .* unacceptable/,
    culvert: /error .*\[sun\].*198\.18\./,
    doctor: 'traffic selectors',
  },
];

async function refused(tunnel: Tunnel, one: Case): Promise<void> {
  const { options, strongswan, culvert, doctor } = one;
  if (options.initiator === 'strongswan') {
    const { status } = await tunnel.strongswan.initiate(childName('v4'));
    assert.is.not(status, 0, 'strongSwan brought up what it should not');
  }
  await tunnel.strongswan.logged(strongswan);
  await tunnel.culvert.logged(culvert);
  const { status, output } = await tunnel.culvert.doctor();
  assert.is(status, 1);
  assert.match(output, new RegExp(`\\n  WRONG  ${doctor} +\\S`), output);
  assert.match(output, new RegExp(`\\n${doctor}: .*\\n  to change: `), output);
  // strongSwan answers a probe, whatever it thinks of our proposals.
  if (doctor === 'proposals' && !/CHILD_SA/.test(strongswan.source + output)) {
    assert.match(output, 'a probe of UDP 500 answers, of UDP 4500 answers');
  }
  await nothingPasses(tunnel.topology, 'alice', 'v4');
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

/** Sun hears nothing on the ports of IKE. */
const BLOCK = `nft 'table inet gate { chain in {
  type filter hook input priority 0; udp dport { 500, 4500 } drop; }; }'`;

refusal('UDP is blocked: the doctor says which, and is content when it is not', async () => {
  const before = async (topology: Topology) => {
    await shell(topology.namespace('sun'), BLOCK);
  };
  await withTunnel({ initiator: 'culvert', before }, async (tunnel) => {
    const { topology, culvert } = tunnel;
    const wrong = async (): Promise<string> => {
      const { output } = await culvert.doctor();
      return /WRONG +UDP/.test(output) ? output : '';
    };
    const blocked = await eventually('the doctor to miss an answer', wrong);
    assert.match(
      blocked,
      /\n {2}WRONG {2}UDP 500 and 4500 +no answer .* UDP 500 is silent, of UDP 4500 is silent/,
    );
    await shell(topology.namespace('sun'), 'nft delete table inet gate');
    await tunnel.up();
    const { status, output } = await culvert.doctor();
    assert.match(output, /\n {2}ok {5}packets in +\d+ packets\n/);
    assert.equal([status, output.endsWith('nothing wrong found\n')], [0, true], output);
  });
});

if ((await prepare('strongswan')) === undefined) refusal.run();
