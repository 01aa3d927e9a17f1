// CP: addresses and servers for a remote-access client. RFC 7296 §3.15.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |   CFG Type    |                    RESERVED                   |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |R|         Attribute Type      |            Length             |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                             Value                             ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { bytes, lengthOf, listOf, record, reserved, u8, u15 } from '../fields.js';
import { u16 } from '../fields.js';
import { CONFIGURATION_ATTRIBUTES, configurationTypeName } from '../numbers.js';
import { payload, type ValueOf } from '../payload.js';

const MAX_ATTRIBUTES = 256;

const attribute = record({ type: u15, length: lengthOf('value', u16), value: bytes('length') });

export const Configuration = payload({
  number: 47,
  type: 'Configuration',
  fields: {
    configurationType: u8,
    reserved: reserved(3),
    attributes: listOf(attribute, MAX_ATTRIBUTES),
  },
  /** §3.15.1's column "Length"; an empty value asks for one. */
  check({ attributes }, fail) {
    for (const { type, value } of attributes) {
      const size = CONFIGURATION_ATTRIBUTES.get(type)?.bytes;
      if (size === undefined || value.length === 0 || value.length === size) continue;
      fail('attributes', `type ${type} of ${value.length} bytes`);
    }
  },
  print: ({ configurationType }) => `CP(${configurationTypeName(configurationType)})`,
});

export type ConfigurationPayload = ValueOf<typeof Configuration>;
