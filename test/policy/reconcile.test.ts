// What a new configuration changes: ids that stay, ids that go, peers that are others.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/config/load.js';
import type { Databases } from '../../src/policy/database.js';
import { reconcile } from '../../src/policy/reconcile.js';

const reconciling = suite('policy/reconcile');

interface Site {
  readonly peer?: object;
  readonly profile?: object;
  readonly identity?: object;
  readonly proposal?: object;
  readonly policy?: readonly object[];
}

const line = (number: number, more: object = {}): object => ({
  'src-address': `198.18.${number}.0/24`,
  'dst-address': `198.19.${number}.0/24`,
  peer: 'east',
  ...more,
});

function databases({ peer, profile, identity, proposal, policy = [line(0)] }: Site): Databases {
  const loaded = parse(
    JSON.stringify({
      profile: [{ name: 'default', ...profile }],
      proposal: [{ name: 'default', ...proposal }],
      peer: [
        { name: 'east', address: '192.0.2.2', ...peer },
        { name: 'other', address: '192.0.2.9' },
      ],
      identity: [
        { peer: 'east', secret: 'a secret of the two', ...identity },
        { peer: 'other', secret: 'another secret' },
      ],
      policy,
    }),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.databases;
}

const ids = ({ policies }: Databases): number[] => policies.map(({ id }) => id);

reconciling('the same configuration again changes nothing', () => {
  const policy = [line(0), line(1), line(2, { action: 'discard' })];
  const change = reconcile(databases({ policy }), databases({ policy }), 3);
  assert.equal(ids(change.databases), [0, 1, 2]);
  const { added, removed, changedPeers, nextId } = change;
  assert.equal([added, removed, changedPeers, nextId], [[], [], [], 3]);
});

reconciling('policies keep their id wherever they stand and whatever their comment says', () => {
  const before = databases({ policy: [line(0), line(1), line(2)] });
  const after = databases({ policy: [line(7), line(2, { comment: 'moved' }), line(0)] });
  const { databases: next, added, removed, nextId } = reconcile(before, after, 3);
  assert.equal(ids(next), [3, 2, 0]);
  assert.equal([added, removed, nextId], [[3], [1], 4]);
  assert.equal(
    next.policies.map(({ place, comment }) => [place, comment]),
    [
      [0, ''],
      [1, 'moved'],
      [2, ''],
    ],
  );
});

reconciling('equal policies are as many as there are', () => {
  const one = databases({ policy: [line(0)] });
  const two = { ...one, policies: [...one.policies, { ...one.policies[0]!, id: 1, place: 1 }] };
  assert.equal(ids(reconcile(one, two, 1).databases), [0, 1]);
  assert.equal(reconcile(two, one, 2).removed, [1]);
});

reconciling('an id that was once given is never given again', () => {
  const before = databases({ policy: [line(0), line(1)] });
  const without = reconcile(before, databases({ policy: [line(0)] }), 2);
  const again = reconcile(without.databases, before, without.nextId);
  assert.equal(ids(again.databases), [0, 2]);
});

for (const [what, changed] of Object.entries<Site>({
  'another selector': { policy: [line(0, { protocol: 'tcp' })] },
  'another level': { policy: [line(0, { level: 'unique' })] },
  'another proposal': { proposal: { 'pfs-group': 'ecp256' } },
})) {
  reconciling(`${what} makes another policy, and no other peer`, () => {
    const change = reconcile(databases({}), databases(changed), 1);
    const { added, removed, changedPeers } = change;
    assert.equal([added, removed, changedPeers], [[1], [0], []]);
  });
}

for (const [what, changed] of Object.entries<Site>({
  'another address': { peer: { address: '192.0.2.3' } },
  'another profile': { profile: { lifetime: '2h' } },
  'another secret': { identity: { secret: 'a secret of the three' } },
  'another identity': { identity: { 'my-id': 'fqdn:west.example' } },
})) {
  reconciling(`${what} makes another peer; policies stay`, () => {
    const change = reconcile(databases({}), databases(changed), 1);
    const others = what === 'another profile' ? ['east', 'other'] : ['east'];
    assert.equal([change.added, change.removed, change.changedPeers], [[], [], others]);
  });
}

reconciling('peers that come and go are changed ones', () => {
  const before = databases({});
  const after = { ...before, peers: before.peers.slice(0, 1) };
  assert.equal(reconcile(before, after, 1).changedPeers, ['other']);
  assert.equal(reconcile(after, before, 1).changedPeers, ['other']);
});

reconciling.run();
