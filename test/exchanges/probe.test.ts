// Questions as long as a packet: the first transmission goes whole, and alone counts; what follows is the
// same message in fragments, so that a narrow path costs nothing but a moment.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Probed } from '../../src/ike/step.js';
import { address, WEST } from './databases.js';
import { both, connected } from './connected.js';
import type { World, WorldOptions } from './world.js';

const probe = suite('probe');
const SUITES = {
  'aes-128-gcm': {},
  'aes-256 with sha256': { profile: { encAlgorithm: ['aes-256'], hashAlgorithm: ['sha256'] } },
};

/** What east learns, while the world runs to its end; messages larger than `width` vanish if whole. */
async function ask(world: World, wanted: number, width: number): Promise<Probed[]> {
  const { east } = world;
  const found: Probed[] = [];
  const carry = east.carry.bind(east);
  east.carry = async (pending) => {
    const step = await carry(pending);
    found.push(...step.probed);
    return step;
  };
  world.filter = (_from, { bytes, size }) => size !== 'whole' || bytes.length + 28 <= width;
  const step = await east.engine.probe(WEST, wanted);
  assert.ok(step.asked);
  assert.not.ok((await east.engine.probe(WEST, wanted)).asked, 'one at a time');
  await carry(Promise.resolve(step));
  await world.run(60_000);
  return found;
}

for (const [name, site] of Object.entries(SUITES)) {
  probe(`${name}: exactly so long, or less than a block shorter`, async () => {
    for (const options of [both(site), both({ ...site, peer: { udpEncapsulation: true } })]) {
      for (const wanted of [576, 577, 1280, 1399, 1500, 9000]) {
        const world = await connected(options as WorldOptions);
        const marker = world.east.peers[0]!.port === 500 ? 0 : 4;
        world.captured.length = 0;
        const [result, ...more] = await ask(world, wanted, 20_000);
        assert.equal(more, []);
        const { datagram } = world.captured[0]!;
        assert.is(datagram.size, 'whole');
        assert.is(result!.bytes, 20 + 8 + marker + datagram.bytes.length);
        assert.ok(result!.bytes <= wanted && result!.bytes > wanted - 16, `${result!.bytes}`);
        assert.equal([result!.wanted, result!.passed], [wanted, true]);
        assert.equal(result!.remote, WEST);
        world.checkSettled();
      }
    }
  });
}

probe(
  'too long for the path: the same bytes again, small; the IKE SA goes on and nothing is shown',
  async () => {
    const world = await connected();
    world.captured.length = 0;
    const [result] = await ask(world, 1500, 1400);
    assert.equal([result!.wanted, result!.passed], [1500, false]);
    const [first, second] = world.captured.map(({ datagram }) => datagram);
    assert.equal([first!.size, second!.size], ['whole', 'small']);
    assert.equal(second!.bytes, first!.bytes, 'RFC 7296 §2.1: bit for bit');
    world.checkSettled();
    assert.equal(world.east.complaints(), []);
    // and the next one may pass
    const [next] = await ask(world, 1300, 1400);
    assert.ok(next!.passed);
  },
);

probe('a peer that dies under a probe is given up as one that does not answer DPD', async () => {
  const world = await connected({ east: { profile: { dpdInterval: 10, dpdMaximumFailures: 2 } } });
  const step = await world.east.engine.probe(WEST, 1500);
  world.filter = () => false;
  await world.east.carry(Promise.resolve(step));
  await world.run(2000 + 2000 + 4000 + 1000);
  assert.match(world.east.complaints().join('\n'), /peer is dead: no answer to 3 transmissions/);
  assert.is(world.east.children.size, 0);
});

probe('nobody there, or a size that no message can have', async () => {
  const world = await connected();
  assert.not.ok((await world.east.engine.probe(address('192.0.2.77'), 1500)).asked);
  await world.east.carry(world.east.engine.probe(WEST, 60));
  await world.run();
  world.checkSettled();
});

probe.run();
