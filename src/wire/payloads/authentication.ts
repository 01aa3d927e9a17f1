// AUTH: the proof of identity over the first messages. RFC 7296 §3.8.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | Auth Method   |                RESERVED                       |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                      Authentication Data                      ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { reserved, rest, u8 } from '../fields.js';
import { payload, type ValueOf } from '../payload.js';

export const AUTH = payload({
  number: 39,
  type: 'AUTH',
  fields: { method: u8, reserved: reserved(3), data: rest },
  check({ data }, fail) {
    if (data.length === 0) fail('data', 'is empty');
  },
  print: () => 'AUTH',
});

export type AuthPayload = ValueOf<typeof AUTH>;
