// An IKE SA that another one's turn removes (INITIAL_CONTACT, RFC 7296 §2.4) while a turn of its own waits
// for a slow sum: that turn comes to nothing. No answer, no child, no successor, and the SA stays gone.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Agreement, localAgreement } from '../../src/crypto/agreement.js';
import { Engine } from '../../src/ike/engine.js';
import type { Datagram } from '../../src/ike/step.js';
import { CREATE_CHILD_SA } from '../../src/wire/numbers.js';
import { Random } from '../wire/random.js';
import { storeOf } from '../certificates/pki.js';
import { databases, EAST, type SiteOptions } from './databases.js';
import { makeEngine } from './engine.js';
import { World } from './world.js';

const ended = suite('exchanges/ended');

const PFS: SiteOptions = { profile: { lifetime: 1000 }, proposal: { pfsGroup: 'x25519' } };

/** West's agreement, of which the next sum waits until `open`. */
function gated(): { agreement: Agreement; close(): void; open(): void; readonly waits: boolean } {
  let gate: Promise<void> | undefined;
  let waits = false;
  let open = (): void => {};
  const pass = async (): Promise<void> => {
    const closed = gate;
    gate = undefined;
    if (!closed) return;
    waits = true;
    await closed;
  };
  return {
    agreement: {
      generate: async (group) => {
        await pass();
        const share = await localAgreement.generate(group);
        const derive = async (theirs: Uint8Array): Promise<Uint8Array> => {
          await pass();
          return share.derive(theirs);
        };
        return { ...share, derive };
      },
    },
    close: () => {
      waits = false;
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    open: () => open(),
    get waits() {
      return waits;
    },
  };
}

/** East has lost everything and calls again, with INITIAL_CONTACT; west answers as ever. */
async function startAnew(world: World): Promise<() => Promise<unknown>> {
  const random = new Random(99);
  let spi = 0xaa000000;
  const engine = new Engine(databases('east', PFS), {
    now: () => world.now,
    random: (bytes) => random.bytes(bytes),
    allocateSpi: () => ++spi,
    agreement: localAgreement,
    certificates: storeOf([]),
    localAddressFor: () => EAST,
  });
  const turned = ({ local, remote, bytes }: Datagram): Datagram => ({
    local: remote,
    remote: local,
    bytes,
  });
  const { west } = world;
  const before = world.captured.length;
  const [init] = (await engine.start()).send;
  await west.carry(west.engine.receive(turned(init!)));
  const answer = world.captured.slice(before).at(-1)!;
  const [auth] = (await engine.receive(turned(answer.datagram))).send;
  const [old] = west.peers;
  // it ends when the turn of the one that is removed does
  const turn = west.carry(west.engine.receive(turned(auth!)));
  while (west.peers.some(({ spir }) => spir === old!.spir)) await new Promise(setImmediate);
  return () => turn;
}

const asks = {
  'a request to replace the IKE SA': async (world: World) => {
    world.now += 801_000;
    await world.east.carry(world.east.engine.tick(world.now));
  },
  'a request to replace a child': async ({ east }: World) => {
    await east.carry(east.engine.childExpired(east.current(0)!.id, 'soft'));
  },
};

for (const [what, ask] of Object.entries(asks)) {
  for (const sum of [1, 2]) {
    ended(`${what}, in its sum ${sum}`, async () => {
      const gate = gated();
      const world = new World(makeEngine, {
        east: PFS,
        west: PFS,
        settings: { softShare: 0.8, softJitter: 0 },
        context: { west: { agreement: gate.agreement } },
      });
      await world.establish();
      world.holding = true;
      await ask(world);
      const [request] = world.heldFor(world.west);
      assert.is(request!.datagram.bytes[18], CREATE_CHILD_SA);
      const original = gate.agreement.generate;
      if (sum === 1) gate.close();
      else {
        const later: Agreement['generate'] = async (group) => {
          const share = await original(group);
          gate.close();
          return share;
        };
        Object.assign(gate.agreement, { generate: later });
      }
      const turn = world.deliver(request);
      while (!gate.waits) await new Promise(setImmediate);
      Object.assign(gate.agreement, { generate: original });
      world.filter = (_, { bytes }) => {
        assert.is.not(bytes[18], CREATE_CHILD_SA, 'answered under an IKE SA that is gone');
        return true;
      };
      const begun = await startAnew(world);
      gate.open();
      await Promise.all([turn, begun()]);
      const { west } = world;
      assert.is(west.peers.length, 1);
      assert.is(west.peers[0]!.state, 'established');
      assert.equal([...west.children.keys()], west.peers[0]!.children);
      assert.is(west.ikeSpis.size, 1);
      // and no clock of what is gone rings
      world.held.length = 0;
      const [only] = west.peers;
      world.filter = () => false;
      await world.run(60_000);
      assert.is(west.peers[0]!.spir, only!.spir);
      assert.is(west.peers.length, 1);
    });
  }
}

/** And the other way: what we asked for is answered, and before that is dealt with the SA is gone. */
ended('an answer that comes too late to be of use', async () => {
  const gate = gated();
  const world = new World(makeEngine, {
    east: PFS,
    west: PFS,
    settings: { softShare: 0.8, softJitter: 0 },
    context: { west: { agreement: gate.agreement } },
  });
  await world.establish();
  const { west } = world;
  world.holding = true;
  world.now += 801_000;
  await west.carry(west.engine.tick(world.now));
  await world.deliver(world.heldFor(world.east)[0]);
  gate.close();
  const turn = world.deliver(world.heldFor(west)[0]);
  while (!gate.waits) await new Promise(setImmediate);
  const begun = await startAnew(world);
  gate.open();
  await Promise.all([turn, begun()]);
  assert.is(west.peers.length, 1);
  assert.equal([...west.children.keys()], west.peers[0]!.children);
  assert.is(west.ikeSpis.size, 1);
});

ended.run();
