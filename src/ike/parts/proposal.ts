// SA payloads: between the registry's proposals and the wire (RFC 7296 §3.3).
import type { Selection } from '../../algorithms/proposals.js';
import {
  ATTRIBUTE_KEY_LENGTH,
  PROTOCOL_AH,
  PROTOCOL_ESP,
  type Transform,
  type TransformProposal,
  TRANSFORM_UNKNOWN,
} from '../../algorithms/transform.js';
import type { SaPayload } from '../../wire/payloads/security-association.js';

type WireProposal = SaPayload['proposals'][number];

function toWire(transform: Transform): WireProposal['transforms'][number] {
  const { type, id, keyBits } = transform;
  const attributes = keyBits === undefined ? [] : [{ type: ATTRIBUTE_KEY_LENGTH, value: keyBits }];
  return { type, id, attributes };
}

/** An offer: every proposal with our SPI (empty: none, as in the first exchange). */
export function buildOffer(proposals: readonly TransformProposal[], spi: Uint8Array): SaPayload {
  return {
    type: 'SA',
    proposals: proposals.map(({ protocol, transforms }, index) => ({
      number: index + 1,
      protocol,
      spi,
      transforms: transforms.map(toWire),
    })),
  };
}

/** The answer repeats the number of the proposal it accepts (§3.3.1). */
export function buildChoice(offered: SaPayload, selection: Selection, spi: Uint8Array): SaPayload {
  const { number, protocol } = offered.proposals[selection.index]!;
  const transforms = selection.transforms.map(toWire);
  return { type: 'SA', proposals: [{ number, protocol, spi, transforms }] };
}

export function readProposals({ proposals }: SaPayload): TransformProposal[] {
  return proposals.map(({ protocol, transforms }) => ({
    protocol,
    transforms: transforms.map(fromWire),
  }));
}

/** §3.3.6: a transform with an attribute we do not know is one we do not know. */
function fromWire({ type, id, attributes }: WireProposal['transforms'][number]): Transform {
  const lengths = attributes.filter((attribute) => attribute.type === ATTRIBUTE_KEY_LENGTH);
  const keyBits = lengths[0]?.value;
  if (attributes.length > 1 || lengths.length !== attributes.length) {
    return { type, id: TRANSFORM_UNKNOWN };
  }
  if (keyBits !== undefined && typeof keyBits !== 'number') return { type, id: TRANSFORM_UNKNOWN };
  return { type, id, keyBits };
}

/** Protocol numbers of the two kinds of child (§3.3.1). */
export const CHILD_PROTOCOL = { esp: PROTOCOL_ESP, ah: PROTOCOL_AH } as const;

export const espSpiBytes = (spi: number): Uint8Array =>
  Uint8Array.of(spi >>> 24, (spi >>> 16) & 0xff, (spi >>> 8) & 0xff, spi & 0xff);

export const espSpiFrom = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
