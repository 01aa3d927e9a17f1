// 100,000 mutated messages through the decoder: nothing is thrown but WireError, what is accepted can
// be written again, no value is larger than the packet warrants, and memory stays flat.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Payload, PlainPayload } from '../../src/wire/chain.js';
import { WireError } from '../../src/wire/error.js';
import {
  decodeMessage,
  encodeMessage,
  encodeProtected,
  formatMessage,
} from '../../src/wire/message.js';
import { messages } from '../vectors/ike-strongswan.js';
import { runs, seedOf } from '../helpers/fuzzing.js';
import { randomHeader, randomPayloads } from './grammar.js';
import { heapAfterCollection } from './heap.js';
import { MUTATIONS, mutate } from './mutations.js';
import { Random } from './random.js';

const fuzz = suite('wire fuzz');
const COUNT = runs(100_000);

/** Plain, protected and recorded messages to start from. */
function corpus(random: Random): Uint8Array[] {
  const sealer = {
    bodyLength: (n: number) => n + 24,
    seal: (_: Uint8Array, p: Uint8Array) => body(p),
  };
  const body = (plaintext: Uint8Array): Uint8Array => random.bytes(plaintext.length + 24);
  const plain = random.list(300, 300, () =>
    encodeMessage(randomHeader(random), randomPayloads(random)),
  );
  const sealed = random.list(40, 40, () =>
    encodeProtected(randomHeader(random), 41, random.bytes(60), sealer),
  );
  return [...plain, ...sealed, ...messages.map((message) => message.bytes)];
}

/** Everything a decoded value holds: bytes, and objects at 64 bytes each. */
function weight(value: unknown): number {
  if (value instanceof Uint8Array) return 64;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + weight(one), 64);
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce((sum: number, one) => sum + weight(one), 64);
}

/** Decodes, and returns what was accepted, or undefined for a refusal that is ours. */
function attempt(bytes: Uint8Array): ReturnType<typeof decodeMessage> | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    assert.ok(error.kind !== 'unencodable', error.message);
    assert.ok(error.offset >= 0 && error.offset <= Math.max(bytes.length, 28), error.message);
    return undefined;
  }
}

const isPlain = (payload: Payload): payload is PlainPayload =>
  payload.type !== 'Encrypted' && payload.type !== 'EncryptedFragment';

fuzz(`${COUNT} mutated messages: only WireError, bounded values, encodable again`, () => {
  const random = new Random(seedOf(20_261_123));
  const originals = corpus(random);
  const counts = { accepted: 0, refused: 0 };
  for (let i = 0; i < COUNT; i++) {
    const bytes = mutate(random, random.pick(originals));
    const message = attempt(bytes);
    if (!message) {
      counts.refused++;
      continue;
    }
    counts.accepted++;
    assert.ok(weight(message) <= 1024 + 128 * bytes.length, `weight of ${bytes.length} bytes`);
    assert.ok(formatMessage(message).length <= 64 + 64 * message.payloads.length);
    if (!message.payloads.every(isPlain)) continue;
    const again = encodeMessage(message.header, message.payloads.filter(isPlain));
    assert.equal(decodeMessage(again).payloads, message.payloads);
  }
  // Mutations that all bounce off the header, or all pass, would test nothing.
  assert.ok(counts.accepted > COUNT / 20, JSON.stringify(counts));
  assert.ok(counts.refused > COUNT / 4, JSON.stringify(counts));
});

fuzz('each mutation finds a refusal and says where', () => {
  const random = new Random(42);
  const originals = corpus(random);
  for (const [name, mutation] of Object.entries(MUTATIONS)) {
    const places = new Set<string>();
    for (let i = 0; i < 400; i++) {
      const bytes = mutation(random, random.pick(originals));
      try {
        decodeMessage(bytes);
      } catch (error) {
        assert.instance(error, WireError);
        const { payload, field } = error as WireError;
        places.add(`${payload}.${field}`);
      }
    }
    assert.ok(places.size > 0, `${name} was never refused`);
  }
});

fuzz('memory is flat over a flood', () => {
  const random = new Random(9);
  const originals = corpus(random);
  const flood = random.list(2000, 2000, () => mutate(random, random.pick(originals)));
  const round = (): number => {
    for (const bytes of flood) attempt(bytes);
    return heapAfterCollection();
  };
  for (let i = 0; i < 5; i++) round();
  const before = round();
  for (let i = 0; i < 10; i++) round();
  const grown = round() - before;
  assert.ok(grown < 2 ** 20, `${grown} bytes`);
});

fuzz.run();
