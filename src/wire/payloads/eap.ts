// EAP: one EAP packet, whole, as src/eap and RADIUS want it. RFC 7296 §3.16, RFC 3748 §4.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |     Code      | Identifier    |           Length              |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |     Type      | Type_Data...
//   +-+-+-+-+-+-+-+-+-+-+-
import { rest } from '../fields.js';
import { payload, type ValueOf } from '../payload.js';

const HEADER_BYTES = 4;

export const EAP = payload({
  number: 48,
  type: 'EAP',
  fields: { packet: rest },
  check({ packet }, fail) {
    if (packet.length < HEADER_BYTES) fail('packet', `of ${packet.length} bytes`);
    const length = packet[2]! * 256 + packet[3]!;
    if (length !== packet.length) fail('packet', `of ${packet.length} bytes says ${length}`);
  },
  print: () => 'EAP',
});

export type EapPayload = ValueOf<typeof EAP>;
