// KE: our half of a Diffie-Hellman exchange. RFC 7296 §3.4.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |   Diffie-Hellman Group Num    |           RESERVED            |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                       Key Exchange Data                       ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { reserved, rest, u16 } from '../fields.js';
import { payload, type ValueOf } from '../payload.js';

export const KE = payload({
  number: 34,
  type: 'KE',
  fields: { group: u16, reserved: reserved(2), data: rest },
  // The right length depends on the group, which the codec does not know.
  check({ data }, fail) {
    if (data.length === 0) fail('data', 'is empty');
  },
  print: () => 'KE',
});

export type KePayload = ValueOf<typeof KE>;
