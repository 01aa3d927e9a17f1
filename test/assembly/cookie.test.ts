// First messages while cookies are asked for, as a worker treats them: what it bakes the engine takes, what
// the engine bakes it takes, and whatever else comes to nothing.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  PORT_UDP4_4500,
  PORT_UDP4_500,
  PORT_UDP6_4500,
  PORT_UDP6_500,
} from '../../src/contract/ids.js';
import { localAgreement } from '../../src/crypto/agreement.js';
import { CookieJar } from '../../src/ike/cookie.js';
import { parseAddress } from '../../src/policy/address.js';
import type { PlainPayload } from '../../src/wire/chain.js';
import { decodeMessage, encodeMessage } from '../../src/wire/message.js';
import { IKE_AUTH, IKE_SA_INIT, INFORMATIONAL } from '../../src/wire/numbers.js';
import { N } from '../../src/wire/notifications.js';
import { storeOf } from '../certificates/pki.js';
import { Random } from '../wire/random.js';
import { Gateway, type Message, type Received, sockaddr } from './gateway.js';

const cookie = suite('cookie');
const MARKER = Buffer.alloc(4);
const NONCE = new Uint8Array(32).fill(7);
const FAMILIES = {
  4: { from: '203.0.113.9', to: '192.0.2.1', ike: PORT_UDP4_500, natt: PORT_UDP4_4500 },
  6: { from: '2001:db8:9::9', to: '2001:db8::1', ike: PORT_UDP6_500, natt: PORT_UDP6_4500 },
} as const;
const FROM_PORT = 34_567;

/** A gateway whose engine asks for cookies, and that engine's jar. */
function asking() {
  const random = new Random(11);
  let now = 1_000_000;
  const jar = new CookieJar({
    now: () => now,
    random: (bytes) => random.bytes(bytes),
    allocateSpi: () => 1,
    agreement: localAgreement,
    certificates: storeOf([]),
    localAddressFor: () => undefined,
  });
  const gateway = new Gateway();
  const publish = (demanded = true): void =>
    gateway.tables.cookies.set({ demanded, ...jar.secrets() });
  publish();
  const later = (ms: number): void => {
    now += ms;
    publish();
  };
  return { gateway, jar, publish, later };
}

interface Choice {
  readonly cookie?: Uint8Array | undefined;
  readonly spi?: bigint;
  readonly nonce?: Uint8Array;
}

const header = (spiInitiator: bigint) => ({
  spiInitiator,
  spiResponder: 0n,
  majorVersion: 2,
  minorVersion: 0,
  exchangeType: IKE_SA_INIT,
  flags: { initiator: true, response: false, version: false },
  messageId: 0,
});

const notification = (notifyType: number, data: Uint8Array): PlainPayload => ({
  type: 'Notify',
  protocol: 0,
  spi: new Uint8Array(0),
  notifyType,
  data,
});

function first({ cookie: given, spi = 5n, nonce = NONCE }: Choice = {}): Buffer {
  const transforms = [
    { type: 1, id: 20, attributes: [{ type: 14, value: 128 }] },
    { type: 2, id: 5, attributes: [] },
    { type: 4, id: 31, attributes: [] },
  ];
  const payloads: PlainPayload[] = [
    ...(given ? [notification(N.COOKIE, given)] : []),
    { type: 'SA', proposals: [{ number: 1, protocol: 1, spi: new Uint8Array(0), transforms }] },
    { type: 'KE', group: 31, data: new Uint8Array(32).fill(9) },
    { type: 'Nonce', data: nonce },
    notification(N.IKEV2_FRAGMENTATION_SUPPORTED, new Uint8Array(0)),
  ];
  return Buffer.from(encodeMessage(header(spi), payloads));
}

/** The same with a nonce that no encoder of ours would write. */
function withNonceOf(length: number): Buffer {
  const sound = first({ nonce: new Uint8Array(16) });
  const ke = 28 + sound.readUInt16BE(30);
  const at = ke + sound.readUInt16BE(ke + 2);
  const nonce = Buffer.alloc(4 + length, 1);
  nonce[0] = sound[at]!;
  nonce.writeUInt16BE(nonce.length, 2);
  const bytes = Buffer.concat([sound.subarray(0, at), nonce, sound.subarray(at + 20)]);
  bytes.writeUInt32BE(bytes.length, 24);
  return bytes;
}

const received = (family: 4 | 6, bytes: Uint8Array, fromPort = FROM_PORT): Received => {
  const { from, to } = FAMILIES[family];
  return { bytes, from, fromPort, to };
};
const marked = (bytes: Uint8Array): Buffer => Buffer.concat([MARKER, bytes]);

function cookieIn({ bytes }: Message, marker = 0): Uint8Array {
  const { header: of, payloads } = decodeMessage(bytes.subarray(marker));
  assert.is(of.exchangeType, IKE_SA_INIT);
  assert.equal(of.flags, { initiator: false, response: true, version: false });
  assert.is(of.spiResponder, 0n);
  assert.is(of.messageId, 0);
  assert.is(payloads.length, 1);
  const [only] = payloads;
  if (only?.type !== 'Notify') throw new Error('no notification');
  assert.is(only.notifyType, N.COOKIE);
  return only.data;
}

for (const family of [4, 6] as const) {
  const { from, to, ike, natt } = FAMILIES[family];
  const remote = { address: parseAddress(from)!, port: FROM_PORT };

  cookie(
    `IPv${family}: what the worker bakes the engine takes, and the worker then lets pass`,
    () => {
      for (const [port, marker] of [
        [ike, 0],
        [natt, 4],
      ] as const) {
        const { gateway, jar } = asking();
        const asks = (bytes: Buffer): Received => received(family, marker ? marked(bytes) : bytes);
        const { messages, tun } = gateway.inbound(port, [asks(first()), asks(first({ spi: 6n }))]);
        assert.is(messages.length, 2);
        assert.equal(tun, []);
        assert.equal(gateway.mail(), [], 'main hears nothing of it');
        const [answer] = messages as [Message];
        assert.is(answer.port, port);
        assert.ok(answer.bytes.length < first().length, 'an amplifier');
        assert.equal(answer.name, sockaddr(from, FROM_PORT));
        assert.is(
          answer.control.readInt32LE(12),
          family === 4 ? 8 : 50,
          'from the address it came to',
        );
        const at = family === 4 ? 20 : 16;
        const local = sockaddr(to, 0).subarray(family === 4 ? 4 : 8, family === 4 ? 8 : 24);
        assert.equal(answer.control.subarray(at, at + local.length), local);
        const given = cookieIn(answer, marker);
        assert.ok(jar.accepts(given, 5n, NONCE, remote));
        gateway.inbound(port, [asks(first({ cookie: given }))]);
        const [mail, ...more] = gateway.mail();
        assert.is(more.length, 0);
        assert.equal(mail?.kind === 'ike' && Buffer.from(mail.bytes), first({ cookie: given }));
        assert.equal(gateway.counted(), { cookies: 2 });
      }
    },
  );

  cookie(`IPv${family}: only for the SPI, nonce, address and port it was made for`, () => {
    const { gateway, jar } = asking();
    const good = jar.bake(5n, NONCE, remote);
    const wrong = Buffer.from(good);
    wrong[good.length - 1]! ^= 1;
    const [longest, shortest] = [new Uint8Array(256).fill(3), new Uint8Array(16).fill(4)];
    const refused: Received[] = [
      received(family, first({ cookie: good, spi: 6n })),
      received(family, first({ cookie: good, nonce: longest })),
      received(family, first({ cookie: good }), FROM_PORT + 1),
      {
        ...received(family, first({ cookie: good })),
        from: family === 4 ? '203.0.113.8' : '2001:db8:9::8',
      },
      received(family, first({ cookie: wrong })),
      received(family, first({ cookie: good.subarray(1) })),
      received(family, first({ cookie: new Uint8Array(64) })),
    ];
    assert.is(gateway.inbound(ike, refused).messages.length, refused.length);
    assert.equal(gateway.mail(), []);
    for (const nonce of [NONCE, longest, shortest]) {
      const given = jar.bake(5n, nonce, remote);
      gateway.inbound(ike, [received(family, first({ cookie: given, nonce }))]);
      assert.is(gateway.mail().length, 1);
    }
  });
}

cookie('outlives one change of the secret, not two; later ones are baked with the newest', () => {
  const { gateway, jar, later } = asking();
  const remote = { address: parseAddress(FAMILIES[4].from)!, port: FROM_PORT };
  const given = jar.bake(5n, NONCE, remote);
  const asks = [received(4, first({ cookie: given }))];
  for (let version = 0; version < 258; version++) {
    const fresh = cookieIn(gateway.inbound(PORT_UDP4_500, [received(4, first())]).messages[0]!);
    assert.is(fresh[0], version & 255);
    assert.ok(jar.accepts(fresh, 5n, NONCE, remote), `version ${version}`);
    gateway.inbound(PORT_UDP4_500, asks);
    assert.is(gateway.mail().length, version < 2 ? 1 : 0, `after ${version} changes`);
    later(61_000);
  }
});

cookie('nobody is asked once main has room again', () => {
  const { gateway, publish } = asking();
  publish(false);
  const { messages } = gateway.inbound(PORT_UDP4_500, [received(4, first())]);
  assert.equal(messages, []);
  assert.is(gateway.mail().length, 1);
});

cookie('what is no first message is neither answered nor passed on; answers to ours are', () => {
  const { gateway } = asking();
  const sound = first();
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(sound);
    bytes[at] = value;
    return bytes;
  };
  const refused = [
    changed(17, 0x10), // IKEv1
    changed(18, IKE_AUTH),
    changed(18, INFORMATIONAL),
    changed(19, 0), // not of the initiator
    changed(23, 1), // message ID
    changed(27, sound[27]! + 1), // length
    changed(16, 41), // the SA called a notification: there is none then
    changed(30, 0xff), // a payload that is longer than the message
    changed(31, 3), // shorter than its header
    withNonceOf(15),
    withNonceOf(257),
    Buffer.concat([sound, Buffer.alloc(4)]),
    Buffer.alloc(200),
    Buffer.from(encodeMessage(header(0n), [{ type: 'Nonce', data: NONCE }])),
    ...Array.from({ length: sound.length - 28 }, (_, i) => sound.subarray(0, 28 + i)),
  ];
  const { messages } = gateway.inbound(
    PORT_UDP4_500,
    refused.map((bytes) => received(4, bytes)),
  );
  assert.equal(messages, []);
  assert.equal(gateway.mail(), []);
  assert.equal(gateway.counted(), { 'strangers-refused': refused.length });
  const answer = Buffer.from(
    encodeMessage({ ...header(5n), flags: { initiator: false, response: true, version: false } }, [
      notification(N.COOKIE, new Uint8Array(8)),
    ]),
  );
  gateway.inbound(PORT_UDP4_500, [received(4, answer)]);
  assert.is(gateway.mail().length, 0, 'nobody asked');
  gateway.tables.ikeSpis.add(5n);
  gateway.inbound(PORT_UDP4_500, [received(4, answer)]);
  assert.is(gateway.mail().length, 1);
});

cookie('random bytes: whatever is answered is a sound request', () => {
  const { gateway } = asking();
  const random = new Random(77);
  const sound = first();
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.from(sound);
    for (let i = random.between(1, 6); i > 0; i--) {
      bytes[random.between(16, bytes.length - 1)] = random.between(0, 255);
    }
    const { messages } = gateway.inbound(PORT_UDP4_500, [received(4, bytes)]);
    if (messages.length > 0) {
      const { exchangeType, length } = decodeHeaderOf(bytes);
      assert.is(exchangeType, IKE_SA_INIT);
      assert.is(length, bytes.length);
      assert.equal(messages[0]!.bytes.subarray(0, 8), bytes.subarray(0, 8));
    }
    gateway.mail();
  }
  const { cookies, 'strangers-refused': strangers } = gateway.counters();
  assert.ok(cookies! > 100 && strangers! > 100, `${cookies} answered, ${strangers} refused`);
});

const decodeHeaderOf = (bytes: Buffer) => ({
  exchangeType: bytes[18],
  length: bytes.readUInt32BE(24),
});

cookie.run();
