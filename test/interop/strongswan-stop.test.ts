// A clean stop: strongSwan is told; with fail-closed=no the host is as it was before: no device, route or
// rule left, and with the default it is once `culvert release` has opened it.
// A kill: the host stays closed, and a new start takes over from where it was.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, run, shell } from './command.js';
import { MAIN } from './culvert.js';
import { prepare } from './packages.js';
import type { Topology } from './topology.js';
import { carries, everything, nothingPasses } from './traffic.js';
import { withTunnel } from './tunnel.js';

const stopping = suite('strongSwan: stop');
const inner = ['v4', 'v6'] as const;

/** All that a daemon could leave behind in a namespace. */
const LOOK = `
ip -brief link | cut -d' ' -f1 | sort
ip -4 rule; ip -6 rule
ip -4 route show table all | sort
ip -6 route show table all | sort
nft list ruleset`;

const hostState = (topology: Topology) => shell(topology.namespace('moon'), LOOK);

stopping('DELETE goes out; device, routes and rules go', async () => {
  let before = '';
  const look = async (topology: Topology) => {
    before = await hostState(topology);
  };
  const tun = { 'fail-closed': false };
  await withTunnel({ initiator: 'culvert', inner, tun, before: look }, async (tunnel) => {
    await tunnel.up();
    assert.match(await hostState(tunnel.topology), /culvert0/);
    await everything(tunnel.topology, 'v4');
    await tunnel.stopCulvert();
    await tunnel.strongswan.logged(/received DELETE for IKE_SA/);
    await eventually('strongSwan to have no SA', async () => {
      return (await tunnel.strongswan.listSas()).length === 0;
    });
    assert.is(await hostState(tunnel.topology), before);
  });
});

stopping('stopped closed, the host refuses until `culvert release`', async () => {
  let before = '';
  const look = async (topology: Topology) => {
    before = await hostState(topology);
  };
  await withTunnel({ initiator: 'culvert', inner, before: look }, async (tunnel) => {
    const { topology } = tunnel;
    await tunnel.up();
    await tunnel.stopCulvert();
    for (const family of inner) await nothingPasses(topology, 'alice', family);
    assert.match(await hostState(topology), /unreachable/);
    const { status, output } = await run(topology.namespace('moon'), [
      process.execPath,
      MAIN,
      'release',
    ]);
    assert.is(status, 0, output);
    assert.is(await hostState(topology), before);
  });
});

stopping('killed, it leaves nothing open; started again, it replaces what it left', async () => {
  await withTunnel({ initiator: 'culvert', inner }, async (tunnel) => {
    await tunnel.up();
    await tunnel.killCulvert();
    for (const family of inner) {
      await nothingPasses(tunnel.topology, 'alice', family);
    }
    await tunnel.restartCulvert();
    for (const family of inner) {
      await carries(tunnel.topology, 'alice', family, { explain: tunnel.culvert.log });
    }
    const installed = await tunnel.culvert.print('installed-sa print');
    assert.is(installed.length, 4);
  });
});

if ((await prepare('strongswan')) === undefined) stopping.run();
