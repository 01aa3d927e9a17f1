// What waits for further fragments, over all IKE SAs: bounded, the oldest set goes first.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Partial, PartialStore } from '../../src/ike/fragments.js';
import { type IkeSa, newIkeSa } from '../../src/ike/sa.js';
import { databases, EAST, WEST } from '../exchanges/databases.js';

const partials = suite('partials');

const [peer] = databases('west').peers;
const sa = (serial: number): IkeSa =>
  newIkeSa(
    {
      serial,
      side: 'responder',
      peer: peer!,
      state: 'established',
      spiInitiator: 1n,
      spiResponder: BigInt(serial),
      local: { address: WEST, port: 500 },
      remote: { address: EAST, port: 500 },
    },
    0,
  );
const set = (): Partial => ({
  messageId: 1,
  total: 3,
  parts: new Map(),
  bytes: 0,
  firstPayload: 0,
  original: new Uint8Array(0),
});

partials('the oldest go where there is too much, never the one that grows', () => {
  const store = new PartialStore(1000);
  const sas = [1, 2, 3].map(sa);
  for (const one of sas) {
    store.put(one, 'request', set());
    store.grow(one.partials.request!, 400);
  }
  assert.is(store.bytes, 800);
  assert.equal(
    sas.map(({ partials: { request } }) => request !== undefined),
    [false, true, true],
  );
  store.grow(sas[2]!.partials.request!, 2000);
  assert.is(store.bytes, 2400);
  assert.is(sas[1]!.partials.request, undefined);
});

partials(
  'a set in the place of another, and those of an IKE SA that is gone, give back all',
  () => {
    const store = new PartialStore(1000);
    const one = sa(1);
    for (const side of ['request', 'response', 'request'] as const) {
      store.put(one, side, set());
      store.grow(one.partials[side]!, 100);
    }
    assert.is(store.bytes, 200);
    store.removeAll(one);
    store.removeAll(one);
    assert.is(store.bytes, 0);
    assert.equal(one.partials, { request: undefined, response: undefined });
  },
);

partials.run();
