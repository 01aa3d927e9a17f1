// Questions to the configured databases: which peer is this, what secret does it have, which
// policies are its.
import { addressBits, prefixContains } from '../policy/address.js';
import type { Databases, Identity, Peer, Policy, Template } from '../policy/database.js';
import type { Endpoint } from './step.js';

/** Longest prefix first; of equals the one that names our own address (RouterOS's order). */
export function findPeer(
  { peers }: Databases,
  local: Endpoint,
  remote: Endpoint,
): Peer | undefined {
  const candidates = peers.filter(
    ({ address, localAddress }) =>
      prefixContains(address, remote.address) &&
      (localAddress === undefined ||
        (localAddress.family === local.address.family &&
          localAddress.value === local.address.value)),
  );
  const rank = (peer: Peer): number => 2 * peer.address.bits + (peer.localAddress ? 1 : 0);
  return candidates.sort((a, b) => rank(b) - rank(a))[0];
}

export const identitiesOf = ({ identities }: Databases, peer: Peer): readonly Identity[] =>
  byPeer(identities).get(peer.name) ?? [];

/** How we prove ourselves where we call: an entry for users who log in here says nothing of it. */
export const callingIdentity = (databases: Databases, peer: Peer): Identity | undefined =>
  identitiesOf(databases, peer).find(
    ({ authMethod }) => authMethod !== 'eap-local' && authMethod !== 'eap-radius',
  );

/** Policies that want an SA with this peer, in matching order. */
export const policiesOf = ({ policies }: Databases, peer: Peer): readonly Policy[] =>
  byPeer(policies).get(peer.name) ?? [];

type OfPeer = Identity | Policy;
const known = new WeakMap<readonly OfPeer[], ReadonlyMap<string, OfPeer[]>>();

/** What each peer has; worked out once, since each of many peers asks for its own. */
function byPeer<T extends OfPeer>(list: readonly T[]): ReadonlyMap<string, T[]> {
  const found = known.get(list) as ReadonlyMap<string, T[]> | undefined;
  if (found) return found;
  const groups = new Map<string, T[]>();
  for (const one of list) {
    if (one.peer === undefined || ('action' in one && one.action !== 'encrypt')) continue;
    const group = groups.get(one.peer);
    if (group) group.push(one);
    else groups.set(one.peer, [one]);
  }
  known.set(list, groups);
  return groups;
}

/** Templates that policies of a peer with this identity may be made from, in order. */
export function templatesOf({ templates }: Databases, identity: Identity | undefined): Template[] {
  const group = identity?.generatePolicy?.group;
  return group === undefined ? [] : templates.filter((template) => template.group === group);
}

/** The template an initiator asks by, where it gets its address from the peer (mode-config). */
export function askedTemplate(databases: Databases, peer: Peer): Template | undefined {
  const [identity] = identitiesOf(databases, peer);
  if (identity?.modeConfig?.role !== 'initiator') return undefined;
  return templatesOf(databases, identity)[0];
}

/** What we ask a peer for of our own accord: what mode-config brings, then its policies. */
export function wishesOf(databases: Databases, peer: Peer): readonly Policy[] {
  const template = askedTemplate(databases, peer);
  const written = policiesOf(databases, peer);
  return template ? [template, ...written] : written;
}

/** We can only call a peer that has one address. */
export const isReachable = ({ address }: Peer): boolean =>
  address.bits === addressBits(address.address.family);
