// A peer with the right keys that breaks the rules: what is malformed inside SK, what names SAs that do
// not exist, what comes out of turn. The answer is the RFC's, nothing is thrown, and what the peer had
// no right to change is unchanged.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localAgreement } from '../../src/crypto/agreement.js';
import type { Child } from '../../src/ike/sa.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { HEADER_BYTES } from '../../src/wire/header.js';
import { encodeMessage } from '../../src/wire/message.js';
import { N } from '../../src/wire/notifications.js';
import { CREATE_CHILD_SA, IKE_AUTH, IKE_SA_INIT, INFORMATIONAL } from '../../src/wire/numbers.js';
import { randomHeader, randomPayloads } from '../wire/grammar.js';
import { mutate } from '../wire/mutations.js';
import { hex } from '../wire/expect.js';
import { makeEngine } from './engine.js';
import { Insider } from './insider.js';
import { World } from './world.js';

const insider = suite('insider');
const NONE: Uint8Array = new Uint8Array(0);

/** An established pair of which we play east from here on; west expects message id 2. */
async function pair(seed = 1): Promise<{ world: World; peer: Insider }> {
  const world = new World(makeEngine, { seed });
  await world.establish();
  world.filter = (from) => from !== world.west;
  return { world, peer: new Insider(world, world.west) };
}

const notify = (notifyType: number, data = NONE, protocol = 0, spi = NONE): PlainPayload => ({
  type: 'Notify',
  protocol,
  spi,
  notifyType,
  data,
});
const remove = (protocol: number, spis: readonly Uint8Array[]): PlainPayload => ({
  type: 'Delete',
  protocol,
  spis,
});
const notifications = (inner: readonly PlainPayload[]): number[] =>
  inner.flatMap((payload) => (payload.type === 'Notify' ? [payload.notifyType] : []));

// HDR, SK {} -->  <-- HDR, SK {}
insider('an empty INFORMATIONAL is answered with one (§1.4)', async () => {
  const { peer } = await pair();
  const request = peer.build({ exchangeType: INFORMATIONAL, messageId: 2 }, []);
  const [answer] = await peer.send(request);
  const { message, inner } = peer.open(answer);
  assert.equal(inner, []);
  assert.is(message.header.messageId, 2);
  assert.equal(message.header.flags, { initiator: false, response: true, version: false });
  // §2.1: the same request again gets the same answer again.
  const [again] = await peer.send(request);
  assert.equal(again!.bytes, answer!.bytes);
});

insider('message ids: an old one, a later one, a response to nothing (§2.2, §2.3)', async () => {
  const { world, peer } = await pair();
  const before = world.west.snapshot();
  for (const messageId of [0, 1, 3, 4, 1000, 2 ** 32 - 1]) {
    const sent = await peer.send(peer.build({ exchangeType: INFORMATIONAL, messageId }, []));
    // Id 1 is the last request again; its answer may come from memory.
    assert.ok(sent.length <= (messageId === 1 ? 1 : 0), `id ${messageId}`);
  }
  for (const messageId of [0, 1, 2, 7]) {
    const stray = peer.build({ exchangeType: INFORMATIONAL, messageId, response: true }, []);
    assert.is((await peer.send(stray)).length, 0, `response ${messageId}`);
  }
  assert.equal(world.west.snapshot(), before);
  const next = peer.build({ exchangeType: INFORMATIONAL, messageId: 2 }, []);
  assert.is((await peer.send(next)).length, 1, 'the right id must still work');
});

insider('exchanges out of their place make nothing, whatever becomes of the SA', async () => {
  for (const exchangeType of [IKE_SA_INIT, IKE_AUTH, 99]) {
    const { world, peer } = await pair();
    const sent = await peer.send(peer.build({ exchangeType, messageId: 2 }, []));
    assert.ok(sent.length <= 1);
    assert.is(world.west.history.length, 1, `exchange ${exchangeType} made a child`);
  }
});

insider(
  'an unknown critical payload: UNSUPPORTED_CRITICAL_PAYLOAD with its number (§2.5)',
  async () => {
    const { world, peer } = await pair();
    const critical: PlainPayload = {
      type: 'Unknown',
      number: 200,
      critical: true,
      data: hex('00'),
    };
    const [answer] = await peer.send(
      peer.build({ exchangeType: INFORMATIONAL, messageId: 2 }, [critical]),
    );
    const [refusal] = peer.open(answer).inner;
    assert.ok(refusal?.type === 'Notify');
    assert.equal([refusal.notifyType, refusal.data], [N.UNSUPPORTED_CRITICAL_PAYLOAD, hex('c8')]);
    assert.is(world.west.established.length, 1);
    const passed: PlainPayload = { ...critical, critical: false };
    const next = peer.build({ exchangeType: INFORMATIONAL, messageId: 3 }, [passed]);
    assert.equal(peer.open((await peer.send(next))[0]).inner, []);
  },
);

insider('a malformed chain inside SK: INVALID_SYNTAX, and the IKE SA ends (§2.21.3)', async () => {
  for (const chain of [
    '00',
    '0000 0003',
    '0000 0009 01',
    '2900 0004 0000',
    '0000 0008 0303 4009',
  ]) {
    const { peer } = await pair();
    const request = { exchangeType: INFORMATIONAL, messageId: 2 };
    const bytes = peer.build(request, [notify(N.INITIAL_CONTACT)], hex(chain));
    const [answer] = await peer.send(bytes);
    assert.equal(notifications(peer.open(answer).inner), [N.INVALID_SYNTAX], chain);
  }
});

insider(
  'DELETE of SPIs that are not there changes nothing; a thousand of them neither',
  async () => {
    const { world, peer } = await pair();
    const before = world.west.snapshot();
    const spis = Array.from({ length: 1000 }, (_, i) => Uint8Array.of(9, 9, i >> 8, i & 255));
    for (const [messageId, list] of [
      [2, [hex('09090909')]],
      [3, spis],
      [4, []],
    ] as const) {
      const request = peer.build({ exchangeType: INFORMATIONAL, messageId }, [remove(3, list)]);
      assert.equal(peer.open((await peer.send(request))[0]).inner, [], `message ${messageId}`);
    }
    const ah = peer.build({ exchangeType: INFORMATIONAL, messageId: 5 }, [
      remove(2, [hex('ea000001')]),
    ]);
    assert.is((await peer.send(ah)).length, 1);
    assert.equal(world.west.snapshot(), before);
  },
);

/** What asks for another child like that one. */
const asking = ({ sa: { localSelectors, remoteSelectors } }: Pick<Child, 'sa'>): PlainPayload[] => [
  {
    type: 'SA',
    proposals: [
      {
        number: 1,
        protocol: 3,
        spi: hex('ea777777'),
        transforms: [
          { type: 1, id: 20, attributes: [{ type: 14, value: 128 }] },
          { type: 5, id: 0, attributes: [] },
        ],
      },
    ],
  },
  { type: 'Nonce', data: new Uint8Array(32).fill(1) },
  { type: 'TSi', selectors: remoteSelectors },
  { type: 'TSr', selectors: localSelectors },
];

insider('children without end: NO_ADDITIONAL_SAS before they take the room of others', async () => {
  const { world, peer } = await pair();
  const [child] = [...world.west.children.values()];
  for (let messageId = 2; messageId < 400; messageId++) {
    const request = { exchangeType: CREATE_CHILD_SA, messageId };
    const [answer] = await peer.send(peer.build(request, asking(child!)));
    const said = notifications(peer.open(answer).inner);
    if (world.west.children.size < 256) assert.not.ok(said.includes(N.NO_ADDITIONAL_SAS));
  }
  assert.ok(world.west.children.size <= 300, `${world.west.children.size} children`);
  assert.is(world.west.established.length, 1, 'the IKE SA stands');
});

insider(
  'IKE SAs without end, while ours is under way: one is made, then TEMPORARY_FAILURE',
  async () => {
    const world = new World(makeEngine, { west: { profile: { lifetime: 3600 } } });
    await world.establish();
    world.filter = () => false;
    const peer = new Insider(world, world.west);
    const asked = (): boolean => world.log.includes('west: CREATE_CHILD_SA request 0');
    for (let seconds = 0; seconds < 3600 && !asked(); seconds++) await world.run(1000);
    assert.ok(asked(), 'our own replacement waits for its answer');
    const share = await localAgreement.generate('x25519');
    const payloads = (spi: number): PlainPayload[] => [
      {
        type: 'SA',
        proposals: [
          {
            number: 1,
            protocol: 1,
            spi: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, spi),
            transforms: [
              { type: 1, id: 20, attributes: [{ type: 14, value: 128 }] },
              { type: 2, id: 5, attributes: [] },
              { type: 4, id: 31, attributes: [] },
            ],
          },
        ],
      },
      { type: 'Nonce', data: new Uint8Array(32).fill(spi) },
      { type: 'KE', group: 31, data: share.publicValue.slice() },
    ];
    const said: number[][] = [];
    for (let messageId = 2; messageId < 7; messageId++) {
      const request = { exchangeType: CREATE_CHILD_SA, messageId };
      const [answer] = await peer.send(peer.build(request, payloads(messageId)));
      said.push(notifications(peer.open(answer).inner));
    }
    const later = [N.TEMPORARY_FAILURE];
    assert.equal(said, [[], later, later, later, later]);
    assert.is(world.west.peers.length, 2);
  },
);

// HDR, SK {N(REKEY_SA), …} -->  <-- HDR, SK {N(CHILD_SA_NOT_FOUND)}
insider(
  'a rekey of a child that is not there (§2.25.1), or with a wrong protocol (CVE-2023-38710)',
  async () => {
    const { world, peer } = await pair();
    const [child] = [...world.west.children.values()];
    const rest = asking(child!);
    let messageId = 2;
    const ask = async (rekeyed: PlainPayload): Promise<number[]> => {
      const request = { exchangeType: CREATE_CHILD_SA, messageId: messageId++ };
      const [answer] = await peer.send(peer.build(request, [rekeyed, ...rest]));
      return notifications(peer.open(answer).inner);
    };
    assert.equal(await ask(notify(N.REKEY_SA, NONE, 3, hex('09090909'))), [N.CHILD_SA_NOT_FOUND]);
    for (const protocol of [0, 1, 2, 77]) {
      const spi = new Uint8Array(4);
      new DataView(spi.buffer).setUint32(0, child!.sa.outbound.spi);
      const said = await ask(notify(N.REKEY_SA, NONE, protocol, spi));
      assert.ok(said.length <= 1, `protocol ${protocol}`);
    }
    assert.ok(world.west.inbound(child!.sa.inbound.spi), 'the child is gone');
  },
);

insider('CREATE_CHILD_SA without its payloads (CVE-2009-1957), in every way', async () => {
  const { world, peer } = await pair();
  const nonce: PlainPayload = { type: 'Nonce', data: new Uint8Array(32).fill(1) };
  const wanting: PlainPayload[][] = [[], [nonce], [notify(N.REKEY_SA, NONE, 3, hex('01020304'))]];
  let messageId = 2;
  for (const payloads of wanting) {
    const request = { exchangeType: CREATE_CHILD_SA, messageId };
    const [answer] = await peer.send(peer.build(request, payloads));
    if (!answer) break;
    assert.ok(notifications(peer.open(answer).inner).length === 1, `message ${messageId}`);
    if (world.west.established.length === 0) break; // INVALID_SYNTAX ends the SA (§2.21.3)
    messageId++;
  }
  assert.is(world.west.history.length, 1, 'a child out of nothing');
});

insider('500 authentic messages of random payloads: nothing but answers', async () => {
  let { world, peer } = await pair(1);
  let messageId = 2;
  for (let i = 0; i < 500; i++) {
    if (world.west.established.length === 0) {
      ({ world, peer } = await pair(i));
      messageId = 2;
    }
    const { random } = world;
    const exchangeType = random.pick([IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL, INFORMATIONAL]);
    const payloads = randomPayloads(random);
    const chain = random.chance(0.5) ? undefined : mutatedChain(world, payloads);
    const sent = await peer.send(peer.build({ exchangeType, messageId }, payloads, chain));
    assert.ok(sent.length <= 2, `${sent.length} messages`);
    messageId++;
  }
});

/** The payloads' bytes as the mutations of whole messages leave them, without the header. */
function mutatedChain({ random }: World, payloads: readonly PlainPayload[]): Uint8Array {
  return mutate(random, encodeMessage(randomHeader(random), payloads)).slice(HEADER_BYTES);
}

insider.run();
