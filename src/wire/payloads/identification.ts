// IDi and IDr: who the peer says it is. RFC 7296 §3.5.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |   ID Type     |                 RESERVED                      |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                   Identification Data                         ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { reserved, rest, u8 } from '../fields.js';
import { ID_FQDN, ID_IPV4_ADDR, ID_IPV6_ADDR, ID_RFC822_ADDR } from '../numbers.js';
import { type Fail, payload, type ValueOf } from '../payload.js';

const fields = { idType: u8, reserved: reserved(3), data: rest };

/** §3.5: an address has its family's size; a name has no terminators (NUL, CR and the like). */
function check({ idType, data }: { idType: number; data: Uint8Array }, fail: Fail): void {
  if (data.length === 0) fail('data', 'is empty');
  if (idType === ID_IPV4_ADDR && data.length !== 4) fail('data', 'is no IPv4 address');
  if (idType === ID_IPV6_ADDR && data.length !== 16) fail('data', 'is no IPv6 address');
  const isName = idType === ID_FQDN || idType === ID_RFC822_ADDR;
  if (isName && data.some((byte) => byte < 0x20 || byte === 0x7f)) {
    fail('data', 'has a control character in a name');
  }
}

export const IDi = payload({ number: 35, type: 'IDi', fields, check, print: () => 'IDi' });
export const IDr = payload({ number: 36, type: 'IDr', fields, check, print: () => 'IDr' });

export type IdPayload = ValueOf<typeof IDi> | ValueOf<typeof IDr>;
