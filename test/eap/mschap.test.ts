// MD4 and MS-CHAPv2 against the RFCs' own values.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { md4 } from '../../src/crypto/md4.js';
import {
  authenticatorResponse,
  challengeHash,
  mppeKeys,
  mschapMsk,
  ntResponse,
  passwordHash,
  provesAuthenticator,
} from '../../src/eap/mschap.js';
import { md4 as MD4, vector } from '../vectors/mschap.js';

const mschap = suite('MS-CHAPv2');
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');
const text = (word: string) => new TextEncoder().encode(word);

const challenges = {
  authenticator: bytes(vector.authenticatorChallenge),
  peer: bytes(vector.peerChallenge),
  name: text(vector.name),
};

for (const [message, digest] of MD4) {
  mschap(`MD4 of ${message.length} bytes`, () => assert.is(hex(md4(text(message))), digest));
}

mschap('every length around a block has its own padding', () => {
  const digests = Array.from({ length: 130 }, (_, length) => hex(md4(new Uint8Array(length))));
  assert.is(new Set(digests).size, digests.length);
});

mschap('the exchange of RFC 2759 §9.2', () => {
  assert.is(hex(challengeHash(challenges)), vector.challenge);
  assert.is(hex(passwordHash(vector.password)), vector.passwordHash);
  assert.is(hex(md4(passwordHash(vector.password))), vector.passwordHashHash);
  const response = ntResponse(challenges, vector.password);
  assert.is(hex(response), vector.ntResponse);
  const proof = authenticatorResponse(challenges, vector.password, response);
  assert.is(proof, vector.authenticatorResponse);
});

mschap('a domain before the name is no part of what is hashed', () => {
  const name = text(`LAB\\${vector.name}`);
  assert.is(hex(challengeHash({ ...challenges, name })), vector.challenge);
});

mschap('the keys of RFC 3079 §3.5.3, and the MSK made of them', () => {
  const response = bytes(vector.ntResponse);
  const { receive, send } = mppeKeys(vector.password, response);
  assert.is(hex(send), vector.sendStartKey128);
  const msk = hex(mschapMsk(vector.password, response));
  assert.is(msk, hex(receive) + hex(send) + '00'.repeat(32));
});

mschap('the proof is compared whole, its digits in either case', () => {
  const { authenticatorResponse: proof } = vector;
  assert.ok(provesAuthenticator(`${proof} M=Welcome`, proof));
  assert.ok(provesAuthenticator(proof.toLowerCase(), proof));
  assert.not.ok(provesAuthenticator(proof.slice(0, -1), proof));
  assert.not.ok(provesAuthenticator('', proof));
  assert.not.ok(provesAuthenticator(proof.replace('6 M', '7 M').replace(/6$/, '7'), proof));
});

mschap.run();
