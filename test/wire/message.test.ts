// Whole messages against recorded and published ones, byte by byte, and the rules of the header.
import { createDecipheriv } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeChain, encodeChain, type PlainPayload } from '../../src/wire/chain.js';
import { decodeMessage, encodeMessage, encodeProtected } from '../../src/wire/message.js';
import { formatMessage, padPlaintext, unpadPlaintext } from '../../src/wire/message.js';
import { keys, messages } from '../vectors/ike-strongswan.js';
import { hex, refusal } from './expect.js';

const message = suite('wire message');

/** AES-128-GCM with a 16-byte tag, as RFC 5282 has it: salt, explicit IV, AAD up to the IV. */
function openGcm(key: Uint8Array, aad: Uint8Array, body: Uint8Array): Uint8Array {
  const nonce = Buffer.concat([key.subarray(16), body.subarray(0, 8)]);
  const decipher = createDecipheriv('aes-128-gcm', key.subarray(0, 16), nonce);
  decipher.setAAD(aad).setAuthTag(body.subarray(-16));
  const text = decipher.update(body.subarray(8, -16));
  decipher.final();
  return new Uint8Array(text);
}

/** The payloads inside a recorded message, decrypted with the recorded keys. */
function openRecorded(index: number): { first: number; chain: Uint8Array; text: string } {
  const { bytes, from } = messages[index]!;
  const { header, payloads } = decodeMessage(bytes);
  const sealed = payloads.at(-1);
  assert.ok(sealed?.type === 'Encrypted');
  const key = from === 'initiator' ? keys.skEi : keys.skEr;
  const chain = unpadPlaintext(openGcm(key, sealed.aad, sealed.body));
  const inner = decodeChain(sealed.firstPayload, chain);
  return { first: sealed.firstPayload, chain, text: formatMessage({ header, payloads: inner }) };
}

message('strongSwan: IKE_SA_INIT is read, printed and written back byte by byte', () => {
  const [request, response] = messages;
  for (const { bytes } of [request!, response!]) {
    const { header, payloads } = decodeMessage(bytes);
    assert.equal(encodeMessage(header, payloads as PlainPayload[]), bytes);
  }
  assert.is(
    formatMessage(decodeMessage(request!.bytes)),
    'IKE_SA_INIT request 0 [SA KE Ni N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) ' +
      'N(IKEV2_FRAGMENTATION_SUPPORTED) N(SIGNATURE_HASH_ALGORITHMS) N(REDIRECT_SUPPORTED) V]',
  );
});

message('strongSwan: the proposals it was configured with', () => {
  const { header, payloads } = decodeMessage(messages[0]!.bytes);
  assert.is(header.spiInitiator, 0xa790eae575a106e9n);
  assert.is(header.spiResponder, 0n);
  assert.equal(header.flags, { initiator: true, version: false, response: false });
  const bits = (value: number) => [{ type: 14, value }];
  const row = (type: number, id: number, attributes = [] as { type: number; value: number }[]) => ({
    type,
    id,
    attributes,
  });
  assert.equal(payloads[0], {
    type: 'SA',
    proposals: [
      {
        number: 1,
        protocol: 1,
        spi: new Uint8Array(0),
        transforms: [row(1, 20, bits(128)), row(2, 5), row(4, 19)],
      },
      {
        number: 2,
        protocol: 1,
        spi: new Uint8Array(0),
        transforms: [row(1, 12, bits(256)), row(3, 12), row(2, 5), row(4, 14)],
      },
    ],
  });
});

message(
  'strongSwan: every protected message opens, and its chain is written back as it was',
  () => {
    const texts = messages.slice(2).map((_, index) => {
      const { first, chain, text } = openRecorded(index + 2);
      assert.equal(encodeChain(decodeChain(first, chain)), { first, bytes: chain });
      return text;
    });
    assert.is(
      texts[0],
      'IKE_AUTH request 1 [IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr N(MOBIKE_SUPPORTED) ' +
        'N(NO_ADDITIONAL_ADDRESSES) N(MULTIPLE_AUTH_SUPPORTED) N(EAP_ONLY_AUTHENTICATION) ' +
        'N(IKEV2_MESSAGE_ID_SYNC_SUPPORTED)]',
    );
    assert.is(texts[2], 'CREATE_CHILD_SA request 2 [N(REKEY_SA) SA Ni TSi TSr]');
    assert.is(texts[3], 'CREATE_CHILD_SA response 2 [SA Nr TSi TSr]');
    assert.is(texts[4], 'INFORMATIONAL request 3 [D(ESP x1)]');
    assert.is(texts[9], 'INFORMATIONAL response 0 []');
    assert.is(texts[10], 'INFORMATIONAL request 5 [D(IKE)]');
  },
);

// source: RFC 7634 Appendix B. SET_WINDOW_SIZE 10 in an INFORMATIONAL request.
const RFC7634 = {
  key: hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
  salt: hex('a0a1a2a3'),
  header: hex('c0c1c2c3c4c5c6c7 d0d1d2d3d4d5d6d7 2e202500 00000009 00000045'),
  generic: hex('29000029'),
  iv: hex('1011121314151617'),
  plaintext: hex('0000000c 00004001 0000000a 00'),
  ciphertext: hex('610394701f8d017f7c12924889'),
  tag: hex('6b71bfe25236efd7cdc67066906315b2'),
};

message('RFC 7634 Appendix B: read, opened with the AAD of the codec, built again', () => {
  const { key, salt, header, generic, iv, plaintext, ciphertext, tag } = RFC7634;
  const body = Buffer.concat([iv, ciphertext, tag]);
  const whole = new Uint8Array(Buffer.concat([header, generic, body]));
  const decoded = decodeMessage(whole);
  const [sealed] = decoded.payloads;
  assert.ok(sealed?.type === 'Encrypted');
  assert.equal(Buffer.from(sealed.aad), Buffer.concat([header, generic]));
  const decipher = createDecipheriv('chacha20-poly1305', key, Buffer.concat([salt, iv]), {
    authTagLength: 16,
  });
  decipher.setAAD(sealed.aad, { plaintextLength: plaintext.length }).setAuthTag(tag);
  const opened = new Uint8Array(decipher.update(sealed.body.subarray(8, -16)));
  decipher.final();
  assert.equal(opened, plaintext);
  const window = {
    type: 'Notify' as const,
    protocol: 0,
    spi: new Uint8Array(0),
    notifyType: 16385,
    data: hex('0000000a'),
  };
  assert.equal(decodeChain(sealed.firstPayload, unpadPlaintext(opened)), [window]);

  const chain = encodeChain([window]);
  const built = encodeProtected(decoded.header, chain.first, padPlaintext(chain.bytes, 1), {
    bodyLength: (length) => 8 + length + 16,
    seal(aad, text) {
      assert.equal(Buffer.from(aad), Buffer.concat([header, generic]));
      assert.equal(text, plaintext);
      return body;
    },
  });
  assert.equal(built, whole);
});

message('a sealer that breaks its word is our bug, not a message', () => {
  const { header } = decodeMessage(messages[2]!.bytes);
  const sealer = (length: number, body: number) => ({
    bodyLength: () => length,
    seal: () => new Uint8Array(body),
  });
  const build = (length: number, body: number) => () =>
    encodeProtected(header, 0, new Uint8Array(1), sealer(length, body));
  assert.is(refusal(build(30, 29)).kind, 'unencodable');
  assert.is(refusal(build(65532, 65532)).kind, 'unencodable');
  assert.is(build(65531, 65531)().length, 28 + 65535);
});

message('padding: to the block, and its length is not believed blindly', () => {
  for (const block of [1, 8, 16]) {
    for (let length = 0; length < 40; length++) {
      const padded = padPlaintext(new Uint8Array(length).fill(7), block);
      assert.is(padded.length % block, 0);
      assert.ok(padded.length - length <= block);
      assert.equal(unpadPlaintext(padded), new Uint8Array(length).fill(7));
    }
  }
  assert.equal(unpadPlaintext(hex('00')), new Uint8Array(0));
  assert.is(refusal(() => unpadPlaintext(new Uint8Array(0))).kind, 'malformed');
  assert.equal(unpadPlaintext(hex('aabbcc03')), new Uint8Array(0));
  assert.is(refusal(() => unpadPlaintext(hex('aabbcc04'))).field, 'padLength');
});

message.run();
