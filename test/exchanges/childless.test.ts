// An IKE SA without a child (RFC 6023): the initiator leaves SA and TS out of IKE_AUTH where we say that
// we take that, and asks for children under the IKE SA.
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
import type { GivenConfig } from '../../src/policy/database.js';
import { Leases } from '../../src/policy/leases.js';
import { CFG, CFG_REQUEST, IKE_AUTH } from '../../src/wire/numbers.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { newWorld } from './connected.js';
import { address } from './databases.js';
import { Insider } from './insider.js';

const childless = suite('childless');

const WANTED = { type: CFG.INTERNAL_IP4_ADDRESS, value: new Uint8Array(0) };
const GIVEN: GivenConfig = {
  role: 'responder',
  name: 'rw',
  address: undefined,
  pool: 'rw',
  prefixLength: undefined,
  splitInclude: [],
  splitDns: [],
  dns: [],
};

childless(
  'IKE_AUTH without SA and TS is answered without them, and the IKE SA stands; an address is given',
  async () => {
    const range = { start: address('10.9.0.1'), end: address('10.9.0.9') };
    const leases = new Leases([{ name: 'rw', ranges: [range], next: undefined }], [], () => {});
    const world = newWorld({
      west: { identity: { modeConfig: GIVEN } },
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

childless.run();
