// Our key schedule and AUTH against a recorded strongSwan session: its nonces and shared secret give
// its keys, and its shared key gives both of its AUTH payloads.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encryptionNamed } from '../../src/algorithms/encryption.js';
import { groupNamed } from '../../src/algorithms/group.js';
import { integrityNamed } from '../../src/algorithms/integrity.js';
import { prfNamed } from '../../src/algorithms/prf.js';
import { sharedKeyMic } from '../../src/crypto/authentication.js';
import { ikeKeys, skeyseed } from '../../src/crypto/keymat.js';
import { protection } from '../../src/crypto/protection.js';
import { decodeChain, encodeChain, type Payload } from '../../src/wire/chain.js';
import { spiBytes } from '../../src/wire/header.js';
import { decodeMessage, unpadPlaintext } from '../../src/wire/message.js';
import { keys, messages, preSharedKey } from '../vectors/ike-strongswan.js';

const recorded = suite('recorded strongSwan session');

const only = <T extends Payload['type']>(payloads: readonly Payload[], type: T) =>
  payloads.find((payload) => payload.type === type) as Extract<Payload, { type: T }>;

const suiteOfSession = {
  encryption: encryptionNamed('aes-128-gcm'),
  integrity: integrityNamed('null'),
  prf: prfNamed('sha256'),
  group: groupNamed('ecp256'),
};
const [init, answer] = messages.map((message) => decodeMessage(message.bytes));
const nonces = {
  initiator: only(init!.payloads, 'Nonce').data,
  responder: only(answer!.payloads, 'Nonce').data,
};
const seed = skeyseed(suiteOfSession.prf, nonces, keys.sharedSecret);
const derived = ikeKeys(suiteOfSession, seed, nonces, {
  initiator: spiBytes(answer!.header.spiInitiator),
  responder: spiBytes(answer!.header.spiResponder),
});

recorded('SKEYSEED and the seven keys', () => {
  assert.equal(seed, keys.skeyseed);
  assert.equal(derived.d, keys.skD);
  const salted = ({ encryptionKey, salt }: typeof derived.initiator): Uint8Array =>
    Uint8Array.from([...encryptionKey, ...salt]);
  assert.equal(salted(derived.initiator), keys.skEi);
  assert.equal(salted(derived.responder), keys.skEr);
  assert.equal([derived.pi, derived.pr], [keys.skPi, keys.skPr]);
});

/** The chain inside recorded message `index`. */
function open(index: number): readonly Payload[] {
  const { from, bytes } = messages[index]!;
  const sealed = only(decodeMessage(bytes).payloads, 'Encrypted');
  const opener = protection(suiteOfSession, derived[from], () => new Uint8Array(0));
  const plaintext = opener.open(sealed.aad, sealed.body);
  assert.ok(plaintext, `message ${index} does not open`);
  return decodeChain(sealed.firstPayload, unpadPlaintext(plaintext!));
}

recorded('every protected message opens, an altered one does not', () => {
  for (let index = 2; index < messages.length; index++) assert.ok(open(index));
  const { bytes } = messages[2]!;
  const opener = protection(suiteOfSession, derived.initiator, () => new Uint8Array(0));
  for (const at of [0, 27, 31, 32, 60, bytes.length - 1]) {
    const altered = Uint8Array.from(bytes);
    altered[at]! ^= 1;
    const aad = altered.subarray(0, 32);
    assert.is(opener.open(aad, altered.subarray(32)), undefined, `byte ${at}`);
  }
});

recorded('AUTH of both sides', () => {
  const secret = new TextEncoder().encode(preSharedKey);
  const sides = [
    { index: 2, type: 'IDi', message: messages[0]!, peerNonce: nonces.responder, key: derived.pi },
    { index: 3, type: 'IDr', message: messages[1]!, peerNonce: nonces.initiator, key: derived.pr },
  ] as const;
  for (const { index, type, message, peerNonce, key } of sides) {
    const inner = open(index);
    const idBody = encodeChain([only(inner, type)]).bytes.subarray(4);
    const signed = { message: message.bytes, peerNonce, idBody, idKey: key };
    const mic = sharedKeyMic(suiteOfSession.prf, secret, signed);
    assert.equal(mic, only(inner, 'AUTH').data);
  }
});

recorded.run();
