// A policy with several peers: the first that works has its SA, the others stand by.
// Shows policy.peer, policy.backup, policy.current-peer
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Databases, Identity, Peer, Policy } from '../../src/policy/database.js';
import { address, databases, EAST, PROFILE, type SiteOptions, WEST } from './databases.js';
import { Random } from '../wire/random.js';
import { Net } from './net.js';
import type { Site } from './site.js';

const SPARE = address('192.0.2.3');
const failover = suite('failover');

interface Options {
  /** Changes to east's policies, of which there are as many. */
  readonly policies?: readonly Partial<Policy>[];
  readonly peers?: Partial<Record<'west' | 'spare', Partial<Peer>>>;
  readonly west?: SiteOptions;
  readonly spare?: SiteOptions;
}

/** East's peers are west and spare; its policies are west's, with spare as backup, unless changed. */
function eastern({ policies = [{}], peers = {} }: Options): Databases {
  const base = databases('east', { policies: policies.length });
  const profile = { ...PROFILE, dpdInterval: 10, dpdMaximumFailures: 3 };
  const west: Peer = { ...base.peers[0]!, profile, ...peers.west };
  const spare: Peer = { ...west, name: 'spare', address: { address: SPARE, bits: 32 } };
  const identity = base.identities[0]!;
  const remoteId = { kind: 'fqdn', text: 'spare.example' } as const;
  return {
    ...base,
    peers: [west, { ...spare, ...peers.spare }],
    identities: [identity, { ...identity, peer: 'spare', remoteId } as Identity],
    policies: base.policies.map((policy, at) => ({
      ...policy,
      backups: ['spare'],
      ...policies[at],
    })),
  };
}

/** The mirror image: both have the same networks behind them. */
function western(options: SiteOptions | undefined, spare: boolean, policies: number): Databases {
  const myId = { kind: 'fqdn', text: 'spare.example' } as const;
  return databases('west', {
    policies,
    ...options,
    peer: { ...(spare ? { localAddress: SPARE } : {}), ...options?.peer },
    identity: { ...(spare ? { myId } : {}), ...options?.identity },
  });
}

function lay(options: Options = {}) {
  const net = new Net();
  const policies = options.policies?.length ?? 1;
  const east = net.add('east', [EAST], eastern(options));
  const west = net.add('west', [WEST], western(options.west, false, policies));
  const spare = net.add('spare', [SPARE], western(options.spare, true, policies));
  return { net, east, west, spare };
}

const used = ({ engine }: Site): (string | undefined)[] =>
  engine.policies().map(({ peer }) => peer);
const connections = (site: Site): string[] => site.established.map(({ peer }) => peer).sort();
const DEAD = '192.0.2.2';

failover('only the first peer is called; the policy is its', async () => {
  const { net, east, spare } = lay();
  await net.start(east);
  await net.run(60_000);
  assert.equal([used(east), connections(east), connections(spare)], [['west'], ['west'], []]);
  assert.equal(east.complaints(), []);
});

failover(
  'no answer: the next one has it in 15 s, and what traffic asks for goes there',
  async () => {
    const { net, east } = lay();
    net.down.add(DEAD);
    await net.start(east);
    await net.run(15_500);
    assert.equal([used(east), connections(east)], [['spare'], ['spare']]);
    await east.carry(east.engine.flush());
    await net.run(1000);
    assert.equal(used(east), [undefined]);
    await east.carry(east.engine.acquire(0));
    await net.run(1000);
    assert.equal([used(east), east.children.size], [['spare'], 1]);
  },
);

failover(
  'a dead peer makes way, and has it again when it is back: no moment without SA',
  async () => {
    const { net, east, west, spare } = lay();
    await net.start(east);
    await net.run(1000);
    net.down.add(DEAD);
    await net.run(60_000);
    assert.equal([used(east), connections(east)], [['spare'], ['spare']]);
    net.watch = () => assert.ok(east.current(0), 'no SA');
    net.down.delete(DEAD);
    await net.run(180_000);
    assert.equal([used(east), connections(east)], [['west'], ['west']]);
    assert.equal([east.children.size, west.children.size, spare.children.size], [1, 1, 0]);
    assert.equal(connections(spare), []);
    // And once more: the backup has not been forgotten.
    net.watch = () => {};
    net.down.add(DEAD);
    await net.run(60_000);
    assert.equal(used(east), ['spare']);
  },
);

failover(
  'two addresses of one gateway: on the way back it knows what we send by at all times',
  async () => {
    const net = new Net();
    const own = eastern({});
    const { remoteId } = own.identities[0]!;
    const identities = own.identities.map((one) => ({ ...one, remoteId }) as Identity);
    const east = net.add('east', [EAST], { ...own, identities });
    const there = databases('west', {
      peer: { localAddress: undefined },
      profile: { dpdInterval: 10 },
    });
    const west = net.add('west', [WEST, SPARE], there);
    await net.start(east);
    net.down.add(DEAD);
    await net.run(60_000);
    assert.equal(used(east), ['spare']);
    net.watch = () => assert.ok(west.inbound(east.current(0)!.outbound.spi), 'lost');
    net.down.delete(DEAD);
    await net.run(180_000);
    assert.equal([used(east), connections(east), west.children.size], [['west'], ['west'], 1]);
  },
);

failover('a peer that ends the IKE SA makes way at once', async () => {
  const { net, east, west } = lay();
  await net.start(east);
  await net.run(1000);
  await west.carry(west.engine.shutdown());
  await net.run(1000);
  assert.equal(used(east), ['spare']);
});

failover('a peer that refuses us makes way at once', async () => {
  const { net, east } = lay({ west: { identity: { secret: new Uint8Array(9) } } });
  await net.start(east);
  await net.run(1000);
  assert.equal([used(east), connections(east)], [['spare'], ['spare']]);
  await net.run(600_000);
  assert.equal([used(east), connections(east)], [['spare'], ['spare']]);
});

failover(
  'a peer that refuses the policy alone makes way for that, and is not hammered',
  async () => {
    const { net, east, west } = lay({
      policies: [{}, { backups: [] }],
      west: { eachPolicy: (one) => (one.id === 0 ? { ...one, proposal: OTHER(one) } : one) },
    });
    await net.start(east);
    await net.run(1000);
    assert.equal(
      [used(east), connections(east)],
      [
        ['spare', 'west'],
        ['spare', 'west'],
      ],
    );
    const before = west.sent;
    await net.run(600_000);
    assert.equal(used(east), ['spare', 'west']);
    // asked once in two minutes, beside a check of liveness every ten seconds
    assert.ok(west.sent - before < 80, `${west.sent - before} messages`);
  },
);

const OTHER = ({ proposal }: Policy) => ({ ...proposal, encAlgorithms: ['aes-256-gcm'] });

failover(
  'none works: packets have no SA; whoever comes back first has it, then the first',
  async () => {
    const { net, east } = lay();
    net.down.add(DEAD).add('192.0.2.3');
    await net.start(east);
    await net.run(120_000);
    assert.equal([used(east), east.children.size], [[undefined], 0]);
    const step = await east.carry(east.engine.acquire(0));
    assert.equal(step.unmet, [0]);
    net.down.delete('192.0.2.3');
    await net.run(180_000);
    assert.equal(used(east), ['spare']);
    net.down.delete(DEAD);
    await net.run(180_000);
    assert.equal([used(east), connections(east)], [['west'], ['west']]);
  },
);

failover(
  'a backup with a policy of its own stays, and takes over without a handshake',
  async () => {
    const { net, east, spare } = lay({ policies: [{}, { peer: 'spare', backups: [] }] });
    await net.start(east);
    await net.run(1000);
    assert.equal(used(east), ['west', 'spare']);
    const [connection] = spare.peers;
    net.down.add(DEAD);
    await net.run(60_000);
    assert.equal(used(east), ['spare', 'spare']);
    net.down.delete(DEAD);
    await net.run(180_000);
    assert.equal(used(east), ['west', 'spare']);
    assert.equal([connections(east), spare.children.size], [['spare', 'west'], 1]);
    assert.is(spare.peers[0]!.spii, connection!.spii);
  },
);

failover('two policies that prefer different peers: each goes back to its own', async () => {
  const policies = [{}, { peer: 'spare', backups: ['west'] }];
  const { net, east, west, spare } = lay({ policies });
  await net.start(east);
  await net.run(1000);
  assert.equal(used(east), ['west', 'spare']);
  net.down.add(DEAD);
  await net.run(60_000);
  assert.equal(used(east), ['spare', 'spare']);
  net.down.delete(DEAD);
  await net.run(180_000);
  assert.equal([used(east), west.children.size, spare.children.size], [['west', 'spare'], 1, 1]);
});

failover('peers that call us: both have an SA, packets go where they come from', async () => {
  const passive = { passive: true };
  const calling = { peer: { passive: false } };
  const { net, east, west, spare } = lay({
    peers: { west: passive, spare: passive },
    west: calling,
    spare: calling,
  });
  await net.start(east, west, spare);
  await net.run(1000);
  assert.equal([connections(east), east.children.size], [['spare', 'west'], 2]);
  const first = east.current(0)!;
  const other = [...east.children.values()].find(({ sa }) => sa.id !== first.id)!.sa;
  await east.carry(east.engine.trafficSeen(other.id, net.now));
  assert.is(east.current(0)!.id, other.id);
  // Nobody takes anything from the other.
  await net.run(600_000);
  assert.equal([connections(east), east.children.size], [['spare', 'west'], 2]);
  // The one in use dies: packets go by the other without anything being made.
  net.down.add(other.peer === 'west' ? DEAD : '192.0.2.3');
  await net.run(60_000);
  assert.is(east.current(0)!.id, first.id);
});

failover(
  'the first peer has a name without an address yet: the next one, until it has',
  async () => {
    const { net, east } = lay();
    const whole = eastern({});
    const change = (databases: Databases) =>
      east.carry(east.engine.reconfigure({ databases, removed: [], changedPeers: ['west'] }));
    const [west, ...others] = whole.peers;
    await change({ ...whole, peers: others });
    await net.start(east);
    await net.run(1000);
    assert.equal(used(east), ['spare']);
    net.watch = () => assert.ok(east.current(0), 'no SA');
    await change({ ...whole, peers: [{ ...west!, named: true }, ...others] });
    await net.run(10_000);
    assert.equal([used(east), connections(east)], [['west'], ['west']]);
  },
);

failover(
  'the first peer is tried at every address of its name, while the next one has the policy',
  async () => {
    const { net, east } = lay({ peers: { west: { named: true } } });
    net.down.add(DEAD).add('192.0.2.77');
    const whole = eastern({});
    let places = [WEST, address('192.0.2.77')];
    let tried = 0;
    const carry = east.carry.bind(east);
    // As the daemon does: whoever gives no answer is at the next address of its name from now on.
    east.carry = async (pending) => {
      const step = await carry(pending);
      if (!step.silent.some(({ peer }) => peer === 'west')) return step;
      tried++;
      places = [...places.slice(1), places[0]!];
      const west: Peer = {
        ...whole.peers[0]!,
        named: true,
        address: { address: places[0]!, bits: 32 },
      };
      const databases = { ...whole, peers: [west, whole.peers[1]!] };
      await carry(east.engine.reconfigure({ databases, removed: [], changedPeers: ['west'] }));
      return step;
    };
    await net.start(east);
    await net.run(16_000);
    assert.equal(used(east), ['spare']);
    net.watch = () => assert.ok(east.current(0), 'no SA');
    await net.run(300_000);
    assert.ok(tried > 8, `${tried} attempts`);
    assert.equal([used(east), east.history.length], [['spare'], 1]);
    net.down.clear();
    await net.run(60_000);
    assert.equal([used(east), connections(east)], [['west'], ['west']]);
  },
);

for (const calling of [false, true]) {
  const who = calling ? 'who call us, too' : 'who wait for us';
  failover(
    `whatever is lost and comes back: at the end all is calm, with peers ${who}`,
    async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const random = new Random(seed);
        const site = { peer: { passive: !calling } };
        const { net, east, west, spare } = lay({ west: site, spare: site });
        await net.start(east, west, spare);
        for (let turn = 0; turn < 8; turn++) {
          for (const one of [DEAD, '192.0.2.3']) {
            if (random.chance(0.5)) net.down.add(one);
            else net.down.delete(one);
          }
          if (random.chance(0.3)) await east.carry(east.engine.acquire(0));
          await net.run(random.between(100, 60_000));
        }
        net.down.clear();
        await net.run(300_000);
        const children = east.history.length;
        await net.run(300_000);
        assert.is(east.history.length, children, `seed ${seed}: children are made without end`);
        const [peer] = used(east);
        assert.ok(calling ? peer !== undefined : peer === 'west', `seed ${seed}: ${peer}`);
        if (!calling) assert.equal([connections(east), east.children.size], [['west'], 1]);
        const out = east.current(0)!;
        const there = out.peer === 'west' ? west : spare;
        assert.ok(there.inbound(out.outbound.spi), `seed ${seed}: the other end does not know it`);
        assert.ok(
          [east, west, spare].every((one) => !one.events.some(isBug)),
          `seed ${seed}`,
        );
      }
    },
  );
}

const isBug = ({ topic }: { readonly topic: string }): boolean => topic === 'ike.bug';

failover('a reload that drops the peer in use, or puts another first', async () => {
  const { net, east } = lay();
  const before = eastern({});
  await net.start(east);
  await net.run(1000);
  // Another order is another policy, with another id.
  const [policy] = before.policies;
  const swapped = { ...policy!, id: 1, peer: 'spare', backups: ['west'] };
  await east.carry(
    east.engine.reconfigure({
      databases: { ...before, policies: [swapped] },
      removed: [0],
      changedPeers: [],
    }),
  );
  await net.run(10_000);
  assert.equal([used(east), east.children.size], [['spare'], 1]);
  const only = before.peers.filter(({ name }) => name === 'west');
  await east.carry(
    east.engine.reconfigure({
      databases: { ...before, peers: only, policies: [swapped] },
      removed: [],
      changedPeers: ['spare'],
    }),
  );
  await net.run(10_000);
  assert.equal([used(east), connections(east)], [['west'], ['west']]);
});

failover.run();
