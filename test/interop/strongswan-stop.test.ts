// A clean stop: strongSwan is told, and the host is as it was before: no device, route or rule left.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, shell } from './command.js';
import { prepare } from './packages.js';
import { everything } from './traffic.js';
import { type Tunnel, withTunnel } from './tunnel.js';

const stopping = suite('strongSwan: stop');

/** All that a daemon could leave behind in a namespace. */
const LOOK = `
ip -brief link | cut -d' ' -f1
ip -4 rule; ip -6 rule
ip -4 route show table all | grep -v '^broadcast' | sort
ip -6 route show table all | grep -v 'fe80\\|ff00\\|pref medium' | sort
nft list ruleset`;

const hostState = ({ topology }: Tunnel) => shell(topology.namespace('moon'), LOOK);

stopping('DELETE goes out, device, routes and rules go, and it can start again', async () => {
  let running = '';
  await withTunnel({ initiator: 'culvert', inner: ['v4', 'v6'] }, async (tunnel) => {
    await tunnel.up();
    running = await hostState(tunnel);
    assert.match(running, /culvert0/);
    await everything(tunnel.topology, 'v4');
    await tunnel.stopCulvert();
    await tunnel.strongswan.logged(/received DELETE for IKE_SA/);
    await eventually('strongSwan to have no SA', async () => {
      return (await tunnel.strongswan.listSas()).length === 0;
    });
    const stopped = await hostState(tunnel);
    const left = stopped
      .split('\n')
      .filter((line) => /culvert|lookup (?!local|main|default)/.test(line));
    assert.equal(left, []);
    assert.not.match(stopped, /198\.19\.0\.0|2001:db8:b::/);
    assert.not.match(stopped, /^table /m);
  });
});

if ((await prepare('strongswan')) === undefined) stopping.run();
