// Properties whose effect is seen between two running gateways and nowhere better: what each end prints
// is the mirror of what the other prints, and what one says is the true state of the wire; disabled
// entries; ports and protocols; what `tun` does to TCP.
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UdpResult } from '../../src/lab/checked-traffic.js';
import { type Site, startTraffic } from '../../src/lab/sites.js';
import type { ActivePeerRow, InstalledSaRow } from '../../src/daemon/rows.js';
import { allocate, check, close, connectSocket, getsockopt, socket } from '../../src/net/libc.js';
import { AF_INET } from '../../src/net/linux.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echoes, type Gateway, hostState, type Pair, until, withPair } from './pair.js';

const properties = suite('properties');

type Entry = Readonly<Record<string, unknown>>;

interface Choice {
  readonly peer?: Entry;
  readonly identities?: readonly Entry[];
  /** Before those of the two networks. */
  readonly policies?: readonly Entry[];
  readonly policy?: Entry;
  readonly policy6?: Entry;
  readonly tun?: Entry;
  readonly settings?: Entry;
  readonly profile?: Entry;
  readonly proposal?: Entry;
}

/** Of the lab's TCP and UDP (src/lab/checked-traffic.ts). */
const PORT = 5201;
const SECRET = 'a secret of the two';

function configuration(site: Site, remote: Site, choice: Choice): object {
  const name = `hub-${remote.name}`;
  const ends = { peer: name, proposal: 'phase-two' };
  const passive = site.name === 'east';
  return {
    log: { level: 'debug' },
    tun: { ...choice.tun },
    settings: { ...choice.settings },
    profile: [{ name: 'phase-one', ...choice.profile }],
    proposal: [{ name: 'phase-two', ...choice.proposal }],
    peer: [{ name, address: remote.outer, passive, profile: 'phase-one', ...choice.peer }],
    identity: (choice.identities ?? [{ secret: SECRET }]).map((one) => ({ peer: name, ...one })),
    policy: [
      ...(choice.policies ?? []),
      { 'src-address': site.network, 'dst-address': remote.network, ...ends, ...choice.policy },
      { 'src-address': site.network6, 'dst-address': remote.network6, ...ends, ...choice.policy6 },
    ],
  };
}

async function start(pair: Pair, west: Choice, east: Choice = {}): Promise<[Gateway, Gateway]> {
  const right = await pair.start(pair.east, configuration(pair.east, pair.west, east));
  const left = await pair.start(pair.west, configuration(pair.west, pair.east, west));
  return [left, right];
}

const change = ({ west, east }: Pair, gateway: Gateway, choice: Choice): Promise<unknown> => {
  gateway.rewrite(JSON.stringify(configuration(west, east, choice)));
  return gateway.ask('reload');
};

const reaches = (pair: Pair, family: 4 | 6 = 4) =>
  until(`echoes of IPv${family}`, () => echoes(pair.west, pair.east, family, 1) || undefined);

const children = async (gateway: Gateway): Promise<InstalledSaRow[]> => [
  ...(await gateway.ask('installed-sa print', { 'show-secrets': true })),
];

// ---- the tables --------------------------------------------------------------------------------

// Shows peer.name, peer.profile, profile.name, proposal.name, policy.proposal, proposal.lifetime,
// proposal.replay-window, settings.ddos-cookie-threshold, active-peers.peer, active-peers.id,
// active-peers.user, active-peers.local-address, active-peers.remote-address, active-peers.port,
// active-peers.state, active-peers.side, active-peers.responder, active-peers.natt-peer,
// active-peers.dynamic-address, active-peers.uptime, active-peers.last-seen, active-peers.ph2-total,
// active-peers.spii, active-peers.spir, active-peers.rx-bytes, active-peers.rx-packets,
// active-peers.tx-bytes, active-peers.tx-packets, policy.active, policy.ph2-count, policy.ph2-state,
// policy.sa-src-address, policy.sa-dst-address
properties('active-peers and policies of two gateways are each other’s mirror', async () => {
  await withPair(async (pair) => {
    const [west, east] = await start(pair, {}, { settings: { 'ddos-cookie-threshold': 0 } });
    await west.established();
    await reaches(pair);
    await reaches(pair, 6);
    assert.is(echoes(pair.west, pair.east, 4, 7, 500), 7);
    const row = async (gateway: Gateway): Promise<ActivePeerRow> => {
      const rows = await gateway.ask('active-peers print');
      assert.is(rows.length, 1);
      return rows[0]!;
    };
    // Counters are read when there is time: both ends have counted the last echo.
    const [left, right] = await until('both ends to have counted alike', async () => {
      const [a, b] = [await row(west), await row(east)];
      const all = a['tx-packets'] >= 9;
      return all && a['tx-packets'] === b['rx-packets'] && a['rx-packets'] === b['tx-packets']
        ? [a, b]
        : undefined;
    });
    assert.ok(left['tx-bytes'] > 7 * 500);
    assert.is(left['tx-bytes'], right['rx-bytes']);
    assert.is(left['rx-bytes'], right['tx-bytes']);
    const uptime = left.uptime;
    await until('uptime to go on', async () => (await row(west)).uptime > uptime || undefined);
    const mirrored = {
      'local-address': 'remote-address',
      spii: 'spii',
      spir: 'spir',
      port: 'port',
      state: 'state',
      'ph2-total': 'ph2-total',
      'natt-peer': 'natt-peer',
    } as const;
    for (const [mine, theirs] of Object.entries(mirrored)) {
      assert.is(left[mine as keyof typeof mirrored], right[theirs], mine);
    }
    assert.is(left['remote-address'], right['local-address']);
    assert.match(left.spii, /^[0-9a-f]{16}$/);
    assert.equal(
      [left.peer, left.id, left.user, left.state, left.side, left.responder, left['ph2-total']],
      ['hub-east', `address:${pair.east.outer}`, '', 'established', 'initiator', false, 2],
    );
    assert.equal(
      [right.peer, right.id, right.side, right.responder, right['dynamic-address']],
      ['hub-west', `address:${pair.west.outer}`, 'responder', true, ''],
    );
    assert.ok(left['last-seen'] <= left.uptime + 1 && left.port === 4500 && !left['natt-peer']);
    assert.is((await east.ask('statistics print')).cookies, 1, 'threshold 0: always a cookie');
    for (const policy of await west.ask('policy print')) {
      assert.equal(
        [policy.active, policy['ph2-count'], policy['ph2-state'], policy.proposal, policy.peer],
        [true, 1, 'established', 'phase-two', 'hub-east'],
      );
      assert.is(policy['sa-src-address'], pair.west.outer);
      assert.is(policy['sa-dst-address'], pair.east.outer);
    }
  });
});

// Shows installed-sa.spi, installed-sa.peer, installed-sa.direction, installed-sa.src-address,
// installed-sa.dst-address, installed-sa.state, installed-sa.AH, installed-sa.ESP,
// installed-sa.auth-algorithm, installed-sa.auth-key, installed-sa.enc-algorithm, installed-sa.enc-key,
// installed-sa.enc-key-size, installed-sa.addtime, installed-sa.add-lifetime, installed-sa.expires-in,
// installed-sa.current-bytes, installed-sa.current-packets, installed-sa.invalid-packets,
// installed-sa.replay, installed-sa.hw-aead, installed-sa.esn, installed-sa.seen-traffic
properties('installed-sa of two gateways: one SA, seen from both ends', async () => {
  await withPair(async (pair) => {
    const choice = {
      profile: { 'enc-algorithm': 'aes-192', 'hash-algorithm': 'sha384', 'dh-group': 'ecp384' },
      proposal: {
        'enc-algorithms': 'aes-192-cbc',
        'auth-algorithms': 'sha512',
        lifetime: '20m',
        esn: 'no',
        'replay-window': 256,
      },
      policy6: { disabled: true },
    };
    const [west, east] = await start(pair, choice, choice);
    await west.logged(/IKE SA is up with .*aes-192-cbc\/sha384\/ecp384/);
    await reaches(pair);
    assert.is(echoes(pair.west, pair.east, 4, 5), 5);
    const counted = async (): Promise<[InstalledSaRow[], InstalledSaRow[]] | undefined> => {
      const [a, b] = [await children(west), await children(east)];
      const alike = a.every((sa) =>
        b.some((one) => one.spi === sa.spi && one['current-packets'] === sa['current-packets']),
      );
      return a.length === 2 && b.length === 2 && alike ? [a, b] : undefined;
    };
    const [left, right] = await until('both ends to have counted alike', counted);
    for (const sa of left) {
      const same = right.find(({ spi }) => spi === sa.spi)!;
      for (const name of ['src-address', 'dst-address', 'auth-key', 'enc-key'] as const) {
        assert.is(sa[name], same[name], name);
      }
      assert.is(sa['current-bytes'], same['current-bytes']);
      assert.equal([sa.direction, same.direction].sort(), ['in', 'out']);
      assert.is(sa['src-address'], (sa.direction === 'out' ? pair.west : pair.east).outer);
      assert.equal(
        [sa['enc-algorithm'], sa['enc-key-size'], sa['auth-algorithm'], sa.esn, sa.AH, sa.ESP],
        ['aes-cbc', 192, 'sha512', false, false, true],
      );
      assert.is(sa['enc-key']?.length, 48);
      assert.is(sa['auth-key']?.length, 128);
      assert.equal(
        [sa.peer, sa.state, sa['seen-traffic'], sa['invalid-packets'], sa['hw-aead']],
        ['hub-east', 'mature', true, 0, false],
      );
      assert.is(sa.replay, sa.direction === 'in' ? 256 : 0);
      const [soft, hard] = sa['add-lifetime'];
      assert.ok(hard === 1200 && soft < hard && sa['expires-in'] <= hard);
      assert.ok(Math.abs(sa.addtime - Date.now() / 1000) < 60);
    }
    const hidden = await west.ask('installed-sa print', {});
    assert.ok(hidden.every((sa) => sa['enc-key'] === undefined && sa['auth-key'] === undefined));
  });
});

// ---- entries that are off ----------------------------------------------------------------------

// Shows peer.disabled, identity.disabled, policy.disabled
properties('disabled entries of a running gateway have no part in anything', async () => {
  await withPair(async (pair) => {
    const [west, east] = await start(pair, { policy6: { disabled: true } });
    await reaches(pair);
    const [, six] = await west.ask('policy print');
    assert.equal([six?.disabled, six?.active], [true, false]);
    assert.is((await east.ask('active-peers print'))[0]?.['ph2-total'], 1);

    await change(pair, west, { peer: { disabled: true } });
    await east.logged(/peer deletes the IKE SA/);
    assert.equal(await west.ask('active-peers print'), []);
    assert.is(echoes(pair.west, pair.east, 4, 1), 0, 'its policies drop what they match');

    const identities = [
      { secret: 'another secret', disabled: false },
      { secret: SECRET, disabled: true },
    ];
    await change(pair, west, { identities });
    await west.logged(/AUTHENTICATION_FAILED/);
    await change(pair, west, {
      identities: identities.map((one) => ({ ...one, disabled: !one.disabled })),
    });
    await reaches(pair, 6);
  });
});

/** Runs `body` while TCP and UDP are answered behind east. */
async function served({ east }: Pair, body: () => Promise<void>): Promise<void> {
  const server = startTraffic(east, ['serve', east.hostAddress]);
  const closed = once(server, 'close');
  try {
    await once(server.stdout!, 'data');
    await body();
  } finally {
    server.kill('SIGKILL');
    await closed;
  }
}

// ---- selectors ---------------------------------------------------------------------------------

async function datagrams(pair: Pair, count = 5): Promise<number> {
  const { hostAddress } = pair.west;
  const argv = ['udp', hostAddress, pair.east.hostAddress, `${count}`];
  const client = startTraffic(pair.west, argv);
  let output = '';
  client.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(client, 'close');
  return (JSON.parse(output) as UdpResult).received;
}

// Shows policy.protocol, policy.src-port, policy.dst-port, policy.action
properties('protocol and ports of a policy choose its packets, out and in', async () => {
  await withPair(async (pair) => {
    const [west] = await start(pair, {});
    await reaches(pair);
    const ends = { 'src-address': pair.west.network, 'dst-address': pair.east.network };
    const discard = (more: Entry): Choice => ({
      policies: [{ ...ends, action: 'discard', protocol: 'udp', ...more }],
    });
    await served(pair, async () => {
      assert.is(await datagrams(pair), 5);
      for (const [more, passes] of [
        [{ 'dst-port': PORT }, false],
        [{ 'dst-port': PORT + 1 }, true],
        [{ 'src-port': PORT }, true],
        [{ protocol: 'icmp' }, true],
      ] as const) {
        await change(pair, west, discard(more));
        assert.is(await datagrams(pair, 2), passes ? 2 : 0, JSON.stringify(more));
        assert.is(echoes(pair.west, pair.east, 4, 1), 'protocol' in more ? 0 : 1);
      }
    });
  });
});

// ---- tun ---------------------------------------------------------------------------------------

const SOCK_STREAM = 1;
const TCP_MAXSEG = 2;
const IPPROTO_TCP = 6;

/** What a connection from west's host to east's may put into a segment. */
function segmentSize({ west, east }: Pair): number {
  return west.host.enter(() => {
    const fd = check(socket(AF_INET, SOCK_STREAM, 0), 'socket', 'TCP');
    const to = allocate(16);
    to.view.setUint16(0, AF_INET, true);
    to.view.setUint16(2, PORT);
    to.bytes.set(east.hostAddress.split('.').map(Number), 4);
    const [value, length] = [allocate(4), allocate(4)];
    length.view.setUint32(0, 4, true);
    check(connectSocket(fd, to.at, 16), 'connect', east.hostAddress);
    check(getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, value.at, length.at), 'getsockopt', 'TCP');
    close(fd);
    return value.view.getUint32(0, true);
  });
}

// Shows tun.mss-clamp, tun.mtu-probe, tun.refuse-plain
properties(
  'tun: the MSS of a connection, the search for the path, the table that refuses',
  async () => {
    await withPair(async (pair) => {
      const tun = { 'mtu-probe': false, 'refuse-plain': false };
      // The answer's SYN is lowered by east, ours by west: both have to leave it alone.
      const off = { 'mss-clamp': false };
      const [west, east] = await start(pair, { tun: { ...tun, ...off } }, { tun: off });
      await reaches(pair);
      await served(pair, async () => {
        assert.ok(segmentSize(pair) > 1400);
        await change(pair, west, { tun });
        // the device takes 1400 bytes, less than the SA: both headers, and the time stamps of TCP
        assert.is(segmentSize(pair), 1400 - 40 - 12);
      });

      // East asks the path, and has its answer; west was told not to.
      await east.logged(/the path has carried a large packet/);
      assert.not.ok(west.log.some((line) => line.includes('the path has carried')));
      const [left, right] = [pair.west, pair.east].map((site) => hostState(site).join('\n'));
      assert.not.match(left!, /culvert-culvert0/, 'refuse-plain=no: no table');
      assert.match(right!, /culvert-culvert0/);
    });
  },
);

if (ownNamespaces()) properties.run();
