// Which identity entry a peer is (RFC 7296 §2.9's PAD lookup): by how it proves itself, by who it says
// it is, by the certificate it shows, by whom it wants to reach. The specific entry comes before the
// one that takes any.
import type { Certificate } from '../../crypto/certificates.js';
import type { Identity } from '../../policy/database.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import { identitiesOf } from '../directory.js';
import { IkeError } from '../errors.js';
import { type Exchange, optional } from '../exchange.js';
import { ownId } from './authentication.js';
import { formatExpected, formatId, matchesId, sameWireId } from './identification.js';
import { refusing, sentCertificates } from './sent-certificates.js';
import { sameCertificate } from './trust.js';

/**
 * Responder. The identity entry that this peer is, among those that `fits` the way it proves itself,
 * which `how` says.
 */
export async function chooseIdentity<I extends Identity>(
  exchange: Exchange,
  id: IdPayload,
  fits: ((identity: Identity) => identity is I) | ((identity: Identity) => boolean),
  how: string,
): Promise<I> {
  const { world, sa } = exchange;
  const every = identitiesOf(world.databases, sa.peer);
  const all = every.filter((identity): identity is I => fits(identity));
  if (all.length === 0) {
    const ours = [...new Set(every.map(({ authMethod }) => authMethod))].join(', ');
    const text = `peer ${formatId(id)} ${how}; auth-method of its identity is ${ours || 'not set'}`;
    throw new IkeError('authentication-failed', text);
  }
  const [leaf] = all.some(byCertificate) ? await sentCertificates(exchange) : [];
  const matching = all.filter((identity) => matches(exchange, identity, id, leaf));
  if (matching.length === 0) throw unexpected(exchange, all, id);
  const reached = matching.filter((identity) => isWanted(exchange, identity));
  const [chosen] = reached.sort((a, b) => rank(b) - rank(a));
  if (chosen) return chosen;
  const wanted = formatId(optional(exchange, 'IDr')!);
  const text = `peer ${formatId(id)} wants to reach ${wanted}, which no my-id is`;
  throw new IkeError('unexpected-identity', text);
}

/** Initiator. Throws unless the peer is who the chosen entry says it must be. */
export function checkIdentity(exchange: Exchange, identity: Identity, id: IdPayload): void {
  if (byCertificate(identity) || matchesId(identity.remoteId, id)) return;
  throw unexpected(exchange, [identity], id);
}

/** match-by=certificate: the certificate counts, whoever the peer says it is. */
const byCertificate = (identity: Identity): boolean =>
  identity.authMethod === 'digital-signature' && identity.matchBy === 'certificate';

function matches(
  { world }: Exchange,
  identity: Identity,
  id: IdPayload,
  leaf: Certificate | undefined,
): boolean {
  if (identity.authMethod !== 'digital-signature') return matchesId(identity.remoteId, id);
  const { remoteCertificate, remoteId } = identity;
  if (leaf && remoteCertificate !== undefined) {
    const pinned = refusing(() => world.context.certificates.named(remoteCertificate));
    if (byCertificate(identity) && !sameCertificate(pinned, leaf)) return false;
  }
  return byCertificate(identity) || matchesId(remoteId, id);
}

/** A peer that names us must mean this entry's my-id (RouterOS); auto answers to every name. */
function isWanted(exchange: Exchange, identity: Identity): boolean {
  const wanted = optional(exchange, 'IDr');
  if (!wanted || identity.myId.kind === 'auto') return true;
  return sameWireId(ownId(exchange, 'IDr', identity), wanted);
}

function rank(identity: Identity): number {
  const named = !['auto', 'ignore'].includes(identity.remoteId.kind);
  const pinned = 'remoteCertificate' in identity && identity.remoteCertificate !== undefined;
  return (byCertificate(identity) ? 4 : 0) + (named ? 2 : 0) + (pinned ? 1 : 0);
}

function unexpected({ sa }: Exchange, all: readonly Identity[], id: IdPayload): IkeError {
  const expects = (identity: Identity): string =>
    byCertificate(identity) ? 'its certificate' : formatExpected(identity.remoteId);
  const expected = all.map(expects).join(' or ') || 'nobody';
  return new IkeError(
    'unexpected-identity',
    `peer says it is ${formatId(id)}; identity '${sa.peer.name}' expects ${expected}`,
  );
}
