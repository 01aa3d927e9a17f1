// The codec: RFC 2865's own example, what the lengths may say, EAP in pieces, and everything a
// stranger could send instead.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { allOf, attribute, firstOf, joinEap, splitEap } from '../../src/radius/attributes.js';
import { checkAnswer } from '../../src/radius/authenticators.js';
import { decodePacket, encodePacket, RadiusError } from '../../src/radius/packet.js';
import { PacketStream } from '../../src/radius/stream.js';
import { ACCEPT, REQUEST, SECRET } from './rfc.js';

const packet = suite('radius: packet');
const header = (length: number, ...rest: number[]): Uint8Array =>
  Uint8Array.of(2, 7, length >> 8, length & 255, ...new Uint8Array(16), ...rest);
const isRefusal = (error: unknown): boolean => error instanceof RadiusError;
const of = (...attributes: ReturnType<typeof attribute>[]) => ({ attributes });

packet('the example of RFC 2865 is read and written as it stands there', () => {
  const request = decodePacket(REQUEST);
  assert.is(request.code, 1);
  assert.is(firstOf(request, 'User-Name'), 'nemo');
  assert.equal(firstOf(request, 'NAS-IP-Address'), Uint8Array.of(192, 168, 1, 16));
  assert.is(firstOf(request, 'NAS-Port'), 3);
  assert.equal(encodePacket(request), REQUEST);
  assert.equal(encodePacket(decodePacket(ACCEPT)), ACCEPT);
});

packet('the answer of the example is authentic, and only that', () => {
  const authenticator = REQUEST.slice(4, 20);
  assert.is(checkAnswer(ACCEPT, SECRET, authenticator, false), undefined);
  assert.match(checkAnswer(ACCEPT, SECRET, authenticator, true)!, /no Message-Authenticator/);
  assert.match(
    checkAnswer(ACCEPT, SECRET.slice(1), authenticator, false)!,
    /authenticator is wrong/,
  );
  for (let at = 0; at < ACCEPT.length; at++) {
    const other = ACCEPT.slice();
    other[at]! ^= 1;
    // The length field is checked first, and says what is wrong by throwing.
    const verdict = (): unknown => {
      try {
        return checkAnswer(other, SECRET, authenticator, false);
      } catch (error) {
        return error;
      }
    };
    assert.ok(verdict() !== undefined, `byte ${at}`);
  }
});

packet('lengths that cannot be are refused, padding is ignored', () => {
  const wrong: [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['three bytes', Uint8Array.of(2, 0, 0)],
    ['a length below the header', header(19)],
    ['more than came', header(21)],
    ['more than can be', Uint8Array.of(...header(4097), ...new Uint8Array(4077))],
    ['an attribute of length 0', header(22, 1, 0)],
    ['an attribute of length 1', header(22, 1, 1)],
    ['an attribute beyond the end', header(22, 1, 3)],
    ['half an attribute', header(21, 1)],
  ];
  for (const [what, bytes] of wrong) {
    assert.throws(() => decodePacket(bytes), isRefusal, what);
  }
  assert.equal(decodePacket(header(20, 9, 9, 9)).attributes, []);
  assert.throws(() =>
    encodePacket({
      ...decodePacket(header(20)),
      attributes: [{ type: 1, value: new Uint8Array(254) }],
    }),
  );
});

packet('values of a wrong length are errors, not guesses', () => {
  const three = Uint8Array.of(1, 2, 3);
  for (const [type, name] of [
    [8, 'Framed-IP-Address'],
    [27, 'Session-Timeout'],
    [168, 'Framed-IPv6-Address'],
    [96, 'Framed-Interface-Id'],
  ] as const) {
    assert.throws(() => firstOf(of({ type, value: three }), name), isRefusal);
  }
  assert.throws(() => firstOf(of({ type: 1, value: Uint8Array.of(0xff) }), 'User-Name'), isRefusal);
  const prefix = (...value: number[]) => of({ type: 97, value: Uint8Array.from(value) });
  assert.throws(() => firstOf(prefix(0, 64, 0x20), 'Framed-IPv6-Prefix'), isRefusal);
  assert.throws(() => firstOf(prefix(0, 129), 'Framed-IPv6-Prefix'), isRefusal);
  const found = firstOf(prefix(0, 33, 0x20, 0x01, 0x0d, 0xb8, 0xff), 'Framed-IPv6-Prefix')!;
  assert.is(found.bits, 33);
  assert.equal([...found.address.subarray(0, 6)], [0x20, 0x01, 0x0d, 0xb8, 0x80, 0]);
});

packet('a vendor attribute may hold several of its own', () => {
  const one = attribute('MS-Primary-DNS-Server', Uint8Array.of(192, 0, 2, 1));
  const two = attribute('MS-Secondary-DNS-Server', Uint8Array.of(192, 0, 2, 2));
  const both = { type: 26, value: Uint8Array.of(...one.value, ...two.value.subarray(4)) };
  assert.equal(allOf(of(both), 'MS-Primary-DNS-Server'), [Uint8Array.of(192, 0, 2, 1)]);
  assert.equal(allOf(of(both), 'MS-Secondary-DNS-Server'), [Uint8Array.of(192, 0, 2, 2)]);
  // Another vendor's, and one whose inside does not fit.
  const other = { type: 26, value: both.value.slice() };
  other.value[3]! ^= 1;
  assert.equal(allOf(of(other), 'MS-Primary-DNS-Server'), []);
  const cut = { type: 26, value: both.value.subarray(0, 7) };
  assert.equal(allOf(of(cut), 'MS-Primary-DNS-Server'), []);
});

packet('EAP packets go in pieces of 253 and come back whole', () => {
  for (const length of [4, 5, 253, 254, 506, 507, 1400]) {
    const eap = Uint8Array.from({ length }, (_, at) => at);
    eap.set([1, 9, length >> 8, length & 255]);
    const parts = splitEap(eap);
    assert.is(parts.length, Math.ceil(length / 253));
    assert.equal(joinEap(of(...parts)), eap);
  }
  assert.is(joinEap(of(attribute('User-Name', 'x'))), undefined);
});

packet('EAP pieces that are torn apart or miss bytes are refused', () => {
  const eap = new Uint8Array(300);
  eap.set([1, 9, 300 >> 8, 300 & 255]);
  const [first, second] = splitEap(eap);
  const between = attribute('Reply-Message', 'x');
  assert.throws(() => joinEap(of(first!, between, second!)), /between/);
  assert.throws(() => joinEap(of(first!)), /says it has 300/);
  assert.throws(() => joinEap(of(second!, first!)), isRefusal);
  assert.throws(() => joinEap(of({ type: 79, value: new Uint8Array(0) })), isRefusal);
});

packet('packets come out of a stream however it is cut', () => {
  const whole = Uint8Array.of(...REQUEST, ...ACCEPT, ...REQUEST);
  for (const size of [1, 3, 19, 50, whole.length]) {
    const stream = new PacketStream();
    const found: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) {
      found.push(...stream.push(whole.subarray(at, at + size)));
    }
    assert.equal(found, [REQUEST, ACCEPT, REQUEST]);
  }
  assert.throws(() => new PacketStream().push(header(19)), isRefusal);
  assert.throws(() => new PacketStream().push(header(5000)), isRefusal);
});

packet('random bytes and damaged packets are read or refused, nothing else', () => {
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  };
  let read = 0;
  for (let round = 0; round < 3000; round++) {
    const bytes = REQUEST.slice(0, random() % 4 === 0 ? random() % REQUEST.length : undefined);
    for (let n = 0; n < 3 && bytes.length > 0; n++) bytes[random() % bytes.length] = random();
    try {
      const decoded = decodePacket(bytes);
      joinEap(decoded);
      allOf(decoded, 'User-Name');
      read++;
    } catch (error) {
      if (!(error instanceof RadiusError)) throw error;
    }
  }
  assert.ok(read > 100, `${read} were read`);
});

packet.run();
