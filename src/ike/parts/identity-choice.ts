// Which identity entry a peer is (RFC 7296 §2.9's PAD lookup): by who it says it is. The specific
// entry comes before the one that takes any.
import type { Identity } from '../../policy/database.js';
import type { IdPayload } from '../../wire/payloads/identification.js';
import { identitiesOf } from '../directory.js';
import { IkeError } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { formatExpected, formatId, matchesId } from './identification.js';

/**
 * The identity entry whose remote-id names this peer; one that takes any comes last. Only entries for
 * the way the peer proves itself count: `how` says which that is.
 */
export function chooseIdentity<I extends Identity>(
  exchange: Exchange,
  id: IdPayload,
  fits: ((identity: Identity) => identity is I) | ((identity: Identity) => boolean),
  how: string,
): I {
  const { world, sa } = exchange;
  const every = identitiesOf(world.databases, sa.peer);
  const all = every.filter((identity): identity is I => fits(identity));
  if (all.length === 0) {
    const ours = [...new Set(every.map(({ authMethod }) => authMethod))].join(', ');
    const text = `peer ${formatId(id)} ${how}; auth-method of its identity is ${ours || 'not set'}`;
    throw new IkeError('authentication-failed', text);
  }
  const matching = all.filter(({ remoteId }) => matchesId(remoteId, id, sa));
  const named = matching.find(({ remoteId }) => !['auto', 'ignore'].includes(remoteId.kind));
  const chosen = named ?? matching[0];
  if (chosen) return chosen;
  const expected = all.map(({ remoteId }) => formatExpected(remoteId, sa)).join(' or ');
  throw unexpected(exchange, id, expected || 'nobody');
}

/** Throws unless the peer is who the chosen entry says it must be. */
export function checkIdentity(exchange: Exchange, { remoteId }: Identity, id: IdPayload): void {
  const { sa } = exchange;
  if (!matchesId(remoteId, id, sa)) throw unexpected(exchange, id, formatExpected(remoteId, sa));
}

const unexpected = ({ sa }: Exchange, id: IdPayload, expected: string): IkeError =>
  new IkeError(
    'authentication-failed',
    `peer says it is ${formatId(id)}; identity '${sa.peer.name}' expects ${expected}`,
  );
