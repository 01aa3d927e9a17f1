// TSi and TSr: which packets an SA may carry. RFC 7296 §3.13. Addresses are integers, so that the
// values are the selectors of src/policy without conversion.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | Number of TSs |                 RESERVED                      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |   TS Type     |IP Protocol ID |       Selector Length         |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |           Start Port          |           End Port            |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                         Starting Address                      ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                         Ending Address                        ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { bytes, constant, countOf, lengthOf, listOf, record, reserved } from '../fields.js';
import { u8, u16, unsigned } from '../fields.js';
import { TS_IPV4_ADDR_RANGE, TS_IPV6_ADDR_RANGE } from '../numbers.js';
import { type Fail, payload, type ValueOf } from '../payload.js';
import { tagged } from '../structures.js';

/** A range of addresses of `size` bytes; the length counts from the type on. */
const range = (size: number) =>
  record({
    protocol: u8,
    length: constant(u16, 8 + 2 * size),
    startPort: u16,
    endPort: u16,
    start: unsigned(size),
    end: unsigned(size),
  });

const selector = tagged(
  'family',
  u8,
  [
    { number: TS_IPV4_ADDR_RANGE, is: 4, fields: range(4) },
    { number: TS_IPV6_ADDR_RANGE, is: 6, fields: range(16) },
  ],
  record({ protocol: u8, length: lengthOf('body', u16, 4), body: bytes('length') }),
);

const fields = {
  count: countOf('selectors', u8),
  reserved: reserved(3),
  selectors: listOf(selector, 255, 'count'),
};
type Selector = ReturnType<typeof selector.decode>;

function check({ selectors }: { selectors: readonly Selector[] }, fail: Fail): void {
  if (selectors.length === 0) fail('selectors', 'is empty');
  for (const one of selectors) {
    if (one.family === 'unknown') continue;
    if (one.start > one.end) fail('selectors.start', 'is after the end');
    // §3.13.1: 65535 … 0 means OPAQUE, the one range that runs backwards.
    const opaque = one.startPort === 65535 && one.endPort === 0;
    if (one.startPort > one.endPort && !opaque) fail('selectors.startPort', 'is after the end');
  }
}

export const TSi = payload({ number: 44, type: 'TSi', fields, check, print: () => 'TSi' });
export const TSr = payload({ number: 45, type: 'TSr', fields, check, print: () => 'TSr' });

export type TsPayload = ValueOf<typeof TSi> | ValueOf<typeof TSr>;
/** An address range (`family` 4 or 6), or a selector of a type we do not know. */
export type WireSelector = Selector;
