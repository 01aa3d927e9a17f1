// Peers with a DNS name: when it is asked, what an answer or a failure changes, who waits meanwhile; the
// resolver and the time are the test's.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../src/config/load.js';
import { PeerNames } from '../../src/daemon/peer-names.js';
import {
  type Address,
  formatAddress,
  formatPrefix,
  parseAddress,
} from '../../src/policy/address.js';
import { reconcile } from '../../src/policy/reconcile.js';

const names = suite('peer names');

const at = (text: string): Address => parseAddress(text)!;

interface World {
  /** What the DNS says next: addresses with a TTL, or a failure. */
  answer: { readonly addresses: readonly string[]; readonly ttl?: number } | string;
  readonly asked: string[];
  readonly log: string[];
  changes: number;
  /** Seconds until the next question, undefined: none is planned. */
  wait: number | undefined;
  next: () => void;
  unreachable: string[];
  readonly peers: PeerNames;
}

function newWorld(): World {
  const world: World = {
    answer: { addresses: ['192.0.2.1'], ttl: 60 },
    asked: [],
    log: [],
    changes: 0,
    wait: undefined,
    next: () => {},
    unreachable: [],
    peers: new PeerNames({
      resolve: async (name, family) => {
        world.asked.push(`${name} ${family ?? 'any'}`);
        const { answer } = world;
        if (typeof answer === 'string') throw new Error(answer);
        return { addresses: answer.addresses.map(at), ttl: answer.ttl };
      },
      reachable: (address) => !world.unreachable.includes(formatAddress(address)),
      after: (seconds, work) => {
        world.wait = seconds;
        world.next = work;
        return () => {
          world.wait = undefined;
        };
      },
      changed: () => world.changes++,
      log: { write: ({ level, peer, text }) => world.log.push(`${level} ${peer}: ${text}`) },
    }),
  };
  return world;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The time has come. */
async function again(world: World): Promise<void> {
  world.next();
  await settled();
}

function configured(...peers: readonly object[]) {
  const loaded = parse(
    JSON.stringify({
      peer: peers,
      identity: peers.map((one) => ({
        peer: (one as { name: string }).name,
        secret: 'long enough to be one',
      })),
      policy: [{ 'src-address': '10.0.0.0/24', 'dst-address': '10.1.0.0/24', peer: 'p' }],
    }),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded;
}

const one = (more: object = {}) => configured({ name: 'p', address: 'vpn.example.org', ...more });

const placedAt = (world: World, { databases, named }: ReturnType<typeof one>): string[] =>
  world.peers.place(databases, named).peers.map(({ address }) => formatPrefix(address));

const start = async (world: World, loaded: ReturnType<typeof one>): Promise<void> => {
  world.peers.update(loaded.named);
  await settled();
};

names('a name is not started before it has an address, and then as that one host', async () => {
  const world = newWorld();
  const loaded = one();
  assert.equal(loaded.warnings, []);
  assert.equal(loaded.databases.peers, []);
  assert.equal(placedAt(world, loaded), []);
  await start(world, loaded);
  assert.equal(placedAt(world, loaded), ['192.0.2.1/32']);
  assert.is(loaded.databases.identities[0]!.peer, 'p');
  assert.equal(world.log, ['info p: vpn.example.org is 192.0.2.1']);
  assert.is(world.changes, 1);
});

for (const [ttl, wait] of [
  [0, 5],
  [4, 5],
  [5, 5],
  [300, 300],
  [3600, 3600],
  [86_400, 3600],
  [undefined, 60],
] as const) {
  names(`a TTL of ${ttl ?? 'nothing'} is asked again after ${wait} s`, async () => {
    const world = newWorld();
    world.answer = { addresses: ['192.0.2.1'], ...(ttl === undefined ? {} : { ttl }) };
    await start(world, one());
    assert.is(world.wait, wait);
    await again(world);
    assert.equal(world.asked, ['vpn.example.org any', 'vpn.example.org any']);
    assert.is(world.wait, wait);
    assert.is(world.changes, 1, 'the same address is no change');
  });
}

names('another address makes another peer; one that is still among several does not', async () => {
  const world = newWorld();
  const loaded = one();
  await start(world, loaded);
  const before = world.peers.place(loaded.databases, loaded.named);
  world.answer = { addresses: ['192.0.2.9', '192.0.2.1'] };
  await again(world);
  const same = world.peers.place(before, loaded.named);
  assert.equal(reconcile(before, same, 1).changedPeers, []);
  world.answer = { addresses: ['2001:db8::9'] };
  await again(world);
  const after = world.peers.place(same, loaded.named);
  const change = reconcile(same, after, 1);
  assert.equal(change.changedPeers, ['p']);
  assert.equal([change.added, change.removed], [[], []]);
  assert.equal(
    after.peers.map(({ address }) => formatPrefix(address)),
    ['2001:db8::9/128'],
  );
  assert.is(world.log.at(-1), 'info p: vpn.example.org is 2001:db8::9, it was 192.0.2.1');
});

names('a failure keeps the address, is said once, and is tried again ever later', async () => {
  const world = newWorld();
  const loaded = one();
  await start(world, loaded);
  world.answer = 'ESERVFAIL';
  const waits: (number | undefined)[] = [];
  for (let count = 0; count < 8; count++) {
    await again(world);
    waits.push(world.wait);
  }
  assert.equal(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
  assert.equal(placedAt(world, loaded), ['192.0.2.1/32']);
  const text = 'vpn.example.org cannot be resolved (ESERVFAIL): it stays at 192.0.2.1';
  assert.equal(world.log.slice(1), [`warning p: ${text}`]);
  assert.is(world.peers.states()[0]!.trouble, text);
  world.answer = { addresses: ['192.0.2.1'], ttl: 60 };
  await again(world);
  assert.is(world.peers.states()[0]!.trouble, undefined);
  assert.is(world.wait, 60);
});

names('one that never had an address says why it is not started', async () => {
  const world = newWorld();
  world.answer = 'ENOTFOUND';
  await start(world, one());
  const trouble =
    'vpn.example.org cannot be resolved (ENOTFOUND): the peer is not started, its policies drop ' +
    'their packets';
  assert.equal(world.peers.states(), [{ peer: 'p', address: undefined, trouble }]);
  assert.equal(placedAt(world, one()), []);
  assert.is(world.changes, 0);
});

names('our own address decides the family; without it the first that has a way', async () => {
  const world = newWorld();
  world.answer = { addresses: ['192.0.2.1', '2001:db8::1'] };
  world.unreachable.push('192.0.2.1');
  await start(world, one());
  assert.equal(placedAt(world, one()), ['2001:db8::1/128']);
  world.peers.update([]);
  await start(world, one({ 'local-address': '2001:db8::2' }));
  assert.equal(world.asked, ['vpn.example.org any', 'vpn.example.org 6']);
});

names(
  'a peer that does not answer: the name is asked at once, its addresses have their turn',
  async () => {
    const world = newWorld();
    const loaded = one();
    world.answer = { addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'], ttl: 3600 };
    world.unreachable.push('192.0.2.2');
    await start(world, loaded);
    const silence = async (address: string): Promise<string> => {
      world.peers.silence('p', at(address));
      await settled();
      return formatAddress(world.peers.states()[0]!.address!);
    };
    assert.is(await silence('192.0.2.1'), '2001:db8::1');
    assert.equal([world.asked.length, world.wait], [2, 3600]);
    // None answers: the round ends where it is, and begins anew there.
    assert.is(await silence('2001:db8::1'), '2001:db8::1');
    assert.is(await silence('2001:db8::1'), '192.0.2.1');
    // One that answers is the first of the next round, wherever that was left.
    world.peers.works('p');
    assert.is(await silence('192.0.2.1'), '2001:db8::1');
    // Another address of the DNS comes at once, and a DNS that fails leaves those it gave.
    world.answer = { addresses: ['192.0.2.1', '192.0.2.7'], ttl: 60 };
    assert.is(await silence('2001:db8::1'), '192.0.2.7');
    world.peers.works('p');
    world.answer = 'ESERVFAIL';
    assert.is(await silence('192.0.2.7'), '192.0.2.1');
    // While it is being asked for another reason: that answer counts.
    world.answer = { addresses: ['192.0.2.1', '2001:db8::1'], ttl: 60 };
    world.next();
    assert.is(await silence('192.0.2.1'), '2001:db8::1');
    assert.is(await silence('2001:db8::1'), '2001:db8::1');
    assert.is(await silence('2001:db8::1'), '192.0.2.1');
    // About an address that is the peer's no more: it is asked, nothing else.
    assert.is(await silence('192.0.2.99'), '192.0.2.1');
  },
);

names('an address that another peer has starts nobody twice', async () => {
  const world = newWorld();
  const loaded = configured(
    { name: 'q', address: '192.0.2.1' },
    { name: 'p', address: 'vpn.example.org' },
  );
  await start(world, loaded);
  const { peers } = world.peers.place(loaded.databases, loaded.named);
  assert.equal(
    peers.map(({ name }) => name),
    ['q'],
  );
  const trouble = 'the peer is not started, its name has the address of peer q';
  assert.is(world.peers.states()[0]!.trouble, trouble);
  world.peers.place(loaded.databases, loaded.named);
  assert.equal(world.log.slice(1), [`warning p: ${trouble}: vpn.example.org`]);
});

names(
  'a reload asks for new names alone; an answer to an old question changes nothing',
  async () => {
    const world = newWorld();
    await start(world, one());
    await start(world, one({ passive: true }));
    assert.is(world.asked.length, 1);
    const other = one({ address: 'other.example.org' });
    assert.equal(placedAt(world, other), []);
    world.peers.update(other.named);
    world.peers.update(one().named);
    await settled();
    assert.equal(world.asked.slice(1), ['other.example.org any', 'vpn.example.org any']);
    assert.equal(
      world.log.map((line) => line.includes('other')),
      [false, false],
    );
    world.peers.close();
    assert.is(world.wait, undefined);
  },
);

names.run();
