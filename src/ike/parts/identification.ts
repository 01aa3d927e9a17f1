// Identities: what we say we are, and whether the peer is who we expect (RFC 7296 §3.5).
import type { AlternativeName, Certificate } from '../../crypto/certificates.js';
import { formatName } from '../../crypto/distinguished-name.js';
import { addressFromBytes, formatAddress, toBytes } from '../../policy/address.js';
import type { Identification, Identity } from '../../policy/database.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import {
  ID_DER_ASN1_DN,
  ID_FQDN,
  ID_IPV4_ADDR,
  ID_IPV6_ADDR,
  ID_KEY_ID,
  ID_RFC822_ADDR,
} from '../../wire/numbers.js';
import type { IkeSa } from '../sa.js';
import { sameBytes } from '../window.js';

export interface WireId {
  readonly idType: number;
  readonly data: Uint8Array;
}

type Named = Exclude<Identification, { kind: 'auto' | 'dn' }>;

function toWire(id: Named): WireId {
  switch (id.kind) {
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
  }
}

/** RouterOS's `auto`: with a certificate its first alternative name, or its subject; else our address. */
function ownWire(id: Identification, sa: IkeSa, certificate: Certificate | undefined): WireId {
  if (id.kind !== 'auto' && id.kind !== 'dn') return toWire(id);
  const subject = certificate && { idType: ID_DER_ASN1_DN, data: certificate.subject };
  const [first] = certificate?.names ?? [];
  if (id.kind === 'dn') {
    // The configuration lets nobody have it without a certificate.
    if (!subject) throw new Error('bug: my-id=dn without a certificate');
    return subject;
  }
  if (first) return { idType: idTypeOf(first), data: first.value };
  return subject ?? toWire({ kind: 'address', address: sa.local.address });
}

function idTypeOf({ kind, value }: AlternativeName): number {
  if (kind === 'dns') return ID_FQDN;
  if (kind === 'email') return ID_RFC822_ADDR;
  return value.length === 4 ? ID_IPV4_ADDR : ID_IPV6_ADDR;
}

/** Who we say we are; `certificate` is what we prove it with, if we do. */
export const buildId = (
  type: 'IDi' | 'IDr',
  id: Identification,
  sa: IkeSa,
  certificate?: Certificate,
): IdPayload => ({ type, ...ownWire(id, sa, certificate) });

/** RestOfIDPayload of §2.15: type, three reserved bytes, data. */
export const idBody = ({ idType, data }: WireId): Uint8Array =>
  Uint8Array.of(idType, 0, 0, 0, ...data);

/** Whether a received identity is the one configured; auto and ignore take any (RouterOS). */
export function matchesId(expected: Identity['remoteId'], received: WireId): boolean {
  if (expected.kind === 'auto' || expected.kind === 'ignore') return true;
  if (expected.kind === 'dn') return received.idType === ID_DER_ASN1_DN;
  const { idType, data } = toWire(expected);
  return idType === received.idType && sameId(idType, data, received.data);
}

/** Whether two identities as they are sent are the same. */
export const sameWireId = (a: WireId, b: WireId): boolean =>
  a.idType === b.idType && sameId(a.idType, a.data, b.data);

/** Names of hosts and mail domains do not mind case (RFC 4343); everything else is bytes. */
function sameId(idType: number, a: Uint8Array, b: Uint8Array): boolean {
  if (idType !== ID_FQDN && idType !== ID_RFC822_ADDR) return sameBytes(a, b);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1').toLowerCase();
  return text(a) === text(b);
}

/**
 * Whether a certificate vouches for an identity: a name of the subject's is compared with the subject,
 * everything else with the alternative names (RouterOS; no wildcards). A key-id, which no alternative
 * name can be, with the identifier of the key.
 */
export function vouchesFor(
  { subject, names, keyId }: Certificate,
  id: WireId,
  sameName: (a: Uint8Array, b: Uint8Array) => boolean,
): boolean {
  if (id.idType === ID_DER_ASN1_DN) return sameName(subject, id.data);
  if (id.idType === ID_KEY_ID) return keyId !== undefined && sameBytes(keyId, id.data);
  return names.some(
    (name) => idTypeOf(name) === id.idType && sameId(id.idType, name.value, id.data),
  );
}

/** The identities that a certificate vouches for. */
export function formatVouched({ names, subjectText }: Certificate): string {
  const ids = names.map((name) => formatId({ idType: idTypeOf(name), data: name.value }));
  return [...ids, `dn:${subjectText}`].join(', ');
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
  const name = idType === ID_DER_ASN1_DN ? formatName(data) : undefined;
  return name === undefined ? `type ${idType} of ${data.length} bytes` : `dn:${name}`;
}

/** Who we say we are, as the configuration has it. */
export const formatOwn = (id: Identification): string =>
  id.kind === 'auto' || id.kind === 'dn' ? id.kind : formatId(toWire(id));

export function formatExpected(expected: Identity['remoteId']): string {
  if (expected.kind === 'auto' || expected.kind === 'ignore') return 'any identity';
  return expected.kind === 'dn' ? 'the subject of its certificate' : formatId(toWire(expected));
}
