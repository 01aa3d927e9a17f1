// Road warriors: peers from any address that get what a template allows, without a policy of their own.
// Shows policy.template
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually, run, shell } from './command.js';
import { prepare } from './packages.js';
import { everything, ping } from './traffic.js';
import { type Options, withTunnel } from './tunnel.js';

const warrior = suite('strongSwan: road warrior');

const ANYBODY = { address: '0.0.0.0/0', passive: true, 'send-initial-contact': false };
const template = (src: string, dst: string) => ({
  template: true,
  'src-address': src,
  'dst-address': dst,
  proposal: 'lab',
});

warrior(
  'policies from a template, IPv4 and IPv6; they and their routes go with the SAs',
  async () => {
    const options: Options = {
      initiator: 'strongswan',
      inner: ['v4', 'v6'],
      peer: ANYBODY,
      identity: { 'generate-policy': 'port-strict', 'notrack-chain': 'ipsec-raw' },
      policies: [template('::/0', '198.19.0.0/16'), template('::/0', '2001:db8:b::/48')],
    };
    await withTunnel(options, async (tunnel) => {
      const { topology, culvert, strongswan } = tunnel;
      const moon = topology.namespace('moon');
      const host = async (): Promise<string> => {
        const commands = ['ip rule', 'ip -6 rule', 'ip route show table all', 'nft list ruleset'];
        const all = await run(moon, ['sh', '-c', commands.join('; ')]);
        return all.output;
      };
      assert.not.match(await host(), /198\.19\.0\.0\/16 dev culvert0/);
      // a firewall of the host, which counts what nobody tracks
      await shell(
        moon,
        `nft add table inet fw
nft 'add chain inet fw through { type filter hook forward priority 0; }'
nft add rule inet fw through ct state untracked counter`,
      );
      await tunnel.up();
      for (const family of ['v4', 'v6'] as const) await everything(topology, family);
      const rows = await culvert.print('policy print');
      assert.equal(
        rows.map((row) => [row.number, row.template, row.dynamic, row.active, row['dst-address']]),
        [
          [0, true, false, false, '198.19.0.0/16'],
          [undefined, false, true, true, '198.19.0.0/16'],
          [1, true, false, false, '2001:db8:b::/48'],
          [undefined, false, true, true, '2001:db8:b::/64'],
        ],
      );
      assert.match(await culvert.command('policy', 'print'), /Flags: T - TEMPLATE; D - DYNAMIC; A/);
      const there = await host();
      assert.match(there, /198\.19\.0\.0\/16 dev culvert0/);
      assert.match(there, /2001:db8:b::\/64 dev culvert0/);
      assert.match(there, /chain ipsec-raw \{[^}]*notrack/);
      const untracked = /ct state untracked counter packets (\d+)/;
      assert.ok(
        Number(untracked.exec(there)?.[1]) > 10,
        'packets of made policies are not tracked',
      );
      // somebody flushes all firewall rules and our routing rules
      await shell(moon, 'nft flush ruleset; ip rule del priority 10000');
      await culvert.logged(/routing rules and routes of ours were removed/);
      await culvert.logged(/our nf_tables table, or rules of it, were removed/);
      assert.match(await host(), /fwmark 0x63756c76 goto 32000/);
      assert.match(await host(), /table inet culvert-culvert0-[ab]/);
      await strongswan.terminate('--child', 'net-v4');
      await eventually('the IPv4 policy to go', async () => {
        const now = await culvert.print('policy print');
        return now.filter(({ dynamic }) => dynamic).length === 1;
      });
      assert.not.match(await host(), /198\.19\.0\.0\/16 dev culvert0/);
      assert.is(await ping(topology, 'alice', 'v6', { count: 2 }), 2, 'the other one stays');
      await strongswan.initiate('net-v4');
      await eventually('the IPv4 policy to be there again', async () => {
        const now = await culvert.print('policy print');
        return now.filter(({ dynamic }) => dynamic).length === 2;
      });
      await tunnel.stopCulvert();
      assert.not.match(await host(), /culvert/);
    });
  },
);

if ((await prepare('strongswan')) === undefined) warrior.run();
