// Every algorithm that both sides have, with strongSwan calling and with strongSwan called.
// Shows profile.dh-group, profile.hash-algorithm, proposal.auth-algorithms, policy.proposal
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ALGORITHMS } from './algorithms.js';
import { prepare } from './packages.js';
import { type Tunnel, withTunnel } from './tunnel.js';
import { everything } from './traffic.js';

const algorithms = suite('strongSwan: algorithms');

/** Both ends agree on what is in use, and both have seen packets on it. */
async function inUse({ strongswan, culvert }: Tunnel, listed: string, proposal: string) {
  const [ike] = await strongswan.listSas();
  assert.is(ike?.state, 'ESTABLISHED');
  const [child] = ike?.children ?? [];
  assert.is(child?.algorithms, listed);
  assert.ok(child && child.packetsIn > 500 && child.packetsOut > 500, JSON.stringify(child));
  const installed = await culvert.print('installed-sa print');
  assert.equal(installed.map(({ direction }) => direction).sort(), ['in', 'out']);
  for (const sa of installed) {
    assert.is(sa.state, 'mature');
    assert.ok(proposal.startsWith(sa['enc-algorithm']) || proposal.includes('-'), proposal);
    assert.ok(sa['seen-traffic'] && sa['current-packets'] > 500, JSON.stringify(sa));
    assert.is(sa['invalid-packets'], 0);
    assert.is(sa['enc-key'], undefined, 'keys are printed on request only');
  }
}

for (const initiator of ['strongswan', 'culvert'] as const) {
  for (const row of ALGORITHMS) {
    algorithms(`${row.name}, ${initiator} calls`, async () => {
      await withTunnel({ initiator, algorithms: row }, async (tunnel) => {
        await tunnel.up();
        await everything(tunnel.topology, 'v4');
        await inUse(tunnel, row.listed, `${row.proposal['enc-algorithms']}`);
      });
    });
  }
}

if ((await prepare('strongswan')) === undefined) algorithms.run();
