// D: SAs that their receiver has removed. RFC 7296 §3.11.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | Protocol ID   |   SPI Size    |          Num of SPIs          |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~               Security Parameter Index(es) (SPI)              ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { countOf, itemSizeOf, listOf, bytes, u8, u16 } from '../fields.js';
import { PROTOCOL_AH, PROTOCOL_ESP, PROTOCOL_IKE, protocolName } from '../numbers.js';
import { payload, type ValueOf } from '../payload.js';

const MAX_SPIS = 65535;

export const Delete = payload({
  number: 42,
  type: 'Delete',
  fields: {
    protocol: u8,
    spiSize: itemSizeOf('spis', u8),
    spiCount: countOf('spis', u16),
    spis: listOf(bytes('spiSize'), MAX_SPIS, 'spiCount'),
  },
  check({ protocol, spis }, fail) {
    // §3.11: an IKE SA is the one the message came in, and has no SPI here.
    if (protocol === PROTOCOL_IKE && spis.length > 0) fail('spis', 'in the delete of an IKE SA');
    const child = protocol === PROTOCOL_AH || protocol === PROTOCOL_ESP;
    if (child && spis.some((spi) => spi.length !== 4)) fail('spis', 'not of four bytes');
  },
  print: ({ protocol, spis }) =>
    spis.length === 0
      ? `D(${protocolName(protocol)})`
      : `D(${protocolName(protocol)} x${spis.length})`,
});

export type DeletePayload = ValueOf<typeof Delete>;
