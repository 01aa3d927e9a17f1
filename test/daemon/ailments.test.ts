// What the engine's failures become for the doctor: two engines that cannot agree, a question each.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Ailments, CHECK_OF_ERROR, CHECKS, type CheckName } from '../../src/daemon/ailments.js';
import { Engine } from '../../src/ike/engine.js';
import { ERRORS } from '../../src/ike/errors.js';
import { address } from '../exchanges/databases.js';
import { connected, newWorld } from '../exchanges/connected.js';
import { World, type WorldOptions } from '../exchanges/world.js';
import { parsePrefix } from '../../src/policy/address.js';

const ailments = suite('daemon ailments');

/** East calls west; what each then knows of the other. */
async function call(options: WorldOptions, meanwhile: (world: World) => void = () => {}) {
  const world = newWorld(options);
  meanwhile(world);
  await world.east.carry(world.east.engine.start());
  await world.run(120_000);
  return { east: known(world, 'east'), west: known(world, 'west') };
}

function known(world: World, side: 'east' | 'west') {
  const found = new Ailments();
  for (const event of world[side].events) found.note(event, 0);
  return found.of(side === 'east' ? 'west' : 'east');
}

const checks = (record: { readonly ailments: readonly { readonly check: CheckName }[] }) =>
  record.ailments.map(({ check }) => check).join(', ');

ailments('every error of the engine belongs to a question', () => {
  assert.equal(Object.keys(CHECK_OF_ERROR).sort(), Object.keys(ERRORS).sort());
  for (const check of Object.values(CHECK_OF_ERROR)) assert.ok(CHECKS.includes(check));
});

const remoteId = { kind: 'fqdn', text: 'south.example' } as const;
const secret = new TextEncoder().encode('another secret');
const other = { src: parsePrefix('203.0.113.0/26')!, dst: parsePrefix('203.0.113.64/26')! };

/** What differs, and what the caller and the one called then have. */
const CASES: readonly (readonly [string, WorldOptions, RegExp, RegExp])[] = [
  ['secret', { east: { identity: { secret } } }, /^authentication$/, /^authentication$/],
  ['identity there', { west: { identity: { remoteId } } }, /^authentication$/, /^identities$/],
  ['identity here', { east: { identity: { remoteId } } }, /^authentication$/, /^identities$/],
  ['phase 1', { east: { profile: { dhGroup: ['ecp384'] } } }, /proposals/, /^proposals$/],
  [
    'phase 2',
    { east: { proposal: { encAlgorithms: ['aes-256-gcm'] } } },
    /^proposals$/,
    /^proposals$/,
  ],
  ['networks', { east: { policy: other } }, /^traffic selectors$/, /^traffic selectors$/],
  ['mode', { west: { policy: { tunnel: false } } }, /^traffic selectors$/, /^traffic selectors$/],
];
for (const [what, options, caller, called] of CASES) {
  ailments(`another ${what}`, async () => {
    const { east, west } = await call(options);
    assert.match(checks(east), caller);
    assert.match(checks(west), called);
  });
}

ailments('nobody answers; and IKE_AUTH alone is lost', async () => {
  const silent = await call({}, (world) => {
    world.filter = () => false;
  });
  assert.is(checks(silent.east), 'UDP 500 and 4500');
  const half = await call({}, (world) => {
    world.filter = (_, { bytes }) => bytes[18] !== 35;
  });
  assert.is(checks(half.east), 'UDP 500 and 4500');
  assert.match(half.east.ailments[0]!.text, 'ike-auth');
  assert.is(checks(half.west), 'UDP 500 and 4500');
});

ailments('no route, no identity', async () => {
  const cut = new World(
    (databases, context) => new Engine(databases, { ...context, localAddressFor: () => undefined }),
    { east: { peer: { localAddress: undefined } } },
  );
  await cut.east.carry(cut.east.engine.start());
  assert.is(checks(known(cut, 'east')), 'address and route');
  assert.is(checks((await call({ east: { identities: () => [] } })).east), 'configuration');
});

ailments('AH behind a NAT', async () => {
  const policy = { protection: 'ah' } as const;
  const peer = { udpEncapsulation: true };
  const { east } = await call({ east: { policy, peer }, west: { policy, peer } });
  assert.is(checks(east), 'NAT');
});

ailments('a caller that nobody knows; of many the last few', async () => {
  const { west } = await (async () => {
    const world = newWorld({
      west: { peer: { address: { address: address('192.0.2.9'), bits: 32 } } },
    });
    await world.east.carry(world.east.engine.start());
    await world.run(10_000);
    const found = new Ailments();
    for (const event of world.west.events) found.note(event, 7);
    return { west: found };
  })();
  assert.equal(west.strangers(), [{ address: '192.0.2.1', at: 7 }]);
  for (let at = 0; at < 1000; at++) {
    const facts = { stranger: `198.51.100.${at}` };
    west.note({ level: 'warning', topic: 'ike.init', peer: undefined, text: '', facts }, at);
  }
  assert.is(west.strangers().length, 8);
  assert.is(west.strangers().at(-1)!.address, '198.51.100.999');
});

ailments(
  'what works heals: an IKE SA all, a child its policy; the notification stays',
  async () => {
    const world = await connected();
    const up = world.east.events.find(({ text }) => text.startsWith('IKE SA is up'))!;
    const child = world.east.events.find(({ text }) => text.startsWith('CHILD_SA'))!;
    const record = (facts: object) => ({
      level: 'error' as const,
      topic: 'ike.child',
      peer: 'west',
      text: 'no',
      facts: { ...facts },
    });
    const found = new Ailments();
    found.note(record({ notify: 'TS_UNACCEPTABLE', policy: 0 }), 1);
    found.note(record({ notify: 'TS_UNACCEPTABLE', policy: 7 }), 2);
    found.note(record({ notify: 'TS_UNACCEPTABLE', policy: 7 }), 3);
    assert.equal(
      found.of('west').ailments.map(({ policy, at }) => [policy, at]),
      [
        [0, 1],
        [7, 3],
      ],
    );
    found.note(child, 4);
    assert.equal(
      found.of('west').ailments.map(({ policy }) => policy),
      [7],
    );
    found.note(up, 5);
    assert.equal(found.of('west').ailments, []);
    assert.equal(found.of('west').notified, { at: 3, name: 'TS_UNACCEPTABLE' });
    assert.equal(known(world, 'east'), { ailments: [], notified: undefined });
    found.note(record({ error: 'no-proposal' }), 6);
    found.forget(['west']);
    assert.equal(found.of('west').ailments, []);
  },
);

ailments.run();
