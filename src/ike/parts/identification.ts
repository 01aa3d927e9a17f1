// Identities: what we say we are, and whether the peer is who we expect (RFC 7296 §3.5).
import { addressFromBytes, formatAddress, toBytes } from '../../policy/address.js';
import type { Identification, Identity } from '../../policy/database.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import {
  ID_FQDN,
  ID_IPV4_ADDR,
  ID_IPV6_ADDR,
  ID_KEY_ID,
  ID_RFC822_ADDR,
} from '../../wire/numbers.js';
import type { IkeSa } from '../sa.js';
import { sameBytes } from '../window.js';

interface WireId {
  readonly idType: number;
  readonly data: Uint8Array;
}

/** `auto` is our own address, as RouterOS has it for pre-shared keys. */
function toWire(id: Exclude<Identity['myId'], { kind: 'ignore' }>, sa: IkeSa): WireId {
  switch (id.kind) {
    case 'auto':
      return toWire({ kind: 'address', address: sa.local.address }, sa);
    case 'address':
      return {
        idType: id.address.family === 4 ? ID_IPV4_ADDR : ID_IPV6_ADDR,
        data: toBytes(id.address),
      };
    case 'fqdn':
      return { idType: ID_FQDN, data: new TextEncoder().encode(id.text) };
    case 'user-fqdn':
      return { idType: ID_RFC822_ADDR, data: new TextEncoder().encode(id.text) };
    case 'key-id':
      return { idType: ID_KEY_ID, data: id.data };
    case 'dn':
      throw new Error('bug: a subject as identity, and no certificate');
  }
}

export function buildId(type: 'IDi' | 'IDr', id: Identification, sa: IkeSa): IdPayload {
  return { type, ...toWire(id, sa) };
}

/** RestOfIDPayload of §2.15: type, three reserved bytes, data. */
export const idBody = ({ idType, data }: WireId): Uint8Array =>
  Uint8Array.of(idType, 0, 0, 0, ...data);

/** Whether a received identity is the one configured; auto and ignore take any (RouterOS). */
export function matchesId(expected: Identity['remoteId'], received: WireId, sa: IkeSa): boolean {
  if (expected.kind === 'auto' || expected.kind === 'ignore') return true;
  const { idType, data } = toWire(expected, sa);
  if (idType !== received.idType) return false;
  if (expected.kind !== 'fqdn' && expected.kind !== 'user-fqdn')
    return sameBytes(data, received.data);
  // Names of hosts and mail domains do not mind case (RFC 4343).
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1').toLowerCase();
  return text(data) === text(received.data);
}

/** `fqdn:east.example`, `address:192.0.2.1`; printable whatever the peer sent. */
export function formatId({ idType, data }: WireId): string {
  const text = Buffer.from(data)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 128);
  if (idType === ID_IPV4_ADDR || idType === ID_IPV6_ADDR) {
    return `address:${formatAddress(addressFromBytes(data))}`;
  }
  if (idType === ID_FQDN) return `fqdn:${text}`;
  if (idType === ID_RFC822_ADDR) return `user-fqdn:${text}`;
  if (idType === ID_KEY_ID) return `key-id:${text}`;
  return `type ${idType} of ${data.length} bytes`;
}

export function formatExpected(expected: Identity['remoteId'], sa: IkeSa): string {
  if (expected.kind === 'auto' || expected.kind === 'ignore') return 'any identity';
  return formatId(toWire(expected, sa));
}
