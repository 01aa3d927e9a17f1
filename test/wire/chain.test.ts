// The payload chain and the header: every rule of shape that an attacker would try first.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeChain, encodeChain, MAX_PAYLOADS, type PlainPayload } from '../../src/wire/chain.js';
import { decodeHeader, type MessageHeader, spiBytes } from '../../src/wire/header.js';
import { decodeMessage, encodeMessage } from '../../src/wire/message.js';
import { hex, refusal } from './expect.js';

const chain = suite('wire chain');

const vendor: PlainPayload = { type: 'Vendor', data: hex('aabb') };
const header: MessageHeader = {
  spiInitiator: 0x1122334455667788n,
  spiResponder: 0x99aabbccddeeff00n,
  majorVersion: 2,
  minorVersion: 0,
  exchangeType: 37,
  flags: { initiator: true, response: false, version: false },
  messageId: 0x01020304,
};
const HEADER = '1122334455667788 99aabbccddeeff00';
/** A message of raw parts: next payload, version, exchange and flags, message id, then length and body. */
const raw = (next: string, body: string, words = '202508', length?: number): Uint8Array => {
  const total = (length ?? 28 + hex(body).length).toString(16).padStart(8, '0');
  return hex(`${HEADER} ${next}${words} 01020304 ${total} ${body}`);
};
const decodeRaw = (next: string, body: string) => () => decodeMessage(raw(next, body));

chain('by hand: RFC 7296 §3.1 and §3.2, an INFORMATIONAL with one vendor id', () => {
  const bytes = hex(`
    1122334455667788 99aabbccddeeff00   # SPIs
    2b 20 25 08                         # V, version 2.0, INFORMATIONAL, Initiator
    01020304 00000022                   # message id, 34 bytes
    00 00 0006 aabb                     # last, not critical, 6 bytes
  `);
  assert.equal(encodeMessage(header, [vendor]), bytes);
  const message = decodeMessage(bytes);
  assert.equal(message.payloads, [vendor]);
  assert.equal(message.header, { ...header, nextPayload: 43, length: 34 });
});

chain('no payload at all is a message', () => {
  assert.equal(decodeMessage(encodeMessage(header, [])).payloads, []);
  assert.is(encodeMessage(header, []).length, 28);
});

chain('header: length, version, SPI', () => {
  const body = '00000006aabb';
  for (const length of [0, 27, 28, 33, 35, 2 ** 32 - 1]) {
    const error = refusal(() => decodeMessage(raw('2b', body, '202508', length)));
    assert.equal([error.kind, error.payload, error.field], ['malformed', 'header', 'length']);
  }
  for (const version of ['10', '30', '00', 'f0']) {
    const error = refusal(() => decodeMessage(raw('2b', body, `${version}2508`)));
    assert.equal([error.kind, error.field], ['version', 'version']);
  }
  // §2.5: a minor version we do not know, and bits we do not know, are passed over.
  assert.is(decodeMessage(raw('2b', body, '212508')).header.minorVersion, 1);
  const { flags } = decodeMessage(raw('2b', body, '2025c7')).header;
  assert.equal(flags, { initiator: false, version: false, response: false });
  // §3.1: the initiator's SPI is never zero, but for §1.5's INVALID_SPI outside an IKE SA.
  const init = encodeMessage({ ...header, exchangeType: 34 }, [vendor]).fill(0, 0, 8);
  assert.is(refusal(() => decodeMessage(init)).field, 'spiInitiator');
  const informational = encodeMessage(header, [vendor]).fill(0, 0, 8);
  assert.is(decodeMessage(informational).header.spiInitiator, 0n);
});

chain('header: too short is refused, and the header alone can be read to answer with', () => {
  for (let length = 0; length < 28; length++) {
    const error = refusal(() => decodeMessage(raw('00', '').subarray(0, length)));
    assert.is(error.kind, 'malformed');
  }
  const old = raw('01', '', '100204', 999);
  assert.equal(
    [decodeHeader(old).majorVersion, decodeHeader(old).length, decodeHeader(old).messageId],
    [1, 999, 0x01020304],
  );
  assert.equal(spiBytes(header.spiInitiator), hex('1122334455667788'));
});

chain('payload length 0 … 3, past the end, short of the end', () => {
  for (const length of ['0000', '0001', '0002', '0003', '0007', 'ffff']) {
    const error = refusal(decodeRaw('2b', `0000 ${length} aabb`));
    assert.equal([error.kind, error.payload], ['malformed', 'Vendor'], length);
  }
  assert.is(refusal(decodeRaw('2b', '0000 0005 aabb')).offset, 28 + 5);
  assert.is(refusal(decodeRaw('2b', '0000 00')).payload, 'Vendor');
  assert.is(refusal(decodeRaw('2b', '')).payload, 'Vendor');
  assert.is(refusal(decodeRaw('00', '0000 0004')).kind, 'malformed');
});

chain('a chain that names itself goes on only as far as its bytes', () => {
  const most = '2b00 0004 '.repeat(MAX_PAYLOADS - 1);
  assert.is(decodeMessage(raw('2b', `${most}0000 0004`)).payloads.length, MAX_PAYLOADS);
  const error = refusal(decodeRaw('2b', `${most}2b00 0004 0000 0004`));
  assert.match(error.message, /more than 128 payloads/);
  assert.is(refusal(decodeRaw('2b', '2b00 0004')).kind, 'malformed');
});

chain('an unknown payload survives, a critical one is refused by number', () => {
  const { payloads } = decodeMessage(raw('c8', '2b7f 0005 07 0000 0006 aabb'));
  const unknown = { type: 'Unknown', number: 200, critical: false, data: hex('07') };
  assert.equal(payloads, [unknown, vendor]);
  const error = refusal(decodeRaw('2b', 'c800 0004 0080 0004'));
  assert.equal([error.kind, error.payloadNumber, error.offset], ['critical', 200, 32]);
  // §2.5: the bit says nothing about payloads the RFC itself defines.
  assert.equal(decodeMessage(raw('2b', '0080 0006 aabb')).payloads, [vendor]);
  // Payloads of IKEv1 (1 … 13) are nothing special here.
  assert.is(decodeMessage(raw('01', '0000 0008 00000001')).payloads[0]?.type, 'Unknown');
  assert.is(refusal(decodeRaw('01', '0080 0004')).payloadNumber, 1);
});

chain('SK and SKF: last, outside, with what stands before them as AAD', () => {
  const bytes = raw('2b', '2e00 0006 aabb 2900 0007 010203');
  const [, sealed] = decodeMessage(bytes).payloads;
  const aad = bytes.subarray(0, -3);
  assert.equal(sealed, { type: 'Encrypted', firstPayload: 41, body: hex('010203'), aad });
  // The Next Payload of SK names what is inside, so nothing can follow it.
  assert.is(refusal(decodeRaw('2e', '2b00 0005 01 0000 0006 aabb')).kind, 'malformed');
  const fragment = raw('35', '2900 000b 0001 0002 010203');
  assert.equal(decodeMessage(fragment).payloads, [
    {
      type: 'EncryptedFragment',
      firstPayload: 41,
      fragmentNumber: 1,
      totalFragments: 2,
      body: hex('010203'),
      aad: fragment.subarray(0, -3),
    },
  ]);
  for (const numbers of ['0000 0002', '0003 0002', '0001 0000', '0000 0000']) {
    const error = refusal(decodeRaw('35', `2900 0009 ${numbers} 01`));
    assert.equal([error.payload, error.field], ['EncryptedFragment', 'fragmentNumber']);
  }
  for (const inside of [46, 53]) {
    const error = refusal(() => decodeChain(inside, hex('0000 0009 0001 0001 01')));
    assert.is(error.kind, 'malformed');
  }
});

chain('what does not fit on the wire is our own bug', () => {
  const long: PlainPayload = { type: 'Vendor', data: new Uint8Array(65532) };
  assert.is(refusal(() => encodeChain([long])).kind, 'unencodable');
  assert.is(encodeChain([{ ...long, data: new Uint8Array(65531) }]).bytes.length, 65535);
  const wide = { ...header, majorVersion: 16 };
  assert.is(refusal(() => encodeMessage(wide, [])).kind, 'unencodable');
});

chain.run();
