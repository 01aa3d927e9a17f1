// An IKE SA without a child (RFC 6023): the initiator leaves SA and TS out of IKE_AUTH where we say that
// we take that, and asks for children under the IKE SA.
// Shows peer.childless
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sharedKeyMic } from '../../src/crypto/authentication.js';
import { ikeKeys, skeyseed } from '../../src/crypto/keymat.js';
import { prfNamed } from '../../src/algorithms/prf.js';
import { encryptionNamed } from '../../src/algorithms/encryption.js';
import { groupNamed } from '../../src/algorithms/group.js';
import { integrityNamed } from '../../src/algorithms/integrity.js';
import { spiBytes } from '../../src/wire/header.js';
import { decodeMessage } from '../../src/wire/message.js';
import { N } from '../../src/wire/notifications.js';
import type { GivenConfig, Peer } from '../../src/policy/database.js';
import { reconcile } from '../../src/policy/reconcile.js';
import { Leases } from '../../src/policy/leases.js';
import { CFG, CFG_REQUEST, IKE_AUTH } from '../../src/wire/numbers.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { GIVEN } from './given-addresses.js';
import { both, newWorld } from './connected.js';
import { address, databases, type SiteOptions } from './databases.js';
import { Insider } from './insider.js';
import type { World } from './world.js';

const childless = suite('childless');

const WANTED = { type: CFG.INTERNAL_IP4_ADDRESS, value: new Uint8Array(0) };
const GIVING: GivenConfig = { ...GIVEN, prefixLength: undefined, dns: [] };

childless(
  'IKE_AUTH without SA and TS is answered without them, and the IKE SA stands; an address is given',
  async () => {
    const range = { start: address('10.9.0.1'), end: address('10.9.0.9') };
    const leases = new Leases([{ name: 'rw', ranges: [range], next: undefined }], [], () => {});
    const world = newWorld({
      west: { identity: { modeConfig: GIVING } },
      context: { west: { leases } },
    });
    // East's IKE_SA_INIT goes through; its IKE_AUTH is ours.
    world.filter = (from, { bytes }) => bytes[18] === 34 || from === world.west;
    await world.east.carry(world.east.engine.start());
    await world.run(10);
    const [request, response] = world.captured.map(({ datagram }) => datagram.bytes);
    const answer = decodeMessage(response!).payloads;
    const says = (type: number) =>
      answer.some((one) => one.type === 'Notify' && one.notifyType === type);
    assert.ok(says(N.CHILDLESS_IKEV2_SUPPORTED));
    const nonceOf = (bytes: Uint8Array): Uint8Array => {
      const nonce = decodeMessage(bytes).payloads.find(({ type }) => type === 'Nonce');
      return (nonce as Extract<PlainPayload, { type: 'Nonce' }>).data;
    };
    const prf = prfNamed('sha256');
    const algorithms = {
      encryption: encryptionNamed('aes-128-gcm'),
      integrity: integrityNamed('null'),
      prf,
      group: groupNamed('x25519'),
    };
    const nonces = { initiator: nonceOf(request!), responder: nonceOf(response!) };
    const { spiInitiator, spiResponder } = decodeMessage(response!).header;
    const spis = { initiator: spiBytes(spiInitiator), responder: spiBytes(spiResponder) };
    const keys = ikeKeys(algorithms, skeyseed(prf, nonces, world.secrets[0]!), nonces, spis);
    const name = new TextEncoder().encode('east.example');
    const secret = new TextEncoder().encode('a secret of the tests');
    const data = sharedKeyMic(prf, secret, {
      message: request!,
      peerNonce: nonces.responder,
      idBody: Uint8Array.of(2, 0, 0, 0, ...name),
      idKey: keys.pi,
    });
    const insider = new Insider(world, world.west);
    const [reply] = await insider.send(
      insider.build({ exchangeType: IKE_AUTH, messageId: 1 }, [
        { type: 'IDi', idType: 2, data: name },
        { type: 'AUTH', method: 2, data },
        { type: 'Configuration', configurationType: CFG_REQUEST, attributes: [WANTED] },
      ]),
    );
    assert.equal(
      insider.open(reply).inner.map(({ type }) => type),
      ['IDr', 'AUTH', 'Configuration'],
    );
    assert.is(world.west.peers[0]?.['dynamic-address'], '10.9.0.1');
    assert.is(world.west.established.length, 1);
    assert.is(world.west.children.size, 0);
    assert.equal(world.west.complaints(), []);
  },
);

// ---- two engines -----------------------------------------------------------------------------------

type Word = Peer['childless'];

async function meet(east: Word, west: Word, more: SiteOptions = {}): Promise<World> {
  const [one, other] = [east, west].map((word) => ({ ...more, peer: { childless: word } }));
  const world = newWorld({ east: one!, west: other! });
  await world.east.carry(world.east.engine.start());
  await world.run();
  return world;
}

const exchanges = ({ log }: World): string =>
  log.filter((line) => / request /.test(line)).join('; ');
const USUAL = 'east: IKE_SA_INIT request 0; east: IKE_AUTH request 1';
const ALONE = `${USUAL}; east: CREATE_CHILD_SA request 2`;

const CASES: readonly [Word, Word, string][] = [
  ['allow', 'allow', USUAL],
  ['allow', 'never', USUAL],
  ['prefer', 'allow', ALONE],
  ['prefer', 'never', USUAL],
  ['force', 'prefer', ALONE],
  ['prefer', 'force', ALONE],
  ['never', 'allow', USUAL],
];

for (const [east, west, expected] of CASES) {
  childless(`${east} calls ${west}`, async () => {
    const world = await meet(east, west);
    assert.is(exchanges(world), expected);
    world.checkSettled();
    assert.equal([...world.east.complaints(), ...world.west.complaints()], []);
  });
}

childless('force calls never: nothing stands, and we say why', async () => {
  const world = await meet('force', 'never');
  assert.match(
    world.east.complaints().join(),
    /takes no IKE SA without a child .* childless=force wants one/,
  );
  assert.is(world.east.children.size, 0);
  assert.not.match(exchanges(world), /IKE_AUTH/);
});

childless('allow calls force: no child with IKE_AUTH, but one under the IKE SA later', async () => {
  const world = await meet('allow', 'force');
  assert.match(
    world.west.complaints().join(),
    /childless=force takes none there; let the other side/,
  );
  assert.match(world.east.complaints().join(), /the peer answers NO_ADDITIONAL_SAS/);
  assert.is(world.west.established.length, 1);
  assert.is(world.west.children.size, 0);
  await world.run(300_000);
  world.checkSettled();
});

childless('all policies get children of key exchanges of their own', async () => {
  const world = await meet('prefer', 'allow', {
    policies: 3,
    proposal: { pfsGroup: 'x25519' },
  });
  world.checkSettled([0, 1, 2]);
  // One for the IKE SA, and one for each child, on either side.
  assert.is(world.secrets.length, 8);
});

childless(
  'no policy names the peer yet: the IKE SA stands, and serves the first that does',
  async () => {
    const word = both({ policies: 0, peer: { childless: 'prefer' } });
    const world = newWorld(word);
    await world.east.carry(world.east.engine.start());
    await world.run();
    for (const site of world.sites) {
      assert.is(site.established.length, 1, site.complaints().join());
      assert.is(site.children.size, 0);
    }
    const { spii } = world.east.established[0]!;
    for (const site of [world.west, world.east]) {
      const side = site === world.east ? 'east' : 'west';
      const [before, after] = [word[side]!, { ...word[side]!, policies: 1 }].map((options) =>
        databases(side, options),
      );
      await site.carry(site.engine.reconfigure(reconcile(before!, after!, 0)));
    }
    await world.run();
    world.checkSettled();
    assert.is(world.east.established[0]!.spii, spii);
  },
);

childless('a packet that wanted the SA finds its child, though the peer is passive', async () => {
  const world = newWorld(both({ peer: { childless: 'prefer', passive: true } }));
  const packet = {
    protocol: 1,
    source: address('198.18.0.7'),
    destination: address('198.19.0.7'),
    sourcePort: 0,
    destinationPort: 0,
  };
  await world.east.carry(world.east.engine.acquire(0, packet));
  await world.run();
  world.checkSettled();
  assert.is(exchanges(world), ALONE);
});

childless.run();
