// RADIUS packets that somebody changed, sealed with the right secret all the same: whoever has that may
// still send nonsense. Nothing is thrown but RadiusError, and nothing is kept for ever.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { allOf, ATTRIBUTES, type AttributeName, joinEap } from '../../src/radius/attributes.js';
import { sealAnswer, sealRequest } from '../../src/radius/authenticators.js';
import { Incoming } from '../../src/radius/incoming.js';
import { ACCESS_ACCEPT, ACCESS_CHALLENGE, COA_REQUEST } from '../../src/radius/numbers.js';
import { DISCONNECT_REQUEST } from '../../src/radius/numbers.js';
import {
  type Attribute,
  decodePacket,
  encodePacket,
  RadiusError,
} from '../../src/radius/packet.js';
import { isResponse, identityOf, verdictOf } from '../../src/radius/passthrough.js';
import { PacketStream } from '../../src/radius/stream.js';
import { mutated, runs, seedOf } from '../helpers/fuzzing.js';
import { Random } from '../wire/random.js';
import { CAROL, laboratory, SECRET, server } from './server.js';

const fuzz = suite('RADIUS fuzz');
const NAMES = Object.keys(ATTRIBUTES) as AttributeName[];
const NOW = 1_790_000_000;

/** What `work` returns, or undefined where it refuses in the way it may. */
function refusing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RadiusError)) throw error;
    assert.ok(error.message.length > 0);
    return undefined;
  }
}

/** Attributes of every type and any length, vendors' too. */
function attributes(random: Random): Attribute[] {
  return random.list(0, 12, () => {
    const { type, vendor } = random.chance(0.8)
      ? (ATTRIBUTES[random.pick(NAMES)] as { type: number; vendor?: number })
      : { type: random.between(0, 255), vendor: undefined };
    const length = random.pick([0, 1, 3, 4, 5, 6, 16, 18, random.between(0, 240)]);
    return { type, value: random.bytes(length), ...(vendor === undefined ? {} : { vendor }) };
  });
}

const packetOf = (random: Random): Uint8Array =>
  encodePacket({
    code: random.between(1, 45),
    identifier: random.between(0, 255),
    authenticator: random.bytes(16),
    attributes: attributes(random),
  });

function readAll(bytes: Uint8Array): boolean {
  const packet = refusing(() => decodePacket(bytes));
  if (!packet) return false;
  for (const name of NAMES) refusing(() => allOf(packet, name));
  refusing(() => joinEap(packet));
  refusing(() => verdictOf(packet, SECRET, new Uint8Array(16)));
  return true;
}

fuzz('packets of any kind, changed or not: read or refused', () => {
  const random = new Random(seedOf(2865));
  let read = 0;
  const count = runs(20_000);
  for (let i = 0; i < count; i++) {
    const bytes = packetOf(random);
    if (i % 4 === 0) assert.ok(readAll(bytes), 'what we write can be read');
    else if (readAll(mutated(random, bytes))) read++;
  }
  assert.ok(read > count / 50 && read < count / 1.5, `${read} read`);
});

fuzz('a stream gives the same packets, however it is cut; one that is none is refused', () => {
  const random = new Random(seedOf(6613));
  for (let i = 0; i < runs(500); i++) {
    const packets = random.list(1, 6, () => packetOf(random));
    const whole = Buffer.concat(packets);
    const given = random.chance(0.5) ? whole : Buffer.from(mutated(random, whole));
    const stream = new PacketStream();
    const got: Uint8Array[] = [];
    const refused = refusing(() => {
      for (let at = 0; at < given.length; ) {
        const next = at + random.between(1, 700);
        got.push(...stream.push(given.subarray(at, next)));
        at = next;
      }
      return true;
    });
    for (const bytes of got) readAll(bytes);
    if (given === whole)
      assert.equal(
        got,
        packets.map((bytes) => new Uint8Array(bytes)),
      );
    else assert.ok(refused === undefined || got.length <= given.length / 20);
  }
});

fuzz('requests of a server that has the secret: an answer, or silence', () => {
  const random = new Random(seedOf(5176));
  const door = new Incoming(NOW - 1000);
  const options = {
    secret: SECRET,
    needsTimestamp: false,
    nas: { identifier: 'moon', address: Uint8Array.of(192, 0, 2, 1) },
  };
  const handler = { sessions: () => [CAROL], disconnect: () => {}, change: () => {} };
  let answered = 0;
  for (let i = 0; i < runs(10_000); i++) {
    const code = random.pick([DISCONNECT_REQUEST, COA_REQUEST, random.between(0, 255)]);
    const content = { code, identifier: i & 255, attributes: attributes(random) };
    const sealed = sealRequest(content, SECRET);
    const bytes = random.chance(0.8) ? sealed : mutated(random, sealed);
    const { answer, text } = door.receive(bytes, '192.0.2.9', NOW + i / 100, options, handler);
    assert.ok(text.length > 0 && text.length < 2000);
    if (answer) answered++;
    if (answer) decodePacket(answer);
  }
  assert.ok(answered > runs(500), `${answered} answered`);
});

fuzz('answers of a server that has the secret: settled or said, never thrown', () => {
  const random = new Random(seedOf(2869));
  for (let i = 0; i < runs(1000); i++) {
    const lab = laboratory(server('a'));
    lab.ask();
    const request = lab.sent[0]!;
    const content = {
      code: random.pick([ACCESS_ACCEPT, ACCESS_CHALLENGE, random.between(0, 255)]),
      identifier: request.bytes[1]!,
      attributes: attributes(random),
    };
    const sealed = sealAnswer(content, SECRET, request.bytes.slice(4, 20), true);
    lab.answer(request, random.chance(0.7) ? sealed : mutated(random, sealed));
    assert.ok(lab.settled.size + lab.client.waiting === 1);
  }
});

fuzz('EAP out of a packet: whatever it is, no more than read', () => {
  const random = new Random(seedOf(3579));
  for (let i = 0; i < runs(5000); i++) {
    const eap = random.bytes(random.between(0, 40));
    if (eap.length > 4 && random.chance(0.7)) eap.set([2, 1, 0, eap.length, 1]);
    identityOf(eap);
    isResponse(eap);
  }
});

fuzz.run();
