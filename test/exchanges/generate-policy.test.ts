// Policies made from templates (notes: RouterOS's rules 1 to 5): what a peer may ask for, what is made of
// it, and that it goes with its SAs.
// Shows identity.policy-template-group, policy.template, policy.group, policy.invalid, group.name
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPrefix, parsePrefix } from '../../src/policy/address.js';
import type { DynamicPolicy, GeneratePolicy, Policy, Template } from '../../src/policy/database.js';
import { decodeHeader } from '../../src/wire/header.js';
import { INFORMATIONAL } from '../../src/wire/numbers.js';
import { databases, type SiteOptions } from './databases.js';
import { connected, newWorld } from './connected.js';
import type { World } from './world.js';

const generate = suite('exchanges: generate-policy');

const RULES: GeneratePolicy = { ports: 'port-strict', group: 'default', notrackChain: undefined };
const [pattern] = databases('west').policies as [Policy];
const template = (
  id: number,
  src: string,
  dst: string,
  more: Partial<Template> = {},
): Template => ({
  ...pattern,
  id,
  place: id,
  peer: undefined,
  src: parsePrefix(src)!,
  dst: parsePrefix(dst)!,
  group: 'default',
  ...more,
});

/** West has no policies of its own, and these templates. */
const west = (templates: Template[], rules: Partial<GeneratePolicy> = {}): SiteOptions => ({
  policies: 0,
  templates,
  identity: { generatePolicy: { ...RULES, ...rules } },
});

const text = ({ src, srcPort, dst, dstPort, protocol }: Policy): string =>
  `${formatPrefix(src)}:${srcPort ?? '*'} ${formatPrefix(dst)}:${dstPort ?? '*'} ${protocol}`;
const made = (world: World): DynamicPolicy[] => [...world.west.made.values()];

generate(
  'the policy is what the peer asks for, within the template; it goes with its SA',
  async () => {
    const world = newWorld({ west: west([template(3, '::/0', '198.18.0.0/15')]) });
    await world.establish().catch(() => {});
    assert.equal(made(world).map(text), ['198.19.0.0/24:* 198.18.0.0/24:* 0']);
    const [policy] = made(world);
    assert.is(policy?.template, 3);
    assert.is(policy?.peer, 'east');
    assert.is(policy?.level, 'require');
    world.checkMirrored();
    const [row] = world.west.engine.generated();
    assert.equal([row?.invalid, row?.children.length], [false, 1]);
    await world.east.carry(world.east.engine.flush());
    await world.run();
    assert.equal(made(world), [], 'the SA is gone, and the policy with it');
    assert.equal(world.west.engine.generated(), []);
  },
);

generate('it stays while its SA is replaced, by either side, and under a new IKE SA', async () => {
  const lifetimes = { profile: { lifetime: 4000 }, proposal: { lifetime: 1000 } };
  const world = newWorld({
    east: lifetimes,
    west: { ...west([template(3, '::/0', '::/0')]), ...lifetimes },
  });
  await world.east.carry(world.east.engine.start());
  await world.run();
  const [policy] = made(world);
  const [first] = world.west.children.keys();
  await world.run(4_500_000);
  assert.not(world.west.children.has(first!));
  assert.is(world.west.children.size, 1);
  assert.equal(made(world), [policy], 'the same policy through all of them');
  world.checkMirrored();
});

generate(
  'both sides must lie inside, the protocol too; the first template in order decides',
  async () => {
    const cases: [string, Template[], number | undefined][] = [
      ['remote side outside', [template(1, '::/0', '203.0.113.0/24')], undefined],
      ['local side outside', [template(1, '203.0.113.0/24', '::/0')], undefined],
      ['another group', [template(1, '::/0', '::/0', { group: 'other' })], undefined],
      ['none', [], undefined],
      [
        'the first',
        [
          template(1, '203.0.113.0/24', '::/0'),
          template(2, '::/0', '::/0'),
          template(3, '::/0', '::/0'),
        ],
        2,
      ],
      [
        'whole before a part',
        [template(1, '198.19.0.0/25', '::/0'), template(2, '::/0', '::/0')],
        2,
      ],
      ['a part', [template(1, '198.19.0.0/25', '::/0')], 1],
    ];
    for (const [name, templates, expected] of cases) {
      const world = newWorld({ west: west(templates) });
      await world.east.carry(world.east.engine.start());
      await world.run();
      assert.is(world.west.established.length, 1, 'the IKE SA stands either way');
      assert.is(made(world)[0]?.template, expected, name);
      if (expected === undefined) {
        assert.match(world.east.complaints().join(), /TS_UNACCEPTABLE/);
        assert.match(world.west.complaints().join(), /the templates of group default/);
      }
    }
  },
);

generate('generate-policy=no and the group none make nothing', async () => {
  const templates = [template(1, '::/0', '::/0')];
  for (const generatePolicy of [undefined, { ...RULES, group: undefined }]) {
    const world = newWorld({ west: { policies: 0, templates, identity: { generatePolicy } } });
    await world.east.carry(world.east.engine.start());
    await world.run();
    assert.equal([made(world), world.west.children.size], [[], 0]);
  }
});

generate('port-strict keeps ports and protocol, port-override makes them any', async () => {
  const ports = { protocol: 17, srcPort: 1701, dstPort: 1701 };
  for (const [rule, wanted, sa] of [
    ['port-strict', '198.19.0.0/24:1701 198.18.0.0/24:1701 17', [1701, 1701]],
    ['port-override', '198.19.0.0/24:* 198.18.0.0/24:* 17', [0, 65535]],
  ] as const) {
    const world = newWorld({
      east: { policy: ports },
      west: west([template(1, '::/0', '::/0')], { ports: rule }),
    });
    await world.east.carry(world.east.engine.start());
    await world.run();
    assert.equal(made(world).map(text), [wanted]);
    const [child] = [...world.west.children.values()];
    const { startPort, endPort } = child!.sa.remoteSelectors[0]!;
    assert.equal([startPort, endPort], sa, 'and the SA carries what the policy sends');
  }
  const tcp = newWorld({
    east: { policy: ports },
    west: west([template(1, '::/0', '::/0', { protocol: 6 })]),
  });
  await tcp.east.carry(tcp.east.engine.start());
  await tcp.run();
  assert.equal(made(tcp), [], 'another protocol');
});

generate('a policy that is written goes before a template', async () => {
  const world = await connected({
    west: { templates: [template(9, '::/0', '::/0')], identity: { generatePolicy: RULES } },
  });
  assert.equal(made(world), []);
  world.checkSettled();
});

generate('proposal and level are the template’s', async () => {
  const proposal = { ...pattern.proposal, name: 'other', encAlgorithms: ['aes-256-gcm'] };
  const world = newWorld({
    west: west([template(1, '::/0', '::/0', { proposal, level: 'unique' })]),
  });
  await world.east.carry(world.east.engine.start());
  await world.run();
  assert.is(world.west.children.size, 0);
  assert.match(world.west.complaints().join(), /proposal 'other' allows/);
  const fits = newWorld({
    east: { proposal: { encAlgorithms: ['aes-256-gcm'] } },
    west: west([template(1, '::/0', '::/0', { proposal, level: 'unique' })]),
  });
  await fits.east.carry(fits.east.engine.start());
  await fits.run();
  assert.equal(
    made(fits).map(({ level, proposal: { name } }) => [level, name]),
    [['unique', 'other']],
  );
});

generate('transport mode where the peer asks for it', async () => {
  const hosts = { tunnel: false, src: parsePrefix('192.0.2.1')!, dst: parsePrefix('192.0.2.2')! };
  const world = newWorld({ east: { policy: hosts }, west: west([template(1, '::/0', '::/0')]) });
  await world.east.carry(world.east.engine.start());
  await world.run();
  assert.equal(
    made(world).map((policy) => [text(policy), policy.tunnel]),
    [['192.0.2.2/32:* 192.0.2.1/32:* 0', false]],
  );
});

generate('killing connections takes the policies with them', async () => {
  const world = newWorld({ east: { policies: 3 }, west: west([template(1, '::/0', '::/0')]) });
  await world.east.carry(world.east.engine.start());
  await world.run();
  assert.is(made(world).length, 3);
  await world.west.carry(world.west.engine.killConnections());
  assert.equal(made(world), []);
});

generate(
  'a template that is no more takes its policies with it; one that is kept does not',
  async () => {
    const templates = [template(1, '::/0', '198.18.0.0/24'), template(2, '::/0', '::/0')];
    const world = newWorld({ east: { policies: 2 }, west: west(templates) });
    await world.east.carry(world.east.engine.start());
    await world.run();
    assert.equal(
      made(world).map(({ template: id }) => id),
      [1, 2],
    );
    const next = databases('west', west(templates.slice(1)));
    const change = { databases: next, removed: [1], changedPeers: [] };
    await world.west.carry(world.west.engine.reconfigure(change));
    assert.equal(
      made(world).map(({ template: id }) => id),
      [2],
    );
  },
);

generate(
  'one that matches the same as a written policy is invalid until that one goes',
  async () => {
    const other: Policy = { ...pattern, id: 0, peer: 'somebody', action: 'discard' };
    const options = west([template(5, '::/0', '::/0')]);
    const site = { ...options, policies: 1, eachPolicy: () => other };
    const world = newWorld({ west: site });
    await world.east.carry(world.east.engine.start());
    await world.run();
    assert.equal(made(world), []);
    assert.equal(
      world.west.engine.generated().map(({ invalid }) => invalid),
      [true],
    );
    const change = { databases: databases('west', options), removed: [0], changedPeers: [] };
    await world.west.carry(world.west.engine.reconfigure(change));
    assert.is(made(world).length, 1);
  },
);

generate('who comes again shares the policy it had; it goes with the last of them', async () => {
  const east = { peer: { sendInitialContact: false } };
  const world = newWorld({ east, west: west([template(1, '::/0', '::/0')]) });
  await world.east.carry(world.east.engine.start());
  await world.run();
  const [old] = made(world);
  // east leaves, and west never hears of it
  world.filter = (from, { bytes }) =>
    from !== world.east || decodeHeader(bytes).exchangeType !== INFORMATIONAL;
  await world.east.carry(world.east.engine.killConnections());
  await world.run(10_000);
  const [row, ...others] = world.west.engine.generated();
  assert.equal(others, []);
  assert.equal([row!.invalid, row!.children.length], [false, 2]);
  assert.equal(made(world), [old]);
  // as soon as it is heard through the new one, that carries
  const [first, second] = row!.children.map(({ sa }) => sa.id);
  assert.is(world.west.current(old!.id)!.id, first);
  await world.west.carry(world.west.engine.trafficSeen(second!, world.now));
  assert.is(world.west.current(old!.id)!.id, second);
  world.filter = () => true;
  await world.west.carry(world.west.engine.killConnections());
  assert.equal(made(world), []);
});

generate.run();
