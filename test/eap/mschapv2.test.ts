// EAP-MSCHAPv2 between our peer and our authenticator, and what a liar on either side gets.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LocalConversation } from '../../src/eap/local.js';
import { MschapPeer, MschapServer, type MschapUser } from '../../src/eap/mschapv2.js';
import {
  decodeEap,
  encodeEap,
  FAILURE,
  REQUEST,
  RESPONSE,
  SUCCESS,
  TYPE,
} from '../../src/eap/packet.js';
import { EapPeer } from '../../src/eap/peer.js';
import { type Ends, randomOf, talk } from './pair.js';

const mschapv2 = suite('EAP-MSCHAPv2');

const USERS: readonly MschapUser[] = [{ name: 'carol', password: 'Ar3etTnp' }];
const client = (username: string, password: string) => ({
  type: TYPE.MSCHAPV2,
  make: () => new MschapPeer({ username, password }, randomOf(1)),
});
const server = {
  type: TYPE.MSCHAPV2,
  make: (identity: string) =>
    new MschapServer(
      USERS.find(({ name }) => name === identity),
      identity,
      randomOf(2),
    ),
};
const ends = (password: string, identity = 'carol'): Ends => ({
  peer: { identity, methods: [client(identity, password)] },
  server: [server],
});

mschapv2('the right password: both have the same 64 bytes', async () => {
  const { verdict, outcome } = await talk(ends('Ar3etTnp'));
  assert.is(verdict.kind, 'success');
  assert.is(outcome.kind, 'success');
  if (verdict.kind !== 'success' || outcome.kind !== 'success') return;
  assert.is(verdict.user, 'carol');
  assert.is(outcome.msk.length, 64);
  assert.equal(verdict.msk, outcome.msk);
});

mschapv2(
  'a wrong password and an unknown user look alike to the user, not to the operator',
  async () => {
    const wrong = await talk(ends('Ar3etTnq'));
    const unknown = await talk(ends('Ar3etTnp', 'dave'));
    for (const { verdict, outcome } of [wrong, unknown]) {
      assert.is(verdict.kind, 'failure');
      assert.match(outcome.kind === 'failure' ? outcome.reason : '', /wrong user name or password/);
    }
    const shape = ({ packets }: typeof wrong) => packets.map((packet) => packet.length);
    assert.equal(
      shape(wrong).slice(3),
      shape(unknown)
        .slice(3)
        .map((length, i) => (i === 0 ? length + 1 : length)),
    );
    const reason = ({ verdict }: typeof wrong) =>
      verdict.kind === 'failure' ? verdict.reason : '';
    assert.match(reason(wrong), /user carol: wrong password/);
    assert.match(reason(unknown), /user dave: no such user: add it to the menu user/);
    for (const { verdict } of [wrong, unknown]) {
      assert.not.match(JSON.stringify(verdict), /Ar3etTn/);
    }
  },
);

mschapv2('a server that does not know the password is not believed', async () => {
  const { outcome } = await talk(ends('Ar3etTnp'), (packet) => {
    const text = Buffer.from(packet).toString('latin1');
    const at = text.indexOf('S=');
    if (at < 0) return packet;
    const forged = Uint8Array.from(packet);
    forged[at + 2] = forged[at + 2] === 0x30 ? 0x31 : 0x30;
    return forged;
  });
  assert.match(outcome.kind === 'failure' ? outcome.reason : '', /does not know the password/);
});

mschapv2('Success before anything is proved is a failure', async () => {
  const success = encodeEap({ code: SUCCESS, identifier: 1 });
  const early = new EapPeer({ identity: 'carol', methods: [client('carol', 'x')] });
  assert.is((await early.respond(success)).kind, 'failure');
  // Nor does MS-CHAPv2's own success count before its challenge, nor after our answer alone.
  const peer = new MschapPeer({ username: 'carol', password: 'x' }, randomOf(1));
  assert.is((await peer.respond(Uint8Array.of(3, 1, 0, 4))).kind, 'failed');
  let met = 0;
  const { outcome } = await talk(ends('Ar3etTnp'), (packet) => {
    const said = decodeEap(packet);
    const challenged = said?.code === REQUEST && said.type === TYPE.MSCHAPV2 && said.data[0] === 3;
    return challenged && ++met ? success : packet;
  });
  assert.is(met, 1);
  assert.match(outcome.kind === 'failure' ? outcome.reason : '', /before anything is proved/);
});

mschapv2('a success response before our success request gets nobody in', async () => {
  const conversation = new LocalConversation([server], 6);
  await conversation.begin();
  const say = (identifier: number, type: number, data: Uint8Array) =>
    conversation.answer(encodeEap({ code: RESPONSE, identifier, type, data }));
  await say(7, TYPE.IDENTITY, new TextEncoder().encode('carol'));
  const verdict = await say(8, TYPE.MSCHAPV2, Uint8Array.of(3));
  assert.is(verdict.kind, 'failure');
  assert.equal([...verdict.packet], [FAILURE, 8, 0, 4]);
  assert.is((await say(9, TYPE.MSCHAPV2, Uint8Array.of(3))).kind, 'failure', 'nor later');
});

mschapv2('lengths that lie end it, whichever they are', async () => {
  // A well-formed challenge, each of its bytes set to everything that a length could be.
  const good = [1, 9, 0, 28, 16, ...Array(16).fill(7), ...new TextEncoder().encode('culvert')];
  for (const at of [2, 3, 4]) {
    for (const value of [0, 1, 3, 15, 17, 27, 29, 255]) {
      const request = Uint8Array.from(good, (byte, i) => (i === at ? value : byte));
      const peer = new MschapPeer({ username: 'carol', password: 'x' }, randomOf(1));
      const step = await peer.respond(request);
      // As it was, or with a shorter name.
      const fits = request.every((byte, i) => byte === good[i]) || (at === 3 && value === 27);
      assert.is(step.kind, fits ? 'answer' : 'failed', `byte ${at} is ${value}`);
    }
  }
  for (let length = 0; length < 28; length++) {
    const peer = new MschapPeer({ username: 'carol', password: 'x' }, randomOf(1));
    assert.is((await peer.respond(Uint8Array.from(good.slice(0, length)))).kind, 'failed');
  }
});

mschapv2(
  'a failure request of any length is a failure, with its text and without its bytes',
  async () => {
    for (const text of ['', 'E', 'E=', 'E=691 R=1 C=00 V=3 M=no\u0007pe', `E=${'9'.repeat(400)}`]) {
      const body = Buffer.from(text, 'latin1');
      const length = 4 + body.length;
      const request = Uint8Array.of(4, 1, length >> 8, length & 255, ...body);
      const peer = new MschapPeer({ username: 'carol', password: 'x' }, randomOf(1));
      const step = await peer.respond(request);
      assert.is(step.kind, 'failed');
      if (step.kind === 'failed') assert.not.ok(step.reason.includes('\u0007'));
    }
  },
);

mschapv2.run();
