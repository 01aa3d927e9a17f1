// decode(encode(x)) is x for random messages over the whole grammar, and the bytes are stable.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeChain, encodeChain } from '../../src/wire/chain.js';
import { decodeMessage, encodeMessage, formatMessage } from '../../src/wire/message.js';
import { PAYLOAD_TYPES, randomHeader, randomPayload, randomPayloads } from './grammar.js';
import { Random } from './random.js';

const roundtrip = suite('wire round trip');

roundtrip('every payload type comes back as it was', () => {
  const random = new Random(7296);
  for (let type = 0; type < PAYLOAD_TYPES; type++) {
    for (let i = 0; i < 200; i++) {
      const payload = randomPayload(random, type);
      const { first, bytes } = encodeChain([payload]);
      assert.equal(decodeChain(first, bytes), [payload]);
    }
  }
});

roundtrip('whole messages come back as they were', () => {
  const random = new Random(3);
  for (let i = 0; i < 2000; i++) {
    const header = randomHeader(random);
    const payloads = randomPayloads(random);
    const bytes = encodeMessage(header, payloads);
    const message = decodeMessage(bytes);
    const { nextPayload: _next, length, ...decoded } = message.header;
    assert.equal(decoded, header);
    assert.is(length, bytes.length);
    assert.equal(message.payloads, payloads);
    assert.equal(encodeMessage(message.header, payloads), bytes);
    assert.not.match(formatMessage(message), /undefined|\[object/);
  }
});

roundtrip('values are views of the packet, and a Buffer gives the same values', () => {
  const random = new Random(11);
  const bytes = encodeMessage(randomHeader(random), [{ type: 'Nonce', data: random.bytes(32) }]);
  const padded = Buffer.concat([Buffer.from('xyz'), bytes, Buffer.from('xyz')]).subarray(3, -3);
  const [nonce] = decodeMessage(padded).payloads;
  assert.ok(nonce?.type === 'Nonce');
  assert.is(nonce.data.buffer, padded.buffer);
  assert.is(Object.getPrototypeOf(nonce.data), Uint8Array.prototype);
  assert.equal(decodeMessage(padded), decodeMessage(bytes));
});

roundtrip.run();
