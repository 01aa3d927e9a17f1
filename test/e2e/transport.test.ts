// Transport mode end to end: two daemons, and what the two hosts themselves send each other, with
// nothing of it in the clear; also with a NAT between them.
// Shows policy.tunnel
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildSites, type Site } from '../../src/lab/sites.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { joinNamespaces, Namespace } from '../../src/net/namespace.js';
import { IPPROTO_RAW, SOCK_RAW } from '../../src/net/linux.js';
import { addRoute } from '../../src/net/routes.js';
import { ipv6, udp } from '../assembly/packets.js';
import { TestSocket } from '../helpers/datagrams.js';
import { captureClear, ownNamespaces } from '../helpers/namespaces.js';
import { carries, echoes, type Gateway, type Ground, type Pair, until, withPair } from './pair.js';

const transport = suite('transport mode');
const SECRET = 'a secret of the two hosts';
/**
 * What may pass between the two: ESP, AH, IKE; neighbour discovery is 64 or 72 bytes long; ESP behind
 * hop-by-hop options (see below: 94 bytes in the clear).
 */
const ALLOWED = [
  /protocol (50|51|17|44 of 50|44 of 51),/,
  /protocol 58, (64|72) bytes/,
  /protocol 0, 128 bytes/,
];

/** The demo's gateways as hosts of their own. */
function hostGround(directory: string): Ground {
  const sites = buildSites(directory);
  const [west, east] = sites.map((site) => ({
    ...site,
    host: site.gateway,
    hostAddress: site.outer,
    hostAddress6: site.outer6,
  })) as [Site, Site];
  const capture = captureClear(west.gateway, 'wan', [`${west.outer}/32`]);
  const capture6 = captureClear(west.gateway, 'wan', [`${west.outer6}/128`]);
  const offenders = (): string[] =>
    [...capture.finish(), ...capture6.finish()].filter(
      (packet) => !ALLOWED.some((pattern) => pattern.test(packet)),
    );
  const close = (): void => {
    for (const { host } of sites) host.close();
  };
  return { west, east, capture, offenders, close };
}

function configuration(
  site: Site,
  remote: Site,
  families: readonly (4 | 6)[],
  more: object,
  policy: object = {},
): object {
  const ends = families.map((family) => ({
    name: `${remote.name}${family}`,
    ours: family === 4 ? site.outer : site.outer6,
    theirs: family === 4 ? remote.outer : remote.outer6,
  }));
  return {
    log: { level: 'debug' },
    proposal: [{ name: 'default', ...more }],
    peer: ends.map(({ name, theirs }) => ({
      name,
      address: theirs,
      passive: site.name === 'east',
    })),
    identity: ends.map(({ name }) => ({ peer: name, secret: SECRET })),
    policy: ends.map(({ name, ours, theirs }) => ({
      'src-address': ours,
      'dst-address': theirs,
      peer: name,
      tunnel: false,
      ...policy,
    })),
  };
}

async function both(
  pair: Pair,
  families: readonly (4 | 6)[],
  more = {},
  policy = {},
): Promise<[Gateway, Gateway]> {
  const { west, east } = pair;
  const right = await pair.start(east, configuration(east, west, families, more, policy));
  const left = await pair.start(west, configuration(west, east, families, more, policy));
  return [left, right];
}

/** Pings and TCP both ways, sizes up to what one packet of the TUN carries, and beyond. */
async function talk(pair: Pair, family: 4 | 6): Promise<void> {
  const { west, east } = pair;
  await until(`IPv${family} echoes`, () => echoes(west, east, family, 1) || undefined);
  for (const size of [0, 1, 56, 1000, 3000, 30_000]) {
    assert.is(echoes(west, east, family, 2, size), 2, `west to east, ${size} bytes`);
    assert.is(echoes(east, west, family, 2, size), 2, `east to west, ${size} bytes`);
  }
  await carries(west, east, family);
  await carries(east, west, family);
}

/**
 * A datagram with hop-by-hop options: they travel in front of ESP, for routers to see, and are there
 * again where the east's gateway hands the packet to its kernel.
 */
async function hopByHop({ west, east }: Pair): Promise<void> {
  await until('IPv6 echoes', () => echoes(west, east, 6, 1) || undefined);
  const [from, to] = [addressBytes(west.outer6), addressBytes(east.outer6)];
  const options = Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]);
  const data = udp(Buffer.alloc(38, 7));
  const fields = { src: west.outer6, dst: east.outer6, protocol: 0 };
  const packet = ipv6(Buffer.concat([options, data]), fields);
  const there = captureClear(east.gateway, 'culvert0', [`${west.outer6}/128`]);
  const sender = west.gateway.enter(() => new TestSocket(from, 0, SOCK_RAW, IPPROTO_RAW));
  sender.send(to, 0, packet);
  sender.close();
  const seen = `${west.outer6} > ${east.outer6} protocol 0, ${packet.length} bytes`;
  await until('it to arrive', () => there.packets().includes(seen) || undefined);
  there.finish();
}

const PROPOSALS: Readonly<Record<string, object>> = {
  'the default algorithms': {},
  'AES-CBC, SHA-256, ESN': {
    'enc-algorithms': 'aes-256-cbc',
    'auth-algorithms': 'sha256',
    esn: 'require',
  },
};
for (const [name, proposal] of Object.entries(PROPOSALS)) {
  transport(`${name}: ICMP and TCP between the hosts' own addresses, both families`, async () => {
    await withPair(
      async (pair) => {
        const [west, east] = await both(pair, [4, 6], proposal);
        if (name === 'the default algorithms') await hopByHop(pair);
        for (const family of [4, 6] as const) await talk(pair, family);
        for (const side of [west, east]) {
          const installed = await side.ask('installed-sa print', {});
          assert.is(installed.length, 4);
          assert.ok(installed.every((sa) => sa['seen-traffic'] && sa['invalid-packets'] === 0));
          const counted = await side.ask('statistics print');
          assert.is(counted['in-state-mode-errors'], 0);
        }
      },
      { ground: hostGround },
    );
  });
}

for (const [mode, tunnel] of [
  ['transport', false],
  ['tunnel', true],
] as const) {
  transport(`AH in ${mode} mode: ICMP and TCP between the hosts, both families`, async () => {
    await withPair(
      async (pair) => {
        const proposal = { 'enc-algorithms': 'aes-256-cbc', 'auth-algorithms': 'sha256' };
        const policy = { tunnel, 'ipsec-protocols': 'ah' };
        const [west] = await both(pair, [4, 6], proposal, policy);
        for (const family of [4, 6] as const) await talk(pair, family);
        const installed = await west.ask('installed-sa print', {});
        assert.ok(
          installed.every((sa) => sa['enc-algorithm'] === 'none' && sa.AH && sa['seen-traffic']),
        );
        assert.ok(pair.capture.packets().some((packet) => /protocol 51,/.test(packet)));
      },
      { ground: hostGround },
    );
  });
}

transport('tunnel here, transport there: both logs say what to change', async () => {
  await withPair(
    async (pair) => {
      const { west, east } = pair;
      const tunnel = configuration(east, west, [4], {}) as { policy: object[] };
      await pair.start(east, {
        ...tunnel,
        policy: tunnel.policy.map((policy) => ({ ...policy, tunnel: true })),
      });
      const left = await pair.start(west, configuration(west, east, [4], {}));
      await left.logged(/tunnel=no: it is closed.*set tunnel here as the peer has it/);
      assert.equal(await left.ask('installed-sa print', {}), []);
    },
    { ground: hostGround },
  );
});

// ---- NAT -----------------------------------------------------------------------------------------

const NAT = { inside: '10.0.0.1', outside: '203.0.113.1' };
const RULES = `table ip modes {
  chain out { type nat hook postrouting priority 100; oifname "wan" masquerade; }
}`;

/** West behind a box that masquerades; east knows it by the box's address. */
function natGround(directory: string): Ground {
  const site = (name: string, gateway: Namespace, outer: string): Site => ({
    name,
    gateway,
    host: gateway,
    outer,
    hostAddress: outer,
    outer6: '',
    hostAddress6: '',
    network: '',
    network6: '',
    socket: join(directory, name, 'culvert.sock'),
  });
  const box = new Namespace('nat');
  const west = site('west', new Namespace('west'), '10.0.0.2');
  const east = site('east', new Namespace('east'), '203.0.113.2');
  joinNamespaces(
    { namespace: west.gateway, name: 'wan', addresses: [`${west.outer}/24`] },
    { namespace: box, name: 'lan', addresses: [`${NAT.inside}/24`] },
  );
  joinNamespaces(
    { namespace: east.gateway, name: 'wan', addresses: [`${east.outer}/24`] },
    { namespace: box, name: 'wan', addresses: [`${NAT.outside}/24`] },
  );
  west.gateway.configure((netlink) =>
    addRoute(netlink, {
      type: 'unicast',
      destination: prefixOf('0.0.0.0/0'),
      table: 254,
      gateway: addressBytes(NAT.inside),
    }),
  );
  const script = `echo 1 >/proc/sys/net/ipv4/ip_forward && nft -f - <<'E'\n${RULES}\nE`;
  const made = box.enter(() => spawnSync('sh', ['-c', script], { encoding: 'utf8' }));
  if (made.status !== 0) throw new Error(`nft: ${made.stderr}`);
  const capture = captureClear(east.gateway, 'wan', [`${east.outer}/32`]);
  const offenders = (): string[] =>
    capture.finish().filter((packet) => !/protocol 17,/.test(packet));
  return { west, east, capture, offenders, close: () => box.close() };
}

transport('behind a NAT: ICMP and TCP both ways, checksums mended', async () => {
  if (spawnSync('nft', ['--version']).error) {
    console.log('SKIP a NAT needs nft(8)');
    return;
  }
  await withPair(
    async (pair) => {
      const { west, east } = pair;
      // what one side calls the other is not what the other calls itself
      const seen = { west: { ...west, outer: NAT.outside, hostAddress: NAT.outside }, east };
      const right = await pair.start(east, configuration(east, seen.west, [4], {}));
      const left = await pair.start(west, configuration(west, east, [4], {}));
      await left.established();
      const [peer] = await right.ask('active-peers print');
      assert.is(peer?.['natt-peer'], true);
      await until('echoes', () => echoes(west, east, 4, 1) || undefined);
      for (const size of [900, 3000, 30_000]) assert.is(echoes(west, east, 4, 3, size), 3);
      assert.is(echoes(east, seen.west, 4, 3), 3);
      await carries(west, east, 4);
      await carries(east, seen.west, 4, west);
    },
    { ground: natGround },
  );
});

if (ownNamespaces()) transport.run();
