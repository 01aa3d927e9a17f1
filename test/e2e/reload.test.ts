// The running configuration is exchanged under traffic: what the change does not touch loses no packet
// and keeps its SAs; what it adds comes up, what it takes away goes; a bad file changes nothing.
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UdpResult } from '../../src/lab/checked-traffic.js';
import { type Site, startTraffic } from '../../src/lab/sites.js';
import { formatPolicies } from '../../src/cli/tables.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echoes, type Gateway, until, withPair } from './pair.js';

const reload = suite('reload');
const ECHOES = 3000;
const STRANGERS = 20;
const EACH = 5;

interface Choice {
  readonly six?: boolean;
  /** The first of the strangers has another profile. */
  readonly changed?: boolean;
  readonly strangers?: number;
}

/** The peer that is there, and passive strangers with five policies each who never come. */
function configuration(site: Site, remote: Site, choice: Choice): object {
  const peer = { name: remote.name, address: remote.outer, passive: site.name === 'east' };
  const strangers = Array.from({ length: choice.strangers ?? 0 }, (_, index) => ({
    name: `stranger${index}`,
    address: `203.0.113.${index + 1}`,
    passive: true,
    ...(choice.changed && index === 0 ? { profile: 'other' } : {}),
  }));
  const network = { 'src-address': site.network, 'dst-address': remote.network };
  const network6 = { 'src-address': site.network6, 'dst-address': remote.network6 };
  return {
    profile: [{ name: 'other', lifetime: '2h' }],
    peer: [...strangers, peer],
    identity: [...strangers, peer].map(({ name }) => ({ peer: name, secret: 'secret of the two' })),
    policy: [
      ...strangers.flatMap(({ name }, index) =>
        Array.from({ length: EACH }, (_, number) => ({
          'src-address': `198.51.100.${8 * number}/29`,
          'dst-address': `10.${index}.${number}.0/24`,
          peer: name,
        })),
      ),
      { ...network, peer: remote.name },
      ...(choice.six ? [{ ...network6, peer: remote.name }] : []),
    ],
  };
}

const spis = async (gateway: Gateway): Promise<string> =>
  (await gateway.ask('installed-sa print', {}))
    .map(({ spi }) => spi)
    .sort()
    .join();

reload('100 policies, 20 peers, one changed: nothing is lost beside it, and no rekey', async () => {
  await withPair(async (pair) => {
    const choice = { strangers: STRANGERS };
    const east = await pair.start(pair.east, configuration(pair.east, pair.west, choice));
    const west = await pair.start(pair.west, configuration(pair.west, pair.east, choice));
    await west.established();
    await until('echoes', () => echoes(pair.west, pair.east, 4, 1) || undefined);
    const before = await spis(west);
    const server = startTraffic(pair.east, ['serve', pair.east.hostAddress]);
    await once(server.stdout!, 'data');
    const { hostAddress } = pair.west;
    const client = startTraffic(pair.west, [
      'udp',
      hostAddress,
      pair.east.hostAddress,
      `${ECHOES}`,
    ]);
    let output = '';
    client.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const ended = once(client, 'close');
    let reloads = 0;
    for (let changed = true; client.exitCode === null && reloads < 10; changed = !changed) {
      for (const [gateway, mine, theirs] of [
        [west, pair.west, pair.east],
        [east, pair.east, pair.west],
      ] as const) {
        gateway.rewrite(JSON.stringify(configuration(mine, theirs, { ...choice, changed })));
        const result = await gateway.ask('reload');
        assert.equal(result, { added: 0, removed: 0, kept: 101, peers: ['stranger0'] });
        reloads++;
      }
    }
    await ended;
    server.kill('SIGKILL');
    assert.ok(reloads >= 2);
    assert.is((JSON.parse(output) as UdpResult).received, ECHOES);
    assert.is(await spis(west), before);
  });
});

reload('what is added comes up, what is taken away goes; a bad file changes nothing', async () => {
  await withPair(async (pair) => {
    const east = await pair.start(pair.east, configuration(pair.east, pair.west, { six: true }));
    const west = await pair.start(pair.west, configuration(pair.west, pair.east, {}));
    await west.established();
    const first = await spis(west);
    west.rewrite(JSON.stringify(configuration(pair.west, pair.east, { six: true })));
    assert.equal(await west.ask('reload'), { added: 1, removed: 0, kept: 1, peers: [] });
    await until('IPv6', () => echoes(pair.west, pair.east, 6, 1) || undefined);
    const second = await spis(west);
    assert.ok(first.split(',').every((spi) => second.includes(spi)));

    const refused = async (text: string): Promise<string> => {
      west.rewrite(text);
      return west.ask('reload').then(String, ({ message }) => message);
    };
    assert.match(await refused('{"peer": [{}'), /1 error/);
    assert.match(await refused('{"policy": [{"src-address": "nowhere"}]}'), /nowhere/);
    assert.match(await refused('{"tun": {"mtu": 1300}}'), /restart.*tun mtu \(1400 → 1300\)/);
    assert.is(await spis(west), second);
    assert.is(echoes(pair.west, pair.east, 6, 1), 1);

    west.rewrite(JSON.stringify(configuration(pair.west, pair.east, {})));
    west.process.kill('SIGHUP');
    await west.logged(/reloaded .*0 policies added, 1 removed, 1 kept/);
    await until('the child to go', async () => (await spis(west)) === first || undefined);
    await until('the other end', async () => (await spis(east)) === first || undefined);
    assert.is(echoes(pair.west, pair.east, 4, 1), 1);
  });
});

/** For a processor of its own the figures are in docs/performance.md; here that all of it is there. */
reload('10,000 policies load and print; a reload changes one of them', async () => {
  const COUNT = 10_000;
  const many = (level: string): object => ({
    peer: [{ name: 'hub', address: '203.0.113.1', passive: true }],
    identity: [{ peer: 'hub', secret: 'a secret of some length' }],
    policy: Array.from({ length: COUNT }, (_, index) => ({
      'src-address': `10.${index % 50}.0.0/16`,
      'dst-address': `172.${16 + (index >> 12)}.${(index >> 4) & 255}.${(index & 15) << 4}/28`,
      peer: 'hub',
      ...(index === COUNT - 1 ? { level } : {}),
    })),
  });
  await withPair(async (pair) => {
    const began = performance.now();
    const west = await pair.start(pair.west, many('require'));
    const ready = performance.now();
    const rows = await west.ask('policy print');
    assert.equal([rows.length, rows.at(-1)!.level], [COUNT, 'require']);
    const text = formatPolicies(rows).trimEnd().split('\n');
    assert.match(text.at(-1)!, /172\.18\.112\.240\/28/);
    const printed = performance.now();
    west.rewrite(JSON.stringify(many('unique')));
    const result = { added: 1, removed: 1, kept: COUNT - 1, peers: [] };
    assert.equal(await west.ask('reload'), result);
    assert.is((await west.ask('policy print')).at(-1)!.level, 'unique');
    const took = [ready - began, printed - ready, performance.now() - printed].map(Math.round);
    console.log(`\nNOTE 10,000 policies: ready, printed, reloaded in ${took.join(', ')} ms`);
  });
});

if (ownNamespaces()) reload.run();
