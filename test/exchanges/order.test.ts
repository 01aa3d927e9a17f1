// What the engine wants done, in the order in which it was decided, however many SAs are at work: what
// one SA's turn removes another's may have installed a moment ago (docs/architecture.md).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localAgreement } from '../../src/crypto/agreement.js';
import type { Context } from '../../src/ike/context.js';
import { Engine } from '../../src/ike/engine.js';
import type { Datagram, Step } from '../../src/ike/step.js';
import { storeOf } from '../certificates/pki.js';
import { Random } from '../wire/random.js';
import { address, databases, WEST } from './databases.js';
import { Site } from './site.js';

const order = suite('exchanges/order');

const CLIENTS = 200;
let spi = 0x10000;

/** Shared secrets take a thread's time, each another: turns overlap and end in any order. */
function context(own: string | undefined, seed: number): Context {
  const random = new Random(seed);
  return {
    now: () => 1_000_000,
    random: (bytes) => random.bytes(bytes),
    allocateSpi: () => ++spi,
    agreement: {
      generate: async (group) => {
        const share = await localAgreement.generate(group);
        const derive = async (peerPublic: Uint8Array): Promise<Uint8Array> => {
          for (let turns = random.between(0, 9); turns > 0; turns--)
            await new Promise(setImmediate);
          return share.derive(peerPublic);
        };
        return { ...share, derive };
      },
    },
    certificates: storeOf([]),
    localAddressFor: () => (own === undefined ? WEST : address(own)),
    settings: { cookieThreshold: 2 * CLIENTS, halfOpenLimit: 2 * CLIENTS },
  };
}

const turned = ({ local, remote, bytes }: Datagram): Datagram => ({
  local: remote,
  remote: local,
  bytes,
});

order('200 clients that remove each other by INITIAL_CONTACT leave one child', async () => {
  const anyone = { address: { address: address('0.0.0.0'), bits: 0 }, localAddress: undefined };
  const proposal = { pfsGroup: undefined };
  const server = new Engine(databases('west', { peer: anyone, proposal }), context(undefined, 1));
  const answers: Datagram[] = [];
  const west = new Site('west', server, (datagram) => answers.push(turned(datagram)));
  const clients = new Map<string, Engine>();
  const calls: Datagram[] = [];
  const calling = (step: Step): void => {
    calls.push(...step.send.map(turned));
  };
  for (let index = 0; index < CLIENTS; index++) {
    const own = `198.18.0.${index + 1}`;
    const peer = { localAddress: address(own) };
    const client = new Engine(databases('east', { peer }), context(own, 2 + index));
    clients.set(`${address(own).value}`, client);
    calling(await client.start());
  }
  for (let round = 0; round < 4 && calls.length > 0; round++) {
    // All at once, as a thread's mail comes: each is carried out as soon as its promise resolves.
    await Promise.all(calls.splice(0).map((call) => west.carry(server.receive(call))));
    for (const answer of answers.splice(0)) {
      calling(await clients.get(`${answer.local.address.value}`)!.receive(answer));
    }
  }
  assert.is(west.history.length, CLIENTS, 'every client had its child');
  const [peer, ...more] = server.peers();
  assert.equal(more, []);
  assert.equal([...west.children.keys()], peer?.children);
});

order.run();
