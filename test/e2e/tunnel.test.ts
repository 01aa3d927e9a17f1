// The main job end to end: two daemons, a tunnel, real traffic, nothing in the clear, nothing left.
// Shows peer.address, peer.passive
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Site } from '../../src/lab/sites.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { carries, echoes, type Gateway, hostState, type Pair, until, withPair } from './pair.js';

const tunnel = suite('tunnel');

interface Choice {
  readonly outer?: 4 | 6;
  readonly profile?: object;
  readonly proposal?: object;
  readonly secret?: string;
  readonly passive?: boolean;
}

function configuration(site: Site, remote: Site, choice: Choice): object {
  const address = choice.outer === 6 ? `${remote.outer6}/128` : `${remote.outer}/32`;
  const peer = { name: remote.name, address, passive: choice.passive ?? site.name === 'east' };
  return {
    log: { level: 'debug' },
    profile: [{ name: 'default', ...choice.profile }],
    proposal: [{ name: 'default', ...choice.proposal }],
    peer: [peer],
    identity: [{ peer: remote.name, secret: choice.secret ?? 'a secret of the two' }],
    policy: [
      { 'src-address': site.network, 'dst-address': remote.network, peer: remote.name },
      { 'src-address': site.network6, 'dst-address': remote.network6, peer: remote.name },
    ],
  };
}

async function both(pair: Pair, west: Choice, east = west): Promise<[Gateway, Gateway]> {
  const right = await pair.start(pair.east, configuration(pair.east, pair.west, east));
  const left = await pair.start(pair.west, configuration(pair.west, pair.east, west));
  return [left, right];
}

const CHOICES: Readonly<Record<string, Choice>> = {
  'default algorithms, IPv4 outside': {},
  'AES-CBC with SHA-256 and ESN, IPv6 outside': {
    outer: 6,
    proposal: { 'enc-algorithms': 'aes-256-cbc', 'auth-algorithms': 'sha256', esn: 'require' },
  },
  'AES-GCM without ESN, AES-GCM in IKE, no PFS': {
    profile: { 'enc-algorithm': 'aes-256-gcm', 'dh-group': 'ecp384' },
    proposal: { 'enc-algorithms': 'aes-128-gcm', 'pfs-group': 'none', esn: 'no' },
  },
};

for (const [name, choice] of Object.entries(CHOICES)) {
  tunnel(`${name}: ICMP, UDP and TCP, both families, both ways`, async () => {
    await withPair(async (pair) => {
      const [west, east] = await both(pair, choice);
      await west.established();
      await east.established();
      for (const family of [4, 6] as const) {
        await until(
          `IPv${family} echoes`,
          () => echoes(pair.west, pair.east, family, 1) || undefined,
        );
        assert.is(echoes(pair.east, pair.west, family), 3);
        // The first finds out what the path carries (ICMP says so), the next arrive in fragments.
        await until(
          'a fragmented echo',
          () => echoes(pair.west, pair.east, family, 1, 3000) || undefined,
        );
        await carries(pair.west, pair.east, family);
        await carries(pair.east, pair.west, family);
      }
      const [peer] = await west.ask('active-peers print');
      assert.is(peer?.state, 'established');
      const installed = await west.ask('installed-sa print', {});
      assert.ok(installed.every((sa) => sa['seen-traffic'] && sa['invalid-packets'] === 0));
    });
  });
}

tunnel('flush and kill-connections: traffic asks for new SAs, both ends agree', async () => {
  await withPair(async (pair) => {
    const [west, east] = await both(pair, {});
    await west.established();
    const spis = async (): Promise<string> =>
      (await west.ask('installed-sa print', {}))
        .map(({ spi }) => spi)
        .sort()
        .join();
    const first = await spis();
    assert.ok((await west.ask('installed-sa flush')).flushed > 0);
    await until('echoes after the flush', () => echoes(pair.west, pair.east, 4, 1) || undefined);
    const second = await spis();
    assert.is.not(first, second);
    assert.is((await east.ask('active-peers kill-connections', {})).killed, 1);
    await until('echoes after the kill', () => echoes(pair.west, pair.east, 4, 1) || undefined);
    assert.is.not(second, await spis());
  });
});

tunnel('a wrong secret: no SA, and both logs say which and what to do', async () => {
  await withPair(async (pair) => {
    const [west, east] = await both(pair, { secret: 'one' }, { secret: 'another' });
    await west.logged(/secret/);
    await east.logged(/secret/);
    assert.equal(await west.ask('installed-sa print', {}), []);
    assert.is(echoes(pair.west, pair.east, 4, 1), 0);
    for (const line of [...west.log, ...east.log]) assert.not.match(line, /\b(one|another)\b'/);
  });
});

tunnel('no common proposal: both logs name what was offered and what is allowed', async () => {
  await withPair(async (pair) => {
    const old = { 'dh-group': 'modp1024', 'hash-algorithm': 'sha1' };
    const [west, east] = await both(
      pair,
      { profile: old },
      { profile: { 'dh-group': 'ecp256', 'hash-algorithm': 'sha256' } },
    );
    assert.match(await east.logged(/modp1024/), /ecp256/);
    await west.logged(/NO_PROPOSAL_CHOSEN|no proposal|modp1024/i);
  });
});

tunnel('a killed gateway stays closed; a new one takes over and cleans up', async () => {
  await withPair(async (pair) => {
    const [west] = await both(pair, {});
    await west.established();
    await pair.stop(west, 'SIGKILL');
    assert.is(echoes(pair.west, pair.east, 4, 1), 0);
    const again = await pair.start(pair.west, configuration(pair.west, pair.east, {}));
    await again.established();
    await until('echoes again', () => echoes(pair.west, pair.east, 4, 1) || undefined);
  });
});

tunnel(
  'fail-closed decides what a killed or stopped gateway leaves: all that refuses, or nothing',
  async () => {
    await withPair(async (pair) => {
      const before = hostState(pair.west);
      const plain = configuration(pair.west, pair.east, {});
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        for (const closed of [true, false]) {
          const chosen = { ...plain, tun: { 'fail-closed': closed } };
          await pair.stop(await pair.start(pair.west, chosen), signal);
          const left = hostState(pair.west).join('\n');
          assert.is(/unreachable/.test(left), closed, left);
          assert.is(/culvert-culvert0/.test(left), closed, left);
        }
      }
      assert.equal(hostState(pair.west), before, 'stopped with fail-closed=no: nothing');
      const nothing = { tun: { 'fail-closed': true }, policy: [] };
      await pair.stop(await pair.start(pair.west, nothing));
      assert.equal(hostState(pair.west), before, 'what protects nothing leaves nothing');
      const west = await pair.start(pair.west, plain);
      await pair.stop(west);
      assert.match(west.log.join('\n'), /2 policies protect is refused.*`culvert release` opens/);
      const open = { tun: { 'refuse-plain': false, 'fail-closed': false }, policy: [] };
      await pair.stop(await pair.start(pair.west, open));
      assert.equal(hostState(pair.west), before, 'and what was left goes with the next start');
    });
  },
);

if (ownNamespaces()) tunnel.run();
