// culvert with itself, for what the real peers here do not do: plain ESP over IPv6, packets too big
// for the tunnel, policies that discard.
// Shows proposal.esn
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startCapture } from './capture.js';
import { background, eventually, run, stop, withLogs } from './command.js';
import { type Configuration, type Culvert, type Entry, startCulvert } from './culvert.js';
import { prepare } from './packages.js';
import { BOB, type Gateway, makeTopology, OUTER6, SITES, type Topology } from './topology.js';
import { carries, everything, type Family, ping } from './traffic.js';

const pair = suite('culvert with culvert');
const BOTH = ['v4', 'v6'] as const;
const OUTER4 = { moon: '192.0.2.1', sun: '192.0.2.2' };

interface Pair {
  readonly topology: Topology;
  readonly moon: Culvert;
  readonly sun: Culvert;
}

/** moon calls; policies of `extra` stand before the two that encrypt. */
function configuration(here: Gateway, there: Gateway, outer: Family, extra: readonly Entry[]) {
  const at = outer === 'v4' ? OUTER4 : OUTER6;
  const encrypt = BOTH.map((family) => ({
    'src-address': SITES[here][family],
    'dst-address': SITES[there][family],
    peer: there,
  }));
  const built: Configuration = {
    peer: [{ name: there, address: at[there], passive: here === 'sun' }],
    identity: [{ peer: there, secret: 'a secret between the two' }],
    policy: [...extra, ...encrypt],
  };
  return built;
}

async function withPair(
  outer: Family,
  extra: readonly Entry[],
  body: (both: Pair) => Promise<void>,
): Promise<void> {
  const topology = await makeTopology();
  const logs: (() => string)[] = [];
  try {
    const capture = await startCapture(topology);
    const start = async (here: Gateway, there: Gateway, more: readonly Entry[]) => {
      const folder = join(topology.folder, here);
      const built = configuration(here, there, outer, more);
      const culvert = await startCulvert(topology.namespace(here), folder, built);
      logs.push(() => `--- ${here} ---\n${culvert.log()}`);
      return culvert;
    };
    const sun = await start('sun', 'moon', []);
    const moon = await start('moon', 'sun', extra);
    await moon.established();
    for (const family of BOTH) await carries(topology, 'alice', family);
    await body({ topology, moon, sun });
    await moon.stop();
    await sun.stop();
    const captured = await capture.finish();
    assert.equal(captured.clear, []);
    assert.is(captured.udpEsp, 0, 'no NAT, no UDP');
    assert.ok(captured.plainEsp > 0);
  } catch (error) {
    throw withLogs(error, logs);
  } finally {
    topology.remove();
  }
}

for (const outer of BOTH) {
  pair(`default algorithms, plain ESP over IP${outer}`, async () => {
    await withPair(outer, [], async ({ topology, moon }) => {
      for (const family of BOTH) await everything(topology, family);
      const installed = await moon.print('installed-sa print');
      assert.is(installed.length, 4);
      assert.ok(installed.every((sa) => sa['invalid-packets'] === 0 && sa.esn));
    });
  });
}

pair('a packet too big for the tunnel is answered by ICMP', async () => {
  await withPair('v4', [], async ({ topology }) => {
    const alice = topology.namespace('alice');
    const send = (to: string) => run(alice, ['ping', '-c', '2', '-M', 'do', '-s', '1440', to]);
    const v4 = await send(BOB.v4);
    assert.match(v4.output, /Frag(mentation)? needed.*mtu = 1\d\d\d|message too long, mtu=1\d\d\d/);
    const v6 = await send(BOB.v6);
    assert.match(v6.output, /Packet too big.*mtu=1\d\d\d|message too long, mtu[:=] ?1\d\d\d/);
  });
});

pair('a discard policy drops, and says how much', async () => {
  const discard = {
    action: 'discard',
    'src-address': SITES.moon.v4,
    'dst-address': SITES.sun.v4,
    protocol: 'udp',
    'dst-port': 9,
  };
  await withPair('v4', [discard], async ({ topology, moon }) => {
    const before = (await moon.print('statistics print'))['out-policy-blocked'];
    const shout = `for (let i = 0; i < 5; i++) require('node:dgram').createSocket('udp4')
      .send('x', 9, '${BOB.v4}', function () { this.close(); });`;
    await run(topology.namespace('alice'), [process.execPath, '-e', shout]);
    assert.is(await ping(topology, 'alice', 'v4'), 3, 'the rest is carried');
    const after = (await moon.print('statistics print'))['out-policy-blocked'];
    assert.is(after - before, 5);
  });
});

/** Nineteen passive peers who never come, with 98 policies: a hundred with those that carry. */
const strangers = (change: boolean): Pick<Configuration, 'peer' | 'identity' | 'policy'> => {
  const numbers = Array.from({ length: 19 }, (_, number) => number);
  return {
    peer: numbers.map((number) => ({
      name: `stranger${number}`,
      address: `203.0.113.${number + 1}`,
      passive: true,
      mobike: !(change && number === 0),
    })),
    identity: numbers.map((number) => ({ peer: `stranger${number}`, secret: 'of nobody at all' })),
    policy: Array.from({ length: 98 }, (_, number) => ({
      'src-address': '198.51.100.0/24',
      'dst-address': `10.0.${number}.0/24`,
      peer: `stranger${number % 19}`,
    })),
  };
};

interface Iperf {
  readonly end: { readonly sum: { readonly lost_packets: number; readonly packets: number } };
}

pair(
  'reload under load: of 20 peers and 100 policies one changes, iperf3 loses nothing',
  async () => {
    await withPair('v4', [], async ({ topology, moon, sun }) => {
      const [bob, alice] = [topology.namespace('bob'), topology.namespace('alice')];
      const base = configuration('moon', 'sun', 'v4', []);
      const reload = async (change: boolean): Promise<string> => {
        const more = strangers(change);
        const next = {
          ...base,
          log: { level: 'debug' },
          peer: [...more.peer, ...base.peer],
          identity: [...more.identity, ...base.identity],
          policy: [...more.policy, ...base.policy],
        };
        writeFileSync(join(topology.folder, 'moon', 'culvert.json'), JSON.stringify(next));
        return moon.command('reload');
      };
      assert.match(await reload(false), /98 policies added, 0 removed, 2 kept/);
      const spis = async (culvert: Culvert): Promise<string[]> =>
        (await culvert.print('installed-sa print')).map(({ spi }) => spi).sort();
      const before = [await spis(moon), await spis(sun)];
      const listening = join(topology.folder, 'iperf3.log');
      const server = background(bob, ['iperf3', '-s', '-1', '-B', BOB.v4], listening);
      await eventually('iperf3 to listen', async () =>
        (await run(bob, ['ss', '-lnt'])).output.includes(':5201'),
      );
      const words = ['-u', '-b', '20M', '-l', '1200', '-w', '2M', '-t', '6', '--json'];
      const client = run(alice, ['iperf3', '-c', BOB.v4, ...words]);
      let over = false;
      const ended = client.finally(() => {
        over = true;
      });
      let reloads = 0;
      for (let change = true; !over; change = !change, reloads++) {
        assert.match(await reload(change), /0 policies added, 0 removed, 100 kept.*: stranger0$/m);
      }
      const { output } = await ended;
      assert.ok(reloads >= 3, `${reloads} reloads`);
      const { lost_packets: lost, packets } = (JSON.parse(output) as Iperf).end.sum;
      assert.ok(packets > 10_000, `${packets} packets`);
      assert.is(lost, 0, `of ${packets} packets`);
      assert.equal([await spis(moon), await spis(sun)], before, 'no rekey');
      await stop(server, 'SIGTERM', 'iperf3');
    });
  },
);

if ((await prepare('strongswan')) === undefined) pair.run();
