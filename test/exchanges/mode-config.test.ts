// mode-config (RFC 7296 §2.19, §3.15): east calls and asks for addresses, west gives them from pools.
//
//   HDR, SK {IDi, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}   -->
//                                 <--   HDR, SK {IDr, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}
// Shows mode-config.name, mode-config.responder, mode-config.address, mode-config.address-pool,
// mode-config.address-prefix-length, mode-config.static-dns
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress, formatPrefix, parsePrefix } from '../../src/policy/address.js';
import type { AskedConfig, GivenConfig, Policy } from '../../src/policy/database.js';
import type { Leases } from '../../src/policy/leases.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { notify } from '../../src/ike/exchange.js';
import { N } from '../../src/wire/notifications.js';
import { decodeHeader } from '../../src/wire/header.js';
import { CFG, CREATE_CHILD_SA, INFORMATIONAL, PROTOCOL_ESP } from '../../src/wire/numbers.js';
import { address, type SiteOptions } from './databases.js';
import { newWorld } from './connected.js';
import { ASKED, GIVEN, leasesOf, poolOf, RULES, TEMPLATE } from './given-addresses.js';
import { Insider } from './insider.js';
import type { World, WorldOptions } from './world.js';

const config = suite('exchanges: mode-config');

const prefix = (text: string) => parsePrefix(text)!;
const GIVING = { ...GIVEN, prefixLength: 24 };
const POOL = poolOf(2);

const site = (modeConfig: GivenConfig | AskedConfig): SiteOptions => ({
  policies: 0,
  templates: [TEMPLATE],
  identity: { generatePolicy: RULES, modeConfig },
});

const newLeases = (ranges = POOL): Leases => leasesOf(ranges);

async function connect(
  given: Partial<GivenConfig> = {},
  leases = newLeases(),
  more: WorldOptions = {},
): Promise<World> {
  const world = newWorld({
    east: site(ASKED),
    west: site({ ...GIVING, ...given }),
    ...more,
    context: { west: { leases, systemDns: () => [address('203.0.113.53')] } },
  });
  await world.east.carry(world.east.engine.start());
  await world.run();
  return world;
}

const text = ({ src, dst }: Policy): string => `${formatPrefix(src)} ${formatPrefix(dst)}`;
const received = (world: World) => [...world.east.received.values()][0];
const addresses = (world: World): string[] => (received(world)?.addresses ?? []).map(formatAddress);

config(
  'an address of each family, DNS, and policies for the addresses alone, at both ends',
  async () => {
    const world = await connect();
    assert.equal(addresses(world), ['10.9.0.1', '2001:db8:9::1']);
    assert.equal(received(world)!.dns.map(formatAddress), ['192.0.2.53', '2001:db8::53']);
    assert.equal([...world.west.made.values()].map(text), [
      '0.0.0.0/0 10.9.0.1/32',
      '::/0 2001:db8:9::1/128',
    ]);
    assert.equal([...world.east.made.values()].map(text), [
      '10.9.0.1/32 0.0.0.0/0',
      '2001:db8:9::1/128 ::/0',
    ]);
    world.checkMirrored();
    assert.is(world.west.peers[0]!['dynamic-address'], '10.9.0.1,2001:db8:9::1');
  },
);

config('without a child in IKE_AUTH (RFC 6023): the address first, then the child', async () => {
  const east: SiteOptions = { ...site(ASKED), peer: { childless: 'force' } };
  const world = await connect({}, newLeases(), { east });
  assert.equal(addresses(world), ['10.9.0.1', '2001:db8:9::1']);
  assert.equal([...world.east.made.values()].map(text), [
    '10.9.0.1/32 0.0.0.0/0',
    '2001:db8:9::1/128 ::/0',
  ]);
  assert.ok(world.log.includes('east: CREATE_CHILD_SA request 2'));
  assert.is(world.east.children.size, 1);
  world.checkMirrored();
});

config('split-include: the peer’s policies are for these networks', async () => {
  const splitInclude = [
    prefix('198.18.0.0/16'),
    prefix('203.0.113.0/24'),
    prefix('2001:db8:5::/48'),
  ];
  const world = await connect({ splitInclude });
  assert.equal(
    received(world)!.networks.map(formatPrefix).sort(),
    splitInclude.map(formatPrefix).sort(),
  );
  assert.equal([...world.east.made.values()].map(text).sort(), [
    '10.9.0.1/32 198.18.0.0/16',
    '10.9.0.1/32 203.0.113.0/24',
    '2001:db8:9::1/128 2001:db8:5::/48',
  ]);
  world.checkMirrored();
});

config('split-include of IPv4 alone says nothing of IPv6', async () => {
  const world = await connect({ splitInclude: [prefix('198.18.0.0/16')] });
  assert.equal([...world.east.made.values()].map(text), [
    '10.9.0.1/32 198.18.0.0/16',
    '2001:db8:9::1/128 ::/0',
  ]);
  world.checkMirrored();
});

/** Networks of west's, each in a template of its own: a child is for one of them alone. */
const APART = ['198.18.0.0/16', '203.0.113.0/24', '192.0.2.128/25'];
const WHOLE = APART.map((network) => `10.9.0.1/32 ${network}`).sort();
const made = (world: World): string[] => [...world.east.made.values()].map(text).sort();

async function connectApart(networks: readonly string[], more: SiteOptions = {}): Promise<World> {
  const templates = networks.map((network, at) => {
    const place = 60 + at;
    return { ...TEMPLATE, id: place, place, src: prefix(network), dst: prefix('10.9.0.0/24') };
  });
  const west = { ...site({ ...GIVING, splitInclude: APART.map(prefix) }), templates, ...more };
  const context = { west: { leases: newLeases() } };
  const world = newWorld({ east: { ...site(ASKED), ...more }, west, context });
  await world.east.carry(world.east.engine.start());
  await world.run(1000);
  return world;
}

config(
  'split-include: networks that the first child is not for get children of their own',
  async () => {
    const world = await connectApart(APART);
    assert.equal(made(world), WHOLE);
    assert.is(world.east.children.size, 3);
    world.checkMirrored();
    assert.equal(world.east.complaints(), []);
    for (const one of [world.west, world.east]) {
      // no packet asks for what has no policy any more: we do
      await one.carry(one.engine.flush());
      await world.run(100);
      assert.equal(made(world), []);
      await world.run(10_000);
      assert.equal(made(world), WHOLE);
      world.checkMirrored();
    }
  },
);

config('split-include: what the peer gives no child for is asked for once, and said', async () => {
  const world = await connectApart(APART.slice(0, 2));
  const there = WHOLE.filter((one) => !one.includes('192.0.2.128'));
  assert.equal(made(world), there);
  await world.run(600_000);
  assert.equal(made(world), there);
  const [complaint, ...more] = world.east.complaints();
  assert.match(complaint ?? '', /TS_UNACCEPTABLE to .* to 192\.0\.2\.128-192\.0\.2\.255/);
  assert.equal(more, []);
});

config('split-include: every network keeps its child while SAs are replaced', async () => {
  const lifetimes = { profile: { lifetime: 4000 }, proposal: { lifetime: 1000 } };
  const world = await connectApart(APART, lifetimes);
  await world.run(9_000_000);
  assert.equal(made(world), WHOLE);
  assert.is(world.east.children.size, 3);
  world.checkMirrored();
});

config('split-include: and while we authenticate anew', async () => {
  const world = await connectApart(APART);
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, 10);
  const insider = new Insider(world, world.east);
  const message = { exchangeType: INFORMATIONAL, messageId: 0 };
  await insider.send(insider.build(message, [notify(N.AUTH_LIFETIME, data)]));
  const before = world.east.established[0]!.spii;
  for (let at = 0; at < 10_000; at += 5) {
    await world.run(5);
    for (const one of WHOLE) assert.ok(made(world).includes(one), `${one} at ${at} ms`);
  }
  await world.run(60_000);
  assert.is.not(world.east.established[0]!.spii, before);
  assert.equal(made(world), WHOLE);
  assert.is(world.east.children.size, 3);
  world.checkMirrored();
});

config(
  'beside a written policy of both ends: a child for that, and one for the addresses',
  async () => {
    const written = { policies: 1 };
    const world = newWorld({
      east: { ...site(ASKED), ...written },
      west: { ...site(GIVING), ...written },
      context: { west: { leases: newLeases() } },
    });
    await world.east.carry(world.east.engine.start());
    await world.run(1000);
    assert.equal([...world.east.complaints(), ...world.west.complaints()], []);
    assert.equal(addresses(world), ['10.9.0.1', '2001:db8:9::1']);
    assert.equal(made(world), ['10.9.0.1/32 0.0.0.0/0', '2001:db8:9::1/128 ::/0']);
    world.checkTraffic();
    const counts = world.sites.map((one) => [one.children.size, one.made.size]);
    assert.equal(counts, [
      [2, 2],
      [2, 2],
    ]);
  },
);

config('and where traffic of the written policy makes us call', async () => {
  const world = newWorld({
    east: { ...site(ASKED), policies: 1 },
    west: { ...site(GIVING), policies: 1 },
    context: { west: { leases: newLeases() } },
  });
  await world.east.carry(world.east.engine.acquire(0));
  await world.run(1000);
  assert.equal([...world.east.complaints(), ...world.west.complaints()], []);
  assert.equal(made(world), ['10.9.0.1/32 0.0.0.0/0', '2001:db8:9::1/128 ::/0']);
  world.checkTraffic();
});

/** What west answered, attribute by attribute. */
async function attributes(given: Partial<GivenConfig>): Promise<[number, string][]> {
  const world = await connect(given);
  const insider = new Insider(world, world.west);
  const answer = world.captured.filter(({ from }) => from === world.west).at(-1)!.datagram;
  const { inner } = insider.open(answer);
  const payload = inner.find((one) => one.type === 'Configuration');
  assert.ok(payload?.type === 'Configuration');
  return payload!.type === 'Configuration'
    ? payload!.attributes.map(({ type, value }) => [type, Buffer.from(value).toString('hex')])
    : [];
}

config('the attributes are those of RFC 7296, RFC 8598 and Cisco’s Unity', async () => {
  assert.equal(
    await attributes({
      splitInclude: [prefix('198.18.0.0/16'), prefix('203.0.113.0/24'), prefix('2001:db8:5::/48')],
      splitDns: ['a.example', 'b.example'],
      dns: 'system',
    }),
    [
      [CFG.INTERNAL_IP4_ADDRESS, '0a090001'],
      [CFG.INTERNAL_IP4_NETMASK, 'ffffff00'],
      [CFG.INTERNAL_IP6_ADDRESS, '20010db8000900000000000000000001' + '80'],
      [CFG.INTERNAL_IP4_DNS, 'cb007135'],
      [CFG.INTERNAL_IP4_SUBNET, 'c6120000' + 'ffff0000'],
      [CFG.INTERNAL_IP4_SUBNET, 'cb007100' + 'ffffff00'],
      [CFG.INTERNAL_IP6_SUBNET, '20010db8000500000000000000000000' + '30'],
      [CFG.UNITY_SPLIT_INCLUDE, 'c6120000ffff0000000000000000' + 'cb007100ffffff00000000000000'],
      [CFG.INTERNAL_DNS_DOMAIN, Buffer.from('a.example').toString('hex')],
      [CFG.INTERNAL_DNS_DOMAIN, Buffer.from('b.example').toString('hex')],
      [CFG.UNITY_SPLITDNS_NAME, Buffer.from('a.example,b.example').toString('hex')],
    ],
  );
});

config(
  'an exhausted pool: INTERNAL_ADDRESS_FAILURE, no child; the peer says why and calls later',
  async () => {
    const leases = newLeases(POOL.slice(0, 1));
    for (const identity of ['x', 'y']) {
      leases.take({ pool: 'rw', family: 4, identity, wanted: undefined });
    }
    const world = await connect({}, leases);
    assert.is(world.west.children.size, 0);
    assert.is(world.east.received.size, 0);
    assert.match(world.west.complaints().join(), /every address of its pool is in use/);
    assert.match(world.east.complaints().join(), /INTERNAL_ADDRESS_FAILURE.*no address left/);
    leases.giveBack(address('10.9.0.2'));
    await world.run(60_000);
    assert.equal(addresses(world), ['10.9.0.2'], 'one has become free meanwhile');
  },
);

config(
  'the lease is given back with the IKE SA, kept through its rekey, and the same the next time',
  async () => {
    const leases = newLeases();
    const lifetimes = { profile: { lifetime: 4000 }, proposal: { lifetime: 1000 } };
    const world = await connect({}, leases, {
      east: { ...site(ASKED), ...lifetimes },
      west: { ...site(GIVING), ...lifetimes },
    });
    await world.run(9_000_000);
    assert.equal(addresses(world), ['10.9.0.1', '2001:db8:9::1']);
    assert.is(world.west.made.size, 2, 'the policies are there still');
    assert.is(world.east.received.size, 1);
    const other = (identity: string) =>
      leases.take({ pool: 'rw', family: 4, identity, wanted: undefined });
    assert.is(formatAddress(other('x')!), '10.9.0.2');
    assert.is(other('y'), undefined, 'the first one is still in use');
    leases.giveBack(address('10.9.0.2'));
    await world.east.carry(world.east.engine.killConnections());
    await world.run(1000);
    assert.is(world.east.received.size, 0);
    assert.equal([world.west.made.size, world.east.made.size], [0, 0]);
    await world.run(10_000);
    assert.equal(addresses(world), ['10.9.0.1', '2001:db8:9::1']);
  },
);

config('who starts anew without a goodbye gets the address that it had', async () => {
  const world = await connect();
  assert.equal(addresses(world), ['10.9.0.1', '2001:db8:9::1']);
  // east leaves, and west never hears of it
  world.filter = (from, { bytes }) =>
    from !== world.east || decodeHeader(bytes).exchangeType !== INFORMATIONAL;
  await world.east.carry(world.east.engine.killConnections());
  await world.run(10_000);
  assert.equal(addresses(world), ['10.9.0.1', '2001:db8:9::1']);
  assert.is(world.west.established.length, 1);
});

config('who asks for no address has no policy, be its selectors inside the pool', async () => {
  const net = { src: prefix('10.9.0.1/32'), dst: prefix('198.18.0.0/16') };
  const world = await connect({}, newLeases(), { east: { policy: net } });
  assert.is(world.west.children.size, 0);
  assert.match(world.east.complaints().join(), /FAILED_CP_REQUIRED/);
});

config('who asks for an address cannot have the policy of another', async () => {
  const world = await connect();
  const insider = new Insider(world, world.west);
  const child = [...world.west.children.values()][0]!.sa;
  // a further child for the address that somebody else may have
  const last = world.captured.filter(({ from }) => from === world.east).at(-1)!.datagram;
  const { inner } = new Insider(world, world.east).open(last);
  const stolen = address('10.9.0.2').value;
  const payloads = inner.flatMap((payload): PlainPayload[] => {
    if (payload.type !== 'SA' && payload.type !== 'TSi' && payload.type !== 'TSr') return [];
    if (payload.type !== 'TSi') return [payload];
    const [first] = child.remoteSelectors;
    return [{ ...payload, selectors: [{ ...first!, start: stolen, end: stolen }] }];
  });
  const nonce = { type: 'Nonce', data: new Uint8Array(32).fill(9) } as const;
  const message = insider.build({ exchangeType: CREATE_CHILD_SA, messageId: 2 }, [
    payloads[0]!,
    nonce,
    ...payloads.slice(1),
  ]);
  const [answer] = await insider.send(message);
  assert.ok(answer);
  assert.is(world.west.children.size, 1);
  assert.match(world.west.complaints().join(), /peer asks for .*10\.9\.0\.2/);
});

config(
  'a configuration payload inside a rekey is accepted and answered (RouterOS repeats it)',
  async () => {
    const world = await connect();
    const insider = new Insider(world, world.west);
    const last = world.captured.filter(({ from }) => from === world.east).at(-1)!.datagram;
    const { inner } = new Insider(world, world.east).open(last);
    const kept = inner.filter(({ type }) => ['Configuration', 'SA', 'TSi', 'TSr'].includes(type));
    const nonce = { type: 'Nonce', data: new Uint8Array(32).fill(9) } as const;
    const [first] = world.west.children.values();
    const spi = new Uint8Array(4);
    new DataView(spi.buffer).setUint32(0, first!.sa.outbound.spi);
    const rekeys = { ...notify(N.REKEY_SA), protocol: PROTOCOL_ESP, spi };
    const message = insider.build({ exchangeType: CREATE_CHILD_SA, messageId: 2 }, [
      kept[0]!,
      rekeys,
      kept[1]!,
      nonce,
      ...kept.slice(2),
    ]);
    const [answer] = await insider.send(message);
    const said = insider.open(answer).inner;
    const reply = said.find(({ type }) => type === 'Configuration');
    assert.ok(said.some(({ type }) => type === 'SA') && reply?.type === 'Configuration');
    const kinds = reply!.type === 'Configuration' ? reply!.attributes.map(({ type }) => type) : [];
    assert.ok(kinds.includes(CFG.INTERNAL_IP4_ADDRESS), kinds.join());
    assert.is(world.west.children.size, 2, 'the old one until it is deleted');
    const [, second] = world.west.children.values();
    assert.is(second!.sa.replaces, first!.sa.id);
    assert.is(world.west.made.size, 2, 'for the same policies');
  },
);

config(
  'authenticated anew, make before break: the same addresses, at no moment without them',
  async () => {
    const world = await connect();
    await world.run(100);
    const insider = new Insider(world, world.east);
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, 10);
    const message = { exchangeType: INFORMATIONAL, messageId: 0 };
    await insider.send(insider.build(message, [notify(N.AUTH_LIFETIME, data)]));
    const before = world.east.established[0]!.spii;
    for (let at = 0; at < 10_000; at += 5) {
      await world.run(5);
      assert.ok(world.east.received.size > 0 && world.east.made.size > 0, `at ${at} ms`);
      assert.ok(world.west.made.size > 0, `west at ${at} ms`);
    }
    await world.run(60_000);
    assert.is.not(world.east.established[0]!.spii, before);
    assert.equal(addresses(world), ['10.9.0.1', '2001:db8:9::1']);
    const counts = world.sites.map((one) => [one.children.size, one.made.size]);
    assert.equal(counts, [
      [1, 2],
      [1, 2],
    ]);
    world.checkMirrored();
  },
);

config('an initiator without an answer about addresses leaves, and says why', async () => {
  const world = newWorld({
    east: site(ASKED),
    west: { policies: 0, templates: [TEMPLATE], identity: { generatePolicy: RULES } },
  });
  await world.east.carry(world.east.engine.start());
  await world.run(500);
  assert.match(world.east.complaints().join(), /we ask for an address and the peer gives none/);
  assert.is(world.east.made.size, 0);
  assert.ok(
    world.captured.some(
      ({ from, datagram }) =>
        from === world.east && decodeHeader(datagram.bytes).exchangeType === INFORMATIONAL,
    ),
  );
});

config.run();
