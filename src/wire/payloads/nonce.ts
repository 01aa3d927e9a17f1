// Ni, Nr: freshness. RFC 7296 §3.9.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                            Nonce Data                         ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { rest } from '../fields.js';
import { payload, type ValueOf } from '../payload.js';

// §3.9: between 16 and 256 octets, inclusive.
const MIN_NONCE = 16;
const MAX_NONCE = 256;

export const Nonce = payload({
  number: 40,
  type: 'Nonce',
  fields: { data: rest },
  check({ data }, fail) {
    if (data.length < MIN_NONCE || data.length > MAX_NONCE) fail('data', `${data.length} bytes`);
  },
  print: (_value, response) => (response ? 'Nr' : 'Ni'),
});

export type NoncePayload = ValueOf<typeof Nonce>;
