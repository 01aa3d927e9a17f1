// Random messages over the whole grammar of the codec, valid by construction.
import type { PlainPayload } from '../../src/wire/chain.js';
import type { MessageHeader } from '../../src/wire/header.js';
import { N } from '../../src/wire/notifications.js';
import type { Proposal, Transform } from '../../src/wire/payloads/security-association.js';
import type { WireSelector } from '../../src/wire/payloads/traffic-selector.js';
import type { Random } from './random.js';

export function randomHeader(random: Random): MessageHeader {
  return {
    spiInitiator: random.unsigned(8) | 1n,
    spiResponder: random.unsigned(8),
    majorVersion: 2,
    minorVersion: random.between(0, 15),
    exchangeType: random.between(0, 255),
    flags: {
      initiator: random.chance(0.5),
      response: random.chance(0.5),
      version: random.chance(0.5),
    },
    messageId: random.word(),
  };
}

function transform(random: Random): Transform {
  return {
    type: random.between(0, 255),
    id: random.between(0, 65535),
    attributes: random.list(0, 3, () => ({
      type: random.between(0, 0x7fff),
      value: random.chance(0.5) ? random.between(0, 65535) : random.bytes(random.between(0, 8)),
    })),
  };
}

function proposal(random: Random, number: number): Proposal {
  const protocol = random.between(1, 4);
  const sizes = [[], [0, 8], [4], [4], [0, 7, 255]][protocol]!;
  return {
    number,
    protocol,
    spi: random.bytes(random.pick(sizes)),
    transforms: random.list(0, 6, () => transform(random)),
  };
}

function selector(random: Random): WireSelector {
  const family = random.pick([4, 6, 'unknown'] as const);
  const protocol = random.between(0, 255);
  if (family === 'unknown') {
    const number = random.between(9, 255);
    return { family, number, protocol, body: random.bytes(random.between(0, 40)) };
  }
  const size = family === 4 ? 4 : 16;
  const ends = [random.unsigned(size), random.unsigned(size)] as const;
  const ports = [random.between(0, 65535), random.between(0, 65535)] as const;
  const opaque = random.chance(0.1);
  return {
    family,
    protocol,
    startPort: opaque ? 65535 : Math.min(...ports),
    endPort: opaque ? 0 : Math.max(...ports),
    start: ends[0] < ends[1] ? ends[0] : ends[1],
    end: ends[0] < ends[1] ? ends[1] : ends[0],
  };
}

function notify(random: Random): PlainPayload {
  const sized: Readonly<Record<number, number>> = {
    [N.COOKIE]: random.between(1, 64),
    [N.NAT_DETECTION_SOURCE_IP]: 20,
    [N.INVALID_KE_PAYLOAD]: 2,
    [N.UNSUPPORTED_CRITICAL_PAYLOAD]: 1,
  };
  const free = [N.NO_PROPOSAL_CHOSEN, N.USE_TRANSPORT_MODE, N.REKEY_SA, 9999, 40960];
  const notifyType = random.pick([...Object.keys(sized).map(Number), ...free]);
  const data = random.bytes(sized[notifyType] ?? random.between(0, 50));
  const spi = random.bytes(notifyType === N.REKEY_SA ? 4 : random.pick([0, 4, 8]));
  return { type: 'Notify', protocol: random.between(0, 3), spi, notifyType, data };
}

function del(random: Random): PlainPayload {
  const protocol = random.between(1, 3);
  const count = protocol === 1 ? 0 : random.between(0, 20);
  return { type: 'Delete', protocol, spis: random.list(count, count, () => random.bytes(4)) };
}

function identity(random: Random): { idType: number; data: Uint8Array } {
  const idType = random.pick([1, 2, 3, 5, 9, 11, 200]);
  if (idType === 1 || idType === 5) return { idType, data: random.bytes(idType === 1 ? 4 : 16) };
  const data = random.bytes(random.between(1, 60)).map((byte) => 0x20 + (byte % 0x5f));
  return { idType, data };
}

function eap(random: Random): PlainPayload {
  const packet = random.bytes(random.between(4, 80));
  packet.set([packet.length >> 8, packet.length & 0xff], 2);
  return { type: 'EAP', packet };
}

const any = (random: Random, least: number, most: number): Uint8Array =>
  random.bytes(random.between(least, most));

/** One maker per payload type, so that every type comes up. */
const MAKERS: readonly ((random: Random) => PlainPayload)[] = [
  (r) => ({ type: 'SA', proposals: r.list(1, 4, (index) => proposal(r, index + 1)) }),
  (r) => ({ type: 'KE', group: r.between(0, 65535), data: any(r, 1, 300) }),
  (r) => ({ type: 'IDi', ...identity(r) }),
  (r) => ({ type: 'IDr', ...identity(r) }),
  (r) => ({ type: 'CERT', encoding: r.between(0, 255), data: any(r, 1, 300) }),
  (r) => ({ type: 'CERTREQ', encoding: 4, authorities: r.bytes(20 * r.between(0, 4)) }),
  (r) => ({ type: 'AUTH', method: r.between(0, 255), data: any(r, 1, 200) }),
  (r) => ({ type: 'Nonce', data: any(r, 16, 256) }),
  notify,
  del,
  (r) => ({ type: 'Vendor', data: any(r, 0, 60) }),
  (r) => ({ type: 'TSi', selectors: r.list(1, 8, () => selector(r)) }),
  (r) => ({ type: 'TSr', selectors: r.list(1, 8, () => selector(r)) }),
  (r) => ({
    type: 'Configuration',
    configurationType: r.between(0, 5),
    attributes: r.list(0, 5, () => ({ type: r.between(27, 0x7fff), value: any(r, 0, 40) })),
  }),
  eap,
  (r) => ({ type: 'Unknown', number: r.between(54, 255), critical: false, data: any(r, 0, 30) }),
];
export const PAYLOAD_TYPES = MAKERS.length;

export const randomPayload = (random: Random, type = random.between(0, PAYLOAD_TYPES - 1)) =>
  MAKERS[type]!(random);
export const randomPayloads = (random: Random): PlainPayload[] =>
  random.list(0, 12, () => randomPayload(random));
