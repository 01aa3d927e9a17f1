// The packets themselves, identity, and which method is spoken.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PeerMethod, ServerMethod } from '../../src/eap/method.js';
import { LocalConversation } from '../../src/eap/local.js';
import { decodeEap, encodeEap, FAILURE, REQUEST, RESPONSE, TYPE } from '../../src/eap/packet.js';
import { EapPeer } from '../../src/eap/peer.js';
import { talk } from './pair.js';

const negotiation = suite('EAP negotiation');
const MSK = new Uint8Array(64).fill(7);
const text = (word: string) => new TextEncoder().encode(word);

/** Ends well after one round, whatever is said. */
const willing = (type: number) => ({
  type,
  make: (): PeerMethod => ({
    respond: async () => ({ kind: 'answer', data: Uint8Array.of(1), msk: MSK }),
    close: () => {},
  }),
});
const easy = (type: number) => ({
  type,
  make: (identity: string): ServerMethod => ({
    begin: async () => Uint8Array.of(0),
    answer: async () => ({ kind: 'success', user: identity, msk: MSK }),
    close: () => {},
  }),
});

negotiation('what is no packet is not taken for one', () => {
  const good = encodeEap({ code: REQUEST, identifier: 3, type: 1, data: text('who') });
  assert.equal(decodeEap(good), { code: REQUEST, identifier: 3, type: 1, data: text('who') });
  assert.equal(decodeEap(Uint8Array.of(...good, 0, 0)), decodeEap(good), 'padding of below');
  for (let length = 0; length < good.length; length++) {
    assert.is(decodeEap(good.subarray(0, length)), undefined, `${length} bytes`);
  }
  assert.is(decodeEap(Uint8Array.of(1, 1, 0, 4)), undefined, 'a request without a type');
  assert.is(decodeEap(Uint8Array.of(3, 1, 0, 5, 0)), undefined, 'a success with something in it');
  assert.is(decodeEap(Uint8Array.of(5, 1, 0, 5, 1)), undefined, 'another code');
  assert.is(decodeEap(Uint8Array.of(1, 1, 0, 3, 1)), undefined, 'shorter than its header');
});

negotiation('a method we do not speak is answered with ours, in our order', async () => {
  const { verdict, outcome, packets } = await talk({
    peer: { identity: 'carol', methods: [willing(TYPE.TLS), willing(TYPE.MSCHAPV2)] },
    server: [easy(TYPE.PEAP), easy(TYPE.MSCHAPV2), easy(TYPE.TLS)],
  });
  assert.is(outcome.kind, 'success');
  assert.is(verdict.kind, 'success');
  const nak = packets
    .map(decodeEap)
    .find((said) => said && 'type' in said && said.type === TYPE.NAK);
  assert.equal(nak && 'data' in nak ? [...nak.data] : [], [TYPE.TLS, TYPE.MSCHAPV2]);
  if (outcome.kind === 'success') assert.is(outcome.method, 'eap-mschapv2');
});

negotiation('no method in common: both say which they would have spoken', async () => {
  const { verdict, outcome } = await talk({
    peer: { identity: 'carol', methods: [willing(TYPE.TTLS)] },
    server: [easy(TYPE.TLS), easy(TYPE.MSCHAPV2)],
  });
  assert.match(
    verdict.kind === 'failure' ? verdict.reason : '',
    /wants eap-ttls; eap-methods has eap-tls, eap-mschapv2/,
  );
  assert.match(
    outcome.kind === 'failure' ? outcome.reason : '',
    /none of our eap-methods \(eap-ttls\)/,
  );
});

negotiation('a Nak in the middle of a method is a failure', async () => {
  const stubborn = {
    type: TYPE.MSCHAPV2,
    make: (): ServerMethod => ({
      begin: async () => Uint8Array.of(0),
      answer: async () => ({ kind: 'request', data: Uint8Array.of(1) }),
      close: () => {},
    }),
  };
  const conversation = new LocalConversation([stubborn, easy(TYPE.TLS)], 0);
  await conversation.begin();
  const say = (identifier: number, type: number, data: Uint8Array) =>
    conversation.answer(encodeEap({ code: RESPONSE, identifier, type, data }));
  await say(1, TYPE.IDENTITY, text('carol'));
  assert.is((await say(2, TYPE.MSCHAPV2, Uint8Array.of(1))).kind, 'request');
  const verdict = await say(3, TYPE.NAK, Uint8Array.of(TYPE.TLS));
  assert.is(verdict.kind, 'failure');
});

negotiation('an endless server is left, an endless user is sent away', async () => {
  const endless = {
    type: TYPE.MSCHAPV2,
    make: (): PeerMethod & ServerMethod => ({
      respond: async () => ({ kind: 'answer', data: Uint8Array.of(1) }),
      begin: async () => Uint8Array.of(0),
      answer: async () => ({ kind: 'request', data: Uint8Array.of(1) }),
      close: () => {},
    }),
  };
  const { packets } = await talk({
    peer: { identity: 'carol', methods: [endless] },
    server: [endless],
  });
  assert.ok(packets.length < 400, `${packets.length} packets`);
});

negotiation('another identifier, another code, after the end: nothing but failures', async () => {
  const answered = async (change: (good: Uint8Array) => Uint8Array) => {
    const conversation = new LocalConversation([easy(TYPE.TLS)], 0);
    await conversation.begin();
    const good = encodeEap({
      code: RESPONSE,
      identifier: 1,
      type: TYPE.IDENTITY,
      data: text('carol'),
    });
    const first = await conversation.answer(change(good));
    const second = await conversation.answer(good);
    return [first.kind, second.kind];
  };
  assert.equal(await answered((good) => good), ['request', 'failure']);
  const set = (at: number, value: number) => (good: Uint8Array) =>
    good.map((byte, i) => (i === at ? value : byte));
  assert.equal(await answered(set(1, 2)), ['failure', 'failure']);
  assert.equal(await answered(set(0, REQUEST)), ['failure', 'failure']);
  assert.equal(await answered(set(4, TYPE.TLS)), ['failure', 'failure']);
  assert.equal(await answered(() => Uint8Array.of(FAILURE, 1, 0, 4)), ['failure', 'failure']);
});

negotiation('the server does not change horses', async () => {
  const peer = new EapPeer({
    identity: 'carol',
    methods: [
      {
        type: TYPE.TLS,
        make: () => ({
          respond: async () => ({ kind: 'answer', data: new Uint8Array(1) }),
          close: () => {},
        }),
      },
      willing(TYPE.MSCHAPV2),
    ],
  });
  const ask = (type: number, identifier: number) =>
    peer.respond(encodeEap({ code: REQUEST, identifier, type, data: Uint8Array.of(0) }));
  assert.is((await ask(TYPE.TLS, 1)).kind, 'response');
  const outcome = await ask(TYPE.MSCHAPV2, 2);
  assert.match(
    outcome.kind === 'failure' ? outcome.reason : '',
    /turns from eap-tls to eap-mschapv2/,
  );
});

negotiation.run();
