// V: a mark by which implementations of one vendor know each other. RFC 7296 §3.12.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                        Vendor ID (VID)                        ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { rest } from '../fields.js';
import { payload, type ValueOf } from '../payload.js';

export const Vendor = payload({
  number: 43,
  type: 'Vendor',
  fields: { data: rest },
  print: () => 'V',
});

export type VendorPayload = ValueOf<typeof Vendor>;
