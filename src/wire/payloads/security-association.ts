// SA: proposals, each of transforms, each with attributes. RFC 7296 §3.3.
//
//                        1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | Last (0 or 2) |   RESERVED    |         Proposal Length       |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | Proposal Num  |  Protocol ID  |    SPI Size   |Num  Transforms|
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                        SPI (variable)                         ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   | Last (0 or 3) |   RESERVED    |        Transform Length       |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |Transform Type |   RESERVED    |          Transform ID         |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   ~                      Transform Attributes                     ~
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
import { bytes, countOf, lengthOf, listOf, record, reserved, u8, u16 } from '../fields.js';
import { PROTOCOL_AH, PROTOCOL_ESP, PROTOCOL_IKE } from '../numbers.js';
import { payload, type ValueOf } from '../payload.js';
import { attribute, substructures } from '../structures.js';

// Our own limits; a count byte bounds transforms at 255 anyway.
const MAX_PROPOSALS = 64;
const MAX_TRANSFORMS = 255;
const MAX_ATTRIBUTES = 16;

const transform = record({
  type: u8,
  reserved: reserved(1),
  id: u16,
  attributes: listOf(attribute, MAX_ATTRIBUTES),
});

const proposal = record({
  number: u8,
  protocol: u8,
  spiSize: lengthOf('spi', u8),
  transformCount: countOf('transforms', u8),
  spi: bytes('spiSize'),
  transforms: substructures(3, transform, MAX_TRANSFORMS, 'transformCount'),
});

/** SPI sizes per protocol; an IKE proposal has an SPI only when it rekeys (§3.3.1). */
const SPI_SIZES: Readonly<Record<number, readonly number[]>> = {
  [PROTOCOL_IKE]: [0, 8],
  [PROTOCOL_AH]: [4],
  [PROTOCOL_ESP]: [4],
};

export const SA = payload({
  number: 33,
  type: 'SA',
  fields: { proposals: substructures(2, proposal, MAX_PROPOSALS) },
  check({ proposals }, fail) {
    if (proposals.length === 0) fail('proposals', 'is empty');
    let previous = 0;
    for (const { number, protocol, spi } of proposals) {
      // An answer repeats the number of the proposal it accepts, so the first need not be 1.
      if (number <= previous) fail('proposals.number', `${number} after ${previous}`);
      previous = number;
      const sizes = SPI_SIZES[protocol];
      if (sizes && !sizes.includes(spi.length)) {
        fail('proposals.spi', `of ${spi.length} bytes for protocol ${protocol}`);
      }
    }
  },
  print: () => 'SA',
});

export type SaPayload = ValueOf<typeof SA>;
export type Proposal = SaPayload['proposals'][number];
export type Transform = Proposal['transforms'][number];
